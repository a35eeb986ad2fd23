//! What SkyPilot had a cluster create.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;

use crate::worker;
use crate::{Fault, ensure};

/// A cluster of a user's, the controller of managed jobs, and SkyServe's.
pub(crate) const CLUSTERS: [&str; 3] =
    ["mine", "sky-jobs-controller-0a1b2c3d", "sky-serve-controller-0a1b2c3d"];
/// The kubeconfig context that they are launched in.
pub(crate) const CONTEXT: &str = "site";
/// The image that is asked for.
pub(crate) const IMAGE: &str = "registry.test/sky:1";
/// What stands for a proxy's URL that is in a Secret.
pub(crate) const HIDDEN: &str = "http://pinhole:do-not-log@proxy.corp.example:8080";
/// SkyPilot's own container.
pub(crate) const RAY_NODE: &str = "ray-node";

/// A pod as it was sent, or a Deployment's template.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    /// Whether it is a Deployment's.
    pub(crate) kept: bool,
    pub(crate) metadata: Value,
    pub(crate) spec: Value,
}

/// The one pod of a cluster launched with this configuration.
pub(crate) fn pod(version: &str, config: &str, cluster: &str) -> Result<Pod, Fault> {
    pod_in(version, config, cluster, CONTEXT)
}

/// The same in another context.
pub(crate) fn pod_in(
    version: &str,
    config: &str,
    cluster: &str,
    context: &str,
) -> Result<Pod, Fault> {
    type Kept = BTreeMap<[String; 4], Pod>;
    static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let key = [version, config, cluster, context].map(str::to_owned);
    if let Some(pod) = kept().get(&key) {
        return Ok(pod.clone());
    }
    let pod = launch(version, config, cluster, context)?;
    kept().insert(key, pod.clone());
    Ok(pod)
}

fn launch(version: &str, config: &str, cluster: &str, context: &str) -> Result<Pod, Fault> {
    let answer = worker::launch(version, config, cluster, context)?
        .map_err(|why| format!("{version} does not launch {cluster}: {why}"))?;
    let mut pods = Vec::new();
    for one in answer["created"].as_array().into_iter().flatten() {
        let path = one[0].as_str().unwrap_or_default();
        let (kept, of) = match path.rsplit('/').next() {
            Some("pods") => (false, &one[1]),
            Some("deployments") => (true, &one[1]["spec"]["template"]),
            _ => continue,
        };
        let [metadata, spec] = ["metadata", "spec"].map(|key| of[key].clone());
        pods.push(Pod { kept, metadata, spec });
    }
    ensure!(pods.len() == 1, "{version} created {} pods for {cluster}", pods.len());
    Ok(pods.remove(0))
}

impl Pod {
    pub(crate) fn containers(&self) -> &[Value] {
        self.spec["containers"].as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn init_containers(&self) -> &[Value] {
        self.spec["initContainers"].as_array().map_or(&[], Vec::as_slice)
    }

    /// SkyPilot's own, which must be the first: much of SkyPilot takes it to be.
    pub(crate) fn ray_node(&self) -> Result<&Value, Fault> {
        let first = self.containers().first().ok_or("a pod without a container".to_owned())?;
        ensure!(first["name"] == RAY_NODE, "the first container is {}", first["name"]);
        Ok(first)
    }

    /// The variables of SkyPilot's container that have values, by name.
    pub(crate) fn variables(&self) -> Result<BTreeMap<String, String>, Fault> {
        variables(self.ray_node()?)
    }

    /// The script that the container runs.
    pub(crate) fn script(&self) -> Result<&str, Fault> {
        let script = self.ray_node()?["args"][0].as_str();
        Ok(script.ok_or("the container has no script".to_owned())?)
    }
}

/// A container's variables. Those that refer to a field, a resource or a Secret are left out.
pub(crate) fn variables(container: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    for one in container["env"].as_array().into_iter().flatten() {
        let name = one["name"].as_str().ok_or_else(|| format!("no name: {one}"))?;
        if !one["valueFrom"].is_null() {
            continue;
        }
        let value = &one["value"];
        // Whatever else is there, the Kubernetes API refuses.
        let text = value.as_str().ok_or_else(|| format!("{name} is no string: {value}"))?;
        ensure!(
            found.insert(name.to_owned(), text.to_owned()).is_none(),
            "{name} is there more than once"
        );
    }
    Ok(found)
}

/// A configuration as text, which is what SkyPilot reads.
pub(crate) fn text(config: &Value) -> String {
    // JSON is YAML.
    config.to_string()
}
