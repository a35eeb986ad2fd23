//! Who may use the proxy, and what it may reach.

use ipnet::IpNet;

use super::{Rules, blocks, dns, network_policy, outside, pods_in, skypilots, tcp};
use crate::kubernetes::{Clients, labels, named, selector};
use crate::tree::{List, Map};
use crate::{File, Shape, Site};

const HEAD: &str = "Who may use the proxy, and what the proxy may reach.\n\
    Enforced by the CNI, where it knows NetworkPolicies at all: flannel alone does not, and nothing \
    says so. In most CNIs a pod's \
    own node reaches it whatever is written here, which the kubelet's probes need.\n\
    Not enforced: which names the proxy tunnels to. That is its own configuration.";

pub(in crate::kubernetes) fn file(site: &Site) -> File {
    let proxy = &site.proxy;
    let pods = || selector(labels(site));
    let policy =
        |suffix, rules: Rules| network_policy(site, suffix, &proxy.namespace, pods(), vec![rules]);
    let mut head = HEAD.to_owned();
    if site.parent.as_ref().is_some_and(|parent| !parent.no_proxy.is_empty()) {
        head.push_str(
            "\nWhat parent.no_proxy names is reached past the parent: here it is open only where \
             `allow` names its network.",
        );
    }
    let mut who = "Who may use it, and who may read its metrics.".to_owned();
    if nodes(site).is_empty() {
        who.push_str(
            " There is no rule for the kubelet's probes: site.yaml has no addresses of nodes that are \
             not pods' as well, and a pod's own node reaches it all the same.",
        );
    }
    let clients = (who, policy("clients", ingress(site)));
    let reach = ("What it may reach.".to_owned(), policy("reach", egress(site)));
    crate::kubernetes::file("40-policy-proxy.yaml", &head, vec![clients, reach])
}

fn ingress(site: &Site) -> Rules {
    let proxy = &site.proxy;
    let mut rules = Rules::ingress();
    let peers: List = Clients::of(site).iter().map(|clients| client(site, *clients)).collect();
    rules.add("SkyPilot's pods and its API server.", peers, tcp(&[proxy.port]));
    if proxy.pulls_images {
        images(site, &mut rules);
    }
    let monitoring = Map::new().with("namespaceSelector", named(&proxy.monitoring_namespace));
    rules.add(
        "Prometheus: proxy.monitoring_namespace in site.yaml.",
        List::new().with(monitoring),
        tcp(&[proxy.admin_port]),
    );
    rules.add("The kubelet's probes.", nodes(site), tcp(&[proxy.admin_port]));
    rules
}

fn images(site: &Site, rules: &mut Rules) {
    let (mut nodes, mut why) = (nodes(site), String::new());
    match site.proxy.shape {
        // Its own node alone, which reaches it anyway.
        Shape::DaemonSet => why.push_str("The node, whose containerd pulls images."),
        _ => why.push_str(
            "Nodes, whose containerd pulls images. By the Service they come from whatever address the \
             CNI gives them, such as that of its tunnel: where images do not come, look there first.",
        ),
    }
    if nodes.is_empty() && site.proxy.shape == Shape::Deployment {
        nodes = blocks(&site.cluster.node_cidrs);
        why.push_str(
            "\nATTENTION: pods have addresses of the nodes' network here, so that this lets every \
             pod use the proxy. `shape: daemonset` needs no such rule.",
        );
    }
    rules.add(&why, nodes, tcp(&[site.proxy.port]));
}

/// The nodes, without any pod. Where both have their addresses from one network, there is no way to
/// say that.
fn nodes(site: &Site) -> List {
    let pods = &site.cluster.pod_cidrs;
    let apart = |node: &&IpNet| !pods.iter().any(|pod| pod.contains(*node));
    let nodes = site.cluster.node_cidrs.iter().filter(apart);
    nodes.map(|net| outside::with_except(net, pods.iter().copied())).collect()
}

/// Of the namespace of the API server everything, and elsewhere SkyPilot's pods.
fn client(site: &Site, clients: Clients<'_>) -> Map {
    match clients.server {
        true => pods_in(clients.namespace, None),
        false => skypilots(site),
    }
}

fn egress(site: &Site) -> Rules {
    let mut rules = Rules::egress();
    dns(site, &mut rules);
    outside::rules(site, &mut rules);
    rules
}
