//! The networks: what is missing, what overlaps, what may not be exempt.

use std::net::IpAddr;

use ipnet::IpNet;
use policy::Host;

use super::Judgement;
use crate::{Cluster, Provider, Site, SkyPilot};

pub(super) fn judge(site: &Site, said: &mut Judgement) {
    cluster(site, "cluster", &site.cluster, said);
    for (i, context) in site.skypilot.contexts.iter().enumerate() {
        if let Some(own) = &context.cluster {
            cluster(site, &format!("skypilot.contexts[{i}].cluster"), own, said);
        }
    }
    service_ip(site, said);
    for (i, mirror) in site.mirrors.iter().enumerate() {
        if let Host::Ip(ip) = &mirror.host {
            never_exempt(&format!("mirrors[{i}]"), &IpNet::from(*ip), said);
        }
    }
}

fn cluster(site: &Site, at: &str, cluster: &Cluster, said: &mut Judgement) {
    let lists = [
        ("pod_cidrs", &cluster.pod_cidrs),
        ("service_cidrs", &cluster.service_cidrs),
        ("node_cidrs", &cluster.node_cidrs),
        ("load_balancer_cidrs", &cluster.load_balancer_cidrs),
    ];
    for (key, nets) in lists {
        for (i, net) in nets.iter().enumerate() {
            let place = format!("{at}.{key}[{i}]");
            never_exempt(&place, net, said);
            if net.prefix_len() == 0 {
                said.refuse(
                    place,
                    format!("`{net}` is every address there is: name the cluster's"),
                );
            } else if let Some(other) = nets[..i].iter().find(|other| overlap(net, other)) {
                said.refuse(place, format!("`{net}` overlaps `{other}` of the same list"));
            }
        }
    }
    missing(at, cluster, said);
    apart(at, cluster, said);
    families(site, at, cluster, said);
    addresses(at, cluster, said);
}

/// What cannot be left out.
fn missing(at: &str, cluster: &Cluster, said: &mut Judgement) {
    if cluster.api_server.cluster_ips.is_empty() {
        said.refuse(
            format!("{at}.api_server"),
            "name `cluster_ip`, the API server's address in the cluster: many clients read no \
             blocks in NO_PROXY, so it must stand there itself. `kubectl get service kubernetes` \
             tells",
        );
    }
    let needed = [
        ("pod_cidrs", &cluster.pod_cidrs, "`kubectl get nodes -o jsonpath={..podCIDR}` or the CNI"),
        ("service_cidrs", &cluster.service_cidrs, "the API server's --service-cluster-ip-range"),
    ];
    for (key, nets, source) in needed {
        if nets.is_empty() {
            said.refuse(
                format!("{at}.{key}"),
                format!("name at least one block, such as 10.96.0.0/12: {source} tells it"),
            );
        }
    }
    if cluster.node_cidrs.is_empty() {
        said.warn(
            format!("{at}.node_cidrs"),
            "without them, what pods ask of nodes (node ports, metrics) goes to the proxy",
        );
    }
}

/// What may not overlap.
fn apart(at: &str, cluster: &Cluster, said: &mut Judgement) {
    let (pods, services) = (&cluster.pod_cidrs, &cluster.service_cidrs);
    let nodes = &cluster.node_cidrs;
    for (key, nets, against, theirs) in [
        ("service_cidrs", services, "pod_cidrs", pods),
        ("node_cidrs", nodes, "service_cidrs", services),
    ] {
        for (i, net, other) in overlaps(nets, theirs) {
            said.refuse(
                format!("{at}.{key}[{i}]"),
                format!(
                    "`{net}` overlaps `{other}` of {against}: a cluster with such networks does \
                     not work, so one of the two is not what the cluster has"
                ),
            );
        }
    }
    // Where the cloud gives pods addresses of the nodes' own network, that is as it should be.
    let shared = matches!(cluster.provider, Some(Provider::Eks | Provider::Aks | Provider::Gke));
    for (i, net, other) in overlaps(nodes, pods).filter(|_| !shared) {
        said.warn(
            format!("{at}.node_cidrs[{i}]"),
            format!(
                "`{net}` overlaps `{other}` of pod_cidrs, which is right only where the CNI gives \
                 pods addresses of the nodes' network"
            ),
        );
    }
}

fn families(site: &Site, at: &str, cluster: &Cluster, said: &mut Judgement) {
    let v6 = |net: &IpNet| net.addr().is_ipv6();
    let pods = &cluster.pod_cidrs;
    if !pods.is_empty() && pods.iter().all(v6) {
        said.refuse(
            format!("{at}.pod_cidrs"),
            "SkyPilot writes a pod's address and port as `address:port` without brackets \
             (sky/provision/common.py), so it does not work where pods have IPv6 addresses only: \
             give the cluster both families, IPv4 first",
        );
    } else if pods.first().is_some_and(v6) && site.skypilot.serve.is_some() {
        said.refuse(
            format!("{at}.pod_cidrs"),
            "pods whose first address is IPv6 are asked for by `address:port` without brackets, \
             and SkyServe does not find them: make IPv4 the cluster's first family",
        );
    } else if pods.iter().chain(&cluster.service_cidrs).any(v6) {
        said.warn(
            format!("{at}.pod_cidrs"),
            "IPv6 is left out of NO_PROXY, where httpx fails on blocks of it and Ruby misreads \
             addresses: what has an IPv6 address is to be asked for by name",
        );
    }
}

fn addresses(at: &str, cluster: &Cluster, said: &mut Judgement) {
    let api = &cluster.api_server;
    let inside = |ip: &IpAddr| cluster.service_cidrs.iter().any(|net| net.contains(ip));
    let known = !cluster.service_cidrs.is_empty();
    for ip in api.cluster_ips.iter().filter(|ip| known && !inside(ip)) {
        said.refuse(
            format!("{at}.api_server.cluster_ip"),
            format!(
                "{ip} is in none of service_cidrs: it is the address of the Service \
                 default/kubernetes that is wanted; the API server's own belong in `hosts` and \
                 `endpoints`"
            ),
        );
    }
    for ip in cluster.dns.iter().filter(|ip| known && !inside(ip) && !ip.is_loopback()) {
        // A node-local cache has an address of its own (169.254.20.10).
        said.warn(format!("{at}.dns"), format!("{ip} is in none of service_cidrs"));
    }
    for (i, (host, _)) in api.hosts.iter().enumerate() {
        if let Host::Ip(ip) = host {
            never_exempt(&format!("{at}.api_server.hosts[{i}]"), &IpNet::from(*ip), said);
        }
    }
    if api.endpoints.is_empty() {
        said.warn(
            format!("{at}.api_server"),
            "name its `endpoints`, the addresses behind the Service: most CNIs judge a packet after \
             the Service's address is replaced, so NetworkPolicies that open that one alone shut \
             the API server off; and the proxy needs them for clients that ask by one of `hosts`. \
             `kubectl get endpointslices` tells",
        );
    }
}

fn service_ip(site: &Site, said: &mut Judgement) {
    let (Some(ip), cluster) = (site.proxy.service_ip, &site.cluster) else { return };
    if !cluster.service_cidrs.iter().any(|net| net.contains(&ip)) {
        said.refuse("proxy.service_ip", format!("{ip} is in none of cluster.service_cidrs"));
    } else if cluster.api_server.cluster_ips.contains(&ip) || cluster.dns.contains(&ip) {
        said.refuse("proxy.service_ip", format!("{ip} is another Service's address"));
    }
}

/// SkyPilot asks these two whether there is a network, by way of the proxy.
pub(super) fn never_exempt(place: &str, net: &IpNet, said: &mut Judgement) {
    for ip in SkyPilot::CHECKED.map(IpAddr::from).iter().filter(|ip| net.contains(*ip)) {
        said.refuse(
            place,
            format!(
                "NO_PROXY would exempt {ip}, which SkyPilot asks for to see whether there is a \
                 network: past the proxy there is none, and `sky serve status` fails. Name a \
                 network without it"
            ),
        );
    }
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

fn overlaps<'n>(
    nets: &'n [IpNet],
    theirs: &'n [IpNet],
) -> impl Iterator<Item = (usize, &'n IpNet, &'n IpNet)> {
    let nets = nets.iter().enumerate();
    nets.filter_map(|(i, net)| {
        theirs.iter().find(|other| overlap(net, other)).map(|other| (i, net, other))
    })
}
