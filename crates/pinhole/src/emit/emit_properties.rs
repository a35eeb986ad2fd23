//! Whatever a site is like: what is emitted for it is read as meant.

use std::cell::Cell;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use ::emit::{
    Allow, Allowed, ApiServer, CaBundle, Cloud, CloudKind, Cluster, Context, File, Logs, Mirror,
    Parent, PlainHttp, Provider, Proxy, Resolve, SecretKey, SecurityGroup, Serve, ServeMode, Shape,
    Sidecar, Site, SkyPilot, Ssm, Storage, Target, Version, emit,
};
use ipnet::IpNet;
use policy::{Host, HostName, PortSet};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option::{of, weighted as of_weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};

use crate::config;
use crate::yaml::{self, Node};

fn host() -> impl Strategy<Value = Host> {
    let good = select(vec!["proxy.test", "a-b.c_d.test", "10.20.0.9", "fd00::9"]);
    prop_oneof![30 => good, 1 => Just("1.1.1.1")].prop_map(|text| match text.parse::<IpAddr>() {
        Ok(ip) => Host::Ip(ip),
        Err(_) => Host::Name(HostName::parse(text.as_bytes()).unwrap()),
    })
}

fn secret() -> impl Strategy<Value = SecretKey> {
    ("[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", "[A-Za-z0-9_.-]{1,9}x")
        .prop_map(|(secret, key)| SecretKey { secret, key })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?"
}

fn nets(all: &'static [&'static str]) -> impl Strategy<Value = Vec<IpNet>> {
    subsequence(all.to_vec(), 1..=all.len())
        .prop_map(|texts| texts.iter().map(|text| text.parse().unwrap()).collect())
}

fn proxy() -> impl Strategy<Value = Proxy> {
    let place = (
        select(Shape::ALL.to_vec()),
        of(host()),
        1024..65535u16,
        "[a-z0-9./:-]{1,20}",
        of(name()),
        name(),
        name(),
        1..5u16,
    );
    let more = (
        of(Just("10.96.0.50".parse().unwrap())),
        vec(("[a-z./]{1,9}", ".{0,9}"), 0..2),
        select(PlainHttp::ALL.to_vec()),
        prop_oneof![3 => Just(Sidecar::Auto), 1 => select(Sidecar::ALL.to_vec())],
        weighted(0.3),
        prop_oneof![5 => Just(None), 1 => secret().prop_map(Some)],
    );
    (place, more).prop_map(|(place, more)| {
        let (shape, host, port, image, image_pull_secret, namespace, name, replicas) = place;
        let (service_ip, node_selector, plain_http, sidecar, pulls_images, credentials) = more;
        let host = host.filter(|_| shape == Shape::Bastion);
        Proxy {
            shape,
            host,
            port,
            image,
            image_pull_secret,
            namespace,
            name,
            replicas,
            service_ip,
            node_selector,
            plain_http,
            sidecar,
            pulls_images,
            credentials,
            ..Proxy::default()
        }
    })
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let api = (
        prop_oneof![
            20 => Just(vec!["10.96.0.1"]),
            5 => Just(vec!["fd00:96::1", "10.96.0.1"]),
            1 => Just(Vec::new()),
        ],
        vec((host(), 1..65535u16), 0..2),
        vec(select(vec!["10.0.0.5:6443", "[fd00::5]:443"]), 0..3),
    );
    let nets = (
        prop_oneof![
            30 => nets(&["10.244.0.0/16", "10.245.0.0/16"]),
            10 => nets(&["10.244.0.0/16", "fd00:244::/56"]),
            1 => nets(&["8.8.0.0/16"]),
        ],
        Just(vec!["10.96.0.0/12".parse().unwrap(), "fd00:96::/112".parse().unwrap()]),
        nets(&["10.0.0.0/24", "10.0.1.0/24", "192.168.0.7/32", "fd00::/64"]),
        nets(&["10.0.8.0/24"]),
    );
    let more = (select(vec!["cluster.local", "site"]), of(select(Provider::ALL.to_vec())));
    (api, nets, more).prop_map(|((ips, hosts, endpoints), nets, (domain, provider))| Cluster {
        api_server: ApiServer {
            cluster_ips: ips.iter().map(|ip| ip.parse().unwrap()).collect(),
            hosts,
            endpoints: endpoints.iter().map(|at| at.parse().unwrap()).collect(),
        },
        pod_cidrs: nets.0,
        service_cidrs: nets.1,
        node_cidrs: nets.2,
        load_balancer_cidrs: nets.3,
        dns: vec!["10.96.0.10".parse().unwrap()],
        domain: HostName::parse(domain.as_bytes()).unwrap(),
        provider,
    })
}

fn storage() -> impl Strategy<Value = Storage> {
    let text = || "[a-z0-9]{1,5}";
    prop_oneof![
        (text(), text()).prop_map(|(bucket, region)| Storage::S3 { bucket, region }),
        text().prop_map(|bucket| Storage::Gcs { bucket }),
        text().prop_map(|account| Storage::Azure { account }),
        text().prop_map(|account| Storage::R2 { account }),
        (text(), text()).prop_map(|(namespace, region)| Storage::Oci { namespace, region }),
        text().prop_map(|bucket| Storage::CoreWeave { bucket }),
        Just(Storage::HuggingFace),
    ]
}

fn serve() -> impl Strategy<Value = Serve> {
    let ports = select(vec!["8000", "8000-8100"]).prop_map(|text| PortSet::parse([text]).unwrap());
    (select(ServeMode::ALL.to_vec()), host(), weighted(0.9), of_weighted(0.2, ports)).prop_map(
        |(mode, host, there, through_proxy)| {
            let ingress = (mode == ServeMode::Ingress) == there;
            Serve { mode, ingress_host: ingress.then_some(host), through_proxy }
        },
    )
}

fn ssm() -> impl Strategy<Value = Ssm> {
    let group = prop_oneof![
        name().prop_map(SecurityGroup::One),
        vec((name(), name()), 1..2).prop_map(SecurityGroup::ByCluster),
    ];
    (
        name(),
        vec(name(), 1..3),
        group,
        nets(&["10.8.0.0/16"]),
        of((host(), 1..9999u16)),
        any::<u8>(),
    )
        .prop_map(|(region, vpcs, security_group, vpc_cidrs, proxy, some)| Ssm {
            region,
            vpcs,
            security_group,
            vpc_cidrs,
            ssh_proxy_command: (some < 25).then(|| "ssh -W %h:%p a.test".to_owned()),
            proxy,
        })
}

fn skypilot() -> impl Strategy<Value = SkyPilot> {
    let version = select(vec!["0.11.2", "0.12.0", "0.13.0", "0.14.1", "0.14.7"]);
    let cloud = (select(CloudKind::ALL.to_vec()), vec("[a-z0-9]{1,5}", 1..3))
        .prop_map(|(kind, regions)| Cloud { kind, regions });
    let logs =
        prop_oneof![Just(Logs::Gcp), "[a-z0-9]{1,5}".prop_map(|region| Logs::Aws { region })];
    let context = (name(), weighted(0.8), of(cluster())).prop_map(|(name, proxied, own)| Context {
        name,
        proxied,
        cluster: own.filter(|_| proxied),
    });
    let flags = (any::<[bool; 6]>(), of(select(SkyPilot::CHECKED.to_vec())));
    let parts = (vec(cloud, 0..2), vec(storage(), 0..3), of(logs), of(serve()), vec(context, 0..2));
    (version, flags, parts, of(ssm())).prop_map(|(version, (flags, check), parts, ssm)| {
        let [custom_image, docker, conda, managed_jobs, high_availability, telemetry] = flags;
        let (clouds, storage, logs, serve, contexts) = parts;
        SkyPilot {
            clouds,
            storage,
            custom_image,
            docker,
            conda,
            logs,
            serve,
            managed_jobs,
            network_check: check.filter(|_| managed_jobs),
            high_availability,
            contexts,
            ssm,
            telemetry,
            ..SkyPilot::new(Version::parse(version).unwrap())
        }
    })
}

fn site() -> impl Strategy<Value = Site> {
    let parent = (of(secret()), vec(select(vec![".corp.test", "10.0.0.0/8"]), 0..2)).prop_flat_map(
        |(credentials, direct)| {
            (1..3usize, select(Resolve::ALL.to_vec())).prop_map(move |(count, resolve)| Parent {
                urls: (0..count).map(|i| format!("https://up{i}.test:3129")).collect(),
                addresses: Vec::new(),
                credentials: credentials.clone(),
                no_proxy: direct.iter().map(|text| (*text).to_owned()).collect(),
                resolve,
            })
        },
    );
    let mirror = (host(), nets(&["10.20.0.0/24"])).prop_map(|(host, addresses)| Mirror {
        host,
        port: Some(5000),
        addresses,
    });
    let bundle = prop_oneof![
        Just(CaBundle::Path("/etc/ssl/site.pem".to_owned())),
        secret().prop_map(CaBundle::Secret),
        secret().prop_map(|SecretKey { secret, key }| CaBundle::ConfigMap { name: secret, key }),
    ];
    let what = prop_oneof![
        Just(Allowed::Host("*.partner.test".to_owned())),
        Just(Allowed::Network("10.30.0.0/16".parse().unwrap())),
        Just(Allowed::Preset {
            name: "aws".to_owned(),
            parameters: vec![("region".to_owned(), "us-east-1".to_owned())],
        }),
    ];
    let allow = (what, of(Just(PortSet::parse(["443", "8000-8100"]).unwrap())))
        .prop_map(|(what, ports)| Allow { what, ports });
    let rest = (of(parent), vec(mirror, 0..3), of(bundle), vec(allow, 0..3));
    (proxy(), cluster(), skypilot(), rest).prop_map(
        |(proxy, cluster, skypilot, (parent, mirrors, ca_bundle, allow))| Site {
            proxy,
            parent,
            cluster,
            skypilot,
            mirrors,
            ca_bundle,
            allow,
        },
    )
}

#[test]
fn what_is_emitted_is_read_as_meant() {
    let place = tempfile::tempdir().unwrap();
    let certificate = rcgen::generate_simple_self_signed(["ca.test".to_owned()]).unwrap();
    fs::write(place.path().join("ca"), certificate.cert.pem()).unwrap();
    fs::write(place.path().join("login"), "user:password\n").unwrap();
    let emitted = Cell::new(0);
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&site(), |site| {
        let files = emit(&site, Target::All);
        prop_assert_eq!(files.is_ok(), site.judge().refusals.is_empty());
        let Ok(files) = files else { return Ok(()) };
        emitted.set(emitted.get() + 1);
        for file in &files {
            prop_assert!(file.text.ends_with('\n'), "{}", file.path);
            prop_assert!(!file.text.contains('\r'), "{}", file.path);
        }
        let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| &file.text);
        proxy_reads(text("proxy/pinhole.yaml").unwrap(), place.path())?;
        let sky = yaml::parse(text("skypilot/config.yaml").unwrap()).unwrap();
        let helm = yaml::parse(text("helm/values.yaml").unwrap()).unwrap();
        let mut count = 0;
        variables(&sky, &mut count)?;
        variables(&helm, &mut count)?;
        // Both spellings of two variables in both, and the constraint for uv.
        prop_assert!(count > 2 * 4, "{} variables", count);
        commands(&sky, "", site.skypilot.high_availability)?;
        documents(&files)
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    assert!(emitted.get() > 60, "only {} of the sites were emitted", emitted.get());
}

/// pinhole's own parser takes the proxy's configuration.
fn proxy_reads(text: &str, place: &Path) -> Result<(), TestCaseError> {
    let mut text = text.to_owned();
    let files = [
        ("/etc/pinhole-secrets/parent", "login"),
        ("/run/credentials/pinhole.service/parent", "login"),
        ("/etc/pinhole-ca/ca.crt", "ca"),
        ("/etc/pinhole/ca.crt", "ca"),
        ("/etc/ssl/site.pem", "ca"),
    ];
    for (path, here) in files {
        text = text.replace(path, &place.join(here).display().to_string());
    }
    let parsed = config::parse(&text);
    prop_assert!(parsed.is_ok(), "{:#?}\n{}", parsed.err(), text);
    Ok(())
}

/// Every container's environment: texts on one line, and NO_PROXY as all clients read it.
fn variables(node: &Node, count: &mut usize) -> Result<(), TestCaseError> {
    match node {
        Node::List(nodes) => nodes.iter().try_for_each(|node| variables(node, count)),
        Node::Map(entries) => {
            for (key, value) in entries {
                if let ("env" | "extraEnvs", Node::List(list)) = (key.as_str(), value) {
                    list.iter().try_for_each(variable)?;
                    *count += list.len();
                }
                variables(value, count)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn variable(node: &Node) -> Result<(), TestCaseError> {
    let Node::Map(entries) = node else { panic!("{node:?}") };
    let get = |key: &str| entries.iter().find(|(known, _)| known == key).map(|(_, value)| value);
    let Some(Node::Text(name)) = get("name") else { panic!("{node:?}") };
    match (get("value"), get("valueFrom")) {
        (Some(Node::Text(value)), None) => {
            prop_assert!(!value.is_empty() && !value.contains('\n'), "{}", name);
            prop_assert!(!value.contains('@'), "{}: {}", name, value);
            if name.eq_ignore_ascii_case("no_proxy") {
                prop_assert!(!value.contains([' ', ':', '*']), "{}", value);
                let entries: Vec<&str> = value.split(',').collect();
                for checked in ["8.8.8.8", "1.1.1.1"] {
                    prop_assert!(!entries.contains(&checked), "{}", value);
                }
            }
        }
        (None, Some(Node::Map(_))) => {}
        _ => prop_assert!(false, "{:?}", node),
    }
    Ok(())
}

/// Commands are single lines; those that stand in cloud-init's YAML are one plain scalar there. No
/// init container goes with highly available controllers.
fn commands(node: &Node, place: &str, available: bool) -> Result<(), TestCaseError> {
    let Node::Map(entries) = node else { return Ok(()) };
    for (key, value) in entries {
        prop_assert!(!(available && key == "initContainers"));
        let under = format!("{place}.{key}");
        if let ("post_provision_runcmd", Node::List(list)) = (key.as_str(), value) {
            for command in list {
                let Node::Text(command) = command else { panic!("{command:?}") };
                prop_assert!(
                    !command.contains('\n') && command.ends_with("|| true"),
                    "{}",
                    command
                );
                if under.starts_with(".aws") {
                    let plain = yaml::parse(&format!("- {command}\n")).unwrap();
                    prop_assert_eq!(plain, Node::List(vec![Node::Text(command.clone())]));
                }
            }
        }
        commands(value, &under, available)?;
    }
    Ok(())
}

/// Manifests are YAML, document by document.
fn documents(files: &[File]) -> Result<(), TestCaseError> {
    for file in files.iter().filter(|file| file.path.starts_with("kubernetes/")) {
        for document in file.text.split("\n---\n") {
            let parsed = yaml::parse(document);
            prop_assert!(matches!(parsed, Ok(Node::Map(_))), "{}: {:?}", file.path, parsed);
        }
    }
    Ok(())
}
