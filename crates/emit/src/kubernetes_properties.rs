use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use proptest::prelude::*;
use serde_yaml::Value;

use super::reread::{labels, list, number, objects, text};
use crate::samples::{name, shaped};
use crate::{
    Allow, Allowed, CaBundle, Context, Mirror, Parent, Resolve, SecretKey, Serve, ServeMode, Shape,
    Site,
};

fn nets(all: &'static [&'static str]) -> impl Strategy<Value = Vec<IpNet>> {
    prop::sample::subsequence(all, 0..=all.len())
        .prop_map(|nets| nets.into_iter().map(|net| net.parse().unwrap()).collect())
}

/// Sites of all kinds, those that make no sense among them.
fn sites() -> impl Strategy<Value = Site> {
    let space =
        || prop::sample::select(vec!["default", "ml", "pinhole", "skypilot", "skypilot-system"]);
    let shape = prop::sample::select(Shape::ALL.to_vec());
    let cluster = (
        nets(&["10.244.0.0/16", "10.0.0.0/8", "44.1.0.0/16", "fd00:244::/56", "2a00:1::/32"]),
        nets(&["10.0.0.0/24", "10.0.0.0/16", "44.2.0.0/24", "fd00:10::/64"]),
        nets(&["10.0.8.0/24", "44.3.0.0/24"]),
        prop::sample::subsequence(vec!["10.0.0.5:6443", "[fd00::5]:443", "44.9.9.9:443"], 0..=3),
        prop::sample::subsequence(vec!["10.96.0.10", "169.254.20.10", "fd00:96::a"], 0..=3),
    );
    let parent = (
        prop::sample::subsequence(
            vec![
                "http://10.9.0.1:3128",
                "https://up.test:3129",
                "http://squid.proxies.svc.cluster.local:3128",
                "http://[fd00::9]:3128",
            ],
            0..=4,
        ),
        nets(&["10.9.0.0/24", "0.0.0.0/0"]),
        any::<bool>(),
    );
    let serve = (
        prop::option::of(prop::sample::select(ServeMode::ALL.to_vec())),
        any::<bool>(),
        prop::sample::select(vec![None, Some("ingress.test"), Some("10.0.8.1")]),
    );
    let other = (
        nets(&["0.0.0.0/0", "10.20.0.0/16", "169.254.169.254/32", "::/0", "fc00::/7", "8.0.0.0/7"]),
        nets(&["10.20.0.0/30", "0.0.0.0/0", "fd00:20::1/128"]),
        any::<[bool; 8]>(),
        1u16..4,
    );
    (shape, (space(), space(), space()), cluster, parent, serve, other).prop_map(
        |(shape, spaces, cluster, parent, serve, other)| {
            let mut site = shaped(shape);
            let (allow, mirrors, flags, replicas) = other;
            let [pulls, fixed, check, available, contexts, secret, host, map] = flags;
            let (own, pods, server) = spaces;
            own.clone_into(&mut site.proxy.namespace);
            pods.clone_into(&mut site.skypilot.namespace);
            server.clone_into(&mut site.skypilot.api_server_namespace);
            site.proxy.replicas = replicas;
            site.proxy.pulls_images = pulls;
            site.proxy.service_ip = fixed.then(|| "10.96.0.50".parse().unwrap());
            site.skypilot.network_check = check.then_some([1, 1, 1, 1].into());
            site.skypilot.high_availability = available;
            (site.cluster.pod_cidrs, site.cluster.node_cidrs) = (cluster.0, cluster.1);
            site.cluster.load_balancer_cidrs = cluster.2;
            let read = cluster.3.iter().map(|at| at.parse().unwrap());
            site.cluster.api_server.endpoints = read.collect();
            site.cluster.dns = cluster.4.iter().map(|ip| ip.parse().unwrap()).collect();
            if host {
                site.proxy.host = Some(policy::Host::Ip("10.9.9.9".parse().unwrap()));
            }
            let key = || SecretKey { secret: "s".to_owned(), key: "k".to_owned() };
            let (urls, addresses, credentials) = parent;
            site.parent = (!urls.is_empty()).then(|| Parent {
                urls: urls.into_iter().map(str::to_owned).collect(),
                addresses,
                credentials: credentials.then(key),
                no_proxy: vec![".corp.test".to_owned()],
                resolve: Resolve::Parent,
            });
            site.ca_bundle = match (secret, map) {
                (true, _) => Some(CaBundle::Secret(key())),
                (_, true) => {
                    Some(CaBundle::ConfigMap { name: "c".to_owned(), key: "k".to_owned() })
                }
                _ => None,
            };
            let (mode, through, ingress) = serve;
            site.skypilot.serve = mode.map(|mode| Serve {
                mode,
                ingress_host: ingress.map(|host| match host.parse() {
                    Ok(ip) => policy::Host::Ip(ip),
                    Err(_) => name(host),
                }),
                through_proxy: through
                    .then(|| policy::PortSet::parse(["8000-8100", "9000"]).unwrap()),
            });
            site.allow = allow
                .into_iter()
                .map(|net| Allow { what: Allowed::Network(net), ports: None })
                .collect();
            site.mirrors =
                vec![Mirror { host: name("mirror.test"), port: None, addresses: mirrors }];
            if contexts {
                let cluster = Some(site.cluster.clone());
                let one = Context { name: "there".to_owned(), proxied: true, cluster };
                site.skypilot.contexts = vec![one];
            }
            site
        },
    )
}

/// Which labels some pod has: the proxy's own; SkyPilot's (`parent: skypilot` in
/// kubernetes-ray.yml.j2 since before 0.11.2); the cluster's DNS, and ingress-nginx's chart.
fn pods(all: &[(String, Value)]) -> Vec<BTreeMap<String, String>> {
    let template = |(_, object): &(String, Value)| {
        let labels = labels(&object["spec"]["template"]["metadata"]["labels"]);
        (!labels.is_empty()).then_some(labels)
    };
    let mut pods: Vec<_> = all.iter().filter_map(template).collect();
    for (key, value) in [
        ("parent", "skypilot"),
        ("k8s-app", "kube-dns"),
        ("app.kubernetes.io/name", "ingress-nginx"),
    ] {
        pods.push(BTreeMap::from([(key.to_owned(), value.to_owned())]));
    }
    pods
}

/// Every selector of pods in an object.
fn selectors(value: &Value, found: &mut Vec<BTreeMap<String, String>>) {
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                if key == "podSelector" || key == "endpointSelector" {
                    assert!(value.get("matchExpressions").is_none());
                    found.push(labels(&value["matchLabels"]));
                } else {
                    selectors(value, found);
                }
            }
        }
        Value::Sequence(list) => list.iter().for_each(|value| selectors(value, found)),
        _ => {}
    }
}

fn block(block: &Value) {
    let net: IpNet = text(&block["cidr"]).parse().unwrap();
    assert_eq!(net.trunc(), net);
    for hole in list(&block["except"]) {
        let hole: IpNet = text(hole).parse().unwrap();
        assert!(net.contains(&hole) && net.prefix_len() < hole.prefix_len(), "{hole} in {net}");
    }
}

fn rule(rule: &Value, peers: &str) {
    let known = [peers, "ports"];
    let keys = rule.as_mapping().unwrap().keys();
    keys.for_each(|key| assert!(known.contains(&text(key)), "{key:?}"));
    // None, or an empty list, would be everybody.
    assert!(!list(&rule[peers]).is_empty(), "{rule:?}");
    for peer in list(&rule[peers]) {
        let keys: BTreeSet<&str> = peer.as_mapping().unwrap().keys().map(text).collect();
        let pods = BTreeSet::from(["namespaceSelector", "podSelector"]);
        assert!(!keys.is_empty() && (keys.is_subset(&pods) || keys == BTreeSet::from(["ipBlock"])));
        if keys.contains("ipBlock") {
            block(&peer["ipBlock"]);
        }
        // An empty selector of namespaces is the whole cluster's.
        if keys.contains("namespaceSelector") {
            assert!(!labels(&peer["namespaceSelector"]["matchLabels"]).is_empty());
        }
    }
    for port in list(&rule["ports"]) {
        assert!(["TCP", "UDP"].contains(&text(&port["protocol"])));
        if !port["endPort"].is_null() {
            assert!(number(&port["endPort"]) >= number(&port["port"]));
        }
    }
}

fn sound(site: &Site) {
    let all = objects(site);
    let (pods, mut seen) = (pods(&all), BTreeSet::new());
    for (path, object) in &all {
        let (kind, metadata) = (text(&object["kind"]), &object["metadata"]);
        let own = text(&metadata["name"]);
        let dns = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        assert!(own.len() <= 253 && own.bytes().all(dns), "{own}");
        let of_the_cluster = kind == "Namespace" || kind.starts_with("ValidatingAdmission");
        assert_eq!(metadata["namespace"].is_null(), of_the_cluster, "{path}: {kind} {own}");
        let space = metadata["namespace"].as_str().unwrap_or_default();
        assert!(seen.insert((kind, space, own)), "{kind} {space}/{own} stands twice");
        if kind == "Service" {
            for port in list(&object["spec"]["ports"]) {
                assert_ne!(number(&port["port"]), u64::from(site.proxy.admin_port));
                assert_eq!(port["targetPort"], "proxy");
            }
        }
        if kind == "NetworkPolicy" {
            list(&object["spec"]["egress"]).iter().for_each(|one| rule(one, "to"));
            list(&object["spec"]["ingress"]).iter().for_each(|one| rule(one, "from"));
        }
        let mut selected = Vec::new();
        selectors(object, &mut selected);
        for labels in selected.into_iter().filter(|labels| !labels.is_empty()) {
            let has = |pod: &BTreeMap<String, String>| {
                labels.iter().all(|(key, value)| pod.get(key) == Some(value))
            };
            assert!(pods.iter().any(has), "{path}: nothing has {labels:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn manifests_of_any_site_are_sound(site in sites()) {
        sound(&site);
    }
}

#[test]
fn manifests_of_known_sites_are_sound() {
    for (_, site) in super::tests::sites() {
        sound(&site);
    }
}
