//! What must be reachable by way of the proxy: the hosts that a configuration of it would allow.

use policy::{AddressClass, Authority, Entry, Host, HostPattern, Matcher, PortSet};

use super::ask::{Ask, Way};
use crate::reader::unknown;
use crate::yaml::{self, Node};
use crate::{config, presets};

/// The preset that is needed where nothing else is named.
pub(super) const DEFAULT: &str = "skypilot-core";
/// How many ports of one entry are tried.
const MAX_PORTS: usize = 4;

/// A target, why it is needed, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) ask: Ask,
    /// Who needs it, as a phrase: `preset python: Wheels, …`.
    pub(super) why: String,
    /// The entry of `allow` that opens it, as YAML: `{preset: python}`.
    pub(super) entry: String,
}

/// A preset with its parameters, as the command line names it: `aws-ssm,region=us-east-1`.
///
/// # Errors
/// What is wrong with it, as `check` would say.
pub(super) fn preset(text: &str) -> Result<Vec<Need>, String> {
    let mut words = text.split(',');
    let name = words.next().unwrap_or_default();
    let mut entry = vec![("preset".to_owned(), Node::Text(name.to_owned()))];
    for word in words {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| "write parameters as NAME,region=us-east-1".to_owned())?;
        if !presets::PARAMETERS.contains(&key) {
            return Err(unknown("parameter", key, presets::PARAMETERS.into_iter()));
        }
        entry.push((key.to_owned(), Node::Text(presets::value(value)?.to_owned())));
    }
    of_config(&format!("allow: [{}]", flow(&Node::Map(entry))))
}

/// A target as a person types it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn target(text: &str) -> Result<Need, String> {
    let target = Authority::parse_target(text).map_err(|error| error.to_string())?;
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let way = match (scheme.as_deref(), target.port()) {
        (Some("http"), _) => Way::Forward,
        (Some("https"), _) | (_, 443) => Way::Tls,
        _ => Way::Tunnel,
    };
    let entry = entry_for(&target);
    Ok(Need { ask: Ask { target, way }, why: "what the command line names".to_owned(), entry })
}

/// The entry that opens this target and nothing else.
pub(super) fn entry_for(target: &Authority) -> String {
    let what = match target.host() {
        Host::Name(name) => format!("host: {name}"),
        Host::Ip(ip) => {
            let bits = if ip.is_ipv4() { 32 } else { 128 };
            // A colon within `{}` would be YAML's.
            format!("network: \"{ip}/{bits}\"")
        }
    };
    match target.port() {
        80 | 443 => format!("{{{what}}}"),
        port => format!("{{{what}, ports: {port}}}"),
    }
}

/// Every target that a proxy's configuration allows by name, or as one address. Nothing but its
/// `allow` is read: the files that it names are the proxy's.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of_config(text: &str) -> Result<Vec<Need>, String> {
    let written = allow(text)?;
    let lines: Vec<String> = written.iter().map(flow).collect();
    let allow = format!("allow: [{}]", lines.join(", "));
    let entries = config::parse(&allow).map_err(|problems| {
        let messages: Vec<String> = problems.iter().map(|one| one.message.clone()).collect();
        messages.join("; ")
    })?;
    let mut needs: Vec<Need> = Vec::new();
    for entry in &entries.entries {
        let yaml = lines.get(entry.place.index).cloned().unwrap_or_default();
        for (target, why) in targets(entry) {
            let ask = Ask { way: way(&target), target };
            if !needs.iter().any(|known| known.ask == ask) {
                needs.push(Need { ask, why, entry: yaml.clone() });
            }
        }
    }
    Ok(needs)
}

/// The entries of `allow`.
fn allow(text: &str) -> Result<Vec<Node>, String> {
    let root = yaml::parse(text).map_err(|error| format!("not YAML: {}", error.message))?;
    let Node::Map(keys) = root else { return Ok(Vec::new()) };
    Ok(match keys.into_iter().find(|(key, _)| key == "allow") {
        Some((_, Node::List(entries))) => entries,
        _ => Vec::new(),
    })
}

/// As the target's port has it: presets say no more. What has a private address has a private CA as
/// well, so no TLS is tried there.
fn way(target: &Authority) -> Way {
    let is_private =
        matches!(target.host(), Host::Ip(ip) if AddressClass::of(*ip) != AddressClass::Global);
    match target.port() {
        80 => Way::Forward,
        443 if !is_private => Way::Tls,
        _ => Way::Tunnel,
    }
}

fn targets(entry: &Entry) -> Vec<(Authority, String)> {
    let at = |host: &str, ports: &PortSet, why: &str| {
        let some = (1..=u16::MAX).filter(|port| ports.contains(*port)).take(MAX_PORTS);
        let all =
            some.filter_map(|port| Authority::parse(format!("{host}:{port}").as_bytes()).ok());
        all.map(|target| (target, why.to_owned())).collect::<Vec<_>>()
    };
    let secure = PortSet::one(443);
    let default = entry.ports.as_ref().unwrap_or(&secure);
    match &entry.matcher {
        Matcher::Preset(preset) => {
            let hosts = preset.hosts.iter().filter_map(|host| match &host.pattern {
                HostPattern::Exact(name) => {
                    let ports = entry.ports.as_ref().unwrap_or(&host.ports);
                    let why = format!("preset {}: {}", preset.name, host.why);
                    Some(at(name.as_str(), ports, &why))
                }
                // Which names there are below a suffix is nobody's to know.
                _ => None,
            });
            hosts.flatten().collect()
        }
        Matcher::Host(HostPattern::Exact(name)) => {
            at(name.as_str(), default, "what the site names")
        }
        Matcher::Network(net) if net.prefix_len() == net.max_prefix_len() => {
            let host = Host::Ip(net.network()).to_string();
            at(&host, default, "what asks for it by its address")
        }
        _ => Vec::new(),
    }
}

/// A value in YAML's flow style.
fn flow(node: &Node) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::Text(text) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
            let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
            let words = ["true", "false", "null", "yes", "no", "on", "off"];
            match starts && text.chars().all(is_plain) && !words.contains(&text.as_str()) {
                true => text.clone(),
                // JSON's strings are YAML's.
                false => serde_json::Value::from(text.as_str()).to_string(),
            }
        }
        Node::List(list) => {
            let inside: Vec<String> = list.iter().map(flow).collect();
            format!("[{}]", inside.join(", "))
        }
        Node::Map(map) => {
            let inside: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", inside.join(", "))
        }
    }
}

#[cfg(test)]
#[path = "need_tests.rs"]
mod tests;
