//! Every manifest that is emitted, by Kubernetes' own schemas, of each version that it is for; and
//! so the pods that SkyPilot makes of what is emitted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::launched::{CLUSTERS, pod, pod_in};
use crate::place::{CURRENT, beside, missing, on_path, python};
use crate::sites::{self, Site, pinhole};
use crate::{Fault, Outcome, ensure, trial};

/// Some of what is emitted came with it.
const FIRST: [u32; 2] = [1, 30];
/// Kinds that not every cluster has, so that Kubernetes has no schema of them. They are in folders
/// of their own.
const FOREIGN: [(&str, &str); 2] =
    [("cilium.io/v2", "CiliumNetworkPolicy"), ("monitoring.coreos.com/v1", "PodMonitor")];

pub(crate) fn trials(sites: &[Arc<Site>]) -> Vec<Trial> {
    let mut trials = vec![trial("schemas_refuse_what_is_wrong", refuse)];
    for site in sites {
        let name = site.name.replace('-', "_");
        let (one, other, third) = (site.clone(), site.clone(), site.clone());
        let fourth = site.clone();
        trials.push(trial(format!("{name}_manifests_are_read_by_kubectl"), move || {
            by_kubectl(&fourth)
        }));
        trials.push(trial(format!("{name}_manifests_are_printed_alike"), move || printed(&third)));
        trials.push(trial(format!("{name}_manifests_are_of_their_kinds"), move || fit(&one)));
        trials.push(trial(format!("{name}_pods_are_of_their_kind"), move || pods_fit(&other)));
    }
    trials
}

/// The objects in `kubernetes/`, each with the file that it is in.
pub(crate) fn objects(site: &Site) -> Result<Vec<(String, Value)>, Fault> {
    let mut objects = Vec::new();
    for (path, text) in site.files()? {
        if path.starts_with("kubernetes/") {
            objects.extend(read(path, text)?.into_iter().map(|object| (path.clone(), object)));
        }
    }
    Ok(objects)
}

fn read(path: &str, text: &str) -> Result<Vec<Value>, String> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let objects: Result<Vec<_>, _> = documents.collect();
    objects.map_err(|error| format!("{path}: {error}"))
}

/// What is printed goes into `kubectl apply -f -`.
fn printed(site: &Site) -> Outcome {
    let mut command = pinhole();
    let text = sites::said(command.args(["emit", "kubernetes", "--site"]).arg(&site.path))?;
    let (printed, written) = (read("printed", &text)?, objects(site)?);
    let written: Vec<&Value> = written.iter().map(|(_, object)| object).collect();
    let printed: Vec<&Value> = printed.iter().filter(|object| !object.is_null()).collect();
    ensure!(printed == written, "{} are printed, {} written", printed.len(), written.len());
    Ok(())
}

/// Without an API server kubectl knows no schemas, but it reads files in its own way.
fn by_kubectl(site: &Site) -> Outcome {
    let kubectl = on_path("kubectl").ok_or_else(|| missing("kubectl"))?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut emit = pinhole();
    emit.args(["emit", "kubernetes", "--site"]).arg(&site.path).arg("--out").arg(folder.path());
    sites::said(&mut emit)?;
    let mut command = Command::new(kubectl);
    command.env("KUBECONFIG", "/dev/null").args(["annotate", "--local", "--output", "name"]);
    let read =
        sites::said(command.args(["--recursive", "--filename"]).arg(folder.path()).arg("a=b"))?;
    let (read, written) = (read.lines().count(), objects(site)?.len());
    ensure!(read == written && read > 0, "kubectl reads {read} objects of {written}");
    Ok(())
}

fn fit(site: &Site) -> Outcome {
    let objects = objects(site)?;
    ensure!(!objects.is_empty(), "there is no manifest");
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, object) in &objects {
        let [version, kind, name, namespace] = [
            &object["apiVersion"],
            &object["kind"],
            &object["metadata"]["name"],
            &object["metadata"]["namespace"],
        ]
        .map(|value| value.as_str().unwrap_or_default().to_owned());
        ensure!(!name.is_empty(), "{path}: {kind} without a name");
        ensure!(
            seen.insert((version.clone(), kind.clone(), namespace, name.clone())),
            "{path}: {kind} {name} is there twice"
        );
        if FOREIGN.contains(&(&version, &kind)) {
            ensure!(
                path.matches('/').count() == 2,
                "{path}: every cluster would have to know {kind}"
            );
            continue;
        }
        ensure!(
            path.matches('/').count() == 1,
            "{path}: `kubectl apply -f kubernetes/` leaves it out"
        );
        wrong.extend(said(object)?.into_iter().map(|why| format!("{path}: {kind} {name}: {why}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// The merge's result would otherwise be judged by the API server alone.
fn pods_fit(site: &Site) -> Outcome {
    for (context, proxied) in site.contexts() {
        if !proxied {
            continue;
        }
        for (cluster, controller) in CLUSTERS.into_iter().zip(site.controllers()) {
            if controller == Some(false) {
                continue;
            }
            let pod = pod_in(site.version(), site.config()?, cluster, &context)?;
            let object = json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": pod.metadata, "spec": pod.spec,
            });
            let wrong = said(&object)?;
            ensure!(wrong.is_empty(), "{cluster} in {context}: {}", wrong.join("\n"));
        }
    }
    Ok(())
}

/// A number passes SkyPilot's validator, its merge and its check, and this is where it ends.
fn refuse() -> Outcome {
    let config = json!({"kubernetes": {"pod_config": {"spec": {"containers": [
        {"env": [{"name": "A", "value": 1}]},
    ]}}}});
    let pod = pod(CURRENT, &config.to_string(), CLUSTERS[0])?;
    let object =
        |spec: &Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": spec});
    ensure!(!said(&object(&pod.spec))?.is_empty(), "a number is a variable's value");
    let spec = json!({"containers": [{"name": "a", "imagee": "b"}]});
    ensure!(!said(&object(&spec))?.is_empty(), "an unknown key passes");
    let nothing = json!({"apiVersion": "v1", "kind": "Nothing", "metadata": {}});
    ensure!(!said(&nothing)?.is_empty(), "an unknown kind passes");
    Ok(())
}

/// What the schemas say against an object, by version.
pub(crate) fn said(object: &Value) -> Result<Vec<String>, Fault> {
    static SCHEMAS: OnceLock<Result<Mutex<Schemas>, Fault>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| Schemas::start().map(Mutex::new));
    let schemas = schemas.as_ref().map_err(Clone::clone)?;
    schemas.lock().unwrap_or_else(PoisonError::into_inner).ask(object)
}

/// `schemas.py`.
struct Schemas {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    versions: BTreeSet<String>,
}

impl Schemas {
    fn start() -> Result<Self, Fault> {
        let mut command = Command::new(python("schemas")?);
        command.arg("-I").arg(beside("schemas.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let input = child.stdin.take().expect("it was asked for");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut schemas = Self { _child: child, input, output, versions: BTreeSet::new() };
        let all: BTreeSet<String> = schemas.line()?;
        let known = |version: &String| {
            let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
            [parts.next(), parts.next()].map(Option::unwrap_or_default) >= FIRST
        };
        schemas.versions = all.into_iter().filter(known).collect();
        let count = schemas.versions.len();
        ensure!(count >= 5, "the schemas of {count} versions are there");
        Ok(schemas)
    }

    fn ask(&mut self, object: &Value) -> Result<Vec<String>, Fault> {
        let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for version in self.versions.clone() {
            let asked = json!({"version": version, "object": object});
            writeln!(self.input, "{asked}").map_err(|error| error.to_string())?;
            let why: String = self.line()?;
            if !why.is_empty() {
                wrong.entry(why).or_default().push(version);
            }
        }
        Ok(wrong
            .into_iter()
            .map(|(why, versions)| format!("{}: {why}", versions.join(", ")))
            .collect())
    }

    fn line<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T, Fault> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?)
    }
}
