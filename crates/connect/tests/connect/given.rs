//! What the tests start from: policies, grants, connectors.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use pinhole_connect::{Connector, DialOptions, DnsOptions, Failure};
use policy::{
    Authority, Entry, Grant, HostPattern, List, Matcher, Overrides, Place, Policy, PortSet, Who,
    parse_network,
};

use crate::dns::FakeDns;

/// A policy that allows hosts and networks on every port.
pub(crate) fn policy<const N: usize>(allow: [&str; N]) -> Policy {
    let entry = |(index, text): (usize, &str)| Entry {
        place: Place { client: None, list: List::Allow, index },
        matcher: match parse_network(text) {
            Ok(net) => Matcher::Network(net),
            Err(_) => Matcher::Host(HostPattern::parse(text).expect("a host pattern")),
        },
        ports: Some(PortSet::all()),
        overrides: Overrides::default(),
    };
    Policy::new(allow.into_iter().enumerate().map(entry).collect(), Vec::new())
}

pub(crate) fn grant(policy: &Policy, target: &str) -> Grant {
    let target = Authority::parse(target.as_bytes()).expect("an authority");
    policy.decide(Who::OTHER, &target).expect("an allowed target")
}

/// Patient with the server, so that a busy machine fails no test.
pub(crate) fn dns_options(server: SocketAddr) -> DnsOptions {
    DnsOptions {
        servers: vec![server],
        hosts: Vec::new(),
        hosts_file: false,
        timeout: Duration::from_secs(60),
        query_timeout: Duration::from_secs(60),
        min_ttl: Duration::from_secs(1),
        max_ttl: Duration::from_secs(60),
        max_negative_ttl: Duration::from_secs(10),
        cache_entries: 100,
    }
}

pub(crate) fn dial_options() -> DialOptions {
    let seconds = Duration::from_secs;
    DialOptions { timeout: seconds(5), unacknowledged: seconds(60), own_ports: Vec::new() }
}

pub(crate) fn connector(server: &FakeDns) -> Connector {
    Connector::new(&dns_options(server.addr()), dial_options()).expect("a connector")
}

/// The permitted addresses of `name`, everything being allowed that can be by one entry.
pub(crate) async fn resolve(connector: &Connector, name: &str) -> Result<Vec<IpAddr>, Failure> {
    let policy = policy([name, "127.0.0.0/8", "::1/128"]);
    let grant = grant(&policy, &format!("{name}:443"));
    let judgement = connector.judge(&policy, &grant).await?;
    Ok(judgement.permitted.as_slice().iter().map(SocketAddr::ip).collect())
}

/// Asks for a name until it takes no question any more: on a busy machine one family's answer may
/// come too late to be waited for, and is then asked for again.
pub(crate) async fn settled(server: &FakeDns, connector: &Connector, name: &str) {
    for _ in 0..100 {
        let before = server.asked().len();
        // What comes of it is the test's affair.
        let _found = resolve(connector, name).await;
        if server.asked().len() == before {
            return;
        }
    }
    panic!("{name} is asked for again and again");
}

pub(crate) fn ips<const N: usize>(addrs: [&str; N]) -> Vec<IpAddr> {
    addrs.into_iter().map(|addr| addr.parse().expect("an address")).collect()
}
