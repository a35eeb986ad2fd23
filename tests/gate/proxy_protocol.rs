//! The PROXY protocol: clients behind a load balancer keep their addresses.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::support::client::{Client, Ending};
use crate::support::origin::Origin;
use crate::support::site::{Site, refusal_id};
use crate::support::{each, ensure, shown, until};
use crate::tunnel::{carries, echo};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const CONNECT: &[u8] = b"CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n";
const ERRORS: &str = "pinhole_proxy_protocol_errors_total";

/// A site whose load balancer is 127.0.0.1; every other peer is a client itself.
fn site() -> Site {
    with(|_| {})
}

fn with(change: impl FnOnce(&mut Value)) -> Site {
    Site::with(echo(), |config| {
        config["proxy_protocol"] = json!({"from": "127.0.0.1"});
        change(config);
    })
}

fn line(source: &str) -> Vec<u8> {
    let family = if source.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
    format!("PROXY {} {source} {} 4321 3128\r\n", family.0, family.1).into_bytes()
}

fn binary(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let len = u16::try_from(block.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &len, block].concat()
}

const V4: &[u8] = &[203, 0, 113, 9, 127, 0, 0, 1, 0x10, 0xe1, 0x0c, 0x38];

fn v6() -> Vec<u8> {
    let octets = |ip: &str| ip.parse::<std::net::Ipv6Addr>().unwrap().octets();
    [&octets("2001:db8::9")[..], &octets("::1"), &[0x10, 0xe1, 0x0c, 0x38]].concat()
}

/// Good headers, each with the client that it names; none where it is the connection's own peer.
fn good() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let tlvs = [V4, &[4, 0x07, 0xd0], &[0; 2000]].concat();
    vec![
        (line("203.0.113.9"), Some("203.0.113.9:4321")),
        (line("2001:db8::9"), Some("[2001:db8::9]:4321")),
        (line("::ffff:203.0.113.9"), Some("203.0.113.9:4321")),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (b"PROXY UNKNOWN 203.0.113.9 ::1 x y\r\n".to_vec(), None),
        (binary(0x21, 0x11, V4), Some("203.0.113.9:4321")),
        (binary(0x21, 0x21, &v6()), Some("[2001:db8::9]:4321")),
        (binary(0x21, 0x11, &tlvs), Some("203.0.113.9:4321")),
        (binary(0x20, 0x11, V4), None),
        (binary(0x20, 0x00, b""), None),
        (binary(0x21, 0x00, b""), None),
    ]
}

/// Uses the tunnel that was asked for, ends it, and checks whose it was.
fn serves(
    site: &Site,
    mut client: Client,
    early: &[u8],
    named: Option<&str>,
) -> Result<(), String> {
    let own = client.stream.local_addr().expect("an address").to_string();
    let before = site.proxy.requests().len();
    let head = client.head()?;
    ensure!(head.status == 200, "{}", shown(&head.head));
    ensure!(client.bytes(early.len()) == early, "the early bytes are others");
    ensure!(carries(&mut client), "it carries nothing");
    client.fin().ends();
    let records = site.proxy.wait_requests(before + 1);
    let record = records.last().expect("one");
    ensure!(record["client"] == named.unwrap_or(&own), "it is another client's: {record}");
    ensure!(record["up"] == early.len() + 1, "{record}");
    Ok(())
}

#[test]
fn the_client_is_the_one_that_the_header_names() {
    let site = site();
    each(
        good(),
        |(header, _)| shown(header),
        |(header, named)| {
            let mut client = site.proxy.client();
            client.send([&header[..], &site.fill(CONNECT), b"early"].concat());
            serves(&site, client, b"early", *named)
        },
    );
    site.counters_agree();
    until("every connection is gone", || site.proxy.metric("pinhole_connections_open") == 0.0);
    let metrics = site.proxy.metrics();
    let errors = metrics.iter().filter(|(name, _)| name.starts_with(ERRORS));
    assert!(errors.clone().count() > 0 && errors.clone().all(|(_, count)| *count == 0.0));
}

#[test]
fn the_header_may_come_byte_by_byte() {
    let site = site();
    each(
        good(),
        |(header, _)| shown(header),
        |(header, named)| {
            let mut client = site.proxy.client();
            client.drip(&[&header[..], &site.fill(CONNECT)].concat());
            serves(&site, client, b"", *named)
        },
    );
}

/// Every request on the connection is of the same client, and no second header is looked for.
#[test]
fn a_connection_has_one_header() {
    let site = Site::with(Origin::start(), |config| {
        config["proxy_protocol"] = json!({"from": ["192.0.2.0/24", "127.0.0.0/30"]});
    });
    let get = site.fill("GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n");
    let mut client = site.proxy.client();
    client.send([line("203.0.113.9"), get.clone(), get].concat());
    assert_eq!((client.response().status, client.response().status), (200, 200));
    client.send([&line("203.0.113.10")[..], b"\r\n"].concat());
    refusal_id(&client.response(), "malformed").unwrap();
    client.ends();
    for record in site.proxy.wait_requests(3) {
        assert_eq!(record["client"], "203.0.113.9:4321");
    }
}

fn from(site: &Site, ip: &str) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&format!("{ip}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&site.proxy.addr.into()).unwrap();
    Client::over(socket.into())
}

/// Whoever is not trusted speaks for nobody, and whoever is may not leave it out.
#[test]
fn a_header_from_anybody_else_is_a_malformed_request() {
    let site = site();
    for (header, _) in good() {
        let mut client = from(&site, "127.0.0.2");
        client.send([&header[..], &site.fill(CONNECT)].concat());
        let id = refusal_id(&client.response(), "malformed").unwrap();
        client.ends();
        let record = site.proxy.record_of(&id);
        let known = record["client"].as_str().unwrap();
        assert!(known.starts_with("127.0.0.2:"), "{record}");
    }
    let mut client = from(&site, "127.0.0.2");
    client.send(site.fill(CONNECT));
    serves(&site, client, b"", None).unwrap();
    let mut client = site.proxy.client();
    client.send(site.fill(CONNECT));
    assert_eq!(client.rest().0, b"");
    assert_eq!(site.origin.accepts(), 1);
}

/// What is wrong with a header that a load balancer sends, and the label of it.
fn bad() -> Vec<(Vec<u8>, &'static str)> {
    let mut wrong_sum = binary(0x21, 0x11, &[V4, &[3, 0, 4, 1, 2, 3, 4]].concat());
    wrong_sum.extend(CONNECT);
    vec![
        (CONNECT.to_vec(), "absent"),
        (b"GET http://ok.test/ HTTP/1.1\r\nHost: ok.test\r\n\r\n".to_vec(), "absent"),
        (b"\x16\x03\x01\x02\x00\x01".to_vec(), "absent"),
        (b"\r\n\r\n\r\n".to_vec(), "absent"),
        ([&line("203.0.113.999")[..], CONNECT].concat(), "malformed"),
        (b"PROXY TCP4 203.0.113.9 127.0.0.1 04321 3128\r\n".to_vec(), "malformed"),
        (b"PROXY TCP4 203.0.113.9 127.0.0.1 4321 3128\n".to_vec(), "malformed"),
        (binary(0x21, 0x11, &V4[..11]), "malformed"),
        (binary(0x31, 0x11, V4), "malformed"),
        (binary(0x21, 0x31, &[0; 216]), "unsupported"),
        (binary(0x21, 0x12, V4), "unsupported"),
        ([&b"PROXY UNKNOWN "[..], &[b'x'; 200]].concat(), "too_long"),
        (binary(0x21, 0x00, &[0; 4097]), "too_long"),
        (wrong_sum, "checksum"),
    ]
}

#[test]
fn a_bad_header_ends_the_connection_without_a_word() {
    let site = site();
    let cases = bad();
    let mut expected = std::collections::BTreeMap::new();
    each(
        cases.iter().enumerate(),
        |(_, (bytes, _))| shown(bytes),
        |(i, (bytes, label))| {
            let mut client = site.proxy.client();
            let own = client.stream.local_addr().expect("an address").to_string();
            client.send(site.fill(bytes));
            let (said, ending) = client.rest();
            ensure!(said.is_empty() && ending == Ending::Reset, "{ending:?} {}", shown(&said));
            let records = site.proxy.wait_requests(i + 1);
            let record = records.last().expect("one");
            ensure!(record["reason"] == "proxy_protocol", "{record}");
            ensure!(record["client"] == own && record["status"].is_null(), "{record}");
            ensure!(record["target"].is_null() && record["method"].is_null(), "{record}");
            *expected.entry(*label).or_insert(0.0) += 1.0;
            Ok(())
        },
    );
    for (label, count) in expected {
        assert_eq!(site.proxy.metric(&format!("{ERRORS}{{reason=\"{label}\"}}")), count, "{label}");
    }
    site.counters_agree();
    until("every connection is gone", || site.proxy.metric("pinhole_connections_open") == 0.0);
    assert_eq!((site.origin.accepts(), site.dns.asked().len()), (0, 0));
}

#[test]
fn a_header_that_ends_too_early() {
    let site = site();
    let whole = [line("203.0.113.9"), binary(0x21, 0x11, V4)];
    for (i, header) in whole.iter().enumerate() {
        let mut client = site.proxy.client();
        client.send(&header[..header.len() - 1]).fin();
        assert_eq!(client.rest().0, b"");
        let record = &site.proxy.wait_requests(i + 1)[i];
        assert_eq!(record["reason"], "proxy_protocol");
    }
    assert_eq!(site.proxy.metric(&format!("{ERRORS}{{reason=\"cut\"}}")), 2.0);
    // A health check that only connects is no fault; nor is one that says it is one.
    site.proxy.client().fin().ends();
    site.proxy.client().send(binary(0x20, 0, b"")).fin().ends();
    assert_eq!(site.requests().len(), 2);
    assert_eq!(site.proxy.metric(&format!("{ERRORS}{{reason=\"cut\"}}")), 2.0);
}

/// One deadline for the header and the head behind it, and not one for each byte.
#[test]
fn a_slow_header_is_cut_off_in_time() {
    let site = with(|config| config["timeouts"] = json!({"header": "250ms"}));
    let timeouts = || site.proxy.metric(&format!("{ERRORS}{{reason=\"timeout\"}}"));
    // Who says nothing is owed nothing, not even a line.
    site.proxy.client().ends();
    assert_eq!((timeouts(), site.requests().len()), (1.0, 0));
    let mut client = site.proxy.client();
    client.send("PROXY UNKNOWN ");
    assert_eq!(client.rest().0, b"");
    assert_eq!(site.proxy.wait_requests(1)[0]["reason"], "proxy_protocol");
    // A block of 4096 bytes at leisure.
    let mut client = site.proxy.client();
    let slow = binary(0x20, 0, &[0; 4096]);
    let ended = slow.iter().take(500).any(|byte| {
        client.drip(&[*byte]);
        client.has_something_within(Duration::from_millis(20))
    });
    assert!(ended, "500 bytes at leisure, and no end");
    assert_eq!((timeouts(), site.proxy.wait_requests(2).len()), (3.0, 2));
    // Behind the header it is a client like any other.
    let mut client = site.proxy.client();
    client.send([&line("203.0.113.9")[..], b"CONNECT "].concat());
    let id = refusal_id(&client.response(), "head_timeout").unwrap();
    assert_eq!(site.proxy.record_of(&id)["client"], "203.0.113.9:4321");
    site.proxy.client().send(line("203.0.113.9")).ends();
    assert_eq!(timeouts(), 3.0);
}

fn open(site: &Site, header: &[u8]) -> Client {
    let mut client = site.proxy.client();
    client.send([header, &site.fill(CONNECT)].concat());
    assert_eq!(client.head().unwrap().status, 200);
    client
}

#[test]
fn connections_count_for_the_client_that_is_named() {
    let site = with(|config| {
        config["limits"] = json!({"connections": 7, "connections_per_client": 2});
    });
    // More of the load balancer's own than one client may have.
    let silent: Vec<Client> = (0..3).map(|_| site.proxy.client()).collect();
    let mut one: Vec<Client> = (0..2).map(|_| open(&site, &line("203.0.113.1"))).collect();
    // The same client, however it is spelled.
    for header in [line("203.0.113.1"), line("::ffff:203.0.113.1")] {
        let mut client = site.proxy.client();
        client.send([&header[..], &site.fill(CONNECT)].concat());
        let id = refusal_id(&client.response(), "client_connections").unwrap();
        client.ends();
        assert_eq!(site.proxy.record_of(&id)["client"], "203.0.113.1:4321");
    }
    let mut other: Vec<Client> = (0..2).map(|_| open(&site, &line("203.0.113.2"))).collect();
    until("all are accepted", || site.proxy.metric("pinhole_connections_open") == 7.0);
    // All seven are taken, and a load balancer is told so as anybody is.
    let mut client = site.proxy.client();
    refusal_id(&client.response(), "connections").unwrap();
    client.ends();
    assert!(one.iter_mut().chain(&mut other).all(carries));
    // What is given back can be taken again, by the same and by others.
    drop((one.pop(), other, silent));
    until("their places are free", || site.proxy.metric("pinhole_connections_open") == 1.0);
    let again = open(&site, &line("203.0.113.1"));
    drop((one, again));
    until("every connection is gone", || site.proxy.metric("pinhole_connections_open") == 0.0);
}

/// A reload changes whose word counts for connections from then on.
#[test]
fn a_reload_changes_who_is_trusted() {
    let dns = crate::dns::FakeDns::start();
    let origin = echo();
    let mut config = crate::support::site::config(&dns);
    let site = Site { proxy: crate::support::proxy::Proxy::start(&config), origin, dns };
    let mut before = site.proxy.client();
    before.send(site.fill(CONNECT));
    assert_eq!(before.head().unwrap().status, 200);
    config["proxy_protocol"] = json!({"from": ["127.0.0.1/32"]});
    let said = site.proxy.reload(&config.to_string());
    assert!(said.contains("configuration reloaded"), "{said}");
    assert!(carries(&mut before));
    let mut client = site.proxy.client();
    client.send([&line("203.0.113.9")[..], &site.fill(CONNECT)].concat());
    serves(&site, client, b"", Some("203.0.113.9:4321")).unwrap();
}
