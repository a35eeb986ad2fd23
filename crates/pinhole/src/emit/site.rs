//! `site.yaml`, from text to a site, or to a list of problems.

mod cluster;
mod leaf;
mod proxy;
mod skypilot;

use ::emit::{Allow, Allowed, CaBundle, Mirror, Site};
use policy::{HostPattern, parse_network};

use crate::emit::site::leaf::{host_or_port, networks, secret};
use crate::entries;
use crate::presets::{self, PARAMETERS};
use crate::reader::{Problem, Reader, Value, document, unknown};
use crate::yaml;

/// Reads a site.
///
/// # Errors
/// Every problem that it has; a syntax error alone stops at the first.
pub(crate) fn parse(text: &str) -> Result<Site, Vec<Problem>> {
    // What could not be read has its problem.
    document(text, read)?.ok_or_else(Vec::new)
}

fn read(reader: &mut Reader<'_>, root: &Value<'_>) -> Option<Site> {
    let keys = ["proxy", "parent", "cluster", "skypilot", "mirrors", "ca_bundle", "allow"];
    let [proxy, parent, cluster, skypilot, mirrors, ca_bundle, allow] = reader.map(root, keys);
    for (key, value) in [("proxy", &proxy), ("cluster", &cluster), ("skypilot", &skypilot)] {
        if value.is_none() {
            let message =
                format!("`{key}` is missing: `pinhole emit site` writes one to start from");
            reader.problem(root, message);
        }
    }
    let proxy = proxy.and_then(|value| self::proxy::read(reader, &value));
    let parent = parent.and_then(|value| self::proxy::parent(reader, &value));
    let cluster = cluster.map(|value| self::cluster::read(reader, &value));
    let skypilot = skypilot.and_then(|value| self::skypilot::read(reader, &value, &proxy));
    let mirrors = elements(reader, mirrors, mirror);
    let ca_bundle = ca_bundle.and_then(|value| self::ca_bundle(reader, &value));
    let allow = elements(reader, allow, self::allow);
    let (proxy, cluster, skypilot) = (proxy?, cluster?, skypilot?);
    Some(Site { proxy, parent, cluster, skypilot, mirrors, ca_bundle, allow })
}

/// The elements of a list, each read.
fn elements<'n, T>(
    reader: &mut Reader<'_>,
    value: Option<Value<'n>>,
    mut read: impl FnMut(&mut Reader<'_>, &Value<'n>) -> Option<T>,
) -> Vec<T> {
    let values = value.map(|value| reader.list(&value, false)).unwrap_or_default();
    values.iter().filter_map(|value| read(reader, value)).collect()
}

/// `registry.example`, `10.20.0.5:5000`, or a map with the addresses that a name leads to.
fn mirror(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Mirror> {
    if let yaml::Node::Text(_) = value.node {
        let (host, port) = reader.parsed(value, host_or_port)?;
        return Some(Mirror { host, port, addresses: Vec::new() });
    }
    let [host, addresses] = reader.map(value, ["host", "addresses"]);
    let Some(host) = host else {
        reader.problem(value, "name its `host`, such as `host: registry.example:5000`");
        return None;
    };
    let (host, port) = reader.parsed(&host, host_or_port)?;
    let addresses = addresses.map(|value| networks(reader, &value)).unwrap_or_default();
    Some(Mirror { host, port, addresses })
}

fn ca_bundle(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<CaBundle> {
    let [path, secret_, configmap] = reader.map(value, ["path", "secret", "configmap"]);
    match (path, secret_, configmap) {
        (Some(path), None, None) => reader.parsed(&path, leaf::path).map(CaBundle::Path),
        (None, Some(value), None) => secret(reader, &value, "ca.crt").map(CaBundle::Secret),
        (None, None, Some(value)) => {
            let read = secret(reader, &value, "ca.crt")?;
            Some(CaBundle::ConfigMap { name: read.secret, key: read.key })
        }
        _ => {
            reader.problem(value, "write one of `path`, `secret` and `configmap`");
            None
        }
    }
}

/// An entry of the proxy's `allow`.
fn allow(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Allow> {
    let keys = [
        "preset",
        "host",
        "network",
        "ports",
        PARAMETERS[0],
        PARAMETERS[1],
        PARAMETERS[2],
        PARAMETERS[3],
    ];
    let [preset, host, network, ports, given @ ..] = reader.map(value, keys);
    let ports = match ports {
        Some(ports) => Some(entries::ports(reader, &ports)?),
        None => None,
    };
    let what = match (preset, host, network) {
        (Some(preset), None, None) => {
            let name = reader.text(&preset)?;
            let Some(known) = presets::find(name) else {
                reader.problem(&preset, unknown("preset", name, presets::names()));
                return None;
            };
            let mut parameters = Vec::new();
            for (key, given) in PARAMETERS.iter().zip(given) {
                let wanted = known.parameters.iter().any(|parameter| parameter.name == *key);
                match given {
                    Some(given) if wanted => {
                        let filled = reader
                            .parsed(&given, |text| presets::value(text).map(str::to_owned))?;
                        parameters.push(((*key).to_owned(), filled));
                    }
                    Some(given) => {
                        reader.problem(&given, format!("`{name}` has no {key}: leave it out"));
                    }
                    None if wanted => {
                        reader.problem(&preset, format!("`{name}` needs a {key} too"));
                    }
                    None => {}
                }
            }
            Allowed::Preset { name: name.to_owned(), parameters }
        }
        (None, Some(host), None) => {
            let pattern = reader.parsed(&host, HostPattern::parse)?;
            Allowed::Host(pattern.to_string())
        }
        (None, None, Some(network)) => Allowed::Network(reader.parsed(&network, parse_network)?),
        _ => {
            reader.problem(value, "write one of `preset`, `host` and `network`");
            return None;
        }
    };
    Some(Allow { what, ports })
}

#[cfg(test)]
#[path = "site_tests.rs"]
mod tests;
