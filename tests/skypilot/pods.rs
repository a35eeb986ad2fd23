//! What SkyPilot launches with what is emitted for a site: its own pod, and just what the site
//! wants besides.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::launched::{CLUSTERS, HIDDEN, IMAGE, Pod, RAY_NODE, pod_in, text, variables};
use crate::manifests;
use crate::sites::{self, Site};
use crate::worker::{self, Mode};
use crate::{Fault, Outcome, ensure, trial};

/// What stands before the configuration's commands in a pod's script.
const MARKER: &str = "# before any of the SkyPilot setup commands.\n";

/// What must come out, by site: `expected.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The variables that SkyPilot's container gets. A name in lower case stands for both.
    env: BTreeMap<String, String>,
    /// Those that are others in a context.
    #[serde(default)]
    contexts: BTreeMap<String, BTreeMap<String, String>>,
    /// Variables that come from a Secret: `secret/key`.
    #[serde(default)]
    secret: BTreeMap<String, String>,
    /// The names of containers beside SkyPilot's own, and of init containers.
    #[serde(default)]
    beside: Vec<String>,
    #[serde(default)]
    before: Vec<String>,
    /// The pod's volumes that the site adds.
    #[serde(default)]
    volumes: Vec<String>,
}

impl Expected {
    fn in_context(&self, name: &str) -> Self {
        let mut expected = self.clone();
        expected.env.extend(self.contexts.get(name).cloned().unwrap_or_default());
        expected
    }
}

fn expected(site: &Site) -> Result<Expected, String> {
    let all: BTreeMap<String, serde_yaml::Value> =
        serde_yaml::from_str(include_str!("expected.yaml")).map_err(|error| error.to_string())?;
    let one = all.get(&site.name).ok_or_else(|| format!("{} is not expected", site.name))?;
    serde_yaml::from_value(one.clone()).map_err(|error| format!("{}: {error}", site.name))
}

pub(crate) fn trials(sites: &[Arc<Site>]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for site in sites {
        let name = site.name.replace('-', "_");
        for (what, test) in [
            ("is_valid", valid as fn(&Site) -> Outcome),
            ("is_printed_as_it_is_written", sites::printed_alike),
            ("launches_as_it_says", launches),
            ("api_server_and_shells_are_told_the_same", told),
        ] {
            let site = site.clone();
            trials.push(trial(format!("{name}_{what}"), move || test(&site)));
        }
    }
    trials
}

fn valid(site: &Site) -> Outcome {
    Ok(worker::validate(site.version(), Mode::Server, site.config()?)?.map(|_| ())?)
}

fn launches(site: &Site) -> Outcome {
    let expected = expected(site)?;
    let config = site.config()?;
    let bare = text(&bare(config)?);
    let keeps = site.said["skypilot"]["high_availability"] == true;
    for (context, proxied) in site.contexts() {
        for (cluster, controller) in CLUSTERS.into_iter().zip(site.controllers()) {
            // Others' clusters are as the user's.
            if controller == Some(false) {
                continue;
            }
            let said = |fault| match fault {
                Fault::Failed(why) => Fault::Failed(format!("{cluster} in {context}: {why}")),
                missing => missing,
            };
            let pod = pod_in(site.version(), config, cluster, &context)?;
            let base = pod_in(site.version(), &bare, cluster, &context)?;
            if proxied {
                let commands = commands(config, &context)?;
                let expected = expected.in_context(&context);
                compare(&pod, &base, &expected, &commands).map_err(said)?;
                sidecars(&pod, &expected, site).map_err(said)?;
            } else {
                ensure!(pod.spec == base.spec, "{cluster}: pods in {context} are changed");
            }
            let kept = keeps && controller.is_some();
            ensure!(pod.kept == kept, "{cluster}: a Deployment: {}", pod.kept);
        }
    }
    Ok(())
}

/// F9: the API server's pod has none of pod_config, but Helm values of its own; and there is a file
/// for shells.
fn told(site: &Site) -> Outcome {
    let expected = expected(site)?;
    let values: Value =
        serde_yaml::from_str(site.file("helm/values.yaml")?).map_err(|error| error.to_string())?;
    let container = json!({
        "name": "skypilot-api",
        "image": IMAGE,
        "env": values["global"]["extraEnvs"],
        "volumeMounts": values["apiService"]["extraVolumeMounts"],
    });
    let mut wanted = both(&expected.env);
    // It installs nothing when it starts.
    wanted.remove("UV_CONSTRAINT");
    let found = variables(&container)?;
    ensure!(found == wanted, "Helm values\n{}", difference(&found, &wanted));
    let found: BTreeMap<String, String> = secrets(&container).into_iter().collect();
    ensure!(found == both(&expected.secret), "Helm values from Secrets: {found:?}");
    ensure!(values["apiService"]["extraEnvs"].is_null(), "each variable would be there twice");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api"}, "spec": {
        "containers": [container],
        "initContainers": list(&values["extraInitContainers"]),
        "volumes": list(&values["apiService"]["extraVolumes"]),
    }});
    let wrong = manifests::said(&pod)?;
    ensure!(wrong.is_empty(), "the API server's pod: {}", wrong.join("\n"));
    let mut shell = Command::new("sh");
    shell.env_clear().env("PINHOLE_PROXY_URL", HIDDEN).args(["-euc", ". /dev/stdin; exec env"]);
    let said = sites::said_to(&mut shell, site.file("env/proxy.env")?)?;
    let mut wanted = both(&expected.env);
    wanted.extend(both(&expected.secret).into_keys().map(|name| (name, HIDDEN.to_owned())));
    for (name, value) in wanted.iter().filter(|(name, _)| name.to_lowercase().ends_with("_proxy")) {
        let line = format!("{name}={value}");
        ensure!(said.lines().any(|one| one == line), "shells lack {line}:\n{said}");
    }
    Ok(())
}

/// The configuration without what it does to pods.
fn bare(config: &str) -> Result<Value, String> {
    let mut config: Value = serde_yaml::from_str(config).map_err(|error| error.to_string())?;
    let kubernetes = config["kubernetes"].as_object_mut().ok_or("no `kubernetes`")?;
    for key in ["pod_config", "post_provision_runcmd", "context_configs"] {
        kubernetes.remove(key);
    }
    Ok(config)
}

/// The commands of a context's pods.
fn commands(config: &str, context: &str) -> Result<Vec<String>, String> {
    let config: Value = serde_yaml::from_str(config).map_err(|error| error.to_string())?;
    let kubernetes = &config["kubernetes"];
    let own = &kubernetes["context_configs"][context]["post_provision_runcmd"];
    let commands = if own.is_null() { &kubernetes["post_provision_runcmd"] } else { own };
    let commands = commands.as_array().ok_or("there are no commands")?;
    let texts = commands.iter().map(|one| one.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(|| "a command is no string".to_owned())
}

fn compare(pod: &Pod, base: &Pod, expected: &Expected, commands: &[String]) -> Outcome {
    let mut gained = pod.variables()?;
    for (name, value) in base.variables()? {
        ensure!(gained.remove(&name).as_ref() == Some(&value), "SkyPilot's own {name} is changed");
    }
    let wanted = both(&expected.env);
    ensure!(gained == wanted, "variables\n{}", difference(&gained, &wanted));
    let from: BTreeMap<String, String> = secrets(pod.ray_node()?).into_iter().collect();
    let wanted = both(&expected.secret);
    ensure!(from == wanted, "from Secrets\n{}", difference(&from, &wanted));
    for value in pod.variables()?.values() {
        ensure!(!value.contains('\n'), "a variable has a line break: {value:?}");
    }
    let names = |containers: &[Value], base: &[Value]| -> Vec<String> {
        let known: Vec<&Value> = base.iter().map(|one| &one["name"]).collect();
        let new = containers.iter().filter(|one| !known.contains(&&one["name"]));
        new.map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let beside = names(pod.containers(), base.containers());
    ensure!(beside == expected.beside, "beside it: {beside:?}");
    let before = names(pod.init_containers(), base.init_containers());
    ensure!(before == expected.before, "before it: {before:?}");
    let volumes = |pod: &Pod| pod.spec["volumes"].as_array().cloned().unwrap_or_default();
    let volumes = names(&volumes(pod), &volumes(base));
    ensure!(volumes == expected.volumes, "volumes: {volumes:?}");
    others_untouched(pod, base)?;
    script(pod, base, commands)
}

/// The proxy beside SkyPilot's container runs its own image.
fn sidecars(pod: &Pod, expected: &Expected, site: &Site) -> Outcome {
    let image = site.text("/proxy/image", "registry.example/pinhole:0.1.0");
    for name in expected.beside.iter().chain(&expected.before) {
        let mut all = pod.containers().iter().chain(pod.init_containers());
        let own = all.find(|one| one["name"] == *name).ok_or_else(|| format!("no {name}"))?;
        ensure!(own["image"] == image, "{name} has the image {}", own["image"]);
    }
    let before = pod.init_containers().iter().filter(|one| one["name"] == "pinhole");
    for native in before {
        ensure!(native["restartPolicy"] == "Always", "the sidecar would have to end: {native}");
    }
    Ok(())
}

/// What a site does not speak of is as SkyPilot wants it.
fn others_untouched(pod: &Pod, base: &Pod) -> Outcome {
    ensure!(pod.metadata == base.metadata, "the metadata is changed");
    let strip = |container: &Value| {
        let mut container = container.clone();
        if let Some(map) = container.as_object_mut() {
            for key in ["env", "volumeMounts"] {
                map.remove(key);
            }
            if map["name"] == RAY_NODE {
                map.remove("args");
            }
        }
        container
    };
    ensure!(pod.ray_node()?["image"] == IMAGE, "the image is {}", pod.ray_node()?["image"]);
    for (list, base) in
        [(pod.containers(), base.containers()), (pod.init_containers(), base.init_containers())]
    {
        for own in base {
            let found = list.iter().find(|one| one["name"] == own["name"]);
            let found = found.ok_or_else(|| format!("{} is gone", own["name"]))?;
            let (found, own) = (strip(found), strip(own));
            ensure!(found == own, "{} is changed: {found}, not {own}", own["name"]);
        }
    }
    let proxies = |mut variables: BTreeMap<String, String>| {
        variables.retain(|name, _| name.to_lowercase().ends_with("_proxy"));
        variables
    };
    for container in pod.containers().iter().chain(pod.init_containers()) {
        // Docker's daemon asks for images by itself.
        let same = proxies(variables(container)?) == proxies(pod.variables()?);
        ensure!(container["name"] != "dind" || same, "dind has other proxies: {container}");
        ensure!(container["image"].is_string(), "{} has no image", container["name"]);
    }
    let rest = |pod: &Pod| {
        let mut spec = pod.spec.clone();
        if let Some(map) = spec.as_object_mut() {
            for key in ["containers", "initContainers", "volumes", "imagePullSecrets"] {
                map.remove(key);
            }
        }
        spec
    };
    ensure!(rest(pod) == rest(base), "the pod is changed: {}", rest(pod));
    Ok(())
}

/// The script is SkyPilot's, with the commands in it where it wants them, each one line.
fn script(pod: &Pod, base: &Pod, commands: &[String]) -> Outcome {
    for command in commands {
        ensure!(!command.contains('\n'), "a command has a line break: {command}");
    }
    let (before, after) = base.script()?.split_once(MARKER).ok_or("no marker".to_owned())?;
    let lines: String = commands.iter().map(|command| format!("{command}\n")).collect();
    let wanted = format!("{before}{MARKER}{lines}{after}");
    ensure!(pod.script()? == wanted, "the script is another:\n{}", pod.script()?);
    sites::said(Command::new("bash").arg("-n").arg("-c").arg(pod.script()?))?;
    Ok(())
}

/// Of names in lower case that are read in both, both.
fn both(table: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in table {
        all.insert(name.clone(), value.clone());
        all.insert(name.to_uppercase(), value.clone());
    }
    all
}

/// Variables that come from Secrets.
pub(crate) fn secrets(container: &Value) -> Vec<(String, String)> {
    let env = container["env"].as_array().into_iter().flatten();
    let secrets = env.filter_map(|one| {
        let from = one["valueFrom"].get("secretKeyRef")?;
        let [name, key] = [&from["name"], &from["key"]].map(Value::as_str);
        Some((one["name"].as_str()?.to_owned(), format!("{}/{}", name?, key?)))
    });
    secrets.collect()
}

/// The script up to SkyPilot's own part: what the configuration's commands do.
pub(crate) fn first_part(pod: &Pod) -> Result<&str, Fault> {
    let script = pod.script()?;
    let end = script.find("# Helper function").ok_or("no end of the commands".to_owned())?;
    Ok(&script[..end])
}

fn difference(found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in found {
        if wanted.get(name) != Some(value) {
            text.push_str(&format!("    is    {name}={value}\n"));
        }
    }
    for (name, value) in wanted {
        if found.get(name) != Some(value) {
            text.push_str(&format!("    wants {name}={value}\n"));
        }
    }
    text
}
