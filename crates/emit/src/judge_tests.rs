use super::Note;
use crate::samples::{name, plain, serving, shaped, ssm};
use crate::{
    CaBundle, Cloud, CloudKind, Context, Mirror, Parent, PlainHttp, Provider, Resolve, SecretKey,
    Serve, ServeMode, Shape, Sidecar, Site, Storage, Version,
};
use policy::{Host, PortSet};

type Change = fn(&mut Site);

fn changed(mut site: Site, change: Change) -> Site {
    change(&mut site);
    site
}

/// Each refusal, by what brings it about: the place, and a part of what is said.
fn refused() -> Vec<(Site, &'static str, &'static str)> {
    let podip = || serving(ServeMode::PodIp);
    vec![
        // F4: http proxied, replicas by address, and NO_PROXY has blocks for them only.
        (
            changed(podip(), |s| s.proxy.plain_http = PlainHttp::Proxied),
            "proxy.plain_http",
            "httpx) does not",
        ),
        (
            changed(serving(ServeMode::InternalLoadBalancer), |s| {
                s.cluster.provider = Some(Provider::Gke);
                s.proxy.plain_http = PlainHttp::Proxied;
            }),
            "proxy.plain_http",
            "through_proxy",
        ),
        // F6.
        (
            changed(shaped(Shape::Sidecar), |s| {
                s.proxy.sidecar = Sidecar::Native;
                s.skypilot.high_availability = true;
                s.skypilot.managed_jobs = true;
            }),
            "proxy.sidecar",
            "init-copy-home",
        ),
        // The proxy's place.
        (
            changed(shaped(Shape::Sidecar), |s| s.proxy.host = Some(name("proxy.test"))),
            "proxy.address",
            "127.0.0.1",
        ),
        (changed(plain(), |s| s.proxy.shape = Shape::Bastion), "proxy.shape", "address:"),
        (
            changed(shaped(Shape::Bastion), |s| s.proxy.host = Some(name("localhost"))),
            "proxy.address",
            "the pod itself",
        ),
        (
            changed(shaped(Shape::Bastion), |s| {
                s.proxy.host = Some(Host::Ip("::1".parse().unwrap()));
            }),
            "proxy.address",
            "the pod itself",
        ),
        (
            changed(plain(), |s| s.proxy.host = Some(name("sub.localhost"))),
            "proxy.address",
            "the pod itself",
        ),
        (changed(plain(), |s| s.proxy.sidecar = Sidecar::Plain), "proxy.sidecar", "deployment"),
        (changed(plain(), |s| s.proxy.admin_port = 3128), "proxy.admin_port", "another port"),
        (
            changed(plain(), |s| s.proxy.credentials = Some(secret())),
            "proxy.credentials",
            "asks clients for no credentials",
        ),
        (
            changed(shaped(Shape::Sidecar), |s| s.proxy.pulls_images = true),
            "proxy.pulls_images",
            "before there is a sidecar",
        ),
        (changed(plain(), |s| s.proxy.pulls_images = true), "proxy.pulls_images", "service_ip"),
        (
            changed(plain(), |s| s.proxy.service_ip = Some("10.0.0.1".parse().unwrap())),
            "proxy.service_ip",
            "none of cluster.service_cidrs",
        ),
        (
            changed(plain(), |s| s.proxy.service_ip = Some("10.96.0.1".parse().unwrap())),
            "proxy.service_ip",
            "another Service's",
        ),
        (
            changed(plain(), |s| s.proxy.addresses = nets("10.0.0.9/32")),
            "proxy.addresses",
            "a bastion's",
        ),
        // Networks.
        (changed(plain(), |s| s.cluster.pod_cidrs.clear()), "cluster.pod_cidrs", "at least one"),
        (
            changed(plain(), |s| s.cluster.service_cidrs.clear()),
            "cluster.service_cidrs",
            "service-cluster-ip-range",
        ),
        (
            changed(plain(), |s| s.cluster.api_server.cluster_ips.clear()),
            "cluster.api_server",
            "cluster_ip",
        ),
        (
            changed(plain(), |s| s.cluster.api_server.cluster_ips = ips("10.0.0.5")),
            "cluster.api_server.cluster_ip",
            "default/kubernetes",
        ),
        (
            changed(plain(), |s| s.cluster.pod_cidrs = nets("10.100.0.0/16")),
            "cluster.service_cidrs[0]",
            "overlaps `10.100.0.0/16` of pod_cidrs",
        ),
        (
            changed(plain(), |s| s.cluster.node_cidrs = nets("10.96.8.0/24")),
            "cluster.node_cidrs[0]",
            "of service_cidrs",
        ),
        (
            changed(plain(), |s| s.cluster.pod_cidrs = nets("10.244.0.0/16 10.244.8.0/24")),
            "cluster.pod_cidrs[1]",
            "of the same list",
        ),
        (
            changed(plain(), |s| s.cluster.node_cidrs = nets("::/0")),
            "cluster.node_cidrs[0]",
            "every",
        ),
        (
            changed(plain(), |s| s.cluster.pod_cidrs = nets("fd00:1::/64")),
            "cluster.pod_cidrs",
            "IPv6 addresses only",
        ),
        (
            changed(podip(), |s| s.cluster.pod_cidrs = nets("fd00:1::/64 10.244.0.0/16")),
            "cluster.pod_cidrs",
            "make IPv4",
        ),
        // What SkyPilot checks the network by.
        (
            changed(plain(), |s| s.cluster.node_cidrs = nets("8.0.0.0/8")),
            "cluster.node_cidrs[0]",
            "NO_PROXY would exempt 8.8.8.8",
        ),
        (
            changed(plain(), |s| s.cluster.load_balancer_cidrs = nets("1.1.1.0/24")),
            "cluster.load_balancer_cidrs[0]",
            "1.1.1.1",
        ),
        (
            changed(plain(), |s| s.mirrors = vec![mirror(Host::Ip("1.1.1.1".parse().unwrap()))]),
            "mirrors[0]",
            "1.1.1.1",
        ),
        (
            changed(plain(), |s| {
                s.cluster.api_server.hosts = vec![(Host::Ip("8.8.8.8".parse().unwrap()), 443)];
            }),
            "cluster.api_server.hosts[0]",
            "8.8.8.8",
        ),
        (
            changed(serving(ServeMode::Ingress), |s| {
                serve(s).ingress_host = Some(Host::Ip("1.1.1.1".parse().unwrap()));
            }),
            "skypilot.serve.ingress_host",
            "1.1.1.1",
        ),
        (
            changed(plain(), |s| {
                let mut ssm = ssm();
                ssm.vpc_cidrs = nets("8.8.0.0/16");
                s.skypilot.ssm = Some(ssm);
            }),
            "skypilot.ssm.vpc_cidrs[0]",
            "8.8.8.8",
        ),
        (
            changed(plain(), |s| {
                let cluster = plain().cluster;
                let cluster = crate::Cluster { node_cidrs: nets("8.8.8.0/24"), ..cluster };
                s.skypilot.contexts = vec![context("lab", true, Some(cluster))];
            }),
            "skypilot.contexts[0].cluster.node_cidrs[0]",
            "8.8.8.8",
        ),
        // SkyServe.
        (serving(ServeMode::Ingress), "skypilot.serve.mode", "ingress_host"),
        (
            changed(podip(), |s| serve(s).ingress_host = Some(name("ingress.test"))),
            "skypilot.serve.ingress_host",
            "podip",
        ),
        (
            changed(serving(ServeMode::Ingress), |s| {
                serve(s).ingress_host = Some(Host::Ip("fd00::1".parse().unwrap()));
            }),
            "skypilot.serve.ingress_host",
            "write a name",
        ),
        (serving(ServeMode::InternalLoadBalancer), "cluster.provider", "gke"),
        (
            changed(podip(), |s| {
                serve(s).through_proxy = Some(PortSet::one(8000));
                s.proxy.plain_http = PlainHttp::Direct;
            }),
            "skypilot.serve.through_proxy",
            "leave out one of the two",
        ),
        (
            changed(serving(ServeMode::Ingress), |s| {
                serve(s).ingress_host = Some(name("ingress.test"));
                serve(s).through_proxy = Some(PortSet::one(8000));
            }),
            "skypilot.serve.through_proxy",
            "by the ingress",
        ),
        (
            changed(serving(ServeMode::InternalLoadBalancer), |s| {
                s.cluster.provider = Some(Provider::Eks);
                s.cluster.node_cidrs.clear();
                serve(s).through_proxy = Some(PortSet::one(8000));
            }),
            "skypilot.serve.through_proxy",
            "load_balancer_cidrs",
        ),
        // SkyPilot.
        (
            changed(plain(), |s| {
                let mut ssm = ssm();
                ssm.ssh_proxy_command = Some("ssh -W %h:%p bastion.test".to_owned());
                s.skypilot.ssm = Some(ssm);
            }),
            "skypilot.ssm.ssh_proxy_command",
            "the launch then fails",
        ),
        (
            changed(plain(), |s| {
                let mut ssm = ssm();
                ssm.vpcs.clear();
                s.skypilot.ssm = Some(ssm);
            }),
            "skypilot.ssm",
            "vpc:",
        ),
        (
            changed(plain(), |s| {
                s.skypilot.version = Version::FIRST;
                s.skypilot.clouds = vec![cloud(CloudKind::Verda, &[])];
            }),
            "skypilot.clouds[0]",
            "0.12.0 has",
        ),
        (
            changed(plain(), |s| s.skypilot.clouds = vec![cloud(CloudKind::Aws, &[])]),
            "skypilot.clouds[0]",
            "regions",
        ),
        (
            changed(plain(), |s| {
                s.skypilot.clouds = vec![cloud(CloudKind::Gcp, &[]), cloud(CloudKind::Gcp, &[])];
            }),
            "skypilot.clouds[1]",
            "twice",
        ),
        (
            changed(plain(), |s| {
                s.skypilot.version = Version::FIRST;
                s.skypilot.storage = vec![Storage::CoreWeave { bucket: "b".to_owned() }];
            }),
            "skypilot.storage[0]",
            "0.12.0 does",
        ),
        (
            changed(plain(), |s| s.skypilot.network_check = Some([1, 1, 1, 1].into())),
            "skypilot.network_check",
            "managed_jobs",
        ),
        (
            changed(plain(), |s| s.skypilot.contexts = vec![context("a", false, None)]),
            "skypilot.contexts",
            "no context is `proxied: true`",
        ),
        (
            changed(plain(), |s| {
                s.skypilot.contexts = vec![context("a", true, None), context("a", true, None)];
            }),
            "skypilot.contexts[1]",
            "twice",
        ),
        (
            changed(plain(), |s| {
                let other = context("b", false, Some(plain().cluster));
                s.skypilot.contexts = vec![context("a", true, None), other];
            }),
            "skypilot.contexts[1]",
            "leave them out",
        ),
    ]
}

#[test]
fn each_refusal_has_its_place_its_reason_and_a_way_out() {
    for (site, place, part) in refused() {
        let said = site.judge().refusals;
        let found = said.iter().find(|note| note.place == place);
        let Note { message, .. } = found.unwrap_or_else(|| panic!("{place}: {part}: {said:#?}"));
        assert!(message.contains(part), "{place}: `{part}` is not in: {message}");
        let emitted = crate::emit(&site, crate::Target::All);
        assert_eq!(emitted, Err(said), "{place}");
    }
}

/// What is warned of, and emitted.
fn warned() -> Vec<(Site, &'static str, &'static str)> {
    vec![
        (shaped(Shape::Sidecar), "proxy.shape", "NetworkPolicy"),
        (
            changed(shaped(Shape::Sidecar), |s| s.proxy.sidecar = Sidecar::Plain),
            "proxy.shape",
            "not started again",
        ),
        (
            changed(shaped(Shape::Bastion), |s| s.proxy.credentials = Some(secret())),
            "proxy.credentials",
            "every task",
        ),
        (serving(ServeMode::PodIp), "proxy.plain_http", "https:// only"),
        (changed(plain(), |s| s.skypilot.managed_jobs = true), "skypilot.managed_jobs", "8.8.8.8"),
        (
            changed(plain(), |s| {
                s.skypilot.managed_jobs = true;
                s.skypilot.network_check = Some([1, 1, 1, 1].into());
            }),
            "skypilot.network_check",
            "DNS over HTTPS",
        ),
        (
            changed(plain(), |s| s.skypilot.high_availability = true),
            "skypilot.high_availability",
            "neither",
        ),
        (changed(plain(), |s| s.skypilot.docker = true), "skypilot.docker", "privileged"),
        (
            changed(plain(), |s| {
                s.skypilot.docker = true;
                s.skypilot.version = Version::FIRST;
            }),
            "skypilot.docker",
            "no Docker in pods",
        ),
        (changed(plain(), |s| s.skypilot.ssm = Some(ssm())), "skypilot.ssm", "told of none"),
        (
            changed(shaped(Shape::Bastion), |s| {
                s.skypilot.ssm = Some(ssm());
                s.proxy.credentials = Some(secret());
            }),
            "skypilot.ssm",
            "without credentials",
        ),
        (
            changed(plain(), |s| s.skypilot.version = Version::parse("0.14.9").unwrap()),
            "skypilot.version",
            "0.14.1",
        ),
        (changed(plain(), |s| s.cluster.node_cidrs.clear()), "cluster.node_cidrs", "node ports"),
        (
            changed(plain(), |s| s.cluster.node_cidrs = nets("10.244.8.0/24")),
            "cluster.node_cidrs[0]",
            "CNI",
        ),
        (
            changed(plain(), |s| s.cluster.pod_cidrs = nets("10.244.0.0/16 fd00:1::/64")),
            "cluster.pod_cidrs",
            "left out of NO_PROXY",
        ),
        (changed(plain(), |s| s.cluster.dns = ips("10.0.0.10")), "cluster.dns", "service_cidrs"),
        (
            changed(plain(), |s| s.cluster.api_server.endpoints.clear()),
            "cluster.api_server",
            "kubectl get endpointslices",
        ),
        (
            changed(serving(ServeMode::InternalLoadBalancer), |s| {
                s.cluster.provider = Some(Provider::Gke);
            }),
            "cluster.load_balancer_cidrs",
            "open no load balancer",
        ),
        (changed(shaped(Shape::Bastion), |s| s.proxy.addresses.clear()), "proxy.address", "names"),
        (
            changed(plain(), |s| {
                s.parent = Some(Parent {
                    urls: vec!["http://10.0.0.9:3128".to_owned(), "http://up.test:3128".to_owned()],
                    addresses: Vec::new(),
                    credentials: None,
                    no_proxy: Vec::new(),
                    resolve: Resolve::Parent,
                });
            }),
            "parent.urls",
            "every address",
        ),
        (
            changed(plain(), |s| s.skypilot.namespace = "pinhole".to_owned()),
            "proxy.namespace",
            "service account",
        ),
        (
            changed(plain(), |s| s.mirrors = vec![mirror(name("registry.test"))]),
            "mirrors[0]",
            "`addresses`",
        ),
        (
            changed(serving(ServeMode::InternalLoadBalancer), |s| {
                s.cluster.provider = Some(Provider::Other);
            }),
            "cluster.provider",
            "public addresses",
        ),
        (
            changed(shaped(Shape::Bastion), |s| {
                s.parent = Some(Parent {
                    addresses: Vec::new(),
                    urls: vec!["https://up.test".to_owned()],
                    credentials: None,
                    no_proxy: Vec::new(),
                    resolve: Resolve::Parent,
                });
                s.ca_bundle = Some(CaBundle::Path("/etc/ca.pem".to_owned()));
            }),
            "ca_bundle.path",
            "bastion",
        ),
    ]
}

#[test]
fn each_warning_has_its_place_and_the_readme_has_it_too() {
    for (site, place, part) in warned() {
        let judgement = site.judge();
        assert_eq!(judgement.refusals, [], "{place}");
        let said = &judgement.warnings;
        let found = said.iter().any(|note| note.place == place && note.message.contains(part));
        assert!(found, "{place}: {part}: {said:#?}");
        let files = crate::emit(&site, crate::Target::All).unwrap();
        let readme = &files.iter().find(|file| file.path == "README.md").unwrap().text;
        let flat = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&format!("`{place}`")) && flat.contains(part), "{place}: {readme}");
    }
}

#[test]
fn an_ordinary_site_is_neither_refused_nor_warned_of() {
    let clouds_share_networks = changed(plain(), |s| {
        s.cluster.provider = Some(Provider::Eks);
        s.cluster.node_cidrs = nets("10.244.0.0/16");
    });
    let ingress = changed(serving(ServeMode::Ingress), |s| {
        serve(s).ingress_host = Some(name("ingress.test"));
    });
    let daemonset = changed(shaped(Shape::DaemonSet), |s| s.proxy.pulls_images = true);
    for site in [plain(), clouds_share_networks, ingress, daemonset, shaped(Shape::Bastion)] {
        assert_eq!(site.judge(), super::Judgement::default());
    }
}

fn serve(site: &mut Site) -> &mut Serve {
    site.skypilot.serve.as_mut().unwrap()
}

fn nets(text: &str) -> Vec<ipnet::IpNet> {
    text.split(' ').map(|net| net.parse().unwrap()).collect()
}

fn ips(text: &str) -> Vec<std::net::IpAddr> {
    vec![text.parse().unwrap()]
}

fn secret() -> SecretKey {
    SecretKey { secret: "corp".to_owned(), key: "url".to_owned() }
}

fn mirror(host: Host) -> Mirror {
    Mirror { host, port: None, addresses: Vec::new() }
}

fn cloud(kind: CloudKind, regions: &[&str]) -> Cloud {
    Cloud { kind, regions: regions.iter().map(|one| (*one).to_owned()).collect() }
}

fn context(name: &str, proxied: bool, cluster: Option<crate::Cluster>) -> Context {
    Context { name: name.to_owned(), proxied, cluster }
}
