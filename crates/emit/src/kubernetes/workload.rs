//! What runs the proxy, and the Service by which it is found.

use super::container::{DRAIN, FAREWELL, PROXY, container, volumes};
use super::namespace::host_port;
use super::{config, labels, object, own, selector};
use crate::tree::{List, Map};
use crate::{File, Shape, Site};

/// As in `skypilot::sidecar::confined`.
const USER: i32 = 65532;

const DEPLOYMENT: &str = "The proxy as a few pods behind a Service, by whose name SkyPilot's pods reach it. \
    Needs the ConfigMap of 10-config.yaml.\n\
    Who may use it, and that nobody goes around it, is enforced by 40-policy-proxy.yaml and \
    50-policy-skypilot.yaml, and by nothing in here.";
const DAEMON_SET: &str = "The proxy as a pod on each node, behind a Service that leads to the client's own \
    node: one name for all pods, no traffic between nodes, and a node without a proxy harms nobody \
    but itself. (The other way, the node's address by the downward API, needs the node's network or \
    a port on it, which no NetworkPolicy guards.) Needs the ConfigMap of 10-config.yaml.\n\
    Who may use it, and that nobody goes around it, is enforced by 40-policy-proxy.yaml and \
    50-policy-skypilot.yaml, and by nothing in here.";

pub(super) fn file(site: &Site) -> File {
    let (head, workload) = match site.proxy.shape {
        Shape::DaemonSet => (DAEMON_SET, daemon_set(site)),
        _ => (DEPLOYMENT, deployment(site)),
    };
    let why = "For clients alone: the admin port is in no Service.";
    super::file("20-proxy.yaml", head, vec![("", workload), (why, service(site))])
}

fn deployment(site: &Site) -> Map {
    let rolling = Map::new()
        .noted("A new one is ready before an old one ends.", "maxUnavailable", 0)
        .with("maxSurge", 1);
    let spec = Map::new()
        .noted(
            "The autoscaler of 30-availability.yaml counts from here. An apply sets it back to \
             this: what applies again and again (Argo CD, Flux) must be told to leave it alone.",
            "replicas",
            site.proxy.replicas,
        )
        .with("selector", selector(labels(site)))
        .with("strategy", Map::new().with("type", "RollingUpdate").with("rollingUpdate", rolling))
        .with("template", template(site));
    object("apps/v1", "Deployment", own(site)).with("spec", spec)
}

fn daemon_set(site: &Site) -> Map {
    let mut rolling = Map::new();
    if host_port(site) {
        let why = "A node has the port once, so that a node's old proxy ends before its new one \
                   starts: for some seconds, and as long as its tunnels take to end, its pods have \
                   none. Clients try again.";
        rolling.put(why, "maxUnavailable", 1);
    } else {
        rolling.put("A node's new proxy is ready before its old one ends.", "maxUnavailable", 0);
        rolling.put("", "maxSurge", 1);
    }
    let spec = Map::new()
        .with("selector", selector(labels(site)))
        .with(
            "updateStrategy",
            Map::new().with("type", "RollingUpdate").with("rollingUpdate", rolling),
        )
        .with("template", template(site));
    object("apps/v1", "DaemonSet", own(site)).with("spec", spec)
}

fn template(site: &Site) -> Map {
    let annotations = Map::new()
        .noted(
            "Another text in the ConfigMap is another one here, so that the pods are replaced.",
            "checksum/config",
            config::checksum(site),
        )
        .noted(
            "For a Prometheus that looks at annotations; prometheus-operator/ is for the others.",
            "prometheus.io/scrape",
            "true",
        )
        .with("prometheus.io/port", site.proxy.admin_port.to_string())
        .with("prometheus.io/path", "/metrics");
    let metadata = Map::new().with("labels", labels(site)).with("annotations", annotations);
    Map::new().with("metadata", metadata).with("spec", pod(site))
}

fn pod(site: &Site) -> Map {
    let proxy = &site.proxy;
    let secret = proxy.image_pull_secret.iter().map(|name| Map::new().with("name", name));
    let secrets: List = secret.collect();
    let mut nodes = Map::new();
    for (key, value) in &proxy.node_selector {
        nodes.put("", key, value);
    }
    let mut spec = Map::new()
        .with("serviceAccountName", &proxy.name)
        .with("automountServiceAccountToken", false)
        .with("enableServiceLinks", false)
        .with(
            "securityContext",
            Map::new()
                .with("runAsNonRoot", true)
                .with("runAsUser", USER)
                .with("runAsGroup", USER)
                .with("fsGroup", USER)
                .with("seccompProfile", Map::new().with("type", "RuntimeDefault")),
        )
        .noted(
            &format!(
                "{FAREWELL} s in which Services forget the pod, then as long as tunnels may take \
                 to end (timeouts.drain, {DRAIN} s), and something for the end itself."
            ),
            "terminationGracePeriodSeconds",
            FAREWELL + DRAIN + 10,
        );
    if !secrets.is_empty() {
        spec.put("", "imagePullSecrets", secrets);
    }
    if !nodes.is_empty() {
        spec.put("", "nodeSelector", nodes);
    }
    match proxy.shape {
        Shape::DaemonSet => spec.put(
            "Wherever SkyPilot's pods may be there must be a proxy, nodes with GPUs included: \
             without one, the pods of a node have no way out.",
            "tolerations",
            [Map::new().with("operator", "Exists")],
        ),
        _ => spec.put(
            "Apart from each other where that can be had: a proxy in the wrong place is better than \
             none.",
            "topologySpreadConstraints",
            ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map(|key| spread(site, key)),
        ),
    }
    spec.with("containers", [container(site)]).with("volumes", volumes(site))
}

fn spread(site: &Site, key: &str) -> Map {
    Map::new()
        .with("maxSkew", 1)
        .with("topologyKey", key)
        .with("whenUnsatisfiable", "ScheduleAnyway")
        .with("labelSelector", selector(labels(site)))
        .with("matchLabelKeys", ["pod-template-hash"])
}

fn service(site: &Site) -> Map {
    let proxy = &site.proxy;
    let port = Map::new()
        .with("name", PROXY)
        .with("port", proxy.port)
        .with("targetPort", PROXY)
        .with("protocol", "TCP");
    let mut spec = Map::new().with("type", "ClusterIP");
    if let Some(ip) = proxy.service_ip {
        spec.put("Fixed: nodes look up no names of the cluster.", "clusterIP", ip.to_string());
    }
    if site.cluster.service_cidrs.iter().any(|net| net.addr().is_ipv6()) {
        spec.put(
            "An address of each family that the cluster has.",
            "ipFamilyPolicy",
            "PreferDualStack",
        );
    }
    if proxy.shape == Shape::DaemonSet {
        spec.put(
            "To the proxy on the client's own node, or nowhere.",
            "internalTrafficPolicy",
            "Local",
        );
    }
    let spec = spec.with("selector", labels(site)).with("ports", [port]);
    object("v1", "Service", own(site)).with("spec", spec)
}
