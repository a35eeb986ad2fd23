//! Names with addresses of their own: `dns.hosts`.

use std::net::IpAddr;

use pinhole_connect::{Connector, Failure};
use policy::HostName;
use tokio::net::TcpListener;

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{dial_options, dns_options, grant, ips, policy, resolve};

/// A connector that knows these names, and has the system's hosts file besides.
fn knowing<const N: usize>(server: &FakeDns, hosts: [(&str, Vec<IpAddr>); N]) -> Connector {
    let mut options = dns_options(server.addr());
    options.hosts_file = true;
    let name = |name: &str| HostName::parse(name.as_bytes()).expect("a name");
    options.hosts = hosts.map(|(host, addrs)| (name(host), addrs)).into();
    Connector::new(&options, dial_options()).expect("a connector")
}

#[tokio::test]
async fn they_stand_before_the_hosts_file_and_dns() {
    let server = FakeDns::start();
    server.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.66"])]);
    // `localhost` stands in most hosts files.
    let hosts = [("host.test", ips(["127.0.0.5", "::1"])), ("localhost", ips(["127.0.0.6"]))];
    let connector = knowing(&server, hosts);
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["::1", "127.0.0.5"])));
    assert_eq!(resolve(&connector, "HOST.test.").await, Ok(ips(["::1", "127.0.0.5"])));
    assert_eq!(resolve(&connector, "localhost").await, Ok(ips(["127.0.0.6"])));
    assert!(server.asked().is_empty());
    // What is below a name, or beside it, is asked for.
    assert_eq!(resolve(&connector, "sub.host.test").await, Err(Failure::NotFound));
    assert_eq!(server.asked_names(), ["sub.host.test A", "sub.host.test AAAA"]);
}

#[tokio::test]
async fn they_are_judged_like_any_answer() {
    let server = FakeDns::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = listener.local_addr().expect("bound");
    let hosts = ips(["10.0.0.1", "169.254.169.254", "127.0.0.1"]);
    let connector = knowing(&server, [("host.test", hosts)]);
    let text = format!("host.test:{}", target.port());
    let by_name = policy(["host.test"]);
    let reached = connector.reach(&by_name, &grant(&by_name, &text)).await;
    assert!(matches!(reached, Err(Failure::Denied { .. })), "{reached:?}");
    let and_network = policy(["host.test", "127.0.0.0/8"]);
    let reached = connector.reach(&and_network, &grant(&and_network, &text)).await;
    assert_eq!(reached.expect("reached").addr, target);
    // No entry, no grant: that a name is known allows nothing.
    let other = policy(["other.test"]);
    let target = policy::Authority::parse(text.as_bytes()).expect("an authority");
    assert!(other.decide(policy::Who::OTHER, &target).is_err());
}
