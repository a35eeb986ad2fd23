//! What NetworkPolicies mean, computed as their API says it
//! (networking.k8s.io/v1: a pod that no policy selects for a direction is open in it; the rules of
//! all that select it add up).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;

use ipnet::IpNet;

type Labels = BTreeMap<String, String>;

/// Where a connection begins or ends.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Pod(Pod),
    /// Outside of the cluster, a node, or a Service's address before it is replaced.
    Address(IpAddr),
}

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) labels: Labels,
    /// CNIs differ in whether a block of addresses means pods. Allowed is only what is so without
    /// this, and denied what is so with it.
    pub(crate) ip: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) protocol: &'static str,
    pub(crate) number: u16,
}

/// Whether a block of addresses is taken to mean pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocks {
    MeanPods,
    LeavePodsOut,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policy {
    pub(crate) metadata: Metadata,
    spec: Spec,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    pod_selector: Selector,
    policy_types: Option<Vec<String>>,
    #[serde(default)]
    ingress: Vec<Ingress>,
    egress: Option<Vec<Egress>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ingress {
    #[serde(default)]
    from: Vec<Peer>,
    #[serde(default)]
    ports: Vec<PortRule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Egress {
    #[serde(default)]
    to: Vec<Peer>,
    #[serde(default)]
    ports: Vec<PortRule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Peer {
    pod_selector: Option<Selector>,
    namespace_selector: Option<Selector>,
    ip_block: Option<Block>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    cidr: IpNet,
    #[serde(default)]
    except: Vec<IpNet>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PortRule {
    protocol: Option<String>,
    port: Option<u16>,
    end_port: Option<u16>,
}

/// Only what is emitted: labels that must be there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selector {
    #[serde(default)]
    match_labels: Labels,
}

/// Of these objects, the policies.
pub(crate) fn all<'v>(objects: impl Iterator<Item = &'v Value>) -> Result<Vec<Policy>, String> {
    let policies = objects.filter(|object| object["kind"] == "NetworkPolicy");
    let read = policies.map(|object| {
        Policy::deserialize(object).map_err(|error| format!("{}: {error}", object["metadata"]))
    });
    read.collect()
}

/// Whether a connection may be made.
pub(crate) fn permit(
    policies: &[Policy],
    from: &Place,
    to: &Place,
    port: Port,
    blocks: Blocks,
) -> bool {
    let out = match from {
        Place::Address(_) => true,
        Place::Pod(pod) => {
            let mut bound = policies.iter().filter(|one| one.selects(pod, "Egress")).peekable();
            bound.peek().is_none() || bound.any(|one| one.lets_out(to, port, blocks))
        }
    };
    let into = match to {
        Place::Address(_) => true,
        Place::Pod(pod) => {
            let mut bound = policies.iter().filter(|one| one.selects(pod, "Ingress")).peekable();
            bound.peek().is_none() || bound.any(|one| one.lets_in(from, port, blocks))
        }
    };
    out && into
}

impl Policy {
    fn selects(&self, pod: &Pod, direction: &str) -> bool {
        let spec = &self.spec;
        // Without the list: Ingress always, Egress where there are rules for it.
        let default = direction == "Ingress" || spec.egress.is_some();
        let types = spec.policy_types.as_ref();
        types.map_or(default, |types| types.iter().any(|one| one == direction))
            && self.metadata.namespace == pod.namespace
            && spec.pod_selector.fits(&pod.labels)
    }

    fn lets_out(&self, to: &Place, port: Port, blocks: Blocks) -> bool {
        self.spec.egress.iter().flatten().any(|rule| {
            let peer = rule.to.iter().any(|peer| self.means(peer, to, blocks));
            (rule.to.is_empty() || peer) && covers(&rule.ports, port)
        })
    }

    fn lets_in(&self, from: &Place, port: Port, blocks: Blocks) -> bool {
        self.spec.ingress.iter().any(|rule| {
            let peer = rule.from.iter().any(|peer| self.means(peer, from, blocks));
            (rule.from.is_empty() || peer) && covers(&rule.ports, port)
        })
    }

    fn means(&self, peer: &Peer, place: &Place, blocks: Blocks) -> bool {
        let Peer { pod_selector, namespace_selector, ip_block } = peer;
        if let Some(Block { cidr, except }) = ip_block {
            let ip = match place {
                Place::Address(ip) => ip,
                Place::Pod(pod) if blocks == Blocks::MeanPods => &pod.ip,
                Place::Pod(_) => return false,
            };
            return cidr.contains(ip) && !except.iter().any(|net| net.contains(ip));
        }
        let Place::Pod(pod) = place else { return false };
        let namespace = match namespace_selector {
            Some(selector) => selector.fits(&of_namespace(&pod.namespace)),
            None => pod.namespace == self.metadata.namespace,
        };
        namespace && pod_selector.as_ref().is_none_or(|selector| selector.fits(&pod.labels))
    }
}

/// The label that every namespace has.
fn of_namespace(name: &str) -> Labels {
    [("kubernetes.io/metadata.name".to_owned(), name.to_owned())].into()
}

fn covers(rules: &[PortRule], port: Port) -> bool {
    rules.is_empty()
        || rules.iter().any(|rule| {
            let protocol = rule.protocol.as_deref().unwrap_or("TCP") == port.protocol;
            let number = rule.port.is_none_or(|first| {
                (first..=rule.end_port.unwrap_or(first)).contains(&port.number)
            });
            protocol && number
        })
}

impl Selector {
    fn fits(&self, labels: &Labels) -> bool {
        self.match_labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}
