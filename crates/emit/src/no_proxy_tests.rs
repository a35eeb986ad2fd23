use no_proxy::clients::{self, Case, Route};
use no_proxy::{Environment, Spelling, Target};

use super::{of_instances, of_nodes, of_pods};
use crate::samples::{name, plain, ssm};
use crate::{Mirror, Site};

fn site() -> Site {
    let mut site = plain();
    site.cluster.api_server.hosts = vec![(name("k8s.site.test"), 6443)];
    site.mirrors = vec![Mirror { host: name("registry.site.test"), port: None, addresses: vec![] }];
    site.skypilot.ssm = Some(ssm());
    site
}

/// The clients that go another way than is meant, each by its id and version.
fn wrong(value: &str, url: &str, meant: Route) -> Vec<String> {
    let environment = Environment::proxied(value, Spelling::Both);
    let target = Target::parse(url).unwrap();
    let case = Case { target: &target, environment: &environment, addrs: &[] };
    let other = clients::all()
        .filter(|client| client.heeds())
        .filter(|client| client.route(&case).route != meant);
    other.map(|client| format!("{} {}", client.id(), client.version())).collect()
}

#[test]
fn what_matters_is_read_alike_by_every_client() {
    let site = site();
    let value = of_pods(&site, &site.cluster);
    for url in [
        "http://localhost:46580/api/health",
        "http://127.0.0.1:46580/api/health",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "https://10.96.0.1/",
        "https://k8s.site.test:6443/",
        "https://registry.site.test/v2/",
    ] {
        // One release of libcurl takes an address or a name for itself only at the list's end.
        let wrong: Vec<_> = wrong(&value, url, Route::Direct)
            .into_iter()
            .filter(|client| !(client.contains("curl") && client.contains("7.86")))
            .collect();
        assert!(wrong.is_empty(), "{url}: {wrong:?}");
    }
    for url in [
        "https://8.8.8.8/",
        "https://1.1.1.1/",
        "https://xregistry.site.example/",
        "https://site.test/",
    ] {
        let wrong = wrong(&value, url, Route::Proxy);
        assert!(wrong.is_empty(), "{url}: {wrong:?}");
    }
}

#[test]
fn names_of_the_cluster_are_direct() {
    let site = site();
    let value = of_pods(&site, &site.cluster);
    for url in ["https://kubernetes.default.svc/", "http://api.shop.svc.cluster.local/"] {
        let wrong: Vec<_> = wrong(&value, url, Route::Direct)
            .into_iter()
            // Java is told by a property, into which commas and dots do not translate.
            .filter(|client| !client.contains("7.86") && !client.starts_with("java"))
            .collect();
        assert!(wrong.is_empty(), "{url}: {wrong:?}");
    }
}

#[test]
fn exact_entries_come_before_blocks_and_no_entry_twice() {
    let mut site = site();
    // The node's own address is in a block of one.
    site.cluster.node_cidrs = vec!["10.0.0.7/32".parse().unwrap(), "fd00::/64".parse().unwrap()];
    site.mirrors.push(site.mirrors[0].clone());
    let value = of_pods(&site, &site.cluster);
    let entries: Vec<&str> = value.split(',').collect();
    let mut unique = entries.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), entries.len(), "{value}");
    assert!(entries.contains(&"10.0.0.7") && !value.contains(':'), "{value}");
    let first_block = entries.iter().position(|entry| entry.contains('/')).unwrap();
    let exact = |entry: &&str| !entry.contains('/') && *entry != "10.0.0.7";
    assert!(entries[first_block..].iter().all(|entry| !exact(entry)), "{value}");
}

#[test]
fn nodes_and_instances_are_told_what_they_reach() {
    let mut site = site();
    site.cluster.api_server.endpoints = vec!["10.0.0.5:6443".parse().unwrap()];
    let nodes = of_nodes(&site);
    assert!(nodes.contains(",10.0.0.5,") && !nodes.contains(".svc"), "{nodes}");
    site.skypilot.ssm.as_mut().unwrap().vpc_cidrs = vec!["10.8.0.0/16".parse().unwrap()];
    let instances = of_instances(&site);
    assert!(instances.ends_with(",registry.site.test,10.8.0.0/16"), "{instances}");
}
