//! What is kept of the answers, and for how long.

use std::time::Duration;

use pinhole_connect::Failure;

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{connector, ips, resolve};

#[tokio::test]
async fn answers_are_kept_within_the_bounds() {
    let server = FakeDns::start();
    let connector = connector(&server);
    for (name, ttl) in [("none.test", 0), ("day.test", 86_400)] {
        server.on(
            name,
            Kind::A,
            [Reply::addrs(ttl, ["127.0.0.1"]), Reply::addrs(ttl, ["127.0.0.2"])],
        );
        server.on(name, Kind::Aaaa, [Reply::nodata(86_400)]);
        assert_eq!(resolve(&connector, name).await, Ok(ips(["127.0.0.1"])), "{name}");
        assert_eq!(resolve(&connector, name).await, Ok(ips(["127.0.0.1"])), "{name}");
    }
    assert_eq!(server.asked().len(), 4);
    // Beyond the least TTL (1 s), within the greatest (60 s) and the negative one (10 s).
    pass(Duration::from_secs(2)).await;
    assert_eq!(resolve(&connector, "day.test").await, Ok(ips(["127.0.0.1"])));
    assert_eq!(resolve(&connector, "none.test").await, Ok(ips(["127.0.0.2"])));
    assert_eq!(server.asked().len(), 5);
    pass(Duration::from_secs(60)).await;
    assert_eq!(resolve(&connector, "day.test").await, Ok(ips(["127.0.0.2"])));
    assert_eq!(server.asked().len(), 7);
}

#[tokio::test]
async fn an_answer_behind_a_cname_is_kept_no_longer_than_the_cname() {
    let server = FakeDns::start();
    let connector = connector(&server);
    server.on(
        "host.test",
        Kind::A,
        [Reply::cname(5, "t.test").addr(Some("t.test"), 60, "127.0.0.1")],
    );
    server.on("host.test", Kind::Aaaa, [Reply::nodata(60)]);
    assert!(resolve(&connector, "host.test").await.is_ok());
    pass(Duration::from_secs(6)).await;
    assert!(resolve(&connector, "host.test").await.is_ok());
    assert_eq!(server.asked_names(), ["host.test A", "host.test A", "host.test AAAA"]);
}

#[tokio::test]
async fn a_negative_answer_is_kept_only_as_its_soa_says() {
    let server = FakeDns::start();
    let connector = connector(&server);
    for kind in [Kind::A, Kind::Aaaa] {
        server.on("soa.test", kind, [Reply::rcode(3).soa(5)]);
        server.on("bare.test", kind, [Reply::rcode(3)]);
    }
    for _ in 0..2 {
        assert_eq!(resolve(&connector, "soa.test").await, Err(Failure::NotFound));
        assert_eq!(resolve(&connector, "bare.test").await, Err(Failure::NotFound));
    }
    let asked = |name| server.asked().iter().filter(|q| q.name == name).count();
    assert_eq!((asked("soa.test"), asked("bare.test")), (2, 4));
    pass(Duration::from_secs(6)).await;
    assert_eq!(resolve(&connector, "soa.test").await, Err(Failure::NotFound));
    assert_eq!(asked("soa.test"), 4);
}

#[tokio::test]
async fn failures_are_not_kept() {
    let server = FakeDns::start();
    server.on("host.test", Kind::A, [Reply::rcode(2), Reply::addrs(60, ["127.0.0.1"])]);
    let connector = connector(&server);
    assert_eq!(resolve(&connector, "host.test").await, Err(Failure::DnsFailed));
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.1"])));
}

/// Lets tokio's clock, by which answers age, jump ahead.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
