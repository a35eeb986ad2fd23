use crate::kubernetes::reread::{Peer, at, of_kind, passes, pod, prose, through};
use crate::samples::{name, plain, serving, shaped};
use crate::{Allow, Allowed, Mirror, Parent, Resolve, ServeMode, Shape, Site};

const TASK: (&str, &[(&str, &str)]) =
    ("ml", &[("parent", "skypilot"), ("skypilot-cluster", "one")]);

fn task() -> Peer {
    pod(TASK.0, TASK.1)
}

fn server() -> Peer {
    pod("skypilot", &[("app", "skypilot-api")])
}

fn proxy() -> Peer {
    pod(
        "pinhole",
        &[
            ("app.kubernetes.io/name", "pinhole"),
            ("app.kubernetes.io/instance", "pinhole"),
            ("pod-template-hash", "5f7"),
        ],
    )
}

fn stranger() -> Peer {
    pod("shop", &[("app", "till")])
}

fn dns() -> Peer {
    pod("kube-system", &[("k8s-app", "kube-dns")])
}

/// With everything that policies need to know.
fn site(shape: Shape) -> Site {
    let mut site = shaped(shape);
    "ml".clone_into(&mut site.skypilot.namespace);
    site.cluster.api_server.endpoints = vec!["10.0.0.5:6443".parse().unwrap()];
    site.cluster.dns = vec!["10.96.0.10".parse().unwrap(), "169.254.20.10".parse().unwrap()];
    site
}

fn changed(mut site: Site, change: impl FnOnce(&mut Site)) -> Site {
    change(&mut site);
    site
}

/// Tries connections by TCP, each of which is said to pass or not.
#[track_caller]
fn tcp(site: &Site, tries: &[(Peer, Peer, u16, bool)]) {
    for (from, to, port, wanted) in tries {
        let passed = passes(site, from, to, ("TCP", *port));
        assert_eq!(passed, *wanted, "{from:?} to {to:?} at {port}");
    }
}

/// What nobody of SkyPilot's may reach, whatever the shape.
fn closed(site: &Site) {
    for from in [task(), server()] {
        tcp(
            site,
            &[
                (from.clone(), stranger(), 8080, false),
                (from.clone(), pod("pinhole", &[("app", "other")]), 3128, false),
                (from.clone(), dns(), 9153, false),
                (from.clone(), at("10.0.0.6"), 10250, false),
                (from.clone(), at("10.0.0.5"), 443, false),
                (from.clone(), at("192.168.0.1"), 443, false),
                (from.clone(), at("10.20.0.5"), 443, false),
                (from.clone(), at("169.254.169.254"), 80, false),
                (from.clone(), at("169.254.169.254"), 53, false),
                (from.clone(), at("168.63.129.16"), 80, false),
                (from.clone(), at("fd00:ec2::254"), 80, false),
            ],
        );
        for udp in [at("1.1.1.1"), at("93.184.216.34")] {
            assert!(!passes(site, &from, &udp, ("UDP", 443)), "QUIC to {udp:?}");
            assert!(!passes(site, &from, &udp, ("UDP", 53)), "DNS to {udp:?}");
        }
    }
    // Whatever SkyPilot's account starts where it may start anything.
    let system = pod("skypilot-system", &[("app", "fusermount-server")]);
    let any = pod("ml", &[("app", "without the label")]);
    for to in [at("93.184.216.34"), at("10.0.0.6"), stranger()] {
        assert!(!passes(site, &system, &to, ("TCP", 443)), "{to:?}");
    }
    for to in [at("93.184.216.34"), at("10.0.0.5"), dns(), task()] {
        for port in [53, 443, 6443] {
            assert!(!passes(site, &any, &to, ("TCP", port)), "{to:?} at {port}");
        }
    }
}

/// What SkyPilot needs, whatever the shape.
fn open(site: &Site) {
    for from in [task(), server()] {
        for to in [dns(), at("10.96.0.10"), at("169.254.20.10")] {
            for protocol in ["UDP", "TCP"] {
                assert!(passes(site, &from, &to, (protocol, 53)), "{from:?} {to:?} {protocol}");
            }
        }
        tcp(
            site,
            &[
                (from.clone(), at("10.96.0.1"), 443, true),
                (from.clone(), at("10.0.0.5"), 6443, true),
                (from.clone(), task(), 22, true),
                (from.clone(), task(), 6380, true),
                (from.clone(), task(), 8080, true),
            ],
        );
    }
    tcp(site, &[(server(), pod("skypilot", &[("app", "postgres")]), 5432, true)]);
    tcp(site, &[(task(), server(), 46580, false)]);
}

#[test]
fn in_the_cluster_the_proxy_is_the_only_way_out() {
    for shape in [Shape::Deployment, Shape::DaemonSet] {
        let site = site(shape);
        closed(&site);
        open(&site);
        for client in [task(), server()] {
            tcp(
                &site,
                &[
                    (client.clone(), proxy(), 3128, true),
                    (client.clone(), proxy(), 9128, false),
                    (client.clone(), proxy(), 80, false),
                    (client.clone(), at("93.184.216.34"), 443, false),
                    (client.clone(), at("93.184.216.34"), 3128, false),
                    (client.clone(), at("8.8.8.8"), 443, false),
                    (client.clone(), at("1.1.1.1"), 443, false),
                ],
            );
        }
    }
}

#[test]
fn nobody_else_uses_the_proxy_or_reads_its_metrics() {
    for shape in [Shape::Deployment, Shape::DaemonSet] {
        let site = site(shape);
        let prometheus = pod("monitoring", &[("app", "prometheus")]);
        tcp(
            &site,
            &[
                (stranger(), proxy(), 3128, false),
                (stranger(), proxy(), 9128, false),
                (pod("shop", TASK.1), proxy(), 3128, false),
                (pod("ml", &[("app", "unlabelled")]), proxy(), 3128, false),
                (prometheus.clone(), proxy(), 9128, true),
                (prometheus, proxy(), 3128, false),
                (at("10.0.0.7"), proxy(), 9128, true),
                (at("10.0.0.7"), proxy(), 3128, false),
                (at("93.184.216.34"), proxy(), 3128, false),
                (at("10.244.3.3"), proxy(), 9128, false),
            ],
        );
        let pulls = changed(site, |site| site.proxy.pulls_images = true);
        tcp(&pulls, &[(at("10.0.0.7"), proxy(), 3128, true), (stranger(), proxy(), 3128, false)]);
        let elsewhere = changed(pulls, |site| site.proxy.monitoring_namespace = "shop".to_owned());
        tcp(&elsewhere, &[(stranger(), proxy(), 9128, true), (stranger(), proxy(), 3128, false)]);
    }
}

/// Where pods have addresses of the nodes' network, a rule for nodes would be one for pods.
#[test]
fn a_node_is_no_pod() {
    for (nodes, pods, node, pod_at) in [
        ("10.0.0.0/16", "10.0.0.0/16", "10.0.0.7", "10.0.1.7"),
        ("10.0.0.0/16", "10.0.0.0/8", "10.0.0.7", "10.0.1.7"),
        ("10.0.0.0/8", "10.244.0.0/16", "10.0.0.7", "10.244.0.7"),
    ] {
        let apart = pods == "10.244.0.0/16";
        for shape in [Shape::Deployment, Shape::DaemonSet] {
            let site = changed(site(shape), |site| {
                site.cluster.node_cidrs = vec![nodes.parse().unwrap()];
                site.cluster.pod_cidrs = vec![pods.parse().unwrap()];
                site.proxy.pulls_images = true;
            });
            // Only by the Service's name do nodes need a rule: then it is all of them, and said so.
            let wide = shape == Shape::Deployment && !apart;
            tcp(
                &site,
                &[
                    (at(node), proxy(), 9128, apart),
                    (at(node), proxy(), 3128, apart || wide),
                    (at(pod_at), proxy(), 9128, false),
                    (at(pod_at), proxy(), 3128, wide),
                ],
            );
            let text = prose(&super::proxy::file(&site));
            assert_eq!(text.contains("ATTENTION"), wide, "{text}");
        }
    }
}

#[test]
fn the_proxy_reaches_the_internet_and_nothing_else() {
    for shape in [Shape::Deployment, Shape::DaemonSet] {
        let site = site(shape);
        tcp(
            &site,
            &[
                (proxy(), at("93.184.216.34"), 443, true),
                (proxy(), at("93.184.216.34"), 80, true),
                (proxy(), at("2606:4700::1111"), 443, false),
                (proxy(), dns(), 53, true),
                (proxy(), at("10.96.0.1"), 443, true),
                (proxy(), at("10.0.0.5"), 6443, true),
                (proxy(), at("10.0.0.6"), 10250, false),
                (proxy(), at("10.20.0.5"), 443, false),
                (proxy(), at("169.254.169.254"), 80, false),
                (proxy(), at("168.63.129.16"), 80, false),
                (proxy(), task(), 8080, false),
                (proxy(), proxy(), 3128, false),
                (proxy(), stranger(), 80, false),
            ],
        );
        assert!(!passes(&site, &proxy(), &at("93.184.216.34"), ("UDP", 443)));
        let dual = changed(site.clone(), |site| {
            site.cluster.pod_cidrs.push("fd00:244::/56".parse().unwrap());
        });
        tcp(
            &dual,
            &[
                (proxy(), at("2606:4700::1111"), 443, true),
                (proxy(), at("fd00:244::7"), 443, false),
                (proxy(), at("fd00:ec2::254"), 80, false),
                (proxy(), at("fe80::1"), 80, false),
                (proxy(), at("::ffff:10.0.0.6"), 80, false),
            ],
        );
        let public = changed(site.clone(), |site| {
            site.cluster.node_cidrs = vec!["192.41.0.0/24".parse().unwrap()];
        });
        tcp(
            &public,
            &[(proxy(), at("192.41.0.7"), 443, false), (proxy(), at("192.41.1.7"), 443, true)],
        );
        let opened = changed(site, |site| {
            let one = |net: &str, ports: Option<&str>| Allow {
                what: Allowed::Network(net.parse().unwrap()),
                ports: ports.map(|ports| policy::PortSet::parse([ports]).unwrap()),
            };
            site.allow = vec![one("10.20.0.0/16", Some("8000-8100")), one("192.168.1.1/32", None)];
        });
        tcp(
            &opened,
            &[
                (proxy(), at("10.20.0.5"), 8050, true),
                (proxy(), at("10.20.0.5"), 8101, false),
                (proxy(), at("192.168.1.1"), 443, true),
                (proxy(), at("192.168.1.1"), 80, true),
                (proxy(), at("192.168.1.1"), 22, false),
                (proxy(), at("10.21.0.5"), 8050, false),
                (task(), at("10.20.0.5"), 8050, false),
            ],
        );
    }
}

fn parent(urls: &[&str], addresses: &[&str]) -> Option<Parent> {
    Some(Parent {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        addresses: addresses.iter().map(|net| net.parse().unwrap()).collect(),
        credentials: None,
        no_proxy: Vec::new(),
        resolve: Resolve::Parent,
    })
}

/// Who goes out: the proxy's pods, or those with a sidecar.
#[test]
fn behind_a_parent_there_is_no_other_way_than_the_parent() {
    for (shape, who) in [(Shape::Deployment, proxy()), (Shape::Sidecar, task())] {
        let literal = changed(site(shape), |site| {
            site.parent = parent(&["http://10.9.0.1:8080", "https://[fd00::9]:8443/"], &[]);
        });
        tcp(
            &literal,
            &[
                (who.clone(), at("10.9.0.1"), 8080, true),
                (who.clone(), at("10.9.0.1"), 8443, false),
                (who.clone(), at("fd00::9"), 8443, true),
                (who.clone(), at("93.184.216.34"), 443, false),
                (who.clone(), at("93.184.216.34"), 8080, false),
                (who.clone(), at("10.0.0.5"), 6443, true),
            ],
        );
        let told = changed(site(shape), |site| {
            site.parent = parent(&["http://up.test:8080"], &["10.9.0.0/30"]);
        });
        tcp(
            &told,
            &[
                (who.clone(), at("10.9.0.1"), 8080, true),
                (who.clone(), at("10.9.0.4"), 8080, false),
                (who.clone(), at("93.184.216.34"), 8080, false),
            ],
        );
        let named =
            changed(site(shape), |site| site.parent = parent(&["http://up.test:8080"], &[]));
        tcp(
            &named,
            &[
                (who.clone(), at("10.9.0.1"), 8080, true),
                (who.clone(), at("93.184.216.34"), 443, false),
                (who.clone(), at("169.254.169.254"), 8080, false),
                (who.clone(), at("168.63.129.16"), 8080, false),
            ],
        );
        let said = |site: &Site| {
            crate::kubernetes::files(site)
                .iter()
                .any(|file| prose(file).contains("The parent. ATTENTION"))
        };
        assert_eq!([said(&literal), said(&told), said(&named)], [false, false, true]);
        let within = changed(site(shape), |site| {
            site.parent = parent(&["http://squid.proxies.svc.cluster.local:3128"], &[]);
        });
        tcp(
            &within,
            &[
                (who.clone(), pod("proxies", &[("app", "squid")]), 13128, true),
                (who.clone(), stranger(), 3128, false),
                (who, at("93.184.216.34"), 443, false),
            ],
        );
    }
}

#[test]
fn a_sidecars_pod_may_what_the_sidecar_may() {
    let site = site(Shape::Sidecar);
    closed(&site);
    open(&site);
    tcp(
        &site,
        &[(task(), at("93.184.216.34"), 443, true), (server(), at("93.184.216.34"), 22, true)],
    );
}

#[test]
fn a_bastion_is_reached_where_it_is() {
    let blind = changed(site(Shape::Bastion), |site| site.proxy.addresses.clear());
    closed(&blind);
    open(&blind);
    tcp(&blind, &[(task(), at("10.9.0.1"), 3128, false)]);
    let text = prose(&super::skypilot::file(&blind));
    assert!(text.contains("THERE IS NO WAY TO THE PROXY"));
    let named = changed(blind.clone(), |site| {
        site.proxy.addresses = vec!["10.9.0.1/32".parse().unwrap()];
    });
    let literal = changed(blind, |site| {
        site.proxy.host = Some(policy::Host::Ip("10.9.0.1".parse().unwrap()));
    });
    for site in [named, literal] {
        closed(&site);
        assert!(!prose(&super::skypilot::file(&site)).contains("NO WAY TO THE PROXY"));
        for from in [task(), server()] {
            tcp(
                &site,
                &[
                    (from.clone(), at("10.9.0.1"), 3128, true),
                    (from.clone(), at("10.9.0.1"), 9128, false),
                    (from.clone(), at("10.9.0.2"), 3128, false),
                    (from, at("93.184.216.34"), 443, false),
                ],
            );
        }
    }
}

#[test]
fn a_hole_is_there_only_where_it_is_asked_for() {
    for shape in Shape::ALL {
        let none = site(shape);
        let file = super::skypilot::file(&none);
        assert!(!prose(&file).contains("HOLE") && !file.text.contains("1.1.1.1"), "{shape:?}");
        let one = changed(none, |site| site.skypilot.network_check = Some([8, 8, 8, 8].into()));
        let behind =
            changed(one.clone(), |site| site.parent = parent(&["http://10.9.0.1:3128"], &[]));
        for site in [one, behind] {
            let free = shape == Shape::Sidecar && site.parent.is_none();
            for from in [task(), server()] {
                tcp(
                    &site,
                    &[
                        (from.clone(), at("8.8.8.8"), 443, true),
                        (from.clone(), at("8.8.8.8"), 53, free),
                        (from, at("1.1.1.1"), 443, free),
                    ],
                );
            }
            let text = prose(&super::skypilot::file(&site));
            assert_eq!(text.contains("ATTENTION: A HOLE PAST THE PROXY"), !free, "{shape:?}");
        }
    }
}

#[test]
fn mirrors_are_open_where_their_addresses_are_known() {
    let mirror = |host, port, nets: &[&str]| Mirror {
        host,
        port,
        addresses: nets.iter().map(|net| net.parse().unwrap()).collect(),
    };
    let site = changed(site(Shape::Deployment), |site| {
        site.mirrors = vec![
            mirror(name("registry.test"), Some(5000), &["10.20.0.0/30"]),
            mirror(policy::Host::Ip("10.20.1.1".parse().unwrap()), None, &[]),
            mirror(name("lost.test"), None, &[]),
        ];
    });
    tcp(
        &site,
        &[
            (task(), at("10.20.0.1"), 5000, true),
            (task(), at("10.20.0.1"), 443, false),
            (task(), at("10.20.0.4"), 5000, false),
            (task(), at("10.20.1.1"), 443, true),
            (task(), at("10.20.1.1"), 80, true),
            (task(), at("10.20.1.1"), 22, false),
        ],
    );
    let text = prose(&super::skypilot::file(&site));
    assert!(text.contains("no way to the mirror `lost.test`"), "{text}");
    assert!(!text.contains("no way to the mirror `registry.test`"), "{text}");
}

#[test]
fn skyserves_endpoints_are_open() {
    let serve = |mode, change: fn(&mut Site)| {
        let mut site = site(Shape::Deployment);
        site.skypilot.serve = serving(mode).skypilot.serve;
        changed(site, change)
    };
    let nginx = pod("ingress-nginx", &[("app.kubernetes.io/name", "ingress-nginx")]);
    let podip = serve(ServeMode::PodIp, |_| {});
    tcp(&podip, &[(task(), task(), 8080, true), (task(), nginx.clone(), 80, false)]);
    tcp(&podip, &[(task(), at("10.0.8.1"), 8080, false), (proxy(), task(), 8080, false)]);

    let ingress = serve(ServeMode::Ingress, |site| {
        let host = policy::Host::Ip("10.0.8.1".parse().unwrap());
        site.skypilot.serve.as_mut().unwrap().ingress_host = Some(host);
    });
    tcp(
        &ingress,
        &[
            (task(), nginx.clone(), 80, true),
            (task(), nginx, 22, false),
            (task(), pod("ingress-nginx", &[("app", "other")]), 80, false),
            (task(), at("10.0.8.1"), 443, true),
        ],
    );

    let balancers = serve(ServeMode::InternalLoadBalancer, |site| {
        site.cluster.load_balancer_cidrs = vec!["10.0.8.0/24".parse().unwrap()];
    });
    tcp(
        &balancers,
        &[(task(), at("10.0.8.1"), 30001, true), (task(), at("10.0.0.6"), 30001, false)],
    );
    let on_nodes = serve(ServeMode::InternalLoadBalancer, |_| {});
    tcp(&on_nodes, &[(task(), at("10.0.0.6"), 30001, false), (task(), task(), 30001, true)]);
    let said =
        |site| prose(&super::skypilot::file(site)).contains("no way to SkyServe's load balancers");
    assert_eq!([said(&on_nodes), said(&balancers), said(&podip)], [true, false, false]);

    let through = serve(ServeMode::InternalLoadBalancer, |site| {
        site.cluster.load_balancer_cidrs = vec!["10.0.8.0/24".parse().unwrap()];
        let ports = policy::PortSet::parse(["8000-8100"]).unwrap();
        site.skypilot.serve.as_mut().unwrap().through_proxy = Some(ports);
    });
    tcp(
        &through,
        &[
            (proxy(), task(), 8080, true),
            (proxy(), task(), 22, false),
            (proxy(), at("10.0.8.1"), 8100, true),
            (proxy(), at("10.0.8.1"), 443, false),
        ],
    );
}

/// In `default`, what is nobody's business stays so.
#[test]
fn a_shared_namespace_is_left_alone() {
    let site = plain();
    let (other, task) = (pod("default", &[("app", "till")]), pod("default", TASK.1));
    tcp(&site, &[(other, at("93.184.216.34"), 443, true), (task, at("93.184.216.34"), 443, false)]);
    assert!(
        prose(&super::skypilot::file(&site)).contains("ATTENTION: a task can start pods without")
    );
}

#[test]
fn one_namespace_for_all_has_one_policy_of_each_name() {
    let site = changed(site(Shape::Deployment), |site| {
        for space in [&mut site.proxy.namespace, &mut site.skypilot.api_server_namespace] {
            "ml".clone_into(space);
        }
    });
    let own = [("app.kubernetes.io/name", "pinhole"), ("app.kubernetes.io/instance", "pinhole")];
    let proxy = pod("ml", &own);
    tcp(
        &site,
        &[
            (task(), proxy.clone(), 3128, true),
            (task(), proxy.clone(), 9128, false),
            (task(), at("93.184.216.34"), 443, false),
            (proxy, at("93.184.216.34"), 443, true),
        ],
    );
    let head = prose(&crate::kubernetes::files(&site)[0]);
    assert!(head.contains("ATTENTION: SkyPilot's own service account"), "{head}");
}

/// Every cluster that SkyPilot launches on.
#[test]
fn the_api_servers_of_other_clusters_are_open() {
    let site = changed(site(Shape::Deployment), |site| {
        let mut cluster = site.cluster.clone();
        cluster.api_server.cluster_ips = vec!["10.97.0.1".parse().unwrap()];
        cluster.api_server.endpoints = Vec::new();
        cluster.api_server.hosts = vec![(policy::Host::Ip("10.7.0.1".parse().unwrap()), 16443)];
        let context =
            |name: &str, cluster| crate::Context { name: name.to_owned(), proxied: true, cluster };
        site.skypilot.contexts = vec![context("here", None), context("there", Some(cluster))];
    });
    for from in [task(), server(), proxy()] {
        tcp(
            &site,
            &[
                (from.clone(), at("10.0.0.5"), 6443, true),
                (from.clone(), at("10.7.0.1"), 16443, true),
                (from, at("10.7.0.1"), 443, false),
            ],
        );
    }
    assert!(prose(&super::skypilot::file(&site)).contains("names no `endpoints`"));
}

/// Each of them is there for something: without it, more passes or less.
#[test]
fn no_policy_is_there_for_nothing() {
    let probes = {
        let from = [
            task(),
            server(),
            proxy(),
            stranger(),
            pod("ml", &[("app", "unlabelled")]),
            pod("skypilot-system", &[("app", "fusermount-server")]),
        ];
        let to = [task(), proxy(), dns(), at("1.1.1.1"), at("93.184.216.34"), at("10.0.0.5")];
        let tries = from.into_iter().flat_map(move |from| to.clone().map(|to| (from.clone(), to)));
        let ports = [53, 443, 3128, 6443, 9128];
        tries.flat_map(move |(from, to)| ports.map(|port| (from.clone(), to.clone(), port)))
    };
    let probes: Vec<_> = probes.collect();
    for shape in Shape::ALL {
        for check in [None, Some([1, 1, 1, 1].into())] {
            let site = changed(site(shape), |site| site.skypilot.network_check = check);
            let all = of_kind(&site, "NetworkPolicy");
            let come = |policies: &[serde_yaml::Value]| -> Vec<bool> {
                let pass = |(from, to, port): &(Peer, Peer, u16)| {
                    through(policies, from, to, ("TCP", *port))
                };
                probes.iter().map(pass).collect()
            };
            let before = come(&all);
            for i in 0..all.len() {
                let mut less = all.clone();
                let gone = less.remove(i);
                assert_ne!(before, come(&less), "{shape:?}: {:?}", gone["metadata"]);
            }
        }
    }
}
