//! `kubernetes.pod_config`: what every pod of SkyPilot gets.

use super::sidecar;
use crate::judge::DOCKER_IN_PODS;
use crate::tree::{List, Map};
use crate::{Cluster, Shape, Site, environment, no_proxy};

/// The part of a pod that a cluster's networks decide.
pub(super) fn config(site: &Site, cluster: &Cluster) -> Map {
    let variables = environment::of_pods(site, cluster);
    let mut node = Map::new()
        .noted(
            "SkyPilot's own container, by its name: a container without one would merge into the \
             first, whichever that is.",
            "name",
            "ray-node",
        )
        .with("env", environment::list(&variables));
    if let Some(mount) = sidecar::ca_mount(site) {
        node.put("", "volumeMounts", [mount]);
    }
    let mut containers = List::new().with(node);
    if docker(site) {
        let mut told = environment::of_proxy(site, &no_proxy::of_pods(site, cluster));
        // Said above.
        told.iter_mut().for_each(|variable| variable.why = "");
        let dind = Map::new().with("name", "dind").with("env", environment::list(&told));
        containers.put(
            "Docker's daemon pulls images itself. This container is there because of \
             enable_docker: a task that turns that off must take this out as well.",
            dind,
        );
    }
    let mut spec = Map::new();
    let mut volumes = List::new();
    if site.proxy.shape == Shape::Sidecar {
        if site.native_sidecar() {
            spec.put("", "initContainers", [sidecar::container(site)]);
        } else {
            containers.put(
                "Beside the others, and no init container: with one, highly available controllers \
                 lose their own (F6).",
                sidecar::container(site),
            );
        }
        volumes = sidecar::volumes(site);
        if let Some(secret) = &site.proxy.image_pull_secret {
            spec.put("", "imagePullSecrets", [Map::new().with("name", secret)]);
        }
    }
    volumes = sidecar::ca_volume(site).into_iter().fold(volumes, List::with);
    spec.put("", "containers", containers);
    if !volumes.is_empty() {
        spec.put("", "volumes", volumes);
    }
    Map::new().with("spec", spec)
}

/// Whether SkyPilot puts Docker's daemon into pods.
pub(super) fn docker(site: &Site) -> bool {
    site.skypilot.docker && site.skypilot.version >= DOCKER_IN_PODS
}
