//! Values of the Helm chart of SkyPilot's API server (F9): its pod gets none of pod_config.

use crate::skypilot::sidecar;
use crate::tree::{List, Map};
use crate::{File, Shape, Site, environment};

const HEAD: &str = "Values for the Helm chart of SkyPilot's API server, beside those that you have: \
    `helm upgrade --install … -f` takes several files. Written by `pinhole emit helm-values`.\n\
    \n\
    With the chart's default (consolidation mode) managed jobs' controllers run in this pod.";

/// The file.
pub(crate) fn file(site: &Site) -> File {
    File::new("helm/values.yaml", values(site).document(HEAD))
}

fn values(site: &Site) -> Map {
    let env = environment::list(&environment::of_api_server(site));
    let mut map = Map::new().noted(
        "Into the API server's container and the init containers beside it. Not into \
         apiService.extraEnvs as well: both lists end up in the same container.",
        "global",
        Map::new().with("extraEnvs", env),
    );
    let sidecar = site.proxy.shape == Shape::Sidecar;
    let (mut volumes, mut mounts) = (List::new(), List::new());
    if sidecar {
        volumes = sidecar::volumes(site);
    }
    if let (Some(volume), Some(mount)) = (sidecar::ca_volume(site), sidecar::ca_mount(site)) {
        volumes.put("The CA bundle, which must be in this namespace as well.", volume);
        mounts.put("", mount);
    }
    let mut service = Map::new();
    if !volumes.is_empty() {
        service.put("", "extraVolumes", volumes);
    }
    if !mounts.is_empty() {
        service.put("", "extraVolumeMounts", mounts);
    }
    if !service.is_empty() {
        map.put("", "apiService", service);
    }
    if sidecar {
        map.put(
            "The proxy of this pod, which is no pod of SkyPilot's. The chart has init containers \
             only, so it is a native sidecar (Kubernetes 1.29 and later).",
            "extraInitContainers",
            [sidecar::native(site)],
        );
    }
    map
}
