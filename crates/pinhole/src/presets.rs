//! The presets, which are data: one file of `config/presets` each.

use std::sync::Arc;

use policy::{HostPattern, PortSet, Preset, PresetHost};
use serde::Deserialize;

use crate::yaml;

macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../config/presets/", $name, ".yaml")))),+]
    };
}

/// Names and texts.
const PRESETS: &[(&str, &str)] = presets![
    "conda",
    "debian",
    "docker-hub",
    "github",
    "go",
    "hugging-face",
    "npm",
    "python",
    "rust",
    "skypilot-core",
    "ubuntu",
    "uv",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    hosts: Vec<HostRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostRow {
    host: String,
    #[serde(default)]
    scheme: Scheme,
    ports: Option<Vec<u16>>,
    why: String,
    source: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    #[default]
    Https,
    Http,
}

/// The presets' names, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset of that name.
pub(crate) fn load(name: &str) -> Option<Arc<Preset>> {
    let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
    Some(Arc::new(parse(name, text).expect("a test loads every preset that is built in")))
}

fn parse(name: &str, text: &str) -> Result<Preset, String> {
    let file: File = yaml::read(text)?;
    let hosts = file.hosts.into_iter().map(host).collect::<Result<_, _>>()?;
    Ok(Preset { name: name.to_owned(), about: file.about, hosts })
}

fn host(row: HostRow) -> Result<PresetHost, String> {
    let ports = row.ports.unwrap_or_else(|| match row.scheme {
        Scheme::Https => vec![443],
        Scheme::Http => vec![80],
    });
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    Ok(PresetHost {
        pattern: HostPattern::parse(&row.host).map_err(|error| error.to_string())?,
        ports: PortSet::parse(ports.iter().map(String::as_str)).map_err(|e| e.to_string())?,
        why: row.why,
        source: row.source,
    })
}

#[cfg(test)]
#[path = "presets_tests.rs"]
mod tests;
