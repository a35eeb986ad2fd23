//! A and AAAA side by side: one that fails or dawdles does not fail the other.

use std::time::Duration;

use pinhole_connect::{Connector, DialOptions, Failure};

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{connector, dial_options, dns_options, grant, ips, policy, resolve};

#[tokio::test]
async fn one_family_suffices() {
    let server = FakeDns::start();
    let connector = connector(&server);
    server.on("four.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    server.on("four.test", Kind::Aaaa, [Reply::rcode(2)]);
    assert_eq!(resolve(&connector, "four.test").await, Ok(ips(["127.0.0.1"])));
    server.on("six.test", Kind::Aaaa, [Reply::addrs(60, ["::1"])]);
    assert_eq!(resolve(&connector, "six.test").await, Ok(ips(["::1"])));
    // RFC 4074 §4.2: NXDOMAIN for AAAA says nothing of A, even when A comes later.
    let late = Reply::addrs(60, ["127.0.0.1"]).after(Duration::from_millis(100));
    server.on("late.test", Kind::A, [late]);
    assert_eq!(resolve(&connector, "late.test").await, Ok(ips(["127.0.0.1"])));
}

#[tokio::test]
async fn a_family_that_never_answers_is_not_waited_for() {
    let server = FakeDns::start();
    server.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    server.on("host.test", Kind::Aaaa, [Reply::silence()]);
    assert_eq!(resolve(&connector(&server), "host.test").await, Ok(ips(["127.0.0.1"])));
    assert_eq!(server.asked_names(), ["host.test A", "host.test AAAA"]);
}

#[tokio::test]
async fn a_late_family_is_used_where_the_first_is_denied() {
    let server = FakeDns::start();
    server.on("host.test", Kind::Aaaa, [Reply::addrs(60, ["fd00::1"])]);
    let late = Reply::addrs(60, ["127.0.0.1"]).after(Duration::from_millis(120));
    server.on("host.test", Kind::A, [late]);
    let connector = connector(&server);
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.1"])));
    // It was asked once, and kept.
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.1"])));
    assert_eq!(server.asked_names(), ["host.test A", "host.test AAAA"]);
}

#[tokio::test]
async fn a_late_family_joins_the_race() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = listener.local_addr().expect("bound");
    let server = FakeDns::start();
    // Nobody listens on ::1 at that port: the first family fails at once.
    server.on("host.test", Kind::Aaaa, [Reply::addrs(60, ["::1"])]);
    let late = Reply::addrs(60, ["127.0.0.1"]).after(Duration::from_millis(120));
    server.on("host.test", Kind::A, [late]);
    let policy = policy(["host.test", "127.0.0.0/8", "::1/128"]);
    let grant = grant(&policy, &format!("host.test:{}", target.port()));
    let reached = connector(&server).reach(&policy, &grant).await.expect("reached");
    assert_eq!(reached.addr, target);
}

#[tokio::test]
async fn a_family_that_never_answers_holds_up_no_refusal_for_long() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let port = closed.expect("a port").port();
    let server = FakeDns::start();
    for name in ["denied.test", "refused.test"] {
        server.on(name, Kind::Aaaa, [Reply::silence()]);
    }
    server.on("denied.test", Kind::A, [Reply::addrs(60, ["10.0.0.1"])]);
    server.on("refused.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    let policy = policy(["denied.test", "refused.test", "127.0.0.0/8"]);
    let reach = async |connector: &Connector, name| {
        connector.reach(&policy, &grant(&policy, &format!("{name}:{port}"))).await
    };
    let hasty = DialOptions { timeout: Duration::from_millis(100), ..dial_options() };
    let hasty = Connector::new(&dns_options(server.addr()), hasty).expect("a connector");
    // Once the wait for the late family ends by itself, once by the deadline of the dial.
    for connector in [connector(&server), hasty] {
        let (denied, refused) =
            tokio::join!(reach(&connector, "denied.test"), reach(&connector, "refused.test"));
        assert!(matches!(denied, Err(Failure::Denied { .. })), "{denied:?}");
        assert!(matches!(refused, Err(Failure::Refused)), "{refused:?}");
    }
}
