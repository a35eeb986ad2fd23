//! The value of NO_PROXY: what a site's clients reach without the proxy, as every client reads it.
//!
//! No client's dialect is used: exact lower-case names, `.suffix`, IPv4 addresses, and behind them
//! IPv4 blocks for those who read blocks. Commas, no spaces, no ports, no IPv6 (httpx fails on
//! blocks of it, Ruby and others misread addresses).

use std::net::IpAddr;

use ipnet::IpNet;
use policy::Host;

use crate::{Cluster, Site};

/// Where clouds tell instances and pods who they are. Through a proxy they would tell who the
/// proxy's host is.
const METADATA: [&str; 4] =
    ["169.254.169.254", "169.254.170.2", "169.254.170.23", "metadata.google.internal"];

/// What pods of this cluster are told.
pub(crate) fn of_pods(site: &Site, cluster: &Cluster) -> String {
    let mut list = List::new();
    let api = &cluster.api_server;
    for name in ["kubernetes", "kubernetes.default", "kubernetes.default.svc", ".svc"] {
        list.text(name);
    }
    list.text(&format!(".{}", cluster.domain));
    api.cluster_ips.iter().for_each(|ip| list.address(ip));
    api.hosts.iter().for_each(|(host, _)| list.host(host));
    common(site, &mut list);
    let blocks = [
        &cluster.service_cidrs,
        &cluster.pod_cidrs,
        &cluster.node_cidrs,
        &cluster.load_balancer_cidrs,
    ];
    blocks.into_iter().flatten().for_each(|net| list.block(net));
    list.value()
}

/// What a node is told: it looks up no names of the cluster.
pub(crate) fn of_nodes(site: &Site) -> String {
    let mut list = List::new();
    let (cluster, api) = (&site.cluster, &site.cluster.api_server);
    api.cluster_ips.iter().for_each(|ip| list.address(ip));
    api.hosts.iter().for_each(|(host, _)| list.host(host));
    api.endpoints.iter().for_each(|at| list.address(&at.ip()));
    common(site, &mut list);
    let blocks = [&cluster.service_cidrs, &cluster.pod_cidrs, &cluster.node_cidrs];
    blocks.into_iter().flatten().for_each(|net| list.block(net));
    list.value()
}

/// What an instance in a cloud is told.
pub(crate) fn of_instances(site: &Site) -> String {
    let mut list = List::new();
    common(site, &mut list);
    let blocks = site.skypilot.ssm.iter().flat_map(|ssm| &ssm.vpc_cidrs);
    blocks.for_each(|net| list.block(net));
    list.value()
}

fn common(site: &Site, list: &mut List) {
    site.mirrors.iter().for_each(|mirror| list.host(&mirror.host));
    let ingress = site.skypilot.serve.iter().filter_map(|serve| serve.ingress_host.as_ref());
    ingress.for_each(|host| list.host(host));
}

struct List(Vec<String>);

impl List {
    fn new() -> Self {
        let mut list = Self(Vec::new());
        ["localhost", "127.0.0.1"].into_iter().chain(METADATA).for_each(|text| list.text(text));
        list
    }

    fn text(&mut self, text: &str) {
        if !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
        }
    }

    fn address(&mut self, ip: &IpAddr) {
        if ip.is_ipv4() {
            self.text(&ip.to_string());
        }
    }

    fn host(&mut self, host: &Host) {
        match host {
            Host::Name(name) => self.text(&name.to_string()),
            Host::Ip(ip) => self.address(ip),
        }
    }

    fn block(&mut self, net: &IpNet) {
        match net {
            IpNet::V6(_) => {}
            IpNet::V4(net) if net.prefix_len() == 32 => self.text(&net.addr().to_string()),
            IpNet::V4(net) => self.text(&net.to_string()),
        }
    }

    fn value(self) -> String {
        self.0.join(",")
    }
}

#[cfg(test)]
#[path = "no_proxy_tests.rs"]
mod tests;
