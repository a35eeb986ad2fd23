//! Names to addresses: what is asked, what is taken for an answer, what fails.

use std::net::IpAddr;
use std::time::Duration;

use pinhole_connect::{Connector, Failure, SetupError};

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{connector, dial_options, dns_options, grant, ips, policy, resolve, settled};

#[tokio::test]
async fn both_families_are_asked_once_and_ipv6_comes_first() {
    let server = FakeDns::start();
    // It comes second, and is waited for a little all the same.
    let second = Reply::addrs(60, ["198.18.0.0", "8.8.8.8"]).after(Duration::from_millis(5));
    server.on("host.test", Kind::A, [second]);
    server.on("host.test", Kind::Aaaa, [Reply::addrs(60, ["2606:4700::1"])]);
    let connector = connector(&server);
    let found = resolve(&connector, "host.test").await;
    assert!(found.is_ok(), "{found:?}");
    assert_eq!(server.asked_names(), ["host.test A", "host.test AAAA"]);
    settled(&server, &connector, "host.test").await;
    // 198.18.0.0 is of the benchmarking range, and skipped.
    let found = resolve(&connector, "host.test").await;
    assert_eq!(found, Ok(ips(["2606:4700::1", "8.8.8.8"])));
}

#[tokio::test]
async fn names_are_absolute_however_few_labels_they_have() {
    let server = FakeDns::start();
    let connector = connector(&server);
    for name in
        ["localhost", "single", "two.labels", "_under.score_.test", "host.local", "host.invalid"]
    {
        assert_eq!(resolve(&connector, name).await, Err(Failure::NotFound), "{name}");
    }
    let mut asked = server.asked_names();
    asked.dedup();
    let expected =
        ["_under.score_.test", "host.invalid", "host.local", "localhost", "single", "two.labels"]
            .map(|name| [format!("{name} A"), format!("{name} AAAA")])
            .concat();
    assert_eq!(asked, expected);
}

/// The file is the system's own: what it says first is what the test expects.
#[tokio::test]
async fn the_hosts_file_comes_before_any_question() {
    let text = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let Some((ip, name)) = lines.find_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse::<IpAddr>().ok()?, words.next()?))
    }) else {
        return;
    };
    let server = FakeDns::start();
    let mut options = dns_options(server.addr());
    for (hosts_file, expected) in [(true, Some(ip)), (false, None)] {
        options.hosts_file = hosts_file;
        let connector = Connector::new(&options, dial_options()).expect("a connector");
        let policy = policy([name]);
        let judgement = connector.judge(&policy, &grant(&policy, &format!("{name}:443"))).await;
        let found = judgement.ok().and_then(|j| j.judged.into_iter().find(|one| one.ip == ip));
        assert_eq!(found.map(|one| one.ip), expected);
        assert_eq!(server.asked().is_empty(), hosts_file);
    }
}

#[tokio::test]
async fn nothing_in_both_families_is_not_found() {
    let server = FakeDns::start();
    server.on("nodata.test", Kind::A, [Reply::nodata(60)]);
    server.on("nodata.test", Kind::Aaaa, [Reply::nodata(None)]);
    let connector = connector(&server);
    assert_eq!(resolve(&connector, "nodata.test").await, Err(Failure::NotFound));
    assert_eq!(resolve(&connector, "nxdomain.test").await, Err(Failure::NotFound));
}

#[tokio::test]
async fn failures_are_failures_even_where_the_other_family_has_nothing() {
    let server = FakeDns::start();
    let connector = connector(&server);
    for (name, rcode) in
        [("servfail.test", 2), ("notimp.test", 4), ("refused.test", 5), ("odd.test", 15)]
    {
        server.on(name, Kind::A, [Reply::rcode(rcode)]);
        server.on(name, Kind::Aaaa, [Reply::nodata(60)]);
        assert_eq!(resolve(&connector, name).await, Err(Failure::DnsFailed), "{name}");
    }
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server = FakeDns::start();
    server.on("host.test", Kind::A, [Reply::silence()]);
    let mut options = dns_options(server.addr());
    options.timeout = Duration::from_millis(100);
    let connector = Connector::new(&options, dial_options()).expect("a connector");
    assert_eq!(resolve(&connector, "host.test").await, Err(Failure::DnsTimeout));
}

#[tokio::test]
async fn the_next_server_is_asked_where_one_fails_or_keeps_silent() {
    let (failing, silent, good) = (FakeDns::start(), FakeDns::start(), FakeDns::start());
    failing.on("host.test", Kind::A, [Reply::rcode(2)]);
    silent.on("host.test", Kind::A, [Reply::silence()]);
    good.on("host.test", Kind::A, [Reply::addrs(0, ["127.0.0.7"])]);
    let mut options = dns_options(failing.addr());
    options.servers = vec![failing.addr(), silent.addr(), good.addr()];
    options.query_timeout = Duration::from_secs(2);
    options.cache_entries = 0;
    let connector = Connector::new(&options, dial_options()).expect("a connector");
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.7"])));
    // The one that answered is asked first from then on.
    let before = [failing.asked().len(), silent.asked().len()];
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.7"])));
    assert_eq!([failing.asked().len(), silent.asked().len()], before);
}

/// However long each may take by itself, the last is asked before the whole time is up.
#[tokio::test]
async fn every_server_is_asked_within_the_lookups_own_time() {
    let silent = [(); 2].map(|()| FakeDns::start());
    let good = FakeDns::start();
    for server in &silent {
        server.on("host.test", Kind::A, [Reply::silence()]);
    }
    good.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.7"])]);
    let mut options = dns_options(good.addr());
    options.servers = silent.iter().chain([&good]).map(FakeDns::addr).collect();
    (options.timeout, options.query_timeout) = (Duration::from_secs(6), Duration::from_secs(60));
    let connector = Connector::new(&options, dial_options()).expect("a connector");
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.7"])));
}

#[tokio::test]
async fn a_truncated_reply_is_asked_for_again_by_tcp() {
    let server = FakeDns::start();
    server.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.1", "127.0.0.2"]).truncated()]);
    let found = resolve(&connector(&server), "host.test").await;
    assert_eq!(found, Ok(ips(["127.0.0.1", "127.0.0.2"])));
    let by_a: Vec<bool> = server.asked().iter().filter(|q| q.kind == 1).map(|q| q.tcp).collect();
    assert_eq!(by_a, [false, true]);
}

#[tokio::test]
async fn cnames_are_followed_within_a_reply_and_across_replies() {
    let server = FakeDns::start();
    let connector = connector(&server);
    server.on(
        "within.test",
        Kind::A,
        [Reply::cname(60, "target.test").addr(Some("target.test"), 60, "127.0.0.1")],
    );
    server.on("within.test", Kind::Aaaa, [Reply::cname(60, "target.test").soa(60)]);
    assert_eq!(resolve(&connector, "within.test").await, Ok(ips(["127.0.0.1"])));
    assert_eq!(server.asked_names(), ["within.test A", "within.test AAAA"]);

    server.on("across.test", Kind::A, [Reply::cname(60, "more.test")]);
    server.on("more.test", Kind::A, [Reply::addrs(60, ["127.0.0.2"])]);
    assert_eq!(resolve(&connector, "across.test").await, Ok(ips(["127.0.0.2"])));
}

#[test]
fn ttl_bounds_that_cross_are_an_error() {
    let mut options = dns_options(([127, 0, 0, 1], 1).into());
    (options.min_ttl, options.max_ttl) = (Duration::from_secs(2), Duration::from_secs(1));
    let made = Connector::new(&options, dial_options());
    assert!(matches!(made, Err(SetupError::TtlBounds { .. })));
}
