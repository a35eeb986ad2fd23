use ::emit::Provider;

use super::{Found, read};

fn found(name: &str) -> Found {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../emit/tests/clusters");
    read(&std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()).unwrap()
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[test]
fn a_control_plane_that_is_seen_tells_all() {
    let found = found("kubeadm");
    assert_eq!(texts(&found.api), ["10.96.0.1", "fd00:96::1"]);
    assert_eq!(texts(&found.endpoints), ["192.168.10.11:6443", "192.168.10.12:7443"]);
    assert_eq!(texts(&found.dns), ["10.96.0.10"]);
    assert_eq!(texts(&found.pods.nets), ["10.244.0.0/16", "fd00:244::/56"]);
    assert_eq!(texts(&found.services.nets), ["10.96.0.0/12", "fd00:96::/112"]);
    assert_eq!(texts(&found.nodes.nets), ["192.168.10.8/29", "fd00:10::11/128"]);
    assert_eq!(found.provider, None);
    assert!(found.services.source.contains("--service-cluster-ip-range"));
}

#[test]
fn where_the_control_plane_is_hidden_blocks_are_guessed_and_said_to_be() {
    let found = found("eks");
    assert_eq!(found.provider, Some(Provider::Eks));
    assert_eq!(texts(&found.api), ["172.20.0.1"]);
    assert_eq!(texts(&found.services.nets), ["172.20.0.0/17"]);
    // Nodes name no blocks; what uses the node's own network does not count.
    assert_eq!(texts(&found.pods.nets), ["10.0.16.0/21"]);
    // Far apart, each by itself.
    assert_eq!(texts(&found.nodes.nets), ["10.0.1.10/32", "10.0.200.20/32"]);
    for guess in [&found.pods, &found.services] {
        assert!(guess.source.starts_with("A guess"), "{}", guess.source);
    }
    assert_eq!(found.endpoints, []);
    // SkyPilot runs there already.
    assert_eq!(found.version.map(|version| version.to_string()).as_deref(), Some("0.13.0"));
    assert_eq!(found.api_server_namespace.as_deref(), Some("sky"));
    assert_eq!(found.namespace.as_deref(), Some("research"));
}

#[test]
fn blocks_of_nodes_are_put_together() {
    let found = found("gke");
    assert_eq!(found.provider, Some(Provider::Gke));
    assert_eq!(texts(&found.endpoints), ["34.1.2.3:443"]);
    assert_eq!(texts(&found.pods.nets), ["10.4.0.0/22"]);
    assert!(found.pods.source.contains("--cluster-cidr"));
}

#[test]
fn what_is_no_such_listing_is_said_to_be_none() {
    for (text, part) in [
        ("", "kubectl get"),
        ("[]", "kubectl get"),
        ("{\"items\": []}", "no nodes"),
        ("{\"items\": [{\"kind\": \"Pod\"}]}", "nodes,services,pods"),
        ("{\"items\": [{\"kind\": \"Node\", \"spec\": 1}]}", "line 1"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}
