//! What the proxy itself may reach: the outside, and what its allowlist opens inside.

use ipnet::IpNet;
use policy::{Authority, Host, PortSet, opens_global};

use super::{Rules, all_tcp, api_servers, blocks, pods_in, ports, skypilots, tcp};
use crate::tree::{List, Map};
use crate::{Allowed, Parent, ServeMode, Site};

/// Everything that is routed on the internet, or might be.
const WIDE: [&str; 2] = ["0.0.0.0/0", "2000::/3"];

/// What is in there and no place for a target: the classes that the proxy denies by default, and the
/// metadata services that have public addresses.
const SPECIAL: [&str; 19] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
];

pub(super) fn rules(site: &Site, rules: &mut Rules) {
    match &site.parent {
        None => targets(site, rules),
        Some(parent) => parents(site, parent, rules),
    }
    api_servers(site.clusters(), rules);
    replicas(site, rules);
    let mut why = "What `allow` in site.yaml opens besides.";
    for entry in &site.allow {
        let Allowed::Network(net) = &entry.what else { continue };
        if site.parent.is_none() && opens_global(net) {
            continue;
        }
        let set = entry.ports.clone().unwrap_or_else(PortSet::web);
        rules.add(why, blocks(&[*net]), ports(&set));
        why = "";
    }
}

fn targets(site: &Site, rules: &mut Rules) {
    let peers = parsed(&WIDE).filter(|net| net.addr().is_ipv4() || six(site)).map(|net| {
        let own = inside(site).filter(|own| opens_global(own)).copied();
        with_except(&net, parsed(&SPECIAL).chain(own))
    });
    rules.add(
        "The internet, by TCP: names and ports are judged by the proxy. What is private or a cloud's \
         metadata service is left out here as well.",
        peers.collect(),
        all_tcp(),
    );
}

/// What is of the cluster.
fn inside(site: &Site) -> impl Iterator<Item = &IpNet> {
    let cluster = &site.cluster;
    let lists = [&cluster.pod_cidrs, &cluster.service_cidrs, &cluster.node_cidrs];
    lists.into_iter().chain([&cluster.load_balancer_cidrs]).flatten()
}

fn six(site: &Site) -> bool {
    inside(site).any(|net| net.addr().is_ipv6())
}

/// The way to the parents.
fn parents(site: &Site, parent: &Parent, rules: &mut Rules) {
    let mut named = Vec::new();
    for url in &parent.urls {
        let at = url.split_once("://").map_or(url.as_str(), |(_, at)| at);
        let Ok(at) = Authority::parse(at.trim_end_matches('/').as_bytes()) else { continue };
        match at.host() {
            Host::Ip(ip) => rules.add("The parent.", blocks(&[(*ip).into()]), tcp(&[at.port()])),
            Host::Name(name) => match space(site, name.as_str()) {
                Some(space) => rules.add(
                    "The parent, as a Service: its pods may have another port.",
                    List::new().with(pods_in(space, None)),
                    all_tcp(),
                ),
                None if named.contains(&at.port()) => {}
                None => named.push(at.port()),
            },
        }
    }
    if named.is_empty() {
        return;
    }
    if !parent.addresses.is_empty() {
        return rules.add("The parent.", blocks(&parent.addresses), tcp(&named));
    }
    let any = ["0.0.0.0/0", "::/0"].into_iter().map(parse);
    let any = any.filter(|net| net.addr().is_ipv4() || six(site));
    rules.add(
        "The parent. ATTENTION: a NetworkPolicy knows no names, and site.yaml does not tell where the \
         parent's leads (parent.addresses), so these are all addresses but those of metadata \
         services, on its port.",
        any.map(|net| with_except(&net, parsed(&METADATA))).collect(),
        tcp(&named),
    );
}

/// The namespace of a Service, by its name.
fn space<'n>(site: &Site, name: &'n str) -> Option<&'n str> {
    let domain = format!(".{}", site.cluster.domain);
    let service = name.strip_suffix(domain.as_str()).unwrap_or(name).strip_suffix(".svc")?;
    service.rsplit_once('.').map(|(_, space)| space)
}

/// SkyServe's replicas, where the proxy carries requests to them.
fn replicas(site: &Site, rules: &mut Rules) {
    let Some(serve) = &site.skypilot.serve else { return };
    let Some(set) = &serve.through_proxy else { return };
    let cluster = &site.cluster;
    let mut peers = List::new().with(skypilots(site));
    if serve.mode == ServeMode::InternalLoadBalancer {
        let nets = match cluster.load_balancer_cidrs.as_slice() {
            [] => &cluster.node_cidrs,
            nets => nets,
        };
        nets.iter().for_each(|net| peers.put("", block(net)));
    }
    rules.add("SkyServe's replicas (skypilot.serve.through_proxy).", peers, ports(set));
}

/// A block of addresses, but for the metadata services in it, unless it is exactly one of them; and
/// but for everything private, where it is a part of the internet.
pub(super) fn block(net: &IpNet) -> Map {
    let wide = parsed(&WIDE).find(|wide| net.contains(wide));
    match opens_global(net) {
        true => with_except(&wide.unwrap_or(*net), parsed(&SPECIAL).chain(parsed(&METADATA))),
        false => with_except(net, parsed(&METADATA)),
    }
}

/// A block but for what of `holes` is in it.
pub(super) fn with_except(net: &IpNet, holes: impl Iterator<Item = IpNet>) -> Map {
    let holes: Vec<IpNet> =
        holes.filter(|hole| net.contains(hole) && hole.prefix_len() > net.prefix_len()).collect();
    let kept = holes.iter().enumerate().filter(|(i, hole)| {
        let covers = |(j, other): (usize, &IpNet)| {
            other.contains(*hole) && (other != *hole || j < *i) && j != *i
        };
        !holes.iter().enumerate().any(covers)
    });
    let except: List = kept.map(|(_, hole)| hole.to_string()).collect();
    let mut map = Map::new().with("cidr", net.to_string());
    if !except.is_empty() {
        map.put("", "except", except);
    }
    Map::new().with("ipBlock", map)
}

/// The metadata services, as the proxy knows them.
const METADATA: [&str; 18] = [
    "100.100.100.200/32",
    "100.96.0.96/32",
    "168.63.129.16/32",
    "169.254.0.23/32",
    "169.254.169.250/32",
    "169.254.169.252/32",
    "169.254.169.254/32",
    "169.254.170.2/32",
    "169.254.170.23/32",
    "169.254.42.42/32",
    "192.0.0.192/32",
    "fd00:42::42/128",
    "fd00:a9fe:a9fe::1/128",
    "fd00:c1::a9fe:a9fe/128",
    "fd00:ec2::23/128",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "fe80::a9fe:a9fe/128",
];

fn parsed(texts: &'static [&'static str]) -> impl Iterator<Item = IpNet> {
    texts.iter().map(|text| parse(text))
}

fn parse(text: &str) -> IpNet {
    text.parse().expect("a block that stands in this file")
}

#[cfg(test)]
#[path = "outside_tests.rs"]
mod tests;
