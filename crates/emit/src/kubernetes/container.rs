//! The proxy's container: what it may, what it needs, and how it is looked after.

use super::namespace::host_port;
use crate::skypilot::sidecar::{ca_volume, confined, parent_credentials};
use crate::tree::{List, Map};
use crate::{SecretKey, Shape, Site, paths};

/// The names of its ports.
pub(super) const PROXY: &str = "proxy";
pub(super) const ADMIN: &str = "admin";

/// While it says goodbye: Services take a while to forget a pod, and a proxy that is told to end
/// accepts nothing more.
pub(super) const FAREWELL: u16 = 5;
/// `timeouts.drain`, which the configuration leaves at its default.
pub(super) const DRAIN: u16 = 30;

pub(super) fn container(site: &Site) -> Map {
    let proxy = &site.proxy;
    let sleep = Map::new().with("sleep", Map::new().with("seconds", FAREWELL));
    Map::new()
        .with("name", "pinhole")
        .with("image", &proxy.image)
        .with("imagePullPolicy", "IfNotPresent")
        .with("args", ["serve", "--config", paths::CONFIG])
        .with("ports", ports(site))
        .noted(
            "The configuration is read before anything is served, so this is a matter of \
             milliseconds; a name server or a parent that is not there yet does not matter.",
            "startupProbe",
            probe("/readyz", 1, 30),
        )
        .noted(
            "503 while it drains: then no new connections come by the Service.",
            "readinessProbe",
            probe("/readyz", 5, 2),
        )
        .noted(
            "Says whether it can still answer at all: it is not ended for what is wrong outside.",
            "livenessProbe",
            probe("/healthz", 10, 6),
        )
        .noted(
            "A Service goes on leading here for a moment after the pod is told to end. Kubernetes \
             1.30 or later.",
            "lifecycle",
            Map::new().with("preStop", sleep),
        )
        .with("resources", resources(site))
        .with("securityContext", confined())
        .noted(
            "Why it did not start is then in `kubectl describe pod`.",
            "terminationMessagePolicy",
            "FallbackToLogsOnError",
        )
        .with("volumeMounts", mounts(site))
}

fn ports(site: &Site) -> List {
    let port = |name: &str, number: u16| {
        Map::new().with("name", name).with("containerPort", number).with("protocol", "TCP")
    };
    let mut clients = port(PROXY, site.proxy.port);
    if host_port(site) {
        clients.put(
            "By which the node's containerd pulls images (`pinhole emit node`), and nobody outside \
             of the node. Where the CNI has no hostPort (Cilium beside kube-proxy: \
             `cni.chainingMode=portmap`), nodes need another way to their images.",
            "hostPort",
            site.proxy.port,
        );
        clients.put("", "hostIP", "127.0.0.1");
    }
    List::new().with(clients).with(port(ADMIN, site.proxy.admin_port))
}

fn probe(path: &str, period: u16, failures: u16) -> Map {
    Map::new()
        .with("httpGet", Map::new().with("path", path).with("port", ADMIN))
        .with("periodSeconds", period)
        .with("timeoutSeconds", 3)
        .with("failureThreshold", failures)
}

fn resources(site: &Site) -> Map {
    let (cpu, why) = match site.proxy.shape {
        Shape::Deployment => (
            "250m",
            "Measured on loopback (bench/RESULTS.md), 100m carry about one GiB per second of bulk, \
             or 1,300 short tunnels per second. The autoscaler counts in parts of this request.",
        ),
        _ => (
            "100m",
            "Measured on loopback (bench/RESULTS.md), this carries about one GiB per second of \
             bulk, or 1,300 short tunnels per second.",
        ),
    };
    let requests = Map::new().noted(why, "cpu", cpu).noted(
        "5 MiB at rest and 3.2 KiB for each idle tunnel: 31 MiB with all 8192 that \
         limits.connections allows; and as much again for those that are busy.",
        "memory",
        "64Mi",
    );
    let limits = Map::new().noted(
        "Those 31 MiB, 32 MiB in pipes (128 of 256 KiB), 256 MiB if every client sends the longest \
         head that is read (32 KiB) at once; the rest is for the kernel's socket buffers, which \
         count as the container's. No limit of processor time: it would only add latency.",
        "memory",
        "512Mi",
    );
    Map::new().with("requests", requests).with("limits", limits)
}

fn mounts(site: &Site) -> List {
    let mount = |name: &str, path: &str| {
        Map::new().with("name", name).with("mountPath", folder(path)).with("readOnly", true)
    };
    let mut list = List::new().with(mount("pinhole-config", paths::CONFIG));
    if parent_credentials(site).is_some() {
        list.put("", mount("pinhole-parent", paths::PARENT_CREDENTIALS));
    }
    if ca(site).is_some() {
        list.put("", mount("pinhole-ca", paths::CA_FILE));
    }
    list
}

pub(super) fn volumes(site: &Site) -> List {
    let config = Map::new().with("name", &site.proxy.name);
    let mut list =
        List::new().with(Map::new().with("name", "pinhole-config").with("configMap", config));
    if let Some(SecretKey { secret, key }) = parent_credentials(site) {
        let item = Map::new().with("key", key).with("path", name(paths::PARENT_CREDENTIALS));
        let secret = Map::new()
            .with("secretName", secret)
            .noted("0440: for the group that fsGroup names.", "defaultMode", 0o440)
            .with("items", [item]);
        list.put("", Map::new().with("name", "pinhole-parent").with("secret", secret));
    }
    ca(site).into_iter().fold(list, List::with)
}

/// The CAs of the parents, where they are not in the image: nobody else is spoken to by TLS.
fn ca(site: &Site) -> Option<Map> {
    ca_volume(site).filter(|_| site.parent.is_some())
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
