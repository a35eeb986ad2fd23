//! What Cilium does not take from NetworkPolicies.

use super::{Clients, in_pods_of_its_own, labels, metadata, object, selector};
use crate::tree::{List, Map};
use crate::{File, Site};

const HEAD: &str = "For clusters with Cilium, and only there (GKE's Dataplane V2 and AKS with Cilium are such): \
    elsewhere its kind is not known, so it is in a folder of its own, into which `kubectl apply -f \
    kubernetes/` does not descend.\n\
    To Cilium a block of addresses never means a node, nor what runs in a node's network, as most \
    API servers do: the NetworkPolicies' blocks for those open nothing (unless its \
    policy-cidr-match-mode has `nodes`), and these add what is missing. They open nothing else.";

pub(super) fn file(site: &Site) -> File {
    let proxy = &site.proxy;
    let policy = |suffix: &str, namespace: &str, pods: Map, ingress: Option<List>| {
        let name = format!("{}-{suffix}", proxy.name);
        let spec = Map::new()
            .with("endpointSelector", pods)
            .with("egress", [api_server(site)])
            .maybe("ingress", ingress);
        object("cilium.io/v2", "CiliumNetworkPolicy", metadata(site, &name, namespace))
            .with("spec", spec)
    };
    let mut objects = Vec::new();
    for clients in Clients::of(site) {
        objects.push(("", policy("api-server", clients.namespace, clients.pod_selector(), None)));
    }
    if in_pods_of_its_own(site) {
        let nodes = Map::new()
            .with("fromEntities", ["host", "remote-node"])
            .with("toPorts", ports(&[proxy.port]));
        let nodes = proxy
            .pulls_images
            .then(|| List::new().noted("Nodes, whose containerd pulls images.", nodes));
        let own = policy("nodes", &proxy.namespace, selector(labels(site)), nodes);
        objects.push(("The proxy, for clients that ask it for the API server (F1).", own));
    }
    super::file("cilium/nodes.yaml", HEAD, objects)
}

fn api_server(site: &Site) -> Map {
    let api = &site.cluster.api_server;
    let mut numbers: Vec<u16> = api.endpoints.iter().map(|at| at.port()).collect();
    if numbers.is_empty() {
        numbers = vec![443, 6443];
    }
    numbers.sort_unstable();
    numbers.dedup();
    Map::new().with("toEntities", ["kube-apiserver"]).with("toPorts", ports(&numbers))
}

fn ports(numbers: &[u16]) -> List {
    let port = |number: &u16| Map::new().with("port", number.to_string()).with("protocol", "TCP");
    List::new().with(Map::new().with("ports", numbers.iter().map(port).collect::<List>()))
}
