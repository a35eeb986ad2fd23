//! The allowlist, derived from the site's features.

use std::net::IpAddr;

use ipnet::IpNet;
use policy::Host;

use crate::tree::{List, Map};
use crate::{Allow, Allowed, Cluster, Logs, ServeMode, Shape, Site, SkyPilot, Storage};

/// As long as a session that only waits may be silent.
const SESSION: &str = "12h";

pub(super) fn list(site: &Site) -> List {
    let mut all = Entries::default();
    skypilot(&site.skypilot, &mut all);
    clouds(&site.skypilot, &mut all);
    storage(&site.skypilot, &mut all);
    if site.proxy.pulls_images {
        images(site, &mut all);
    }
    for cluster in site.clusters() {
        api_server(site, cluster, &mut all);
    }
    replicas(site, &mut all);
    for (i, entry) in site.allow.iter().enumerate() {
        all.add(if i == 0 { "From site.yaml." } else { "" }, own(entry));
    }
    all.0
}

/// Entries, none of them twice.
#[derive(Default)]
struct Entries(List);

impl Entries {
    fn add(&mut self, why: &str, entry: Map) {
        if !self.0.holds(&entry) {
            self.0.put(why, entry);
        }
    }

    fn preset(&mut self, why: &str, name: &str, parameters: &[(&str, &str)]) {
        let map = Map::new().with("preset", name);
        let filled = parameters.iter().fold(map, |map, (key, value)| map.with(key, *value));
        self.add(why, filled);
    }
}

fn skypilot(sky: &SkyPilot, all: &mut Entries) {
    all.preset("What every pod needs: its packages, its catalogs.", "skypilot-core", &[]);
    if sky.custom_image {
        all.preset("skypilot.custom_image: uv, and packages by apt.", "skypilot-image", &[]);
        all.preset("", "uv", &[]);
    }
    if sky.serve.is_some() || sky.managed_jobs {
        all.preset("What controllers install.", "skypilot-controllers", &[]);
    }
    if sky.serve.is_some() {
        all.preset(
            "skypilot.serve: the check behind `sky serve status`. Both addresses answer DNS over \
             HTTPS, by which data can leave.",
            "skypilot-network-check",
            &[],
        );
    }
    if sky.docker {
        all.preset("skypilot.docker.", "docker-engine", &[]);
        all.preset("", "docker-hub", &[]);
    }
    if sky.conda {
        all.preset("skypilot.conda.", "conda", &[]);
    }
    if sky.logs.is_some() {
        all.preset("skypilot.logs.", "fluent-bit", &[]);
    }
    match &sky.logs {
        Some(Logs::Aws { region }) => all.preset("", "aws-logs", &[("region", region)]),
        Some(Logs::Gcp) => all.preset("", "gcp-logs", &[]),
        None => {}
    }
    if sky.telemetry {
        all.preset("skypilot.telemetry.", "skypilot-telemetry", &[]);
    }
}

fn clouds(sky: &SkyPilot, all: &mut Entries) {
    for cloud in &sky.clouds {
        let (kind, why) = (cloud.kind, format!("skypilot.clouds: {}.", cloud.kind.label()));
        match kind.needs_region() {
            false => all.preset(&why, kind.preset(), &[]),
            true => {
                for (i, region) in cloud.regions.iter().enumerate() {
                    let why = if i == 0 { why.as_str() } else { "" };
                    all.preset(why, kind.preset(), &[("region", region)]);
                }
            }
        }
    }
    let Some(ssm) = &sky.ssm else { return };
    all.preset("skypilot.ssm: the instances.", "aws", &[("region", &ssm.region)]);
    all.add(
        "skypilot.ssm: sessions are WebSockets that may be silent for hours.",
        Map::new().with("preset", "aws-ssm").with("region", &ssm.region).with("idle", SESSION),
    );
}

fn storage(sky: &SkyPilot, all: &mut Entries) {
    if !sky.storage.is_empty() {
        all.preset("skypilot.storage: the tools, then each bucket.", "skypilot-storage", &[]);
    }
    for storage in &sky.storage {
        match storage {
            Storage::S3 { bucket, region } => {
                all.preset("", "aws-s3", &[("bucket", bucket), ("region", region)]);
            }
            Storage::Gcs { bucket } => all.preset("", "gcp-storage", &[("bucket", bucket)]),
            Storage::Azure { account } => all.preset("", "azure-blob", &[("account", account)]),
            Storage::R2 { account } => all.preset("", "cloudflare-r2", &[("account", account)]),
            Storage::Oci { namespace, region } => {
                all.preset("", "oci-storage", &[("namespace", namespace), ("region", region)]);
            }
            Storage::CoreWeave { bucket } => {
                all.preset("", "coreweave-storage", &[("bucket", bucket)]);
            }
            Storage::HuggingFace => all.preset("", "hugging-face", &[]),
        }
    }
}

/// What nodes pull by the proxy: see `crate::node`.
fn images(site: &Site, all: &mut Entries) {
    all.preset(
        "proxy.pulls_images: SkyPilot's own images.",
        "google-registry",
        &[("region", "us")],
    );
    all.preset("Its API server, fusermount-server, busybox.", "docker-hub", &[]);
    if site.skypilot.serve.as_ref().is_some_and(|serve| serve.mode == ServeMode::Ingress) {
        all.preset("ingress-nginx.", "kubernetes-registry", &[]);
    }
}

/// In-cluster clients that ignore NO_PROXY ask for the API server here. TLS goes end to end.
fn api_server(site: &Site, cluster: &Cluster, all: &mut Entries) {
    let api = &cluster.api_server;
    let mut why = "F1: the API server, exactly, for clients that ignore NO_PROXY. TLS goes end to \
                   end; watches may be silent for hours.";
    let mut net = |all: &mut Entries, net: IpNet, port: u16| {
        let entry = Map::new().with("network", net.to_string()).with("ports", port);
        all.add(std::mem::take(&mut why), entry.with("idle", SESSION));
    };
    for ip in &api.cluster_ips {
        net(all, IpNet::from(*ip), 443);
    }
    if api.cluster_ips.first().is_some_and(IpAddr::is_ipv6) {
        all.add("", Map::new().with("host", site.api_name()).with("ports", 443));
    }
    for (host, port) in &api.hosts {
        match host {
            Host::Ip(ip) => net(all, IpNet::from(*ip), *port),
            Host::Name(name) => all.add(
                "",
                Map::new()
                    .with("host", name.to_string())
                    .with("ports", *port)
                    .with("idle", SESSION),
            ),
        }
    }
    let named: Vec<u16> = api
        .hosts
        .iter()
        .filter(|(host, _)| matches!(host, Host::Name(_)))
        .map(|(_, port)| *port)
        .collect();
    for endpoint in &api.endpoints {
        // A name may lead there, on the port that the name was asked for.
        if named.contains(&endpoint.port()) {
            net(all, IpNet::from(endpoint.ip()), endpoint.port());
        }
    }
}

fn replicas(site: &Site, all: &mut Entries) {
    let Some(serve) = &site.skypilot.serve else { return };
    let Some(ports) = &serve.through_proxy else { return };
    let blocks = match serve.mode {
        ServeMode::PodIp => &site.cluster.pod_cidrs,
        ServeMode::InternalLoadBalancer if site.cluster.load_balancer_cidrs.is_empty() => {
            &site.cluster.node_cidrs
        }
        ServeMode::InternalLoadBalancer | ServeMode::Ingress => &site.cluster.load_balancer_cidrs,
    };
    // A bastion outside of the cluster would need a route; whether it has one is not known here.
    let why = match site.proxy.shape {
        Shape::Bastion => "F4: SkyServe's replicas, to which this host must have a route.",
        _ => "F4: SkyServe's replicas, which its load balancer asks for by the proxy.",
    };
    for (i, net) in blocks.iter().enumerate() {
        let entry = Map::new().with("network", net.to_string()).with("ports", pieces(ports));
        all.add(if i == 0 { why } else { "" }, entry);
    }
}

fn own(entry: &Allow) -> Map {
    let map = match &entry.what {
        Allowed::Preset { name, parameters } => {
            let map = Map::new().with("preset", name);
            parameters.iter().fold(map, |map, (key, value)| map.with(key, value))
        }
        Allowed::Host(pattern) => Map::new().with("host", pattern),
        Allowed::Network(net) => Map::new().with("network", net.to_string()),
    };
    map.maybe("ports", entry.ports.as_ref().map(pieces))
}

/// Ports and ranges, each as a text.
fn pieces(ports: &policy::PortSet) -> Vec<String> {
    ports.to_string().split(", ").map(str::to_owned).collect()
}
