//! Name servers that lie, babble or lead in circles.

use std::time::Duration;

use futures_util::future::join_all;
use pinhole_connect::{Connector, Failure};

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{connector, dial_options, dns_options, ips, resolve};

/// A reply's flags and counts, then the rest.
fn message(counts: [u8; 8], rest: &[&[u8]]) -> Vec<u8> {
    [&[0x81, 0x80], counts.as_slice(), &rest.concat()].concat()
}

/// Messages behind the identifier that are none, or not what they say they are.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    const QUESTION: &[u8] = b"\x04host\x04test\x00\x00\x01\x00\x01";
    /// The type, the class and the TTL of an address record; its length and data.
    const A: &[u8] = b"\x00\x01\x00\x01\x00\x00\x00\x3c";
    const LOOPBACK: &[u8] = b"\x00\x04\x7f\x00\x00\x01";
    /// The name asked for, by a pointer.
    const SAME: &[u8] = b"\xc0\x0c";
    let record = |parts: &[&[u8]]| message([0, 1, 0, 1, 0, 0, 0, 0], &[QUESTION, &parts.concat()]);
    let mut query = record(&[SAME, A, LOOPBACK]);
    query[0] = 0x01;
    vec![
        ("nothing", Vec::new()),
        ("a part of a head", vec![0x81, 0x80, 0]),
        ("a head that promises all", message([0xff; 8], &[])),
        ("noise", (0..200).map(|n: u8| n.wrapping_mul(167)).collect()),
        ("a record cut short", record(&[SAME, &A[..5]])),
        ("data cut short", record(&[SAME, A, &LOOPBACK[..4]])),
        ("an address too long", record(&[SAME, A, b"\x00\x05\x7f\x00\x00\x01\x01"])),
        ("a name that points at itself", record(&[b"\xc0\x1b", A, LOOPBACK])),
        ("a name that points beyond", record(&[b"\xff\xff", A, LOOPBACK])),
        ("another class", record(&[SAME, b"\x00\x01\x00\x03\x00\x00\x00\x3c", LOOPBACK])),
        ("no question", message([0, 0, 0, 1, 0, 0, 0, 0], &[b"\x04host\x04test\0", A, LOOPBACK])),
        ("a question in return", query),
    ]
}

#[tokio::test]
async fn garbage_is_a_failure_and_never_an_answer() {
    for (what, bytes) in garbage() {
        let server = FakeDns::start();
        server.on("host.test", Kind::A, [Reply::raw(&bytes)]);
        server.on("host.test", Kind::Aaaa, [Reply::nodata(60)]);
        let mut options = dns_options(server.addr());
        // What is taken for no reply at all must be waited out.
        options.timeout = Duration::from_millis(200);
        let connector = Connector::new(&options, dial_options()).expect("a connector");
        let found = resolve(&connector, "host.test").await;
        assert!(
            matches!(found, Err(Failure::DnsFailed | Failure::DnsTimeout)),
            "{what}: {found:?}"
        );
    }
}

#[tokio::test]
async fn behind_garbage_the_next_server_is_asked() {
    // Side by side, because what is taken for no reply at all is waited out.
    let cases = garbage().into_iter().map(async |(what, bytes)| {
        let (bad, good) = (FakeDns::start(), FakeDns::start());
        bad.on("host.test", Kind::A, [Reply::raw(&bytes)]);
        good.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.7"])]);
        let mut options = dns_options(bad.addr());
        options.servers = vec![bad.addr(), good.addr()];
        options.query_timeout = Duration::from_secs(2);
        let connector = Connector::new(&options, dial_options()).expect("a connector");
        assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.7"])), "{what}");
    });
    join_all(cases).await;
}

#[tokio::test]
async fn a_reply_to_another_question_is_not_taken() {
    let server = FakeDns::start();
    let good = Reply::addrs(60, ["127.0.0.1"]);
    let forged = Reply::addrs(60, ["127.0.0.66"]);
    server.on("id.test", Kind::A, [good.behind_forged(forged.clone())]);
    // By TCP hickory does not compare the question; pinhole does.
    server.on("tcp.test", Kind::A, [forged.clone().truncated().answering_for("other.test")]);
    let other = Reply::nodata(60).addr(Some("other.test"), 60, "127.0.0.66");
    server.on("owner.test", Kind::A, [other]);
    let connector = connector(&server);
    assert_eq!(resolve(&connector, "id.test").await, Ok(ips(["127.0.0.1"])));
    assert_eq!(resolve(&connector, "tcp.test").await, Err(Failure::DnsFailed));
    assert_eq!(resolve(&connector, "owner.test").await, Err(Failure::NotFound));
}

/// A reply's records beside the answer change nothing: neither for the name asked for, nor for
/// the other, which a cache might keep.
#[tokio::test]
async fn an_answer_for_another_name_is_neither_taken_nor_kept() {
    let server = FakeDns::start();
    let reply = Reply::addrs(60, ["127.0.0.1"]).addr(Some("bank.test"), 60, "127.0.0.66");
    server.on("host.test", Kind::A, [reply]);
    server.on("bank.test", Kind::A, [Reply::addrs(60, ["127.0.0.2"])]);
    let connector = connector(&server);
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.1"])));
    assert_eq!(resolve(&connector, "bank.test").await, Ok(ips(["127.0.0.2"])));
}

#[tokio::test]
async fn cnames_that_lead_in_circles_end() {
    let server = FakeDns::start();
    for kind in [Kind::A, Kind::Aaaa] {
        server.on("self.test", kind, [Reply::cname(60, "self.test")]);
        server.on("one.test", kind, [Reply::cname(60, "two.test")]);
        server.on("two.test", kind, [Reply::cname(60, "one.test")]);
        for n in 0..100 {
            let next = Reply::cname(60, &format!("n{}.test", n + 1));
            server.on(&format!("n{n}.test"), kind, [next]);
        }
    }
    let connector = connector(&server);
    for name in ["self.test", "one.test", "n0.test"] {
        assert_eq!(resolve(&connector, name).await, Err(Failure::DnsFailed), "{name}");
    }
    // No more than are followed were asked for, of either family.
    let asked = server.asked_names().len();
    assert!(asked <= 2 * 3 * 17, "{asked} questions");
}
