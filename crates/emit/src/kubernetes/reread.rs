//! For tests: the manifests as a cluster reads them, and whom their NetworkPolicies let through.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_yaml::Value;

use super::files;
use crate::Site;

/// Every object, with the file that it is in.
pub(super) fn objects(site: &Site) -> Vec<(String, Value)> {
    let of =
        |file: crate::File| texts(&file).into_iter().map(move |t| (file.path.clone(), parse(&t)));
    files(site).into_iter().flat_map(of).collect()
}

fn texts(file: &crate::File) -> Vec<String> {
    // A text's last line has an end, whatever follows.
    file.text.split("\n---\n").map(|text| format!("{}\n", text.trim_end_matches('\n'))).collect()
}

fn parse(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A file's comments, each as it was before it was wrapped.
pub(super) fn prose(file: &crate::File) -> String {
    let comments = file.text.lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    comments.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Those of a kind. No other text is parsed, since tests ask often.
pub(super) fn of_kind(site: &Site, kind: &str) -> Vec<Value> {
    let said = format!("\nkind: {kind}\n");
    files(site)
        .iter()
        .flat_map(texts)
        .filter(|text| text.contains(&said))
        .map(|t| parse(&t))
        .collect()
}

/// The only one of its kind.
pub(super) fn only(site: &Site, kind: &str) -> Value {
    let mut all = of_kind(site, kind);
    assert_eq!(all.len(), 1, "{kind}");
    all.remove(0)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value:?}"))
}

pub(super) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value:?}"))
}

/// A list, or nothing, which is an empty one.
pub(super) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        value => value.as_sequence().unwrap_or_else(|| panic!("no list: {value:?}")),
    }
}

pub(super) fn labels(value: &Value) -> BTreeMap<String, String> {
    let Some(map) = value.as_mapping() else { return BTreeMap::new() };
    map.iter().map(|(key, value)| (text(key).to_owned(), text(value).to_owned())).collect()
}

/// A pod, or something outside of the cluster.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    Pod(&'static str, BTreeMap<String, String>),
    At(IpAddr),
}

pub(super) fn pod(namespace: &'static str, own: &[(&str, &str)]) -> Peer {
    let own = own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Peer::Pod(namespace, own.collect())
}

pub(super) fn at(address: &str) -> Peer {
    Peer::At(address.parse().expect("an address"))
}

/// Whether a connection gets from one to the other, by the NetworkPolicies alone: nothing is closed
/// that none of them selects, and each of them only adds (networking/v1, NetworkPolicySpec).
pub(super) fn passes(site: &Site, from: &Peer, to: &Peer, port: (&str, u16)) -> bool {
    through(&of_kind(site, "NetworkPolicy"), from, to, port)
}

/// The same, by some policies.
pub(super) fn through(
    policies: &[Value],
    from: &Peer,
    to: &Peer,
    (protocol, port): (&str, u16),
) -> bool {
    let open = |own: &Peer, other: &Peer, kind: &str, rules: &str, peers: &str| {
        let Peer::Pod(namespace, own) = own else { return true };
        let about: Vec<&Value> = policies
            .iter()
            .filter(|policy| {
                let spec = &policy["spec"];
                text(&policy["metadata"]["namespace"]) == *namespace
                    && selects(&spec["podSelector"], own)
                    && list(&spec["policyTypes"]).iter().any(|one| one == kind)
            })
            .collect();
        let lets = |policy: &&Value| {
            let spec = &policy["spec"];
            list(&spec[rules]).iter().any(|rule| {
                let by_port = rule["ports"].is_null()
                    || list(&rule["ports"]).iter().any(|one| fits(one, protocol, port));
                by_port && list(&rule[peers]).iter().any(|one| is(one, other, namespace))
            })
        };
        about.is_empty() || about.iter().any(lets)
    };
    open(from, to, "Egress", "egress", "to") && open(to, from, "Ingress", "ingress", "from")
}

fn fits(rule: &Value, protocol: &str, port: u16) -> bool {
    let first = rule["port"].as_u64();
    let last = rule["endPort"].as_u64().or(first);
    let within = first.is_none_or(|first| first <= port.into())
        && last.is_none_or(|last| last >= port.into());
    text(&rule["protocol"]) == protocol && within
}

fn is(rule: &Value, peer: &Peer, here: &str) -> bool {
    match peer {
        Peer::At(ip) => {
            let block = &rule["ipBlock"];
            let holds = |net: &Value| text(net).parse::<IpNet>().expect("a block").contains(ip);
            !block.is_null() && holds(&block["cidr"]) && !list(&block["except"]).iter().any(holds)
        }
        Peer::Pod(namespace, own) => {
            let name = [("kubernetes.io/metadata.name".to_owned(), (*namespace).to_owned())];
            let space = match &rule["namespaceSelector"] {
                Value::Null => here == *namespace,
                selector => selects(selector, &BTreeMap::from(name)),
            };
            rule["ipBlock"].is_null() && space && selects(&rule["podSelector"], own)
        }
    }
}

/// An empty selector is everybody's.
fn selects(selector: &Value, own: &BTreeMap<String, String>) -> bool {
    labels(&selector["matchLabels"]).iter().all(|(key, value)| own.get(key) == Some(value))
}
