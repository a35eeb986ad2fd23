//! The site: a router between the outside and two hosts, and pods on these. Every link is a pair of
//! interfaces with routes and no bridge, so that whatever a pod sends is forwarded by its host.
//! Nothing is translated on the way out: the outside sees whom it comes from.

use std::process::Command;

use crate::room::{run, within};

/// Parent, child, and the child's addresses. The child's link has the parent's name `up`, the
/// parent's that of the child.
const CLUSTER: [(&str, &str, &str, &str); 7] = [
    // Addresses that are the internet's, which nobody else has in here.
    ("router", "outside", OUTSIDE, OUTSIDE_SIX),
    ("router", "host-a", HOST_A, "fd50::2"),
    ("router", "host-b", HOST_B, "fd50::3"),
    ("host-a", "pod", POD, "fd44:1::10"),
    ("host-a", "other", "10.244.1.11", "fd44:1::11"),
    ("host-a", "proxy-a", PROXY_A, "fd44:1::20"),
    ("host-b", "proxy-b", PROXY_B, "fd44:2::20"),
];

pub(crate) const OUTSIDE: &str = "1.0.0.1";
pub(crate) const OUTSIDE_SIX: &str = "2600:1::1";
pub(crate) const HOST_A: &str = "10.50.0.2";
pub(crate) const HOST_B: &str = "10.50.0.3";
pub(crate) const POD: &str = "10.244.1.10";
pub(crate) const PROXY_A: &str = "10.244.1.20";
pub(crate) const PROXY_B: &str = "10.244.2.20";

/// What their children know them by.
const GATEWAYS: [(&str, &str, &str); 3] = [
    ("router", "10.50.0.1", "fd50::1"),
    ("host-a", "10.244.1.1", "fd44:1::1"),
    ("host-b", "10.244.2.1", "fd44:2::1"),
];

/// Where the router finds pods.
const PODS: [(&str, &str); 4] = [
    ("10.244.1.0/24", "10.50.0.2 dev host-a"),
    ("10.244.2.0/24", "10.50.0.3 dev host-b"),
    ("fd44:1::/64", "fd50::2 dev host-a"),
    ("fd44:2::/64", "fd50::3 dev host-b"),
];

/// Builds it, in this process's namespaces.
pub(crate) fn build() {
    // `ip` keeps its namespaces in /run/netns.
    run(Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]));
    for name in ["router"].into_iter().chain(CLUSTER.map(|(_, child, ..)| child)) {
        ip(&format!("netns add {name}"));
        // An address would be of no use for a second otherwise (RFC 4862 §5.4).
        set(name, "ipv6/conf/default/accept_dad", "0");
        ip(&format!("-n {name} link set dev lo up"));
    }
    for (name, ..) in GATEWAYS {
        set(name, "ipv4/ip_forward", "1");
        set(name, "ipv6/conf/all/forwarding", "1");
    }
    CLUSTER.into_iter().for_each(attach);
    for (net, by) in PODS {
        ip(&format!("-n router route add {net} via {by}"));
    }
}

fn attach((parent, child, four, six): (&str, &str, &str, &str)) {
    let gateway = GATEWAYS.into_iter().find(|(name, ..)| *name == parent);
    let (_, gate_four, gate_six) = gateway.expect("a gateway");
    ip(&format!("link add name {child} netns {parent} type veth peer name up netns {child}"));
    for (own, other) in [
        ((parent, child, gate_four, gate_six), (four, six)),
        ((child, "up", four, six), (gate_four, gate_six)),
    ] {
        let ((name, link, own_four, own_six), (other_four, other_six)) = (own, other);
        ip(&format!("-n {name} address add {own_four}/32 dev {link}"));
        ip(&format!("-n {name} address add {own_six}/128 dev {link} nodad"));
        ip(&format!("-n {name} link set dev {link} up"));
        ip(&format!("-n {name} route add {other_four} dev {link}"));
        ip(&format!("-n {name} route add {other_six} dev {link}"));
    }
    ip(&format!("-n {child} route add default via {gate_four} dev up"));
    ip(&format!("-n {child} -6 route add default via {gate_six} dev up"));
}

fn ip(words: &str) {
    run(Command::new("ip").args(words.split(' ')));
}

fn set(namespace: &str, key: &str, value: &str) {
    run(within(namespace, "sh").args(["-c", &format!("echo {value} >/proc/sys/net/{key}")]));
}
