//! The service: its signals, its limits, its admin pages.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::dns::FakeDns;
use crate::support::PATIENCE;
use crate::support::client::{Client, Ending};
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, program};
use crate::support::site::{Site, config, refusal_id};
use crate::support::until;
use crate::tunnel::{carries, echo, open};

const GET: &str = "GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n";

fn site(drain: &str) -> Site {
    Site::with(echo(), |config| config["timeouts"]["drain"] = json!(drain))
}

/// Asks for the end, and waits until nothing more is accepted.
fn drain(site: &Site, signal: Signal) {
    site.proxy.signal(signal);
    until("it says that it drains", || site.proxy.page("/readyz").0 == 503);
    until("it accepts on", || TcpStream::connect(site.proxy.addr).is_err());
}

#[test]
fn sigterm_lets_tunnels_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut site = site("1h");
        assert_eq!(site.proxy.page("/readyz"), (200, "ready\n".to_owned()));
        let mut tunnel = open(&site);
        drain(&site, signal);
        assert_eq!(site.proxy.page("/readyz"), (503, "draining\n".to_owned()));
        assert_eq!(site.proxy.page("/healthz").0, 200);
        assert_eq!(site.proxy.metric("pinhole_tunnels_open"), 1.0);
        for _ in 0..10 {
            assert!(carries(&mut tunnel));
        }
        assert!(site.proxy.runs());
        tunnel.fin();
        tunnel.ends();
        assert_eq!(site.proxy.exit().code(), Some(0));
        let line = &site.proxy.wait_requests(1)[0];
        assert_eq!((&line["end"], &line["up"]), (&json!("closed"), &json!(10)));
        site.proxy
            .wait_line("its last words", |line| (line.json["message"] == "stopped").then_some(()));
    }
}

#[test]
fn sigterm_without_work_ends_at_once() {
    let mut site = site("1h");
    // Connections that ask for nothing do not hold it up.
    let mut silent = site.proxy.client();
    site.proxy.signal(Signal::TERM);
    assert_eq!(site.proxy.exit().code(), Some(0));
    assert_eq!(silent.rest().0, b"");
}

#[test]
fn the_drain_limit_cuts() {
    let mut site = site("200ms");
    let mut tunnel = open(&site);
    assert!(carries(&mut tunnel));
    site.proxy.signal(Signal::TERM);
    assert_eq!(tunnel.rest(), (Vec::new(), Ending::Reset));
    assert_eq!(site.proxy.exit().code(), Some(0));
    let line = &site.proxy.wait_requests(1)[0];
    assert_eq!(
        (&line["end"], &line["up"], &line["down"]),
        (&json!("stopped"), &json!(1), &json!(1))
    );
}

#[test]
fn a_second_signal_ends_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut site = site("1h");
        let mut tunnel = open(&site);
        drain(&site, Signal::TERM);
        // A reload is no reason to go.
        site.proxy.signal(Signal::HUP);
        assert!(carries(&mut tunnel));
        site.proxy.signal(signal);
        assert_eq!(site.proxy.exit().code(), Some(0));
        assert_eq!(tunnel.rest(), (Vec::new(), Ending::Reset));
        assert_eq!(site.proxy.wait_requests(1)[0]["end"], "stopped");
    }
}

/// Whether the proxy has read all that the client sent, by the kernel's word.
fn was_read(client: &Client, site: &Site) -> bool {
    let port = |addr: SocketAddr| format!(":{:04X}", addr.port());
    let (from, to) = (port(client.stream.local_addr().unwrap()), port(site.proxy.addr));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let queue = table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let same = words[1].ends_with(&to) && words[2].ends_with(&from);
        same.then(|| words[4].split_once(':').expect("two queues").1.to_owned())
    });
    queue.is_some_and(|unread| unread == "00000000")
}

#[test]
fn draining_refuses_new_requests() {
    let mut site = site("1h");
    let mut tunnel = open(&site);
    // Under way before the signal: a head that is not whole yet, and a connection at rest.
    let mut late = [site.proxy.client(), site.proxy.client()];
    let heads = [
        "CONNECT ok.test:443 HTTP/1.1\r\nHost: ok.test",
        "GET http://ok.test/ HTTP/1.1\r\nHost: ok.test",
    ];
    for (client, head) in late.iter_mut().zip(heads) {
        client.send(head);
    }
    let mut idle = site.proxy.client();
    until("all are accepted", || site.proxy.metric("pinhole_connections_open") == 4.0);
    until("the heads are begun", || late.iter().all(|client| was_read(client, &site)));
    drain(&site, Signal::TERM);
    idle.ends();
    for client in &mut late {
        client.send("\r\n\r\n");
        let response = client.response();
        assert_eq!(response.status, 503);
        refusal_id(&response, "draining").unwrap();
        assert_eq!(response.field("retry-after"), Some("5"));
        client.ends();
    }
    assert!(carries(&mut tunnel));
    drop((tunnel, late));
    assert_eq!(site.proxy.exit().code(), Some(0));
}

/// An exchange under way is carried to its end, and its connection is not kept.
#[test]
fn draining_finishes_what_is_under_way() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let mut site = Site::new(Origin::with(move |peer| {
        peer.request()?;
        wait.lock().expect("no panic").recv_timeout(PATIENCE).expect("a test");
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        peer.rest().map(drop)
    }));
    let mut client = site.proxy.client();
    client.send(site.fill([GET, GET].concat()));
    site.origin.wait_seen(1);
    drain(&site, Signal::TERM);
    go.send(()).unwrap();
    assert_eq!(client.response().text(), "ok");
    let next = client.response();
    assert_eq!(next.status, 503);
    refusal_id(&next, "draining").unwrap();
    client.ends();
    drop(client);
    assert_eq!(site.proxy.exit().code(), Some(0));
}

fn allowing(site: &Site, hosts: &[&str]) -> String {
    let mut config = config(&site.dns);
    let mut allow = vec![json!({"network": "127.0.0.0/8", "ports": "1-65535"})];
    allow.extend(hosts.iter().map(|host| json!({"host": host, "ports": "1-65535"})));
    config["allow"] = json!(allow);
    config.to_string()
}

#[test]
fn sighup_changes_the_rules() {
    let site = Site::new(Origin::start());
    let status = |client: &mut Client, name: &str| {
        client.send(site.fill(GET.replace("ok.test", name)));
        client.response().status
    };
    // A connection that is open sees each request judged by the rules of its moment.
    let mut client = site.proxy.client();
    assert_eq!(status(&mut client, "ok.test"), 200);
    let said = site.proxy.reload(&allowing(&site, &["other.test", "ok.test"]));
    assert_eq!(said, "configuration reloaded");
    assert_eq!(status(&mut client, "ok.test"), 200);
    assert_eq!(status(&mut client, "other.test"), 200);
    site.proxy.reload(&allowing(&site, &["other.test"]));
    assert_eq!(status(&mut client, "other.test"), 200);
    assert_eq!(status(&mut client, "ok.test"), 403);
    client.ends();
    // A kept connection to a target whose address is no longer permitted is not used.
    let mut client = site.proxy.client();
    assert_eq!(status(&mut client, "other.test"), 200);
    let closed = allowing(&site, &["other.test"]).replace("127.0.0.0/8", "127.9.9.9/32");
    assert_eq!(site.proxy.reload(&closed), "configuration reloaded");
    assert_eq!(status(&mut client, "other.test"), 403);
    site.counters_agree();
}

#[test]
fn a_broken_file_changes_nothing() {
    let site = Site::new(echo());
    let mut tunnel = open(&site);
    let good = allowing(&site, &["other.test"]);
    let broken = [
        ("allow: [".to_owned(), "not YAML"),
        ("alow: []\n".to_owned(), "did you mean `allow`?"),
        (good.replace("other.test", "*.test"), "allow[1].host"),
        (good.replace("\"1-65535\"", "\"1-99999\""), "allow[0].ports"),
    ];
    for (text, why) in broken {
        let said = site.proxy.reload(&text);
        assert!(
            said.contains("the old configuration stays in force") && said.contains(why),
            "{said}"
        );
        assert!(carries(&mut open(&site)));
    }
    assert!(carries(&mut tunnel));
    // What takes a restart is named, and the rest holds.
    let mut moved: Value = serde_json::from_str(&good).unwrap();
    moved["listen"] = json!("127.0.0.1:1");
    site.proxy.reload(&moved.to_string());
    site.proxy.wait_line("the warning", |line| {
        line.json["message"].as_str()?.contains("at a restart only").then_some(())
    });
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.response().status, 403);
    // An open tunnel is not cut by rules that no longer allow it.
    assert!(carries(&mut tunnel));
}

#[test]
fn a_reload_gives_new_limits_to_heads() {
    let site = Site::new(Origin::start());
    let long = |len: usize| {
        format!("GET http://ok.test:%P/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(len))
    };
    let status = |len: usize| {
        let mut client = site.proxy.client();
        client.send(site.fill(long(len)));
        client.response().status
    };
    assert_eq!(status(1000), 200);
    let mut config = config(&site.dns);
    config["limits"] = json!({"target_bytes": 600});
    site.proxy.reload(&config.to_string());
    assert_eq!(status(1000), 414);
}

/// How many descriptors below a number a process has open. Others may be inherited.
fn descriptors(pid: u32, below: usize) -> usize {
    let names = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a process");
    let number = |name: std::fs::DirEntry| name.file_name().to_str()?.parse::<usize>().ok();
    names.filter_map(Result::ok).filter_map(number).filter(|&fd| fd < below).count()
}

#[test]
fn it_survives_without_descriptors() {
    const MOST: usize = 48;
    let (origin, dns) = (echo(), FakeDns::start());
    let config = config(&dns);
    let proxy = Proxy::spawn(&config, |file| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={MOST}:{MOST}")).arg(program().get_program());
        command.args(["serve", "--config"]).arg(file);
        command
    });
    let site = Site { proxy, origin, dns };
    // It says at its start that it has too few.
    site.proxy.wait_line("the warning", |line| {
        line.json["message"].as_str()?.contains("48 descriptors are too few").then_some(())
    });
    let mut tunnel = open(&site);
    let mut crowd: Vec<Client> = (0..MOST).map(|_| site.proxy.client()).collect();
    until("its descriptors run out", || descriptors(site.proxy.id(), MOST) == MOST);
    // What is open is served on.
    assert!(carries(&mut tunnel));
    // One of those that got in asks for a target, for which there is no descriptor left.
    let (first, rest) = GET.split_at(1);
    for client in &mut crowd {
        client.send(first);
    }
    until("one of the crowd is in", || crowd.iter().any(|client| was_read(client, &site)));
    let inside = crowd.iter_mut().find(|client| was_read(client, &site)).expect("one");
    let response = inside.send(site.fill(rest)).response();
    assert_eq!(response.status, 503);
    refusal_id(&response, "no_descriptors").unwrap();
    drop(crowd);
    let recovered = || {
        let mut client = site.proxy.client();
        client.send(site.fill("CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test\r\n\r\n"));
        client.head().is_ok_and(|head| head.status == 200)
    };
    until("it recovers", recovered);
    assert!(carries(&mut tunnel));
    assert!(site.proxy.metric("pinhole_accept_errors_total") > 0.0);
}

/// The program with a standard output that the test holds.
struct Raw {
    child: std::process::Child,
    addr: SocketAddr,
    admin: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Raw {
    fn start(config: &Value) -> (Self, BufReader<std::process::ChildStdout>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pinhole.yaml");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = program();
        command.args(["serve", "--config"]).arg(file).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::with_capacity(1, child.stdout.take().unwrap());
        let mut address = |event: &str| {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line["event"], event);
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let (addr, admin) = (address("listening"), address("admin"));
        (Self { child, addr, admin, _dir: dir }, output)
    }

    fn dropped(&self) -> f64 {
        let mut admin = Client::connect(self.admin);
        admin.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let text = admin.response().text();
        let sample = text.lines().find_map(|line| line.strip_prefix("pinhole_log_dropped_total "));
        sample.unwrap().parse().unwrap()
    }

    /// Refusals, each of which makes a log line; sent by several clients at a time.
    fn refuse(&self, count: usize) {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..count / 4 {
                        let mut client = Client::connect(self.addr);
                        client.send("BAD\r\n\r\n");
                        assert_eq!(client.response().status, 400);
                    }
                });
            }
        });
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nobody reads its standard output: requests are answered, and the lines that find no room are
/// counted. When somebody reads again, what had room is all there.
#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let dns = FakeDns::start();
    let (mut raw, mut output) = Raw::start(&config(&dns));
    raw.refuse(10_000);
    let dropped = raw.dropped();
    assert!(dropped > 0.0, "the pipe takes more than is sent");
    // It does not wait for its reader at its end either.
    let pid = rustix::process::Pid::from_child(&raw.child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    until("it ends", || raw.child.try_wait().unwrap().is_some());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let whole = rest.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert!(whole > 100 && whole as f64 + dropped < 10_002.0, "{whole} lines, {dropped} dropped");
}

#[test]
fn a_log_whose_reader_is_gone_stops_nothing() {
    let dns = FakeDns::start();
    let (raw, output) = Raw::start(&config(&dns));
    drop(output);
    raw.refuse(40);
    until("the loss is counted", || raw.dropped() >= 40.0);
}

#[test]
fn without_admin_pages() {
    let dns = FakeDns::start();
    let mut config = config(&dns);
    config["admin"] = json!("off");
    let proxy = Proxy::start(&config);
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    refusal_id(&client.response(), "origin_form").unwrap();
    let events = proxy.lines().iter().filter(|line| line.contains("\"admin\"")).count();
    assert_eq!(events, 0);
}
