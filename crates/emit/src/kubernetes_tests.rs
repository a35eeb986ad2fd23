use serde_yaml::Value;

use super::files;
use super::reread::{labels, list, number, objects, of_kind, only, prose, text};
use crate::samples::{plain, serving, shaped};
use crate::{CaBundle, Parent, Resolve, SecretKey, ServeMode, Shape, Site, proxy};

fn changed(mut site: Site, change: impl FnOnce(&mut Site)) -> Site {
    change(&mut site);
    site
}

fn dual(site: &mut Site) {
    site.cluster.pod_cidrs.push("fd00:244::/56".parse().unwrap());
    site.cluster.service_cidrs.push("fd00:96::/112".parse().unwrap());
    site.cluster.node_cidrs.push("fd00:10::/64".parse().unwrap());
    site.cluster.api_server.cluster_ips.push("fd00:96::1".parse().unwrap());
}

fn behind_a_parent(site: &mut Site) {
    site.parent = Some(Parent {
        urls: vec!["https://up.test:3129".to_owned()],
        addresses: Vec::new(),
        credentials: Some(SecretKey { secret: "up".to_owned(), key: "login".to_owned() }),
        no_proxy: vec![".corp.test".to_owned()],
        resolve: Resolve::Parent,
    });
    site.ca_bundle = Some(CaBundle::ConfigMap { name: "ca".to_owned(), key: "all.pem".to_owned() });
}

/// Every shape with everything that changes what is emitted.
pub(super) fn sites() -> Vec<(String, Site)> {
    type Change = fn(&mut Site);
    let changes: [(&str, Change); 12] = [
        ("plain", |_| {}),
        ("dual-stack", dual),
        ("parent", behind_a_parent),
        ("highly available", |site| site.skypilot.high_availability = true),
        ("podip", |site| site.skypilot.serve = serving(ServeMode::PodIp).skypilot.serve),
        ("load balancers", |site| {
            site.skypilot.serve = serving(ServeMode::InternalLoadBalancer).skypilot.serve;
            let serve = site.skypilot.serve.as_mut().unwrap();
            serve.through_proxy = Some(policy::PortSet::parse(["8000-8100", "9000"]).unwrap());
        }),
        ("ingress", |site| site.skypilot.serve = serving(ServeMode::Ingress).skypilot.serve),
        ("a check past the proxy", |site| {
            site.skypilot.managed_jobs = true;
            site.skypilot.network_check = Some([1, 1, 1, 1].into());
        }),
        ("pulls images", |site| {
            site.proxy.pulls_images = true;
            site.proxy.service_ip = Some("10.96.0.50".parse().unwrap());
        }),
        ("one namespace", |site| {
            for space in [
                &mut site.proxy.namespace,
                &mut site.skypilot.namespace,
                &mut site.skypilot.api_server_namespace,
            ] {
                "ml".clone_into(space);
            }
        }),
        ("other ports and names", |site| {
            (site.proxy.port, site.proxy.admin_port) = (8080, 8081);
            "way-out".clone_into(&mut site.proxy.name);
            "egress".clone_into(&mut site.proxy.namespace);
            "research".clone_into(&mut site.skypilot.namespace);
            site.proxy.image_pull_secret = Some("registry".to_owned());
            site.proxy.node_selector = vec![("pool".to_owned(), "1".to_owned())];
        }),
        ("a mirror", |site| {
            site.mirrors = vec![crate::Mirror {
                host: crate::samples::name("mirror.test"),
                port: Some(5000),
                addresses: vec!["10.20.0.5/32".parse().unwrap()],
            }];
        }),
    ];
    let each = |shape: Shape| {
        let site = move |(what, change): &(&str, Change)| {
            (format!("{}, {what}", shape.label()), changed(shaped(shape), change))
        };
        changes.iter().map(site).collect::<Vec<_>>()
    };
    Shape::ALL.into_iter().flat_map(each).collect()
}

fn own(site: &Site) -> bool {
    super::in_pods_of_its_own(site)
}

fn workload(site: &Site) -> Value {
    only(site, if site.proxy.shape == Shape::DaemonSet { "DaemonSet" } else { "Deployment" })
}

fn container(workload: &Value) -> &Value {
    let containers = list(&workload["spec"]["template"]["spec"]["containers"]);
    assert_eq!(containers.len(), 1);
    &containers[0]
}

/// A container's port by its name.
fn port(container: &Value, name: &str) -> u64 {
    let one = list(&container["ports"]).iter().find(|one| one["name"] == name).unwrap();
    number(&one["containerPort"])
}

#[test]
fn each_shape_has_its_files() {
    let names = |shape| {
        let files = files(&shaped(shape));
        files.iter().map(|file| file.path.strip_prefix("kubernetes/").unwrap().to_owned()).collect()
    };
    let (policy, system) = ("50-policy-skypilot.yaml", "55-policy-skypilot-system.yaml");
    let guard = "60-guard.yaml";
    let (cilium, monitor) = ("cilium/nodes.yaml", "prometheus-operator/pod-monitor.yaml");
    let pods = ["00-namespace.yaml", "10-config.yaml", "20-proxy.yaml"];
    let wanted: [(Shape, Vec<&str>); 4] = [
        (Shape::Bastion, vec![policy, system, guard, cilium]),
        (Shape::Sidecar, vec!["10-config.yaml", policy, system, guard, cilium]),
        (
            Shape::DaemonSet,
            [&pods[..], &["40-policy-proxy.yaml", policy, system, guard, cilium, monitor]].concat(),
        ),
        (
            Shape::Deployment,
            [
                &pods[..],
                &[
                    "30-availability.yaml",
                    "40-policy-proxy.yaml",
                    policy,
                    system,
                    guard,
                    cilium,
                    monitor,
                ],
            ]
            .concat(),
        ),
    ];
    for (shape, wanted) in wanted {
        let found: Vec<String> = names(shape);
        assert_eq!(found, wanted, "{shape:?}");
    }
}

#[test]
fn each_file_says_what_enforces_it_and_what_does_not() {
    for (what, site) in sites() {
        for file in files(&site) {
            let head: Vec<&str> =
                file.text.lines().take_while(|line| line.starts_with('#')).collect();
            let head = head.join(" ").to_lowercase();
            assert!(head.len() > 80, "{what}: {}", file.path);
            if file.path.contains("policy") || file.path.contains("guard") {
                assert!(
                    head.contains("enforced by") || head.contains("by the cni"),
                    "{what}: {head}"
                );
                assert!(head.contains("not enforced"), "{what}: {head}");
            }
        }
    }
    let sidecar = files(&shaped(Shape::Sidecar));
    let loud = sidecar.iter().filter(|file| prose(file).contains("NOT ENFORCED: "));
    assert_eq!(loud.count(), 2);
}

#[test]
fn whatever_selects_the_proxy_selects_its_pods() {
    for (what, site) in sites().into_iter().filter(|(_, site)| own(site)) {
        let workload = workload(&site);
        let pods = labels(&workload["spec"]["template"]["metadata"]["labels"]);
        assert_eq!(pods["app.kubernetes.io/instance"], site.proxy.name, "{what}");
        let mut selectors = vec![
            workload["spec"]["selector"]["matchLabels"].clone(),
            only(&site, "Service")["spec"]["selector"].clone(),
            only(&site, "PodMonitor")["spec"]["selector"]["matchLabels"].clone(),
        ];
        let spread = &workload["spec"]["template"]["spec"]["topologySpreadConstraints"];
        selectors
            .extend(list(spread).iter().map(|one| one["labelSelector"]["matchLabels"].clone()));
        if site.proxy.shape == Shape::Deployment {
            let budget = only(&site, "PodDisruptionBudget");
            selectors.push(budget["spec"]["selector"]["matchLabels"].clone());
            assert_eq!(list(spread).len(), 2, "{what}");
            let scaler = only(&site, "HorizontalPodAutoscaler");
            let target = &scaler["spec"]["scaleTargetRef"];
            assert_eq!(target["kind"], workload["kind"]);
            assert_eq!(target["name"], workload["metadata"]["name"]);
            assert_eq!(number(&scaler["spec"]["minReplicas"]), site.proxy.replicas.into());
            assert!(number(&scaler["spec"]["maxReplicas"]) > site.proxy.replicas.into());
        }
        let suffixes = ["clients", "reach"].map(|suffix| format!("{}-{suffix}", site.proxy.name));
        let policies: Vec<Value> = of_kind(&site, "NetworkPolicy")
            .into_iter()
            .filter(|policy| {
                suffixes.iter().any(|name| policy["metadata"]["name"] == name.as_str())
            })
            .collect();
        assert_eq!(policies.len(), 2, "{what}");
        for policy in policies {
            assert_eq!(policy["metadata"]["namespace"], site.proxy.namespace.as_str());
            selectors.push(policy["spec"]["podSelector"]["matchLabels"].clone());
        }
        for selector in selectors {
            assert_eq!(labels(&selector), pods, "{what}");
        }
        for kind in ["Service", "ConfigMap", "ServiceAccount", "PodMonitor"] {
            let object = only(&site, kind);
            assert_eq!(
                object["metadata"]["namespace"], workload["metadata"]["namespace"],
                "{what}"
            );
            assert_eq!(object["metadata"]["name"], site.proxy.name.as_str(), "{what}");
        }
    }
}

#[test]
fn ports_are_those_of_the_configuration() {
    for (what, site) in sites().into_iter().filter(|(_, site)| own(site)) {
        let map = only(&site, "ConfigMap");
        assert_eq!(map["data"]["pinhole.yaml"], proxy::config(&site).as_str(), "{what}");
        let config: Value = serde_yaml::from_str(text(&map["data"]["pinhole.yaml"])).unwrap();
        let served =
            |key: &str| text(&config[key]).rsplit_once(':').unwrap().1.parse::<u64>().unwrap();
        let (listen, admin) = (served("listen"), served("admin"));

        let workload = workload(&site);
        let container = container(&workload);
        assert_eq!((port(container, "proxy"), port(container, "admin")), (listen, admin), "{what}");
        let service = only(&site, "Service");
        let [one] = list(&service["spec"]["ports"]) else { panic!("{what}: one port") };
        assert_eq!((number(&one["port"]), text(&one["targetPort"])), (listen, "proxy"), "{what}");
        assert_eq!(service["spec"]["type"], "ClusterIP");
        for (probe, path) in [
            ("startupProbe", "/readyz"),
            ("readinessProbe", "/readyz"),
            ("livenessProbe", "/healthz"),
        ] {
            let get = &container[probe]["httpGet"];
            assert_eq!(
                (text(&get["path"]), text(&get["port"])),
                (path, "admin"),
                "{what}: {probe}"
            );
        }
        let template = &workload["spec"]["template"];
        let annotations = labels(&template["metadata"]["annotations"]);
        assert_eq!(annotations["prometheus.io/port"], admin.to_string());
        let monitored = list(&only(&site, "PodMonitor")["spec"]["podMetricsEndpoints"]).to_vec();
        assert_eq!(monitored[0]["port"], "admin");
    }
}

#[test]
fn the_container_may_nothing() {
    for (what, site) in sites().into_iter().filter(|(_, site)| own(site)) {
        let workload = workload(&site);
        let pod = &workload["spec"]["template"]["spec"];
        let (container, name) = (container(&workload), &site.proxy.name);
        let may = &container["securityContext"];
        assert_eq!(may["allowPrivilegeEscalation"], false, "{what}");
        assert_eq!(may["readOnlyRootFilesystem"], true);
        assert_eq!(may["capabilities"]["drop"][0], "ALL");
        assert!(may["capabilities"]["add"].is_null());
        for context in [may, &pod["securityContext"]] {
            assert_eq!(context["runAsNonRoot"], true);
            assert_eq!(number(&context["runAsUser"]), 65532);
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
        }
        for shared in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(pod[shared].is_null(), "{what}: {shared}");
        }
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["serviceAccountName"], name.as_str());
        assert_eq!(only(&site, "ServiceAccount")["automountServiceAccountToken"], false);
        assert_eq!(container["image"], site.proxy.image.as_str());
        assert_eq!(container["imagePullPolicy"], "IfNotPresent");
        let resources = &container["resources"];
        for (place, key) in [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")] {
            assert!(resources[place][key].is_string(), "{what}: {place} {key}");
        }
        assert!(resources["limits"]["cpu"].is_null(), "{what}: throttling is latency");
        for mount in list(&container["volumeMounts"]) {
            assert_eq!(mount["readOnly"], true, "{what}");
        }
    }
}

/// What Pod Security asks, and what a DaemonSet may not be: both would be refused by the API server.
#[test]
fn a_port_on_the_node_has_its_price() {
    for (what, site) in sites().into_iter().filter(|(_, site)| own(site)) {
        let workload = workload(&site);
        let host = list(&container(&workload)["ports"]).iter().find_map(|one| {
            one["hostPort"].as_u64().map(|port| (port, text(&one["hostIP"]).to_owned()))
        });
        let daemon_set = site.proxy.shape == Shape::DaemonSet;
        let wanted = daemon_set && site.proxy.pulls_images;
        let loopback = (u64::from(site.proxy.port), "127.0.0.1".to_owned());
        assert_eq!(host, wanted.then_some(loopback), "{what}");
        let namespaces = of_kind(&site, "Namespace");
        let own =
            namespaces.iter().find(|one| one["metadata"]["name"] == site.proxy.namespace.as_str());
        match own {
            Some(own) => {
                let enforced = &own["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
                assert_eq!(enforced, if wanted { "privileged" } else { "restricted" }, "{what}");
            }
            // SkyPilot's pods would be refused there.
            None => assert!(what.contains("one namespace"), "{what}"),
        }
        if daemon_set {
            let rolling = &workload["spec"]["updateStrategy"]["rollingUpdate"];
            let surge = rolling["maxSurge"].as_u64().unwrap_or(0);
            let gone = number(&rolling["maxUnavailable"]);
            assert_eq!((surge, gone), if wanted { (0, 1) } else { (1, 0) }, "{what}");
            assert_eq!(only(&site, "Service")["spec"]["internalTrafficPolicy"], "Local");
            let tolerations = &workload["spec"]["template"]["spec"]["tolerations"];
            assert_eq!(tolerations[0]["operator"], "Exists");
        } else {
            let rolling = &workload["spec"]["strategy"]["rollingUpdate"];
            assert_eq!(number(&rolling["maxUnavailable"]), 0);
            assert_eq!(number(&workload["spec"]["replicas"]), site.proxy.replicas.into());
            assert!(only(&site, "Service")["spec"]["internalTrafficPolicy"].is_null());
        }
    }
}

#[test]
fn a_pod_ends_after_its_tunnels() {
    let defaults: Value =
        serde_yaml::from_str(include_str!("../../../config/default.yaml")).unwrap();
    let drain = text(&defaults["timeouts"]["drain"]).strip_suffix('s').unwrap();
    let drain: u64 = drain.parse().unwrap();
    for shape in [Shape::Deployment, Shape::DaemonSet] {
        let workload = workload(&shaped(shape));
        let sleep = number(&container(&workload)["lifecycle"]["preStop"]["sleep"]["seconds"]);
        let pod = &workload["spec"]["template"]["spec"];
        assert!(number(&pod["terminationGracePeriodSeconds"]) > sleep + drain);
        let config = only(&shaped(shape), "ConfigMap");
        let config: Value = serde_yaml::from_str(text(&config["data"]["pinhole.yaml"])).unwrap();
        assert!(config["timeouts"].is_null(), "the default of timeouts.drain holds");
    }
}

#[test]
fn another_configuration_makes_other_pods() {
    let sum = |site: &Site| {
        let annotations = workload(site)["spec"]["template"]["metadata"]["annotations"].clone();
        labels(&annotations)["checksum/config"].clone()
    };
    for shape in [Shape::Deployment, Shape::DaemonSet] {
        let site = shaped(shape);
        let more = changed(site.clone(), |site| site.skypilot.conda = true);
        assert_ne!(sum(&site), sum(&more));
        // What is not in the configuration changes nothing in it.
        let elsewhere = changed(site.clone(), |site| site.proxy.replicas += 1);
        assert_eq!(sum(&site), sum(&elsewhere));
    }
}

/// FNV-1a's own test vectors (draft-eastlake-fnv, appendix C).
#[test]
fn the_checksum_is_what_it_says() {
    for (text, sum) in
        [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")]
    {
        assert_eq!(super::config::fnv(text), sum);
    }
}

#[test]
fn secrets_are_named_and_never_written() {
    for (what, site) in sites() {
        assert!(of_kind(&site, "Secret").is_empty(), "{what}");
    }
    let site = changed(shaped(Shape::Deployment), behind_a_parent);
    let workload = workload(&site);
    let pod = &workload["spec"]["template"]["spec"];
    let [_, parent, ca] = list(&pod["volumes"]) else { panic!("three volumes") };
    let secret = &parent["secret"];
    assert_eq!((text(&secret["secretName"]), number(&secret["defaultMode"])), ("up", 0o440));
    assert_eq!(number(&pod["securityContext"]["fsGroup"]), 65532);
    let item = &secret["items"][0];
    assert_eq!((text(&item["key"]), text(&item["path"])), ("login", "parent"));
    assert_eq!(ca["configMap"]["name"], "ca");
    let config = only(&site, "ConfigMap");
    let config: Value = serde_yaml::from_str(text(&config["data"]["pinhole.yaml"])).unwrap();
    let mounts = list(&container(&workload)["volumeMounts"]);
    let found = |name: &Value, file: &str| {
        let mount = mounts.iter().find(|mount| mount["name"] == *name).unwrap();
        format!("{}/{file}", text(&mount["mountPath"]))
    };
    assert_eq!(config["parent"]["credentials_file"], found(&parent["name"], "parent").as_str());
    assert_eq!(config["parent"]["ca_file"], found(&ca["name"], "ca.crt").as_str());
    let head = prose(&files(&site)[1]);
    assert!(head.contains("kubectl create secret generic up --from-file=login=FILE"), "{head}");
}

#[test]
fn a_sidecar_has_its_configuration_wherever_it_runs() {
    let site = shaped(Shape::Sidecar);
    let maps = of_kind(&site, "ConfigMap");
    let spaces: Vec<&str> = maps.iter().map(|map| text(&map["metadata"]["namespace"])).collect();
    assert_eq!(spaces, ["default", "skypilot"]);
    for map in maps {
        assert_eq!(map["metadata"]["name"], site.proxy.name.as_str());
        assert_eq!(map["data"]["pinhole.yaml"], proxy::config(&site).as_str());
    }
    let same = changed(site, |site| site.skypilot.api_server_namespace = "default".to_owned());
    assert_eq!(of_kind(&same, "ConfigMap").len(), 1);
}

#[test]
fn what_not_every_cluster_knows_is_in_a_folder_of_its_own() {
    const KNOWN: [&str; 6] = [
        "v1",
        "apps/v1",
        "policy/v1",
        "autoscaling/v2",
        "networking.k8s.io/v1",
        "admissionregistration.k8s.io/v1",
    ];
    for (what, site) in sites() {
        for (path, object) in objects(&site) {
            let deep = path.strip_prefix("kubernetes/").unwrap().contains('/');
            let known = KNOWN.contains(&text(&object["apiVersion"]));
            assert_ne!(deep, known, "{what}: {path} {}", text(&object["kind"]));
        }
    }
}

#[test]
fn the_guard_is_for_the_namespaces_of_skypilots_account() {
    for (what, site) in sites() {
        let policies = of_kind(&site, "ValidatingAdmissionPolicy");
        assert_eq!(policies.len(), 2, "{what}");
        let names = of_kind(&site, "ValidatingAdmissionPolicyBinding");
        for (policy, binding) in policies.iter().zip(names) {
            assert_eq!(binding["spec"]["policyName"], policy["metadata"]["name"], "{what}");
            let matched = &policy["spec"]["matchConstraints"];
            let within = &matched["namespaceSelector"]["matchExpressions"][0];
            let spaces: Vec<&str> = list(&within["values"]).iter().map(text).collect();
            assert_eq!(spaces, [site.skypilot.namespace.as_str(), "skypilot-system"], "{what}");
        }
        let expression = text(&policies[0]["spec"]["validations"][0]["expression"]);
        for space in [&site.skypilot.namespace, "skypilot-system"] {
            assert!(
                expression.contains(&format!("'system:serviceaccounts:{space}'")),
                "{expression}"
            );
        }
        let labelled = !policies[1]["spec"]["matchConstraints"]["objectSelector"].is_null();
        assert_eq!(labelled, site.skypilot.namespace == "default", "{what}");
    }
}

#[test]
fn a_fixed_address_is_the_services() {
    let site = changed(plain(), |site| site.proxy.service_ip = Some("10.96.0.50".parse().unwrap()));
    assert_eq!(only(&site, "Service")["spec"]["clusterIP"], "10.96.0.50");
    let service = only(&changed(plain(), dual), "Service");
    assert_eq!(service["spec"]["ipFamilyPolicy"], "PreferDualStack");
    assert!(service["spec"]["clusterIP"].is_null());
}
