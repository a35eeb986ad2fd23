//! `dns.hosts`: names with addresses of their own.

use std::collections::HashSet;
use std::net::IpAddr;

use policy::HostName;

use crate::reader::{Reader, Value};

/// Reads the map. A name that stands twice, in whatever spelling, is a problem.
pub(crate) fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<(HostName, Vec<IpAddr>)> {
    let mut hosts = Vec::new();
    let mut seen = HashSet::new();
    for (key, value) in reader.entries(value) {
        let name = match HostName::parse(key.as_bytes()) {
            Ok(name) => name,
            Err(_) if key.parse::<IpAddr>().is_ok() => {
                reader.problem(&value, "an address leads to itself: write a name");
                continue;
            }
            Err(error) => {
                reader.problem(&value, format!("{error}; write one name, such as host.example"));
                continue;
            }
        };
        let values = reader.list(&value, true);
        let before = reader.problems.len();
        let addrs: Vec<IpAddr> =
            values.iter().filter_map(|value| reader.parsed(value, address)).collect();
        if addrs.is_empty() && reader.problems.len() == before {
            reader.problem(&value, "name at least one address, such as 10.20.0.5 or fd00::5");
        }
        if !seen.insert(name.clone()) {
            reader.problem(&value, format!("`{name}` stands twice"));
        }
        hosts.push((name, addrs));
    }
    hosts
}

fn address(text: &str) -> Result<IpAddr, String> {
    let shown = text.escape_debug();
    text.parse().map_err(|_| {
        format!("`{shown}` is not an address, such as 10.20.0.5 or fd00::5, without a port")
    })
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
