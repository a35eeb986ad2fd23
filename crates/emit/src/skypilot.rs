//! SkyPilot's own configuration, `~/.sky/config.yaml`.

mod aws;
mod commands;
mod pod;
pub(crate) mod sidecar;

use std::collections::BTreeSet;

use crate::tree::{List, Map};
use crate::{File, ServeMode, Site, Storage};

const HEAD: &str = "SkyPilot's configuration: ~/.sky/config.yaml, or the dashboard's page /config.\n\
    Written by `pinhole emit skypilot`. Change site.yaml and emit anew rather than this file.";

/// The file.
pub(crate) fn file(site: &Site) -> File {
    File::new("skypilot/config.yaml", config(site).document(HEAD))
}

fn config(site: &Site) -> Map {
    let mut map = Map::new().noted(
        "No others are asked whether there are credentials for them: each question would be one \
         denial.",
        "allowed_clouds",
        allowed_clouds(site),
    );
    map.put("", "kubernetes", kubernetes(site));
    if let Some(ssm) = &site.skypilot.ssm {
        map.put("", "aws", aws::config(site, ssm));
    }
    let sky = &site.skypilot;
    if sky.serve.is_some() {
        map.put("SkyServe's controller, inside.", "serve", controller(site));
    }
    if sky.managed_jobs {
        map.put("The managed jobs' controller, inside.", "jobs", controller(site));
    }
    map
}

/// Of controllers, which are one pod each.
fn controller(site: &Site) -> Map {
    let resources = Map::new().noted("The current form of `cloud`.", "infra", "kubernetes");
    let mut map = Map::new().with("resources", resources);
    if site.skypilot.high_availability {
        map.put(
            "Its home is on a volume, and it starts again with its pod.",
            "high_availability",
            true,
        );
    }
    Map::new().with("controller", map)
}

fn allowed_clouds(site: &Site) -> Vec<&'static str> {
    let sky = &site.skypilot;
    let mut all = vec!["kubernetes"];
    let mut more = BTreeSet::new();
    more.extend(sky.clouds.iter().map(|cloud| cloud.kind.label()));
    more.extend(sky.ssm.iter().map(|_| "aws"));
    more.extend(sky.storage.iter().filter_map(|storage| match storage {
        Storage::S3 { .. } => Some("aws"),
        Storage::Gcs { .. } => Some("gcp"),
        Storage::Azure { .. } => Some("azure"),
        Storage::R2 { .. } => Some("cloudflare"),
        Storage::Oci { .. } => Some("oci"),
        Storage::CoreWeave { .. } => Some("coreweave"),
        Storage::HuggingFace => None,
    }));
    all.extend(more);
    all
}

fn kubernetes(site: &Site) -> Map {
    let contexts = &site.skypilot.contexts;
    let mut map = Map::new();
    if !contexts.is_empty() {
        let names: List = contexts.iter().map(|context| context.name.as_str()).collect();
        map.put("", "allowed_contexts", names);
    }
    serve(site, &mut map);
    if pod::docker(site) {
        map.put("Docker in pods.", "enable_docker", true);
    }
    if contexts.is_empty() {
        map.put("", "pod_config", pod::config(site, &site.cluster));
        map.put("", "post_provision_runcmd", commands::of_pods(site));
        return map;
    }
    let mut each = Map::new();
    for context in contexts.iter().filter(|context| context.proxied) {
        let cluster = context.cluster.as_ref().unwrap_or(&site.cluster);
        let own = Map::new()
            .with("pod_config", pod::config(site, cluster))
            .with("post_provision_runcmd", commands::of_pods(site));
        each.put("", &context.name, own);
    }
    map.put("Pods of the other contexts use no proxy.", "context_configs", each);
    map
}

/// How SkyServe's endpoints are exposed.
fn serve(site: &Site, map: &mut Map) {
    match site.skypilot.serve.as_ref().map(|serve| serve.mode) {
        None => {}
        Some(ServeMode::PodIp) => {
            map.put("Endpoints are pods' addresses: no load balancer.", "ports", "podip");
        }
        Some(ServeMode::Ingress) => {
            map.put(
                "Endpoints are paths of one host, which NO_PROXY has. The controller's Service must \
                 be internal: that is ingress-nginx's own configuration.",
                "ports",
                "ingress",
            );
        }
        Some(ServeMode::InternalLoadBalancer) => {
            map.put("", "ports", "loadbalancer");
            let provider = site.cluster.provider;
            if let Some((key, value)) = provider.and_then(|one| one.internal_load_balancer()) {
                let annotations = Map::new().with("annotations", Map::new().with(key, value));
                map.put("Load balancers without public addresses.", "custom_metadata", annotations);
            }
        }
    }
}
