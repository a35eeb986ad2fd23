//! Entries as YAML.

use std::collections::BTreeSet;

use policy::{Authority, Host};

use crate::suggest::choose::{Covers, Item};

/// The lines of an entry, below its comments.
pub(crate) fn entry(item: &Item) -> Vec<String> {
    of(&item.covers, &item.ports)
}

/// What is said of an entry besides how often it was asked for.
pub(super) fn notes(item: &Item) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    if !item.presets.is_empty() {
        let named = item.presets.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let more = if item.presets.len() > 3 { " and others" } else { "" };
        notes.push(format!("Presets that have it: {named}{more}"));
    }
    notes.extend(item.marks.iter().map(|mark| format!("REVIEW: {mark}")));
    notes
}

fn of(covers: &Covers, ports: &BTreeSet<u16>) -> Vec<String> {
    let mut lines = vec![format!("- {}", key(covers))];
    if let Covers::Preset(_, values) = covers {
        let value = |(name, value): &(&str, String)| format!("  {name}: \"{value}\"");
        lines.extend(values.iter().map(value));
    }
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    match &ports[..] {
        [] => {}
        [port] => lines.push(format!("  ports: {port}")),
        ports => lines.push(format!("  ports: [{}]", ports.join(", "))),
    }
    lines
}

/// The entry of a target alone with what a person may set in it, on one line.
pub(super) fn with(target: &Authority, set: &str) -> String {
    let covers = match target.host() {
        Host::Name(name) => Covers::Host(name.to_string()),
        Host::Ip(ip) => Covers::Network(*ip),
    };
    format!("- {{{}, ports: {}, {set}}}", key(&covers), target.port())
}

/// The key that says what an entry covers.
fn key(covers: &Covers) -> String {
    match covers {
        Covers::Preset(name, _) => format!("preset: {name}"),
        Covers::Below(suffix) => format!("host: \"*.{suffix}\""),
        Covers::Host(name) => format!("host: {}", scalar(name)),
        Covers::Network(ip) if ip.is_ipv4() => format!("network: {ip}/32"),
        Covers::Network(ip) => format!("network: \"{ip}/128\""),
    }
}

/// A host as YAML reads it as text: `null`, `1e5` and the like need quotes.
fn scalar(host: &str) -> String {
    let is_plain = host.contains('.') && host.starts_with(|c: char| c.is_ascii_lowercase());
    if is_plain { host.to_owned() } else { format!("\"{host}\"") }
}
