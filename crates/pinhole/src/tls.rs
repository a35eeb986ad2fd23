//! The section `tls`, and the same word in entries.

use policy::{EchMode, SniMode, SniRules};

use crate::entries;
use crate::reader::{Reader, Value};
use crate::yaml::Node;

/// Reads the section.
pub(crate) fn read(reader: &mut Reader<'_>, value: &Value<'_>, rules: &mut SniRules) {
    let [ports, sni, ech] = reader.map(value, ["ports", "sni", "ech"]);
    if let Some(ports) = ports.and_then(|value| entries::ports(reader, &value)) {
        rules.ports = ports;
    }
    if let Some(mode) = sni.and_then(|value| mode(reader, &value)) {
        rules.sni = mode;
    }
    if let Some(ech) = ech.and_then(|value| reader.parsed(&value, EchMode::parse)) {
        rules.ech = ech;
    }
}

/// Reads `enforce`, `log` or `off`.
pub(crate) fn mode(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<SniMode> {
    if let Node::Bool(on) = value.node {
        let meant = if *on { "enforce or log" } else { "off" };
        reader.problem(value, format!("`{on}`: write {meant}"));
        return None;
    }
    reader.parsed(value, SniMode::parse)
}
