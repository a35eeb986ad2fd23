//! The proxy's own configuration: what the site's features need, and nothing else.

mod allow;

use crate::tree::{List, Map};
use crate::{CaBundle, File, Parent, Shape, Site, no_proxy, paths};

const HEAD: &str = "pinhole's configuration for this site. What is not named here is at its default \
    (`config/default.yaml` in pinhole's source). Written by `pinhole emit proxy`: change site.yaml \
    and emit anew rather than this file, which `pinhole check` reads.";

/// The file, as a bastion has it.
pub(crate) fn file(site: &Site) -> File {
    File::new("proxy/pinhole.yaml", config(site))
}

/// The text, which a ConfigMap holds in a cluster.
pub(crate) fn config(site: &Site) -> String {
    let proxy = &site.proxy;
    let sidecar = proxy.shape == Shape::Sidecar;
    let any = if v6(site) { "[::]" } else { "0.0.0.0" };
    let mut map = Map::new();
    match sidecar {
        true => map.put(
            "The pod's own containers and nobody else.",
            "listen",
            format!("127.0.0.1:{}", proxy.port),
        ),
        false => map.put("", "listen", format!("{any}:{}", proxy.port)),
    }
    match proxy.shape {
        Shape::Bastion => map.put("", "admin", format!("127.0.0.1:{}", proxy.admin_port)),
        _ => map.put(
            "Where the kubelet's probes and Prometheus reach it.",
            "admin",
            format!("{any}:{}", proxy.admin_port),
        ),
    }
    own(site, &mut map);
    map.put("What each feature of the site needs.", "allow", allow::list(site));
    if !site.skypilot.telemetry {
        map.put(
            "SkyPilot's usage reports, whatever else may allow them.",
            "deny",
            List::new().with(Map::new().with("preset", "skypilot-telemetry")),
        );
    }
    parent(site, &mut map);
    map.put(
        "What clients were told to reach without the proxy: who asks for it all the same is counted \
         and named in the log. Among them is the kubernetes client of Python, 34 and 35.",
        "client_no_proxy",
        told(site),
    );
    if matches!(proxy.shape, Shape::Bastion | Shape::Sidecar) {
        let why = match sidecar {
            true => "All of them come from 127.0.0.1.",
            false => "All pods of a node may come from one address.",
        };
        let limits = Map::new().noted(why, "connections_per_client", 8192);
        map.put("", "limits", limits);
    }
    map.document(HEAD)
}

/// What clients were told, cluster by cluster.
fn told(site: &Site) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for value in site.clusters().map(|cluster| no_proxy::of_pods(site, cluster)) {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all
}

/// Whether the cluster has IPv6, so that clients and probes may use it.
fn v6(site: &Site) -> bool {
    let nets = site.cluster.pod_cidrs.iter().chain(&site.cluster.service_cidrs);
    site.proxy.shape != Shape::Bastion && nets.into_iter().any(|net| net.addr().is_ipv6())
}

/// The names and addresses of the proxy that no process can see.
fn own(site: &Site, map: &mut Map) {
    let mut own = List::new();
    match site.proxy.shape {
        Shape::Sidecar => {}
        Shape::Bastion => own.put("", site.proxy_host()),
        Shape::DaemonSet | Shape::Deployment => {
            own.put("", site.service_name());
            if let Some(ip) = site.proxy.service_ip {
                own.put("", ip.to_string());
            }
            if let Some(host) = &site.proxy.host {
                own.put("", crate::site::bracketed(host));
            }
        }
    }
    if !own.is_empty() {
        map.put("How clients call this proxy: never a target.", "self", own);
    }
}

fn parent(site: &Site, map: &mut Map) {
    let Some(Parent { urls, no_proxy, resolve, .. }) = &site.parent else {
        map.put(
            "Targets are reached directly, whatever this process's environment says.",
            "parent",
            "none",
        );
        return;
    };
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut parent = Map::new().with("urls", urls);
    if let Some(file) = credentials_file(site) {
        parent.put("One line, user:password.", "credentials_file", file);
    }
    if let Some(bundle) = &site.ca_bundle {
        let file = match (site.proxy.shape, bundle) {
            (_, CaBundle::Path(path)) => path.as_str(),
            (Shape::Bastion, _) => BASTION_CA_FILE,
            (_, CaBundle::Secret(_) | CaBundle::ConfigMap { .. }) => paths::CA_FILE,
        };
        parent.put("", "ca_file", file);
    }
    let mut direct: List = no_proxy.iter().map(String::as_str).collect();
    for cluster in site.clusters() {
        direct.put("The cluster itself is on this side.", format!(".{}", cluster.domain));
        let nets = cluster.service_cidrs.iter().chain(&cluster.pod_cidrs);
        nets.for_each(|net| direct.put("", net.to_string()));
        for (host, _) in &cluster.api_server.hosts {
            direct.put("", crate::site::bracketed(host));
        }
    }
    parent.put("", "no_proxy", direct);
    parent.put("", "resolve", resolve.label());
    map.put("The way out is another proxy.", "parent", parent);
}

/// Where the proxy finds its credentials for the parent.
fn credentials_file(site: &Site) -> Option<&'static str> {
    site.parent.as_ref()?.credentials.as_ref()?;
    Some(match site.proxy.shape {
        Shape::Bastion => paths::BASTION_PARENT_CREDENTIALS,
        _ => paths::PARENT_CREDENTIALS,
    })
}

/// Where a bastion has the CA bundle that is a Secret or a ConfigMap in the cluster.
const BASTION_CA_FILE: &str = "/etc/pinhole/ca.crt";
