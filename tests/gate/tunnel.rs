//! Tunnels: what is carried, how they end, and what is said when there is none.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::support::PATIENCE;
use crate::support::client::{Client, Ending};
use crate::support::origin::Origin;
use crate::support::site::{Site, refusal_id};
use crate::support::until;

const CONNECT: &str = "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n";

/// A target that sends back what comes, piece by piece, and ends when the client does.
pub(crate) fn echo() -> Origin {
    Origin::with(|peer| {
        loop {
            let byte = peer.bytes(1)?;
            peer.send(byte)?;
        }
    })
}

/// An open tunnel to the usual target.
pub(crate) fn open(site: &Site) -> Client {
    open_by(site, CONNECT)
}

fn open_by(site: &Site, connect: &str) -> Client {
    let mut client = site.proxy.client();
    client.send(site.fill(connect));
    assert_eq!(client.head().unwrap().status, 200);
    client
}

/// Whether the tunnel still carries bytes both ways.
pub(crate) fn carries(client: &mut Client) -> bool {
    client.send("x").bytes(1) == b"x"
}

fn ended(site: &Site) -> Value {
    site.proxy.record("the tunnel's end", |line| !line["end"].is_null())
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 31 % 251) as u8).collect()
}

/// Sizes, each with pipes to splice through and without.
const SIZES: [(usize, usize); 6] =
    [(0, 128), (1, 128), (5_000_000, 128), (0, 0), (1, 0), (5_000_000, 0)];

#[test]
fn the_client_may_end_first() {
    for (size, pipes) in SIZES {
        let origin = Origin::with(move |peer| {
            // Everything that came before the FIN, and only then an answer.
            assert_eq!(peer.rest()?, b"question");
            peer.send(pattern(size))
        });
        let site = Site::with(origin, |config| config["limits"] = json!({"pipes": pipes}));
        let mut client = open(&site);
        client.send("question").fin();
        let (answer, ending) = client.rest();
        assert!(answer == pattern(size) && ending == Ending::Fin);
        let line = ended(&site);
        assert_eq!((&line["up"], &line["down"]), (&json!(8), &json!(size)));
        assert_eq!((&line["end"], &line["status"]), (&json!("closed"), &json!(200)));
        assert_eq!((&line["rule"], &line["address"]), (&json!("allow[0]"), &json!("127.0.0.1")));
        assert!(line["connect_ms"].is_number() && line["dns_ms"].is_number());
        site.counters_agree();
        assert_eq!(site.proxy.metric("pinhole_bytes_total{direction=\"up\"}"), 8.0);
        assert_eq!(site.proxy.metric("pinhole_bytes_total{direction=\"down\"}"), size as f64);
        assert_eq!(site.proxy.metric("pinhole_tunnels_open"), 0.0);
    }
}

#[test]
fn the_target_may_end_first() {
    for (size, pipes) in SIZES {
        let (got, arrived) = channel();
        let origin = Origin::with(move |peer| {
            peer.send("banner")?;
            peer.fin()?;
            got.send(peer.rest()?).expect("a test");
            Ok(())
        });
        let site = Site::with(origin, |config| config["limits"] = json!({"pipes": pipes}));
        let mut client = open(&site);
        let (banner, ending) = client.rest();
        assert_eq!((banner.as_slice(), ending), (b"banner".as_slice(), Ending::Fin));
        client.send(pattern(size)).fin();
        assert!(arrived.recv_timeout(PATIENCE).unwrap() == pattern(size), "the bytes differ");
        let line = ended(&site);
        assert_eq!((&line["up"], &line["down"]), (&json!(size), &json!(6)));
        assert_eq!(line["end"], "closed");
    }
}

/// Many tunnels share few pipes, and none waits for another.
#[test]
fn tunnels_share_pipes() {
    for pipes in [0, 1, 3] {
        let site = Site::with(echo(), |config| config["limits"] = json!({"pipes": pipes}));
        let mut tunnels: Vec<Client> = (0..10).map(|_| open(&site)).collect();
        for _ in 0..3 {
            assert!(tunnels.iter_mut().all(carries));
        }
    }
}

/// What a target read first, and how its connection ended.
type Watched = Receiver<(Vec<u8>, Option<ErrorKind>)>;

/// A target that reports how its connection ended.
fn watched() -> (Site, Watched) {
    watched_with(|_| {})
}

fn watched_with(change: impl FnOnce(&mut Value)) -> (Site, Watched) {
    let (report, end) = channel();
    let origin = Origin::with(move |peer| {
        let first = peer.bytes(4)?;
        peer.send("pong")?;
        let rest = peer.rest();
        report.send((first, rest.err().map(|error| error.kind()))).expect("a test");
        Ok(())
    });
    (Site::with(origin, change), end)
}

#[test]
fn a_reset_is_passed_on() {
    let (site, end) = watched();
    let mut client = open(&site);
    assert_eq!(client.send("ping").bytes(4), b"pong");
    client.reset();
    assert_eq!(
        end.recv_timeout(PATIENCE).unwrap(),
        (b"ping".to_vec(), Some(ErrorKind::ConnectionReset))
    );
    let line = ended(&site);
    assert_eq!(
        (&line["end"], &line["up"], &line["down"]),
        (&json!("client_reset"), &json!(4), &json!(4))
    );

    let site = Site::new(Origin::with(|peer| {
        peer.bytes(4)?;
        peer.reset();
        Ok(())
    }));
    let mut client = open(&site);
    client.send("ping");
    assert_eq!(client.rest(), (Vec::new(), Ending::Reset));
    let line = ended(&site);
    assert_eq!(
        (&line["end"], &line["up"], &line["down"]),
        (&json!("target_reset"), &json!(4), &json!(0))
    );
    site.counters_agree();
}

/// After one side's FIN, the other's reset is still a reset.
#[test]
fn a_reset_behind_a_half_close_is_passed_on() {
    let site = Site::new(Origin::with(|peer| {
        peer.rest()?;
        peer.send("part")?;
        peer.reset();
        Ok(())
    }));
    let mut client = open(&site);
    client.fin();
    assert_eq!(client.rest().1, Ending::Reset);
    assert_eq!(ended(&site)["end"], "target_reset");
}

#[test]
fn silence_ends_a_tunnel() {
    let (site, end) = watched_with(|config| config["timeouts"]["idle"] = json!("150ms"));
    let mut client = open(&site);
    assert_eq!(client.send("ping").bytes(4), b"pong");
    assert_eq!(client.rest(), (Vec::new(), Ending::Reset));
    assert_eq!(end.recv_timeout(PATIENCE).unwrap().1, Some(ErrorKind::ConnectionReset));
    let line = ended(&site);
    assert_eq!(
        (&line["end"], &line["up"], &line["down"]),
        (&json!("idle_timeout"), &json!(4), &json!(4))
    );
}

#[test]
fn silence_behind_a_half_close_ends_a_tunnel() {
    let (site, end) = watched_with(|config| config["timeouts"]["half_close"] = json!("150ms"));
    let mut client = open(&site);
    assert_eq!(client.send("ping").bytes(4), b"pong");
    // The target got the FIN, and its own end of the connection: it says nothing, nor closes.
    client.fin();
    assert_eq!(end.recv_timeout(PATIENCE).unwrap().1, None);
    client.rest();

    let site = Site::with(
        Origin::with(|peer| {
            peer.fin()?;
            peer.rest().map(drop)
        }),
        |config| config["timeouts"]["half_close"] = json!("150ms"),
    );
    let mut client = open(&site);
    let end = ended(&site);
    assert_eq!(end["end"], "half_close_timeout");
    assert_eq!(client.rest().0, b"");
}

/// A side that takes nothing ends the tunnel in time, with pipes and without.
#[test]
fn a_side_that_does_not_read_ends_a_tunnel() {
    for (who_reads_not, pipes) in [("target", 128), ("target", 0), ("client", 128), ("client", 0)] {
        let (done, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let origin = Origin::with(move |peer| {
            if who_reads_not == "client" {
                while peer.send([0; 4096]).is_ok() {}
            }
            wait.lock().expect("no panic").recv_timeout(PATIENCE).expect("a test");
            Ok(())
        });
        let site = Site::with(origin, |config| {
            config["timeouts"]["stall"] = json!("200ms");
            config["limits"] = json!({"pipes": pipes});
        });
        let mut client = open(&site);
        if who_reads_not == "target" {
            // Until both sockets' buffers are full, and then until the tunnel is cut.
            let error = loop {
                if let Err(error) = client.stream.write_all(&[0; 4096]) {
                    break error.kind();
                }
            };
            assert!(
                [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error),
                "{error}"
            );
        } else {
            ended(&site);
            assert_eq!(client.rest().1, Ending::Reset);
        }
        assert_eq!(ended(&site)["end"], "stall_timeout", "{who_reads_not} {pipes}");
        done.send(()).unwrap();
    }
}

/// The same of a plain-HTTP exchange.
#[test]
fn a_client_that_does_not_read_its_response_is_given_up() {
    let origin = Origin::with(|peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")?;
        while peer.send([0; 4096]).is_ok() {}
        Ok(())
    });
    let site = Site::with(origin, |config| config["timeouts"]["forward_idle"] = json!("200ms"));
    let mut client = site.proxy.client();
    client.send(site.fill("GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n"));
    assert_eq!(ended(&site)["end"], "aborted");
    assert_eq!(client.rest().1, Ending::Reset);
}

/// An entry's own idle limit holds for its targets, and for no other.
#[test]
fn an_entry_has_its_own_idle_limit() {
    let port = |config: &mut Value, short: usize| {
        let long = 1 - short;
        config["allow"][short]["idle"] = json!("150ms");
        config["allow"][long]["idle"] = json!("1h");
    };
    for short in [0, 1] {
        let site = Site::with(echo(), |config| port(config, short));
        let names = ["ok.test", "other.test"];
        let tunnel = |name| open_by(&site, &CONNECT.replace("ok.test", name));
        let mut lasting = tunnel(names[1 - short]);
        let mut brief = tunnel(names[short]);
        assert!(carries(&mut brief));
        assert_eq!(brief.rest(), (Vec::new(), Ending::Reset));
        let line = ended(&site);
        let target = format!("{}:{}", names[short], site.origin.port());
        assert_eq!((&line["end"], &line["target"]), (&json!("idle_timeout"), &json!(target)));
        assert!(carries(&mut lasting));
        assert_eq!(site.proxy.metric("pinhole_tunnels_open"), 1.0);
    }
}

/// A port of this machine on which nobody listens: bound, and not listening.
fn refusing() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

#[test]
fn no_200_without_a_target() {
    let site = Site::new(Origin::start());
    let (_socket, port) = refusing();
    for head in [
        format!("CONNECT ok.test:{port} HTTP/1.1\r\nHost: ok.test\r\n\r\n"),
        format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        format!("GET http://ok.test:{port}/ HTTP/1.1\r\nHost: ok.test\r\n\r\n"),
    ] {
        let mut client = site.proxy.client();
        let sentinel = site.fill("GET http://sentinel.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n");
        client.send([head.as_bytes(), &sentinel].concat());
        let response = client.response();
        assert_eq!(response.status, 502);
        let id = refusal_id(&response, "connect_refused").unwrap();
        client.ends();
        let line = site.proxy.record_of(&id);
        assert_eq!((&line["decision"], &line["end"]), (&json!("allow"), &json!(null)));
    }
    assert_eq!(site.origin.accepts(), 0, "a sentinel got through");
}

#[test]
fn no_200_while_the_target_does_not_accept() {
    // A listener whose queue is full: the kernel drops whoever else knocks.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    full.listen(1).unwrap();
    let addr = full.local_addr().unwrap().as_socket().unwrap();
    let knock = || TcpStream::connect_timeout(&addr, Duration::from_millis(300));
    let waiting: Vec<_> = std::iter::from_fn(|| knock().ok()).take(20).collect();
    assert!(waiting.len() < 20, "the queue does not fill");
    let site = Site::with(Origin::start(), |config| {
        config["timeouts"]["connect"] = json!("300ms");
    });
    for head in [
        format!("CONNECT ok.test:{} HTTP/1.1\r\nHost: ok.test\r\n\r\n", addr.port()),
        format!("GET http://ok.test:{}/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", addr.port()),
    ] {
        let mut client = site.proxy.client();
        client.send(head);
        let response = client.response();
        assert_eq!(response.status, 504);
        refusal_id(&response, "connect_timeout").unwrap();
        client.ends();
    }
}

/// A client at an address of its own within 127.0.0.0/8.
fn client_from(site: &Site, host: u8) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, host], 0)).into()).unwrap();
    socket.connect(&site.proxy.addr.into()).unwrap();
    Client::over(socket.into())
}

fn limited(all: usize, per_client: usize) -> Site {
    Site::with(echo(), |config| {
        config["limits"] = json!({"connections": all, "connections_per_client": per_client});
    })
}

/// The status of a CONNECT from there, and the connection, which stays open if it is a tunnel.
fn attempt(site: &Site, host: u8) -> (u16, Client) {
    let mut client = client_from(site, host);
    client.send(site.fill(CONNECT));
    let head = client.head().unwrap();
    if head.status == 503 {
        assert!(head.field("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()));
        assert_eq!(head.field("connection"), Some("close"));
    }
    (head.status, client)
}

#[test]
fn connection_limits_are_exact() {
    let site = limited(5, 3);
    let mut open = Vec::new();
    let mut statuses = |host: u8, count: usize| -> Vec<u16> {
        (0..count)
            .map(|_| {
                let (status, client) = attempt(&site, host);
                if status == 200 {
                    open.push(client);
                }
                status
            })
            .collect()
    };
    assert_eq!(statuses(1, 6), [200, 200, 200, 503, 503, 503]);
    assert_eq!(statuses(2, 4), [200, 200, 503, 503]);
    assert_eq!(statuses(3, 1), [503]);
    assert_eq!(site.proxy.metric("pinhole_connections_open"), 5.0);
    let reasons: Vec<_> =
        site.proxy.wait_requests(6).into_iter().map(|line| line["reason"].clone()).collect();
    let (client, all) = ("client_connections", "connections");
    assert_eq!(reasons, [client, client, client, all, all, all]);
    // The ones that are open are not harmed.
    assert!(open.iter_mut().all(carries));
    // A connection that ends makes room for exactly one.
    drop(open.remove(0));
    until("there is room", || attempt_and_keep(&site, 3, &mut open) == 200);
    assert_eq!(attempt(&site, 3).0, 503);
    site.counters_agree();
}

fn attempt_and_keep(site: &Site, host: u8, open: &mut Vec<Client>) -> u16 {
    let (status, client) = attempt(site, host);
    if status == 200 {
        open.push(client);
    }
    status
}

/// The same when everybody comes at once.
#[test]
fn connection_limits_are_exact_in_a_crowd() {
    let site = limited(7, 1000);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40).map(|_| scope.spawn(|| attempt(&site, 1))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let open = results.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(open, 7);
    assert!(results.iter().all(|(status, _)| [200, 503].contains(status)));
}

/// A connection counts from the moment it is accepted, whether or not it asks for anything.
#[test]
fn silent_connections_count() {
    let site = limited(2, 2);
    let _silent = [site.proxy.client(), site.proxy.client()];
    until("both are counted", || site.proxy.metric("pinhole_connections_open") == 2.0);
    let mut third = site.proxy.client();
    // It is told without asking.
    let response = third.response();
    assert_eq!(response.status, 503);
    refusal_id(&response, "connections").unwrap();
    third.ends();
}

/// A client that ends its side while the proxy still dials gets its tunnel all the same.
#[test]
fn a_fin_before_the_200_is_kept() {
    let site = Site::new(Origin::with(|peer| {
        let got = peer.rest()?;
        peer.send(got)
    }));
    let mut client = site.proxy.client();
    client.send(site.fill(CONNECT)).send("whole").fin();
    assert_eq!(client.head().unwrap().status, 200);
    assert_eq!(client.rest(), (b"whole".to_vec(), Ending::Fin));
}

/// Nothing behind a refused CONNECT is read as a request, whatever refused it.
#[test]
fn a_refused_connect_closes() {
    let site = Site::new(Origin::start());
    let (_socket, port) = refusing();
    site.dns.on("gone.sub.test", crate::dns::Kind::A, [crate::dns::Reply::rcode(2)]);
    let port = port.to_string();
    let cases = [
        ("denied.test:443", 403, "not_allowed"),
        ("10.1.2.3:443", 403, "address_class"),
        ("8.8.8.8:443", 403, "literal_not_allowed"),
        ("127.0.0.1:%S", 403, "own_address"),
        ("nowhere.sub.test:443", 502, "dns_not_found"),
        (&format!("ok.test:{port}"), 502, "connect_refused"),
    ];
    for (target, status, label) in cases {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        let sentinels = "GET http://sentinel.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3);
        let mut client = site.proxy.client();
        client.send(site.fill(head + &sentinels));
        let response = client.response();
        assert_eq!(response.status, status, "{target}");
        refusal_id(&response, label).unwrap();
        client.ends();
    }
    assert_eq!(site.requests().len(), cases.len());
    assert_eq!(site.origin.accepts(), 0);
    assert!(!site.dns.asked().iter().any(|q| q.name == "sentinel.test" || q.name == "denied.test"));
    site.counters_agree();
}
