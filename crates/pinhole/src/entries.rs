//! The entries of `allow` and `deny`.

mod preset;

use policy::{
    Entry, HostGlob, HostPattern, List, Matcher, Overrides, Place, PortSet, parse_network,
};

use crate::presets::PARAMETERS;
use crate::reader::{Reader, Value};
use crate::tls;
use crate::yaml::Node;

/// Reads one of the two lists, of all clients or of one.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    list: List,
    client: Option<u16>,
) -> Vec<Entry> {
    let values = reader.list(value, false);
    let place = |index| Place { client, list, index };
    let entries = values.iter().enumerate();
    entries.filter_map(|(i, value)| entry(reader, value, place(i))).flatten().collect()
}

/// Reads one. A preset with networks is several, at the same place.
fn entry(reader: &mut Reader<'_>, value: &Value<'_>, place: Place) -> Option<Vec<Entry>> {
    if let Node::Text(text) = value.node {
        let shown = text.escape_debug();
        let message = format!("write a map, such as `host: {shown}`, `network: …` or `preset: …`");
        reader.problem(value, message);
        return None;
    }
    let keys = [
        "preset",
        "host",
        "glob",
        "network",
        "ports",
        "idle",
        "tls",
        PARAMETERS[0],
        PARAMETERS[1],
        PARAMETERS[2],
        PARAMETERS[3],
    ];
    let [preset, host, glob, network, ports, idle, tls, given @ ..] = reader.map(value, keys);
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
    if preset.is_none() {
        preset::refuse(reader, &given);
    }
    let one = |matcher| vec![(matcher, None)];
    let matchers = match (preset, host, glob, network) {
        (Some(value), None, None, None) => {
            preset::read(reader, &value, &given).map(preset::matchers)
        }
        (None, None, Some(value), None) => {
            reader.parsed(&value, glob_of).map(Matcher::Host).map(one)
        }
        (None, Some(value), None, None) => {
            reader.parsed(&value, HostPattern::parse).map(Matcher::Host).map(one)
        }
        (None, None, None, Some(value)) => network_of(reader, &value, place.list).map(one),
        (None, None, None, None) => {
            let message = "name what it covers: `preset:`, `host:`, `glob:` or `network:`";
            reader.problem(value, message);
            None
        }
        _ => {
            reader.problem(
                value,
                "only one of `preset:`, `host:`, `glob:` and `network:` may stand here",
            );
            None
        }
    };
    // An entry with a problem anywhere is none: the configuration is not used anyway.
    let ports = match ports {
        Some(ports) => Some(ports?),
        None => None,
    };
    let overrides = Overrides { idle: idle.flatten(), tls: tls.flatten() };
    let entry = |(matcher, own): (Matcher, Option<PortSet>)| {
        // What is denied is denied on every port.
        let own = own.filter(|_| place.list == List::Allow);
        Entry { place, matcher, ports: ports.clone().or(own), overrides }
    };
    Some(matchers?.into_iter().map(entry).collect())
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
