//! The snippets of SkyPilot's guide, key by key: each is emitted, or superseded for a reason.

use std::collections::BTreeMap;

use ::emit::{Target, emit};

use super::site::parse;
use crate::yaml::{self, Node};

/// The snippets, each with the sites that together say the same.
const SNIPPETS: [(&str, &[&str]); 7] = [
    (include_str!("../../../emit/tests/guide/1-http-proxy.yaml"), &[""]),
    (
        include_str!("../../../emit/tests/guide/2-aws-ssm.yaml"),
        &["ssm: {region: us-east-1, vpc: private-vpc, security_group: private-sg}"],
    ),
    (include_str!("../../../emit/tests/guide/3-podip.yaml"), &["serve: podip"]),
    // Of its three annotations a cluster has use for one.
    (
        include_str!("../../../emit/tests/guide/4-internal-load-balancer.yaml"),
        &[
            "serve: internal-load-balancer\ncluster: gke",
            "serve: internal-load-balancer\ncluster: eks",
            "serve: internal-load-balancer\ncluster: aks",
        ],
    ),
    (
        include_str!("../../../emit/tests/guide/5-ingress.yaml"),
        &["serve: {mode: ingress, ingress_host: ingress.test}"],
    ),
    (
        include_str!("../../../emit/tests/guide/6-controller.yaml"),
        &["serve: podip\n  high_availability: true"],
    ),
    (
        include_str!("../../../emit/tests/guide/7-complete.yaml"),
        &["serve: podip\n  high_availability: true"],
    ),
];

const ENV: &str = "kubernetes.pod_config.spec.containers.ray-node.env";

/// What the guide says and is not emitted: the snippet, the key, what there is instead, and why.
const SUPERSEDED: &[(usize, &str, Option<&str>, &str)] = &[
    (
        1,
        "NO_PROXY",
        Some("NO_PROXY"),
        "the API server, the metadata services, Services and pods are to be reached directly too",
    ),
    (1, "no_proxy", Some("no_proxy"), "the same"),
    (2, "aws.vpc_name", Some("aws.vpc_names"), "vpc_names is the current form"),
    (
        6,
        "serve.controller.resources.cloud",
        Some("serve.controller.resources.infra"),
        "infra is the current form, and both together raise",
    ),
    (
        7,
        "serve.controller.resources.cloud",
        Some("serve.controller.resources.infra"),
        "infra is the current form, and both together raise",
    ),
    (
        7,
        "HTTP_PROXY",
        None,
        "with podip, SkyServe's load balancer would ask the proxy for replicas (F4)",
    ),
];

#[test]
fn every_key_of_the_guide_is_emitted_or_superseded_for_a_reason() {
    let mut used = 0;
    for (i, (snippet, sites)) in SNIPPETS.iter().enumerate() {
        let mut ours = BTreeMap::new();
        for site in *sites {
            ours.extend(flat(&emitted(site)));
        }
        let theirs = flat(snippet);
        assert!(!theirs.is_empty(), "snippet {}", i + 1);
        for (key, value) in theirs {
            let superseded = SUPERSEDED.iter().find(|(number, theirs, _, _)| {
                *number == i + 1 && (key == *theirs || key == format!("{ENV}.{theirs}.value"))
            });
            match superseded {
                None => assert_eq!(ours.get(&key), Some(&value), "snippet {}: {key}", i + 1),
                Some((_, theirs, instead, reason)) => {
                    used += 1;
                    assert!(!reason.is_empty());
                    assert_ne!(ours.get(&key), Some(&value), "{theirs} is emitted after all");
                    let there = |key: &&str| {
                        ours.contains_key(*key) || ours.contains_key(&format!("{ENV}.{key}.value"))
                    };
                    assert!(instead.iter().all(there), "{instead:?}");
                }
            }
        }
    }
    assert_eq!(used, SUPERSEDED.len());
}

/// What is emitted for the guide's cluster, which does these things.
fn emitted(features: &str) -> String {
    let (features, provider) = features.split_once("\ncluster: ").unwrap_or((features, "other"));
    let text = format!(
        "proxy: {{address: 'proxy-host:3128'}}\n\
         cluster:\n\
         \x20 api_server: {{cluster_ip: 10.96.0.1}}\n\
         \x20 pod_cidrs: 10.244.0.0/16\n\
         \x20 service_cidrs: 10.96.0.0/12\n\
         \x20 provider: {provider}\n\
         skypilot:\n\
         \x20 version: 0.14.1\n\
         \x20 {features}\n"
    );
    let site = parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    emit(&site, Target::SkyPilot).unwrap().remove(0).text
}

/// The values of a document by their keys. Elements of a list go by their names; a container
/// without one is the pod's first.
fn flat(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    walk(&yaml::parse(text).unwrap(), "", &mut all);
    all
}

fn walk(node: &Node, key: &str, all: &mut BTreeMap<String, String>) {
    let under = |part: &str| if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") };
    match node {
        Node::Map(entries) => {
            for (part, value) in entries.iter().filter(|(part, _)| part != "name") {
                walk(value, &under(part), all);
            }
        }
        Node::List(nodes) => {
            for (i, node) in nodes.iter().enumerate() {
                let name = match node {
                    Node::Map(entries) => entries.iter().find(|(part, _)| part == "name"),
                    _ => None,
                };
                let name = match name {
                    Some((_, Node::Text(name))) => name.clone(),
                    _ if key.ends_with(".containers") => "ray-node".to_owned(),
                    _ => i.to_string(),
                };
                walk(node, &under(&name), all);
            }
        }
        // The guide's placeholders are `<private-vpc>`.
        Node::Text(text) => {
            all.insert(key.to_owned(), text.trim_matches(['<', '>']).to_owned());
        }
        other => {
            all.insert(key.to_owned(), format!("{other:?}"));
        }
    }
}
