use std::path::Path;

use super::*;
use crate::emit::site;

fn machine(variables: &[(&str, &str)]) -> Machine {
    Machine::of(variables, Path::new("/nowhere"))
}

const POD: [(&str, &str); 2] =
    [("KUBERNETES_SERVICE_HOST", "10.96.0.1"), ("KUBERNETES_SERVICE_PORT", "6443")];

fn shown(servers: &[Authority]) -> Vec<String> {
    servers.iter().map(ToString::to_string).collect()
}

#[test]
fn a_pod_knows_its_api_server() {
    for (variables, expected) in [
        (&POD[..], &["10.96.0.1:6443"][..]),
        (&POD[..1], &["10.96.0.1:443"]),
        (&[("KUBERNETES_SERVICE_HOST", "fd00::1")], &["[fd00::1]:443"]),
        (
            &[("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc.cluster.local")],
            &["kubernetes.default.svc.cluster.local:443"],
        ),
        (&[("KUBERNETES_SERVICE_HOST", "a b")], &[]),
        (&[("KUBERNETES_SERVICE_HOST", "")], &[]),
        (&[], &[]),
    ] {
        let facts = Facts::of_machine(&machine(variables));
        assert_eq!(shown(&facts.api_servers), expected, "{variables:?}");
    }
}

const SITE: &str = "
proxy: {shape: sidecar, image: registry.example/pinhole:1}
cluster:
  api_server: {cluster_ip: 10.96.0.1, hosts: [k8s.example:6443]}
  domain: corp.example
skypilot: {version: 0.14.1, managed_jobs: true, network_check: 8.8.8.8}
mirrors: [registry.example, '10.20.0.5:5000']
";

#[test]
fn a_sites_facts_are_those_of_its_description() {
    let site = site::parse(SITE).unwrap();
    let facts = Facts::of_site(&site, &machine(&POD));
    assert_eq!(facts.proxy.as_deref(), Some("http://127.0.0.1:3128"));
    assert!(facts.of_site && facts.sidecar && facts.plain_http);
    assert_eq!((facts.jobs, facts.serve, facts.replicas), (Use::Yes, Use::No, Use::No));
    assert_eq!(facts.hole, Some(Ipv4Addr::new(8, 8, 8, 8)));
    assert_eq!(shown(&facts.mirrors), ["registry.example:443", "10.20.0.5:5000"]);
    assert_eq!(facts.domain, "corp.example");
    // A pod reaches the Service; whoever is outside, the kubeconfig's host.
    assert_eq!(shown(&facts.api_servers), ["10.96.0.1:6443", "10.96.0.1:443"]);
    let outside = Facts::of_site(&site, &machine(&[]));
    assert_eq!(shown(&outside.api_servers), ["k8s.example:6443"]);
}

#[test]
fn what_is_unused_is_no_matter() {
    for (used, expected) in
        [(Use::Yes, Verdict::Fail), (Use::Unknown, Verdict::Warn), (Use::No, Verdict::Skipped)]
    {
        assert_eq!(used.if_used(Verdict::Fail), expected);
    }
}
