//! The sites that are emitted for: every example, and those of `sites/`, which have what no
//! example has.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::place::{CURRENT, beside};
use crate::{Fault, ensure};

const EXAMPLES: &str = "../../config/examples";
const OWN: &str = "sites";

pub(crate) struct Site {
    /// `site-bastion`, `sidecar-plain`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The description.
    pub(crate) said: Value,
    files: OnceLock<Result<BTreeMap<String, String>, String>>,
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Site>, String> {
    let mut sites = of(EXAMPLES, "site-")?;
    sites.extend(of(OWN, "")?);
    Ok(sites)
}

/// Every shape of proxy has an example of its own.
pub(crate) fn examples_are_there() -> crate::Outcome {
    let examples = of(EXAMPLES, "site-")?;
    for shape in ["sidecar", "daemonset", "deployment", "bastion"] {
        ensure!(
            examples.iter().any(|site| site.shape() == shape),
            "there is no example of a {shape}"
        );
    }
    Ok(())
}

fn of(folder: &str, prefix: &str) -> Result<Vec<Site>, String> {
    let folder = beside(folder);
    let entries = fs::read_dir(&folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let mut sites = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".yaml").filter(|name| name.starts_with(prefix)) else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let said = serde_yaml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        sites.push(Site { name: name.to_owned(), path, said, files: OnceLock::new() });
    }
    sites.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(sites)
}

impl Site {
    /// SkyPilot's version there. All that are described must be installed.
    pub(crate) fn version(&self) -> &str {
        self.said["skypilot"]["version"].as_str().unwrap_or(CURRENT)
    }

    pub(crate) fn shape(&self) -> &str {
        self.said["proxy"]["shape"].as_str().unwrap_or("bastion")
    }

    /// A text of the description, by its JSON pointer.
    pub(crate) fn text(&self, pointer: &str, default: &str) -> String {
        let text = self.said.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or(default).to_owned()
    }

    /// A port of the description.
    pub(crate) fn number(&self, pointer: &str, default: u16) -> u16 {
        let number = self.said.pointer(pointer).and_then(Value::as_u64);
        number.and_then(|number| number.try_into().ok()).unwrap_or(default)
    }

    /// Where the proxy serves clients.
    pub(crate) fn proxy_port(&self) -> u16 {
        let address = self.text("/proxy/address", "");
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.unwrap_or_else(|| self.number("/proxy/port", 3128))
    }

    /// What `pinhole emit all` writes for it, by path.
    pub(crate) fn files(&self) -> Result<&BTreeMap<String, String>, Fault> {
        let files = self.files.get_or_init(|| emitted(&self.path));
        Ok(files.as_ref().map_err(Clone::clone)?)
    }

    pub(crate) fn file(&self, path: &str) -> Result<&str, Fault> {
        let file = self.files()?.get(path);
        Ok(file.map(String::as_str).ok_or_else(|| format!("{path} is not emitted"))?)
    }

    /// SkyPilot's configuration, as text.
    pub(crate) fn config(&self) -> Result<&str, Fault> {
        self.file("skypilot/config.yaml")
    }

    /// Of each of `CLUSTERS`: whether it is there, if it is a controller.
    pub(crate) fn controllers(&self) -> [Option<bool>; 3] {
        let sky = &self.said["skypilot"];
        [None, Some(sky["managed_jobs"] == true), Some(!sky["serve"].is_null())]
    }

    /// The contexts that pods are launched in, and whether they use the proxy there.
    pub(crate) fn contexts(&self) -> Vec<(String, bool)> {
        let contexts = self.said["skypilot"]["contexts"].as_array();
        let named = contexts.into_iter().flatten().map(|context| {
            let name = context["name"].as_str().unwrap_or_default().to_owned();
            (name, context["proxied"] == true)
        });
        let named: Vec<_> = named.collect();
        if named.is_empty() { vec![(crate::launched::CONTEXT.to_owned(), true)] } else { named }
    }
}

fn emitted(site: &Path) -> Result<BTreeMap<String, String>, String> {
    let dir = TempDir::with_prefix("pinhole-emit-").map_err(|error| error.to_string())?;
    let mut command = pinhole();
    command.args(["emit", "all", "--out"]).arg(dir.path()).arg("--site").arg(site);
    said(&mut command)?;
    let mut files = BTreeMap::new();
    read(dir.path(), "", &mut files)?;
    Ok(files)
}

fn read(folder: &Path, at: &str, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = format!("{at}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), files)?;
        } else {
            let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
            files.insert(name, text);
        }
    }
    Ok(())
}

/// The program.
pub(crate) fn pinhole() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinhole"));
    // It would take the environment's proxies for parents.
    command.env_clear();
    command
}

/// What a command says on its standard output; an error, if it ends with one.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    said_to(command, "")
}

/// The same, with a text on its standard input.
pub(crate) fn said_to(command: &mut Command, input: &str) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    // It may end without reading it. What is said here fits into a pipe.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let ran = child.wait_with_output().map_err(|error| format!("{command:?}: {error}"))?;
    let [out, err] =
        [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if ran.status.success() { Ok(out) } else { Err(format!("{command:?}: {}\n{err}", ran.status)) }
}

/// One target's file is printed as `all` writes it.
pub(crate) fn printed_alike(site: &Site) -> crate::Outcome {
    for (target, path) in [("skypilot", "skypilot/config.yaml"), ("proxy", "proxy/pinhole.yaml")] {
        let printed = said(pinhole().args(["emit", target, "--site"]).arg(&site.path))?;
        ensure!(printed == site.file(path)?, "{target} is printed otherwise");
    }
    Ok(())
}

/// One text, or a list of them.
pub(crate) fn list(value: &Value) -> Vec<String> {
    let many = value.as_array().into_iter().flatten();
    many.chain(Some(value)).filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
