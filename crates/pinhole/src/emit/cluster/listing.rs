//! The parts of kubectl's JSON that are of use here. Everything else in it is passed over.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
pub(super) struct Listing {
    pub(super) items: Vec<Item>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    #[serde(deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    pub(super) spec: Spec,
    #[serde(deserialize_with = "or_default")]
    pub(super) status: Status,
    /// Of an EndpointSlice.
    #[serde(deserialize_with = "or_default")]
    endpoints: Vec<Endpoint>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(deserialize_with = "or_default")]
    addresses: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    #[serde(deserialize_with = "or_default")]
    port: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) namespace: String,
    #[serde(deserialize_with = "or_default")]
    labels: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(rename = "clusterIP")]
    #[serde(deserialize_with = "or_default")]
    cluster_ip: String,
    #[serde(rename = "clusterIPs")]
    #[serde(deserialize_with = "or_default")]
    cluster_ips: Vec<String>,
    #[serde(rename = "podCIDR")]
    #[serde(deserialize_with = "or_default")]
    pod_cidr: String,
    #[serde(rename = "podCIDRs")]
    #[serde(deserialize_with = "or_default")]
    pod_cidrs: Vec<String>,
    #[serde(rename = "providerID")]
    #[serde(deserialize_with = "or_default")]
    pub(super) provider_id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) host_network: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Container {
    #[serde(deserialize_with = "or_default")]
    pub(super) image: String,
    #[serde(deserialize_with = "or_default")]
    command: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    args: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(deserialize_with = "or_default")]
    addresses: Vec<Address>,
    #[serde(rename = "podIP")]
    #[serde(deserialize_with = "or_default")]
    pod_ip: String,
    #[serde(rename = "podIPs")]
    #[serde(deserialize_with = "or_default")]
    pod_ips: Vec<PodIp>,
    #[serde(rename = "hostIP")]
    #[serde(deserialize_with = "or_default")]
    pub(super) host_ip: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    #[serde(rename = "type")]
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    address: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodIp {
    #[serde(deserialize_with = "or_default")]
    ip: String,
}

/// `null` is what is not there.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Item {
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.metadata.labels.get(key).map(String::as_str)
    }

    /// A Service's addresses; a headless one has none.
    pub(super) fn cluster_ips(&self) -> Vec<IpAddr> {
        let all = addresses(self.spec.cluster_ips.iter());
        if all.is_empty() { addresses(std::iter::once(&self.spec.cluster_ip)) } else { all }
    }

    /// A node's addresses.
    pub(super) fn internal_ips(&self) -> Vec<IpAddr> {
        let internal = self.status.addresses.iter().filter(|one| one.kind == "InternalIP");
        addresses(internal.map(|one| &one.address))
    }

    /// Where an EndpointSlice leads.
    pub(super) fn leads_to(&self) -> Vec<SocketAddr> {
        let all = self.endpoints.iter().flat_map(|one| addresses(one.addresses.iter()));
        let ports = || self.ports.iter().map(|one| one.port).filter(|port| *port != 0);
        all.flat_map(|ip| ports().map(move |port| SocketAddr::new(ip, port))).collect()
    }

    /// A pod's.
    pub(super) fn pod_ips(&self) -> Vec<IpAddr> {
        let all = addresses(self.status.pod_ips.iter().map(|one| &one.ip));
        if all.is_empty() { addresses(std::iter::once(&self.status.pod_ip)) } else { all }
    }

    /// What stands behind `--flag=` in a pod's commands.
    pub(super) fn flag(&self, flag: &str) -> Option<&str> {
        let words = self.spec.containers.iter().flat_map(|one| one.command.iter().chain(&one.args));
        words.filter_map(|word| word.strip_prefix(flag)?.strip_prefix('=')).next()
    }
}

impl Spec {
    /// A node's blocks for its pods.
    pub(super) fn pod_cidrs(&self) -> Vec<IpNet> {
        let all = if self.pod_cidrs.is_empty() {
            std::slice::from_ref(&self.pod_cidr)
        } else {
            self.pod_cidrs.as_slice()
        };
        all.iter().filter_map(|net| policy::parse_network(net).ok()).collect()
    }
}

/// `None` is what a headless Service has.
fn addresses<'t>(texts: impl Iterator<Item = &'t String>) -> Vec<IpAddr> {
    texts.filter_map(|text| text.parse().ok()).collect()
}
