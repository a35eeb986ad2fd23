//! How many proxies there are, and how many at least.

use super::{labels, object, own, selector};
use crate::tree::Map;
use crate::{File, Site};

const HEAD: &str = "That a few proxies stay while nodes are drained, and that there are more when they are \
    busy. Enforced by the eviction API and by the autoscaler; neither helps against a node that \
    fails.";
const SCALER: &str = "More proxies when they are busy. Needs the resource metrics API (metrics-server); without \
    it the number stays what it is.";

/// How many times as many there may be.
const GROWTH: u16 = 4;

pub(super) fn file(site: &Site) -> File {
    super::file("30-availability.yaml", HEAD, vec![("", budget(site)), (SCALER, scaler(site))])
}

fn budget(site: &Site) -> Map {
    let spec = Map::new()
        .noted(
            "One at a time. (`minAvailable` would keep a node from being drained for ever where \
             there is one replica.)",
            "maxUnavailable",
            1,
        )
        .noted(
            "What is not ready keeps no node from being drained.",
            "unhealthyPodEvictionPolicy",
            "AlwaysAllow",
        )
        .with("selector", selector(labels(site)));
    object("policy/v1", "PodDisruptionBudget", own(site)).with("spec", spec)
}

fn scaler(site: &Site) -> Map {
    let proxy = &site.proxy;
    let target = Map::new()
        .with("apiVersion", "apps/v1")
        .with("kind", "Deployment")
        .with("name", &proxy.name);
    let cpu = Map::new()
        .with("name", "cpu")
        .with("target", Map::new().with("type", "Utilization").with("averageUtilization", 80));
    let one = Map::new().with("type", "Pods").with("value", 1).with("periodSeconds", 300);
    let down = Map::new()
        .noted(
            "Each proxy that goes takes its open tunnels with it, so that downloads are cut: only \
             after half an hour of quiet, and one in five minutes.",
            "stabilizationWindowSeconds",
            1800,
        )
        .with("policies", [one]);
    let spec = Map::new()
        .with("scaleTargetRef", target)
        .with("minReplicas", proxy.replicas)
        .with("maxReplicas", proxy.replicas.saturating_mul(GROWTH))
        .with("metrics", [Map::new().with("type", "Resource").with("resource", cpu)])
        .with("behavior", Map::new().with("scaleDown", down));
    object("autoscaling/v2", "HorizontalPodAutoscaler", own(site)).with("spec", spec)
}
