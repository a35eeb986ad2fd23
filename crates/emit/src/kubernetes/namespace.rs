//! The proxy's namespace, and who its pods are to the API server.

use super::{SYSTEM, object, own};
use crate::tree::Map;
use crate::{File, Site};

const HEAD: &str = "The proxy's namespace, and an identity that may do nothing.\n\
    Enforced by the API server: Pod Security admission judges each pod as it is created.";
const SHARED: &str = "The proxy's identity, which may do nothing. The namespace is there already and not \
    the proxy's alone, so its Pod Security stays as it is.";
const WITHIN: &str = "\nATTENTION: SkyPilot's own service account may change whatever is in this \
    namespace, the proxy and its allowlist included. Give the proxy a namespace of its own \
    (proxy.namespace in site.yaml).";

pub(super) fn file(site: &Site) -> File {
    let account = ("Nobody: the proxy asks the API server for nothing.", account(site));
    let own = site.proxy.namespace.as_str();
    let within = [site.skypilot.namespace.as_str(), SYSTEM].contains(&own);
    let shared = [site.skypilot.api_server_namespace.as_str(), "default", "kube-system"];
    let (head, mut objects) = match within {
        true => (format!("{SHARED}{WITHIN}"), Vec::new()),
        false if shared.contains(&own) => (SHARED.to_owned(), Vec::new()),
        false => (HEAD.to_owned(), vec![("", namespace(site))]),
    };
    objects.push(account);
    super::file("00-namespace.yaml", &head, objects)
}

fn namespace(site: &Site) -> Map {
    let label = |what: &str| format!("pod-security.kubernetes.io/{what}");
    let mut labels = super::labels(site);
    match host_port(site) {
        false => {
            let why = "As strict as there is: the proxy needs no privilege at all.";
            labels.put(why, &label("enforce"), "restricted");
            labels.put("", &label("warn"), "restricted");
        }
        true => labels.put(
            "The proxy needs no privilege at all, but its port on the node's loopback address \
             (hostPort, by which containerd pulls images) is one that both `restricted` and \
             `baseline` forbid. Without `pulls_images` this is `restricted`.",
            &label("enforce"),
            "privileged",
        ),
    }
    object("v1", "Namespace", Map::new().with("name", &site.proxy.namespace).with("labels", labels))
}

/// Whether nodes reach the proxy of their own at 127.0.0.1.
pub(super) fn host_port(site: &Site) -> bool {
    site.proxy.pulls_images && site.proxy.shape == crate::Shape::DaemonSet
}

fn account(site: &Site) -> Map {
    object("v1", "ServiceAccount", own(site)).with("automountServiceAccountToken", false)
}
