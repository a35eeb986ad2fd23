//! That SkyPilot's pods have no other way out than the proxy.

use std::net::IpAddr;

use ipnet::IpNet;
use policy::Host;

use super::{
    Rules, api_servers, blocks, dns, endpoints, network_policy, one, outside, pods_in, skypilots,
    tcp,
};
use crate::kubernetes::{Clients, SYSTEM, labels, object, of_skypilot, selector};
use crate::tree::{List, Map};
use crate::{File, Mirror, ServeMode, Shape, Site};

const HEAD: &str = "That SkyPilot's pods have no way out but the proxy. Apply this when the proxy is ready.\n\
    Enforced by the CNI, where it knows NetworkPolicies at all: flannel alone does not, and nothing \
    says so. Try it: `curl --noproxy '*' https://…` in a pod must time out.\n\
    Not enforced:\n  \
    - for pods in the host's network, and for whoever is root on a node; 60-guard.yaml is about the \
    former;\n  \
    - between a pod and its own node, whose ports (the kubelet's, node ports) stay open to it in most \
    CNIs;\n  \
    - what names say: data can leave in DNS queries, where the cluster's DNS asks the internet for \
    names that nobody has;\n  \
    - against who may change NetworkPolicies, which SkyPilot's own service account may: \
    60-guard.yaml again.\n\
    The clouds' metadata services are closed as well: pods that get their identity there (EKS Pod \
    Identity, GKE Workload Identity) need a policy of their own.";
const SIDECAR: &str = "Where SkyPilot's pods may go, each with its proxy in it.\n\
    NOT ENFORCED: that they use it. A NetworkPolicy holds for a whole pod: whatever the sidecar may \
    reach, the task beside it may reach as well, without the proxy. Even root's packets look the \
    same. What this does keep closed is the rest of the private networks, other namespaces, the \
    clouds' metadata services, and everything but TCP. `shape: daemonset` or `deployment` can be \
    enforced.\n\
    By the CNI, that is, where it knows NetworkPolicies at all: flannel alone does not, and nothing \
    says so. Nor does it hold for pods in the host's network, for DNS, by which data can leave, or \
    against SkyPilot's own service account, which may change NetworkPolicies: see 60-guard.yaml.";

pub(in crate::kubernetes) fn file(site: &Site) -> File {
    let mut head = if site.proxy.shape == Shape::Sidecar { SIDECAR } else { HEAD }.to_owned();
    let spaces: Vec<&str> = Clients::of(site).iter().map(|clients| clients.namespace).collect();
    head.push_str(&format!("\nThe namespaces must be there already: {}.", spaces.join(", ")));
    let mut objects = Vec::new();
    for clients in Clients::of(site) {
        let policy = |suffix, pods, rules| {
            network_policy(site, suffix, clients.namespace, pods, vec![rules])
        };
        if !clients.server && !clients.shared() {
            let nobody = policy("deny", Map::new(), Rules::egress());
            objects.push((NOBODY.to_owned(), nobody));
        }
        let pods = || clients.pod_selector();
        let allow = policy("allow", pods(), egress(site, clients));
        objects.push((format!("{}{}", whose(clients), lost(site)), allow));
        // A sidecar's pod may go anywhere already, where there is no parent.
        let free = site.proxy.shape == Shape::Sidecar && site.parent.is_none();
        if let Some(ip) = site.skypilot.network_check.filter(|_| !free) {
            let mut rules = Rules::egress();
            rules.add("", blocks(&[IpNet::from(IpAddr::V4(ip))]), tcp(&[443]));
            objects.push((CHECK.to_owned(), policy("network-check", pods(), rules)));
        }
    }
    crate::kubernetes::file("50-policy-skypilot.yaml", &head, objects)
}

/// The namespace of what serves several of SkyPilot's pods, where nobody goes anywhere; unless it is
/// one of those above.
pub(in crate::kubernetes) fn system(site: &Site) -> Option<File> {
    if Clients::of(site).iter().any(|clients| clients.namespace == SYSTEM) {
        return None;
    }
    let metadata = Map::new().with("name", SYSTEM).with("labels", of_skypilot());
    let space = object("v1", "Namespace", metadata);
    let nothing = network_policy(site, "deny", SYSTEM, Map::new(), vec![Rules::egress()]);
    let objects = vec![("", space), ("", nothing)];
    Some(crate::kubernetes::file("55-policy-skypilot-system.yaml", SYSTEM_HEAD, objects))
}

const NOBODY: &str = "Whatever is in SkyPilot's namespace goes nowhere, with SkyPilot's label or without: \
    a task can start pods, and take the label off its own.";
const CHECK: &str = "ATTENTION: A HOLE PAST THE PROXY (skypilot.network_check). The managed jobs' controller \
    asks this address whether there is a network, with a client that knows no proxy, and without an \
    answer never learns a job's status. The address answers DNS over HTTPS too, so that data can \
    leave by it. Without managed jobs, delete it.";
const SYSTEM_HEAD: &str = "That nobody goes out of the namespace which SkyPilot makes for a DaemonSet of its \
    own: that one needs no network, but SkyPilot's service account may start any pod there.\n\
    Enforced by the CNI, and not enforced for pods in the host's network, as in \
    50-policy-skypilot.yaml.\n\
    ATTENTION: `kubectl delete -f` of this file takes the namespace with it, and with that the mounts \
    of buckets in running pods.";

fn whose(clients: Clients<'_>) -> &'static str {
    match (clients.pods, clients.server) {
        _ if clients.shared() => {
            "Where SkyPilot's pods may go, and nowhere else: they are known by their label, so that \
             nobody else's in `default` are touched. ATTENTION: a task can start pods without the \
             label, or take it off its own. Give SkyPilot a namespace of its own \
             (skypilot.namespace), and nothing in it goes anywhere without the label."
        }
        (true, false) => "But SkyPilot's pods may go where they must.",
        (true, true) => {
            "Where SkyPilot's pods and its API server may go, and whatever else is in their namespace; \
             and nowhere else."
        }
        (false, _) => {
            "Where SkyPilot's API server may go, and whatever else of its chart is in its namespace; \
             and nowhere else. What they reach without the proxy, such as a database or the machines \
             of an SSH node pool, belongs into `mirrors` in site.yaml, with its addresses."
        }
    }
}

/// What would be open if it were known where it is.
fn lost(site: &Site) -> String {
    let mut text = String::new();
    let proxy = &site.proxy;
    if proxy.shape == Shape::Bastion && bastion(site).is_empty() {
        text.push_str(
            "\nATTENTION: THERE IS NO WAY TO THE PROXY. A NetworkPolicy knows no names, and site.yaml \
             does not tell where the bastion's leads: name its addresses (proxy.addresses).",
        );
    }
    for Mirror { host, addresses, .. } in &site.mirrors {
        if let (Host::Name(name), []) = (host, addresses.as_slice()) {
            text.push_str(&format!(
                "\nATTENTION: there is no way to the mirror `{name}`, whose addresses site.yaml does \
                 not tell (mirrors: host and addresses)."
            ));
        }
    }
    let mode = site.skypilot.serve.as_ref().map(|serve| serve.mode);
    let balancers = &site.cluster.load_balancer_cidrs;
    if mode == Some(ServeMode::InternalLoadBalancer) && balancers.is_empty() {
        text.push_str(
            "\nATTENTION: there is no way to SkyServe's load balancers but where a node replaces their \
             addresses by those of pods, which it does not for those that have names (EKS): name \
             their networks (cluster.load_balancer_cidrs), as narrow as they are, since all of the \
             nodes' would open everything that listens on nodes.",
        );
    }
    text
}

fn egress(site: &Site, clients: Clients<'_>) -> Rules {
    let mut rules = Rules::egress();
    dns(site, &mut rules);
    api_servers(site.clusters(), &mut rules);
    proxy(site, &mut rules);
    let mut own = List::new();
    if clients.server {
        own.put("", Map::new().with("podSelector", Map::new()));
    }
    if !clients.server {
        own.put("", Map::new().with("podSelector", selector(of_skypilot())));
    } else if !clients.pods {
        own.put("", skypilots(site));
    }
    rules.add("Each other, on whatever ports: ray, SkyServe's replicas, ssh.", own, None);
    endpoints(site, &mut rules);
    mirrors(site, &mut rules);
    rules
}

fn proxy(site: &Site, rules: &mut Rules) {
    let proxy = &site.proxy;
    match proxy.shape {
        Shape::Deployment | Shape::DaemonSet => {
            let mut peers = List::new().with(pods_in(&proxy.namespace, Some(labels(site))));
            // Where a CNI judges before the Service's address is replaced, and where clients are told
            // of another one, such as a load balancer's.
            let told = match &proxy.host {
                Some(Host::Ip(ip)) => Some(*ip),
                Some(Host::Name(_)) | None => None,
            };
            for ip in proxy.service_ip.into_iter().chain(told) {
                peers.put("", one(ip));
            }
            rules.add("The proxy.", peers, tcp(&[proxy.port]));
        }
        Shape::Sidecar => outside::rules(site, rules),
        Shape::Bastion => rules.add("The bastion.", blocks(&bastion(site)), tcp(&[proxy.port])),
    }
}

fn bastion(site: &Site) -> Vec<IpNet> {
    let mut nets = site.proxy.addresses.clone();
    if let Some(Host::Ip(ip)) = &site.proxy.host {
        nets.push((*ip).into());
    }
    nets
}

/// What is reached without the proxy, where its addresses are known.
fn mirrors(site: &Site, rules: &mut Rules) {
    for mirror in &site.mirrors {
        let mut nets = mirror.addresses.clone();
        let name = match &mirror.host {
            Host::Ip(ip) => {
                nets.push((*ip).into());
                ip.to_string()
            }
            Host::Name(name) => name.to_string(),
        };
        let ports = mirror.port.map_or(vec![443, 80], |port| vec![port]);
        rules.add(&format!("The mirror `{name}`."), blocks(&nets), tcp(&ports));
    }
}
