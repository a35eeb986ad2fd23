//! The proxy as a container of SkyPilot's pods.

use crate::tree::{List, Map};
use crate::{CaBundle, SecretKey, Site, environment, paths};

/// The container, as a SkyPilot pod has it.
pub(crate) fn container(site: &Site) -> Map {
    if site.native_sidecar() { native(site) } else { plain(site) }
}

/// An init container that goes on running.
pub(crate) fn native(site: &Site) -> Map {
    let map = named(site)
        .noted(
            "An init container that goes on running (Kubernetes 1.29 and later): it is ready before \
             the other containers start, and starts again when it crashes.",
            "restartPolicy",
            "Always",
        )
        .with("startupProbe", probe(site, "/readyz", 1, 60))
        .with("livenessProbe", probe(site, "/healthz", 10, 6));
    filled(site, map)
}

/// A container beside the others.
fn plain(site: &Site) -> Map {
    let map = named(site).noted(
        "For the eye: `kubectl get pods` shows it. A livenessProbe would end the container, and \
         restartPolicy Never would leave it at that.",
        "readinessProbe",
        probe(site, "/readyz", 10, 6),
    );
    filled(site, map)
}

fn named(site: &Site) -> Map {
    let admin = Map::new().with("name", "admin").with("containerPort", site.proxy.admin_port);
    Map::new()
        .with("name", &site.proxy.name)
        .with("image", &site.proxy.image)
        .with("imagePullPolicy", "IfNotPresent")
        .with("args", ["serve", "--config", paths::CONFIG])
        .with("ports", [admin.with("protocol", "TCP")])
}

fn probe(site: &Site, path: &str, period: u16, failures: u16) -> Map {
    Map::new()
        .with("httpGet", Map::new().with("path", path).with("port", site.proxy.admin_port))
        .with("periodSeconds", period)
        .with("timeoutSeconds", 3)
        .with("failureThreshold", failures)
}

fn filled(site: &Site, map: Map) -> Map {
    map.with("securityContext", confined())
        .with("resources", resources())
        .with("volumeMounts", mounts(site))
}

/// What a process needs that opens sockets and reads files, which is nothing.
pub(crate) fn confined() -> Map {
    Map::new()
        .with("allowPrivilegeEscalation", false)
        .with("readOnlyRootFilesystem", true)
        .with("runAsNonRoot", true)
        .with("runAsUser", 65532)
        .with("capabilities", Map::new().with("drop", ["ALL"]))
        .with("seccompProfile", Map::new().with("type", "RuntimeDefault"))
}

fn resources() -> Map {
    Map::new()
        .with("requests", Map::new().with("cpu", "50m").with("memory", "32Mi"))
        .with("limits", Map::new().with("memory", "256Mi"))
}

/// Where the container finds its files.
fn mounts(site: &Site) -> List {
    let mount = |name: &str, path: &str| {
        Map::new().with("name", name).with("mountPath", path).with("readOnly", true)
    };
    let mut list = List::new().with(mount("pinhole-config", folder(paths::CONFIG)));
    if parent_credentials(site).is_some() {
        list.put("", mount("pinhole-parent", folder(paths::PARENT_CREDENTIALS)));
    }
    if site.parent.is_some() && ca_volume(site).is_some() {
        list.put("", mount("pinhole-ca", folder(paths::CA_FILE)));
    }
    list
}

/// The volumes of a pod with the proxy in it, without that of the CA bundle.
pub(crate) fn volumes(site: &Site) -> List {
    let config = Map::new().with("name", &site.proxy.name);
    let mut list = List::new().noted(
        "The proxy's configuration: `kubernetes/` has this ConfigMap.",
        Map::new().with("name", "pinhole-config").with("configMap", config),
    );
    if let Some(SecretKey { secret, key }) = parent_credentials(site) {
        let item = Map::new().with("key", key).with("path", name(paths::PARENT_CREDENTIALS));
        let secret = Map::new().with("secretName", secret).with("items", [item]);
        list.put("", Map::new().with("name", "pinhole-parent").with("secret", secret));
    }
    list
}

/// The volume with the CA bundle, where it is not in the image.
pub(crate) fn ca_volume(site: &Site) -> Option<Map> {
    let file = name(paths::CA_FILE);
    let item = |key: &str| [Map::new().with("key", key).with("path", file)];
    let volume = Map::new().with("name", "pinhole-ca");
    match site.ca_bundle.as_ref()? {
        CaBundle::Path(_) => None,
        CaBundle::Secret(SecretKey { secret, key }) => {
            let source = Map::new().with("secretName", secret).with("items", item(key));
            Some(volume.with("secret", source))
        }
        CaBundle::ConfigMap { name, key } => {
            let source = Map::new().with("name", name).with("items", item(key));
            Some(volume.with("configMap", source))
        }
    }
}

/// Where a client's container has the CA bundle, where it is not in the image.
pub(crate) fn ca_mount(site: &Site) -> Option<Map> {
    ca_volume(site)?;
    let bundle = site.ca_bundle.as_ref()?;
    let at = folder(environment::ca_path(bundle));
    Some(Map::new().with("name", "pinhole-ca").with("mountPath", at).with("readOnly", true))
}

pub(crate) fn parent_credentials(site: &Site) -> Option<&SecretKey> {
    site.parent.as_ref()?.credentials.as_ref()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
