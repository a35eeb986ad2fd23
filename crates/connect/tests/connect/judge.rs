//! What is dialled is what policy permitted, and nothing else.

use std::net::IpAddr;

use pinhole_connect::{Connector, DialOptions, Failure};
use policy::{AddressClass, Reason};
use tokio::net::TcpListener;

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{connector, dial_options, dns_options, grant, ips, policy};

#[tokio::test]
async fn rebinding_finds_one_resolution_and_no_second_answer() {
    let good = TcpListener::bind("127.0.0.2:0").await.expect("a port");
    let port = good.local_addr().expect("bound").port();
    let evil = TcpListener::bind(("127.0.0.1", port)).await.expect("the same port");
    let server = FakeDns::start();
    server.on(
        "host.test",
        Kind::A,
        [Reply::addrs(0, ["127.0.0.2"]), Reply::addrs(0, ["127.0.0.1"])],
    );
    let policy = policy(["host.test", "127.0.0.2/32"]);
    let grant = grant(&policy, &format!("host.test:{port}"));
    let mut options = dns_options(server.addr());
    options.cache_entries = 0;
    let connector = Connector::new(&options, dial_options()).expect("a connector");
    let reached = connector.reach(&policy, &grant).await.expect("reached");
    assert_eq!(reached.addr.ip(), ips(["127.0.0.2"])[0]);
    assert_eq!(server.asked_names(), ["host.test A", "host.test AAAA"]);
    // The next request resolves again, and its answer is judged again.
    let again = connector.reach(&policy, &grant).await;
    assert!(matches!(again, Err(Failure::Denied { .. })), "{again:?}");
    assert_eq!(server.asked().len(), 4);
    drop(reached);
    assert_nobody_came(evil).await;
}

#[tokio::test]
async fn a_forbidden_address_is_skipped_and_the_others_are_kept() {
    let server = FakeDns::start();
    server.on(
        "host.test",
        Kind::A,
        [Reply::addrs(60, ["10.0.0.1", "169.254.169.254", "8.8.8.8", "127.0.0.1", "0.0.0.0"])],
    );
    server.on("host.test", Kind::Aaaa, [Reply::addrs(60, ["fd00::1", "::ffff:10.0.0.1"])]);
    let policy = policy(["host.test"]);
    let grant = grant(&policy, "host.test:443");
    let judgement = connector(&server).judge(&policy, &grant).await.expect("resolved");
    assert_eq!(judgement.permitted.as_slice(), ["8.8.8.8:443".parse().expect("an address")]);
    assert_eq!(judgement.judged.len(), 7);
    assert!(judgement.dns.is_some());
}

#[tokio::test]
async fn a_cname_to_a_private_address_is_refused() {
    let server = FakeDns::start();
    let reply = Reply::cname(60, "inside.test").addr(Some("inside.test"), 60, "10.0.0.1");
    server.on("host.test", Kind::A, [reply]);
    let policy = policy(["host.test"]);
    let reached = connector(&server).reach(&policy, &grant(&policy, "host.test:443")).await;
    let Err(failure @ Failure::Denied { .. }) = reached else { panic!("{reached:?}") };
    assert_eq!(failure.label(), "address_class");
    let Failure::Denied { address, denial } = failure else { unreachable!() };
    assert_eq!((address, denial.reason), (ips(["10.0.0.1"])[0], Reason::AddressClass));
    assert!(denial.to_string().contains(AddressClass::Private.label()), "{denial}");
}

#[tokio::test]
async fn a_literal_is_judged_without_a_question() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = listener.local_addr().expect("bound");
    let server = FakeDns::start();
    let policy = policy(["127.0.0.0/8"]);
    let grant = grant(&policy, &target.to_string());
    let reached = connector(&server).reach(&policy, &grant).await.expect("reached");
    assert_eq!((reached.addr, reached.dns), (target, None));
    assert!(reached.stream.nodelay().expect("a socket"));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_proxys_own_listeners_are_not_reached_by_any_address() {
    let listener = TcpListener::bind("[::]:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = FakeDns::start();
    let options = DialOptions { own_ports: vec![1, port], ..dial_options() };
    let own = Connector::new(&dns_options(server.addr()), options).expect("a connector");
    let other = connector(&server);
    let networks = ["127.0.0.0/8", "::1/128", "::ffff:127.0.0.1/128", "0.0.0.0/32", "::/128"];
    for (index, address) in ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"]
        .into_iter()
        .enumerate()
    {
        let ip: IpAddr = address.parse().expect("an address");
        let name = format!("host{index}.test");
        let kind = if ip.is_ipv4() { Kind::A } else { Kind::Aaaa };
        server.on(&name, kind, [Reply::addrs(60, [address])]);
        let [a, b, c, d, e] = networks;
        let policy = policy([&name, a, b, c, d, e]);
        let grant = grant(&policy, &format!("{name}:{port}"));
        let reached = own.reach(&policy, &grant).await;
        let Err(Failure::Denied { denial, .. }) = reached else { panic!("{address}: {reached:?}") };
        assert_eq!(denial.reason, Reason::Own, "{address}");
        // On another proxy's machine, the same is a target like any other.
        let reasons = other.judge(&policy, &grant).await.expect("resolved").judged;
        assert!(
            reasons.iter().all(|one| one
                .verdict
                .as_ref()
                .err()
                .is_none_or(|e| e.reason != Reason::Own)),
            "{address}"
        );
    }
    assert_nobody_came(listener).await;
}

/// Nobody is in the listener's queue: a connection of one's own comes first.
async fn assert_nobody_came(listener: TcpListener) {
    let target = listener.local_addr().expect("bound");
    let target = match target.ip().is_unspecified() {
        true => (IpAddr::from([127, 0, 0, 1]), target.port()).into(),
        false => target,
    };
    let sentinel = tokio::net::TcpStream::connect(target).await.expect("connected");
    let (_, peer) = listener.accept().await.expect("accepted");
    assert_eq!(peer.port(), sentinel.local_addr().expect("bound").port());
}
