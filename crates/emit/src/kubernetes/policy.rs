//! NetworkPolicies, and what they are made of.

mod outside;
pub(super) mod proxy;
pub(super) mod skypilot;

use std::net::IpAddr;

use ipnet::IpNet;
use policy::{Host, PortSet};

use super::{metadata, named, object, of_skypilot, selector};
use crate::tree::{List, Map};
use crate::{Cluster, ServeMode, Site};

/// Rules of one direction. None of them is without a peer, which would mean everybody.
struct Rules {
    peers: &'static str,
    list: List,
}

impl Rules {
    fn egress() -> Self {
        Self { peers: "to", list: List::new() }
    }

    fn ingress() -> Self {
        Self { peers: "from", list: List::new() }
    }

    /// Adds a rule, if there is anybody in it. Without ports it is for all of them.
    fn add(&mut self, why: &str, peers: List, ports: Option<List>) {
        if peers.is_empty() {
            return;
        }
        let rule = Map::new().with(self.peers, peers).maybe("ports", ports);
        if !self.list.holds(&rule) {
            self.list.put(why, rule);
        }
    }
}

/// A policy for the pods that `pods` selects.
fn network_policy(site: &Site, suffix: &str, namespace: &str, pods: Map, rules: Vec<Rules>) -> Map {
    let name = format!("{}-{suffix}", site.proxy.name);
    let mut types = List::new();
    let mut spec = Map::new().with("podSelector", pods);
    for Rules { peers, .. } in &rules {
        types.put("", if *peers == "to" { "Egress" } else { "Ingress" });
    }
    spec.put("", "policyTypes", types);
    for Rules { peers, list } in rules {
        spec.put("", if peers == "to" { "egress" } else { "ingress" }, list);
    }
    object("networking.k8s.io/v1", "NetworkPolicy", metadata(site, &name, namespace))
        .with("spec", spec)
}

fn port(protocol: &str, port: u16) -> Map {
    Map::new().with("protocol", protocol).with("port", port)
}

fn tcp(ports: &[u16]) -> Option<List> {
    Some(ports.iter().map(|one| port("TCP", *one)).collect())
}

/// All of TCP, and nothing else.
fn all_tcp() -> Option<List> {
    Some(List::new().with(Map::new().with("protocol", "TCP")))
}

fn ports(set: &PortSet) -> Option<List> {
    let text = set.to_string();
    let number = |text: &str| text.parse::<u16>().expect("a set of ports is written in numbers");
    let one = |piece: &str| match piece.split_once('-') {
        Some((first, last)) => port("TCP", number(first)).with("endPort", number(last)),
        None => port("TCP", number(piece)),
    };
    Some(text.split(", ").map(one).collect())
}

/// The pods of a namespace; all of them, or those with some labels.
fn pods_in(namespace: &str, labels: Option<Map>) -> Map {
    let peer = Map::new().with("namespaceSelector", named(namespace));
    peer.maybe("podSelector", labels.map(selector))
}

/// SkyPilot's pods, from anywhere.
fn skypilots(site: &Site) -> Map {
    pods_in(&site.skypilot.namespace, Some(of_skypilot()))
}

fn one(ip: IpAddr) -> Map {
    outside::block(&IpNet::from(ip))
}

fn blocks(nets: &[IpNet]) -> List {
    nets.iter().map(outside::block).collect()
}

fn dns(site: &Site, rules: &mut Rules) {
    let kube_dns = pods_in("kube-system", Some(Map::new().with("k8s-app", "kube-dns")));
    let mut peers = List::new().with(kube_dns);
    for ip in &site.cluster.dns {
        peers.put("", one(*ip));
    }
    rules.add(
        "DNS. The addresses are for a cache on the node (NodeLocal DNSCache), which no selector of \
         pods covers. (OpenShift's DNS is elsewhere: in openshift-dns, at 5353.)",
        peers,
        Some(List::new().with(port("UDP", 53)).with(port("TCP", 53))),
    );
}

/// The API servers of the clusters that SkyPilot launches on: exactly these addresses and ports.
fn api_servers<'c>(clusters: impl Iterator<Item = &'c Cluster>, rules: &mut Rules) {
    let mut known: Vec<(u16, Vec<IpAddr>)> = Vec::new();
    let mut add = |ip: IpAddr, port: u16| {
        let place = known.iter().position(|(known, _)| *known == port).unwrap_or_else(|| {
            known.push((port, Vec::new()));
            known.len() - 1
        });
        let ips = &mut known[place].1;
        if !ips.contains(&ip) {
            ips.push(ip);
        }
    };
    let mut blind = false;
    for Cluster { api_server: api, .. } in clusters {
        api.cluster_ips.iter().for_each(|ip| add(*ip, 443));
        api.endpoints.iter().for_each(|at| add(at.ip(), at.port()));
        for (host, port) in &api.hosts {
            if let Host::Ip(ip) = host {
                add(*ip, *port);
            }
        }
        blind |= api.endpoints.is_empty();
    }
    let mut why =
        "The API server, by the Service's address and by its own: most CNIs judge a packet \
                   when the one has been replaced by the other."
            .to_owned();
    if blind {
        why.push_str(
            "\nATTENTION: site.yaml names no `endpoints`, so that with most CNIs this opens nothing: \
             `kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes` tells \
             them.",
        );
    }
    for (port, ips) in known {
        rules.add(&std::mem::take(&mut why), ips.into_iter().map(one).collect(), tcp(&[port]));
    }
}

/// Where SkyServe's endpoints are asked for, besides their pods.
fn endpoints(site: &Site, rules: &mut Rules) {
    let Some(serve) = &site.skypilot.serve else { return };
    let cluster = &site.cluster;
    match serve.mode {
        ServeMode::PodIp => {}
        ServeMode::InternalLoadBalancer => rules.add(
            "SkyServe's load balancers, on whatever ports the services choose.",
            blocks(&cluster.load_balancer_cidrs),
            all_tcp(),
        ),
        ServeMode::Ingress => {
            let nginx = Map::new().with("app.kubernetes.io/name", "ingress-nginx");
            let mut peers = List::new().with(pods_in("ingress-nginx", Some(nginx)));
            if let Some(Host::Ip(ip)) = &serve.ingress_host {
                peers.put("", one(*ip));
            }
            let why = "SkyServe's ingress, in the namespace in which SkyPilot looks for it. Its \
                       ports are those of the controller's pods.";
            rules.add(why, peers, tcp(&[80, 443]));
        }
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
