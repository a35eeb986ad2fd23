//! The manifests of the proxy in its cluster, and of what keeps others from going around it.

mod availability;
mod cilium;
mod config;
mod container;
mod guard;
mod monitoring;
mod namespace;
mod policy;
#[cfg(test)]
mod reread;
mod workload;

use crate::tree::{Map, documents};
use crate::{File, Shape, Site};

/// The manifests, one file for each concern, numbered in the order in which they are to be applied.
/// What needs a kind that not every cluster has is in a folder of its own, into which
/// `kubectl apply -f kubernetes/` does not descend.
pub(crate) fn files(site: &Site) -> Vec<File> {
    let mut files = Vec::new();
    match site.proxy.shape {
        Shape::Deployment | Shape::DaemonSet => {
            files.push(namespace::file(site));
            files.push(config::file(site));
            files.push(workload::file(site));
            if site.proxy.shape == Shape::Deployment {
                files.push(availability::file(site));
            }
            files.push(policy::proxy::file(site));
        }
        Shape::Sidecar => files.push(config::file(site)),
        Shape::Bastion => {}
    }
    files.push(policy::skypilot::file(site));
    files.extend(policy::skypilot::system(site));
    files.push(guard::file(site));
    files.push(cilium::file(site));
    if in_pods_of_its_own(site) {
        files.push(monitoring::file(site));
    }
    files
}

/// Whether the proxy runs in this cluster, and not within SkyPilot's pods.
fn in_pods_of_its_own(site: &Site) -> bool {
    matches!(site.proxy.shape, Shape::Deployment | Shape::DaemonSet)
}

/// One file of several objects, each below its comment; the first one's follows the file's own.
fn file(path: &str, head: &str, objects: Vec<(impl Into<String>, Map)>) -> File {
    let one = |(i, (comment, map)): (usize, (_, Map))| {
        let comment: String = Into::into(comment);
        match i {
            0 if comment.is_empty() => (head.to_owned(), map),
            0 => (format!("{head}\n\n{comment}"), map),
            _ => (comment, map),
        }
    };
    let objects: Vec<(String, Map)> = objects.into_iter().enumerate().map(one).collect();
    File::new(&format!("kubernetes/{path}"), documents(&objects))
}

fn object(version: &str, kind: &str, metadata: Map) -> Map {
    Map::new().with("apiVersion", version).with("kind", kind).with("metadata", metadata)
}

/// The metadata of what belongs to this proxy.
fn metadata(site: &Site, name: &str, namespace: &str) -> Map {
    Map::new().with("name", name).with("namespace", namespace).with("labels", labels(site))
}

/// The proxy's own, in its namespace.
fn own(site: &Site) -> Map {
    metadata(site, &site.proxy.name, &site.proxy.namespace)
}

/// What its pods have, and what everything that is about them selects by.
fn labels(site: &Site) -> Map {
    Map::new()
        .with("app.kubernetes.io/name", "pinhole")
        .with("app.kubernetes.io/instance", &site.proxy.name)
}

fn selector(labels: Map) -> Map {
    Map::new().with("matchLabels", labels)
}

/// A namespace by the label that the API server gives every one.
fn named(namespace: &str) -> Map {
    selector(Map::new().with(NAMESPACE, namespace))
}

const NAMESPACE: &str = "kubernetes.io/metadata.name";

/// What SkyPilot sets on each of its pods.
fn of_skypilot() -> Map {
    Map::new().with("parent", "skypilot")
}

/// Where SkyPilot keeps what serves several of its pods (sky/clouds/kubernetes.py).
const SYSTEM: &str = "skypilot-system";

/// A namespace whose pods use the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clients<'s> {
    namespace: &'s str,
    /// SkyPilot launches its pods there.
    pods: bool,
    /// Its API server runs there.
    server: bool,
}

impl<'s> Clients<'s> {
    fn of(site: &'s Site) -> Vec<Self> {
        let (pods, server) = (&site.skypilot.namespace, &site.skypilot.api_server_namespace);
        if pods == server {
            return vec![Self { namespace: pods, pods: true, server: true }];
        }
        vec![
            Self { namespace: pods, pods: true, server: false },
            Self { namespace: server, pods: false, server: true },
        ]
    }

    /// Whether it is everybody's: then nothing is said of pods that are not SkyPilot's.
    fn shared(self) -> bool {
        !self.server && self.namespace == "default"
    }

    /// The pods that are clients: with the API server, which has no label of SkyPilot's, all.
    fn pod_selector(self) -> Map {
        if self.server { Map::new() } else { selector(of_skypilot()) }
    }
}

#[cfg(test)]
#[path = "kubernetes_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "kubernetes_properties.rs"]
mod properties;
