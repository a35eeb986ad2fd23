//! What a running cluster says of itself: `kubectl get nodes,services,pods,endpointslices -A -o json`,
//! or the same without endpointslices, which managed control planes alone are known by.

mod blocks;
mod listing;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use ::emit::{Provider, Version};
use ipnet::IpNet;

use self::blocks::{cover, tight};
use self::listing::{Item, Listing};

/// What was found, and how sure it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) api: Vec<IpAddr>,
    pub(super) endpoints: Vec<SocketAddr>,
    pub(super) dns: Vec<IpAddr>,
    pub(super) pods: Blocks,
    pub(super) services: Blocks,
    pub(super) nodes: Blocks,
    pub(super) provider: Option<Provider>,
    pub(super) version: Option<Version>,
    pub(super) namespace: Option<String>,
    pub(super) api_server_namespace: Option<String>,
}

/// Blocks, and where they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) nets: Vec<IpNet>,
    pub(super) source: String,
}

impl Blocks {
    fn new(nets: Vec<IpNet>, source: &str) -> Self {
        Self { nets, source: source.to_owned() }
    }
}

/// Reads the listing.
///
/// # Errors
/// What is not one.
pub(super) fn read(text: &str) -> Result<Found, String> {
    let listing: Listing = serde_json::from_str(text)
        .map_err(|error| format!("not what `kubectl get … -o json` prints: {error}"))?;
    let items = listing.items;
    let of = |kind: &'static str| items.iter().filter(move |item| item.kind == kind);
    if of("Node").next().is_none() || of("Service").next().is_none() {
        return Err("there are no nodes or no services in it: it takes `kubectl get \
                    nodes,services,pods -A -o json`"
            .to_owned());
    }
    let mut found = Found::default();
    for service in of("Service") {
        let at = (service.metadata.namespace.as_str(), service.metadata.name.as_str());
        match at {
            ("default", "kubernetes") => found.api = service.cluster_ips(),
            ("kube-system", _) if service.label("k8s-app") == Some("kube-dns") => {
                found.dns.extend(service.cluster_ips());
            }
            _ => {}
        }
    }
    found.provider = of("Node").find_map(|node| provider(&node.spec.provider_id));
    found.nodes = nodes(of("Node"));
    found.pods = pods(&items);
    found.services = services(&items, &found.api);
    found.endpoints = endpoints(&items);
    skypilot(of("Pod"), &mut found);
    Ok(found)
}

fn provider(id: &str) -> Option<Provider> {
    Some(match id.split_once("://")?.0 {
        "gce" => Provider::Gke,
        "aws" => Provider::Eks,
        "azure" => Provider::Aks,
        _ => Provider::Other,
    })
}

fn nodes<'i>(nodes: impl Iterator<Item = &'i Item>) -> Blocks {
    let addresses: BTreeSet<IpAddr> = nodes.flat_map(Item::internal_ips).collect();
    Blocks::new(
        tight(&addresses),
        "Tight around the nodes that there are: widen it to the nodes' subnets, or new ones are \
         missing here.",
    )
}

fn pods(items: &[Item]) -> Blocks {
    let flagged = flags(items, "kube-controller-manager", "--cluster-cidr");
    if !flagged.is_empty() {
        return Blocks::new(flagged, "From the controller manager's --cluster-cidr.");
    }
    let nodes = items.iter().filter(|item| item.kind == "Node");
    let each: BTreeSet<IpNet> = nodes.flat_map(|node| node.spec.pod_cidrs()).collect();
    if !each.is_empty() {
        let both = [false, true]
            .into_iter()
            .filter_map(|v6| cover(each.iter().copied().filter(|net| net.addr().is_ipv6() == v6)));
        return Blocks::new(
            both.collect(),
            "Around the blocks that nodes have so far: the controller manager's --cluster-cidr is \
             the whole.",
        );
    }
    let pods = items.iter().filter(|item| item.kind == "Pod" && !item.spec.host_network);
    let addresses: BTreeSet<IpAddr> = pods.flat_map(Item::pod_ips).collect();
    let both = [false, true].into_iter().filter_map(|v6| {
        let family = addresses.iter().filter(|ip| ip.is_ipv6() == v6);
        cover(family.map(|ip| IpNet::from(*ip)))
    });
    Blocks::new(
        both.collect(),
        "A guess, around the addresses that pods have now, since nodes name no blocks: the CNI's \
         own configuration tells.",
    )
}

fn services(items: &[Item], api: &[IpAddr]) -> Blocks {
    let flagged = flags(items, "kube-apiserver", "--service-cluster-ip-range");
    if !flagged.is_empty() {
        return Blocks::new(flagged, "From the API server's --service-cluster-ip-range.");
    }
    let services = items.iter().filter(|item| item.kind == "Service");
    let addresses: BTreeSet<IpAddr> =
        services.flat_map(Item::cluster_ips).chain(api.iter().copied()).collect();
    let both = [false, true].into_iter().filter_map(|v6| {
        let family = addresses.iter().filter(|ip| ip.is_ipv6() == v6);
        cover(family.map(|ip| IpNet::from(*ip)))
    });
    Blocks::new(
        both.collect(),
        "A guess, around the addresses that Services have now: the cluster does not tell. The API \
         server's --service-cluster-ip-range, or the provider's page on the cluster, has it.",
    )
}

/// What a control plane's pod was started with.
fn flags(items: &[Item], component: &str, flag: &str) -> Vec<IpNet> {
    let pods = items.iter().filter(|item| item.kind == "Pod");
    let mut pods = pods.filter(|pod| pod.label("component") == Some(component));
    let value = pods.find_map(|pod| pod.flag(flag)).unwrap_or_default();
    value.split(',').filter_map(|net| policy::parse_network(net.trim()).ok()).collect()
}

/// The API server's own addresses: where its Service leads, or what its pods say.
fn endpoints(items: &[Item]) -> Vec<SocketAddr> {
    let slices = items.iter().filter(|item| {
        item.kind == "EndpointSlice"
            && item.metadata.namespace == "default"
            && item.label("kubernetes.io/service-name") == Some("kubernetes")
    });
    let mut all: Vec<SocketAddr> = slices.flat_map(Item::leads_to).collect();
    if all.is_empty() {
        let pods = items.iter().filter(|item| item.kind == "Pod");
        let servers = pods.filter(|pod| pod.label("component") == Some("kube-apiserver"));
        all.extend(servers.filter_map(|pod| {
            let port = pod.flag("--secure-port").and_then(|port| port.parse().ok());
            Some(SocketAddr::new(pod.status.host_ip.parse().ok()?, port.unwrap_or(6443)))
        }));
    }
    all.sort();
    all.dedup();
    all
}

/// SkyPilot itself, where it runs already.
fn skypilot<'i>(pods: impl Iterator<Item = &'i Item>, found: &mut Found) {
    for pod in pods {
        if pod.label("parent") == Some("skypilot") && found.namespace.is_none() {
            found.namespace = Some(pod.metadata.namespace.clone());
        }
        let images = pod.spec.containers.iter().filter_map(|one| one.image.rsplit_once(':'));
        for (name, tag) in images {
            if name.ends_with("berkeleyskypilot/skypilot") {
                found.version = found.version.or(Version::parse(tag).ok());
                found.api_server_namespace = Some(pod.metadata.namespace.clone());
            }
        }
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
