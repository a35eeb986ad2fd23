//! What tells Prometheus' operator of the proxy.

use super::container::ADMIN;
use super::{labels, object, own, selector};
use crate::tree::Map;
use crate::{File, Site};

/// The file.
pub(super) fn file(site: &Site) -> File {
    let head = format!(
        "For the Prometheus operator, and only where there is one: elsewhere its kind is not known, \
         so it is in a folder of its own, into which `kubectl apply -f kubernetes/` does not descend. \
         Many a Prometheus takes only PodMonitors with a label of its own choice (`kubectl get \
         prometheus -A -o yaml` shows podMonitorSelector): add it.\n\
         That it may read at all is 40-policy-proxy.yaml's affair, for the namespace \
         `{monitoring}` (proxy.monitoring_namespace in site.yaml).",
        monitoring = site.proxy.monitoring_namespace
    );
    let endpoint = Map::new().with("port", ADMIN).with("path", "/metrics");
    let spec =
        Map::new().with("selector", selector(labels(site))).with("podMetricsEndpoints", [endpoint]);
    let monitor = object("monitoring.coreos.com/v1", "PodMonitor", own(site)).with("spec", spec);
    super::file("prometheus-operator/pod-monitor.yaml", &head, vec![("", monitor)])
}
