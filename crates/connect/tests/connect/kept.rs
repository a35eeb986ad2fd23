//! What is kept of the answers, and for how long.

use std::time::Duration;

use futures_util::FutureExt;
use pinhole_connect::{Connector, Failure};
use policy::HostName;

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{connector, dial_options, dns_options, ips, resolve, settled};

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

/// Neither a task nor a timer stands between a request and what is kept: it is there at the first
/// poll. So is what takes no question at all.
#[tokio::test]
async fn what_is_kept_is_there_at_the_first_poll() {
    let server = FakeDns::start();
    server.on("both.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    server.on("both.test", Kind::Aaaa, [Reply::addrs(60, ["::1"])]);
    server.on("four.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    server.on("four.test", Kind::Aaaa, [Reply::nodata(60)]);
    for kind in [Kind::A, Kind::Aaaa] {
        server.on("none.test", kind, [Reply::rcode(3).soa(60)]);
    }
    let mut options = dns_options(server.addr());
    let known = HostName::parse(b"known.test").expect("a name");
    options.hosts = vec![(known, ips(["127.0.0.2"]))];
    let connector = Connector::new(&options, dial_options()).expect("a connector");
    for (name, expected) in [
        ("both.test", Ok(ips(["::1", "127.0.0.1"]))),
        ("four.test", Ok(ips(["127.0.0.1"]))),
        ("none.test", Err(Failure::NotFound)),
    ] {
        let mut first = Box::pin(resolve(&connector, name));
        assert_eq!((&mut first).now_or_never(), None, "{name} was asked for");
        assert_eq!(first.await.is_ok(), expected.is_ok(), "{name}");
        settled(&server, &connector, name).await;
        assert_eq!(resolve(&connector, name).now_or_never(), Some(expected), "{name}");
    }
    let known = resolve(&connector, "known.test").now_or_never();
    assert_eq!(known, Some(Ok(ips(["127.0.0.2"]))));
    assert!(server.asked().iter().all(|question| question.name != "known.test"));
}

/// Without a pause between them, a thousand requests for a name that is kept never wait.
#[tokio::test]
async fn what_is_kept_is_there_however_often_it_is_wanted() {
    let server = FakeDns::start();
    server.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    server.on("host.test", Kind::Aaaa, [Reply::nodata(60)]);
    let connector = connector(&server);
    settled(&server, &connector, "host.test").await;
    for n in 0..1000 {
        assert!(resolve(&connector, "host.test").now_or_never().is_some(), "request {n} waits");
    }
}

/// NODATA and NXDOMAIN alike.
#[tokio::test]
async fn a_negative_answer_is_kept_no_longer_than_its_bound() {
    let server = FakeDns::start();
    let connector = connector(&server);
    for kind in [Kind::A, Kind::Aaaa] {
        server.on("nodata.test", kind, [Reply::nodata(86_400)]);
        server.on("nxdomain.test", kind, [Reply::rcode(3).soa(86_400)]);
    }
    let ask = async |questions| {
        for name in ["nodata.test", "nxdomain.test"] {
            assert_eq!(resolve(&connector, name).await, Err(Failure::NotFound));
            let asked = server.asked().iter().filter(|question| question.name == name).count();
            assert_eq!(asked, questions, "{name}");
        }
    };
    ask(2).await;
    pass(Duration::from_secs(9)).await;
    ask(2).await;
    pass(Duration::from_secs(2)).await;
    ask(4).await;
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
