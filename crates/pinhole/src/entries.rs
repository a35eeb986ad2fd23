//! The entries of `allow` and `deny`.

use policy::{
    Entry, HostGlob, HostPattern, List, Matcher, Overrides, Place, PortSet, parse_network,
};

use crate::reader::{Reader, Value, unknown};
use crate::yaml::Node;
use crate::{presets, tls};

/// Reads one of the two lists.
pub(crate) fn read(reader: &mut Reader<'_>, value: &Value<'_>, list: List) -> Vec<Entry> {
    let values = reader.list(value, false);
    let entries = values.iter().enumerate();
    entries.filter_map(|(i, value)| entry(reader, value, Place { list, index: i })).collect()
}

fn entry(reader: &mut Reader<'_>, value: &Value<'_>, place: Place) -> Option<Entry> {
    if let Node::Text(text) = value.node {
        let shown = text.escape_debug();
        let message = format!("write a map, such as `host: {shown}`, `network: …` or `preset: …`");
        reader.problem(value, message);
        return None;
    }
    let keys = ["preset", "host", "glob", "network", "ports", "idle", "tls"];
    let [preset, host, glob, network, ports, idle, tls] = reader.map(value, keys);
    let ports = ports.map(|value| self::ports(reader, &value));
    let places = [("idle", idle.clone()), ("tls", tls.clone())];
    let idle = idle.map(|value| reader.duration(&value));
    let tls = tls.map(|value| tls::mode(reader, &value));
    for (key, value) in places {
        if let (List::Deny, Some(value)) = (place.list, value) {
            reader.problem(&value, format!("`{key}` has no meaning in `deny`: leave it out"));
        }
    }
    let glob_of = |text: &str| HostGlob::parse(text).map(HostPattern::Glob);
    let matcher = match (preset, host, glob, network) {
        (Some(value), None, None, None) => preset_named(reader, &value),
        (None, Some(value), None, None) => {
            reader.parsed(&value, HostPattern::parse).map(Matcher::Host)
        }
        (None, None, Some(value), None) => reader.parsed(&value, glob_of).map(Matcher::Host),
        (None, None, None, Some(value)) => network_of(reader, &value, place.list),
        (None, None, None, None) => {
            let message = "name what it covers: `preset:`, `host:`, `glob:` or `network:`";
            reader.problem(value, message);
            None
        }
        _ => {
            let message = "only one of `preset:`, `host:`, `glob:` and `network:` may stand here";
            reader.problem(value, message);
            None
        }
    };
    // An entry with a problem anywhere is none: the configuration is not used anyway.
    let ports = match ports {
        Some(ports) => Some(ports?),
        None => None,
    };
    let overrides = Overrides { idle: idle.flatten(), tls: tls.flatten() };
    Some(Entry { place, matcher: matcher?, ports, overrides })
}

fn network_of(reader: &mut Reader<'_>, value: &Value<'_>, list: List) -> Option<Matcher> {
    let net = reader.parsed(value, parse_network)?;
    let first = net.network();
    let mapped = net.prefix_len() >= 96 && first.is_ipv6() && first.to_canonical().is_ipv4();
    if list == List::Deny && mapped {
        // It would not cover the IPv4 addresses themselves, which is what its author means.
        reader.problem(value, "write the IPv4 network: its IPv4-mapped form is denied with it");
        return None;
    }
    Some(Matcher::Network(net))
}

fn preset_named(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Matcher> {
    let name = reader.text(value)?;
    let preset = presets::load(name);
    if preset.is_none() {
        let message = unknown("preset", name, presets::names());
        reader.problem(value, message);
    }
    preset.map(Matcher::Preset)
}

/// Reads a port, a range of them, or a list of these.
pub(crate) fn ports(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PortSet> {
    let values = reader.list(value, true);
    let before = reader.problems.len();
    let mut pieces = Vec::new();
    for value in &values {
        let piece = match value.node {
            Node::Int(number) => number.to_string(),
            _ => reader.text(value).unwrap_or("443").to_owned(),
        };
        // Each by itself, so that every bad one is named at its own place.
        match PortSet::parse([piece.as_str()]) {
            Ok(_) => pieces.push(piece),
            Err(error) => reader.problem(value, error.to_string()),
        }
    }
    if reader.problems.len() > before {
        return None;
    }
    match PortSet::parse(pieces.iter().map(String::as_str)) {
        Ok(ports) => Some(ports),
        Err(error) => {
            reader.problem(value, error.to_string());
            None
        }
    }
}
