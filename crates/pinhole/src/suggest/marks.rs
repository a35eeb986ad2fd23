//! What a reviewer should think about, by a name or an address alone.

mod labels;
mod looks;

use std::collections::BTreeSet;
use std::net::IpAddr;

use policy::{AddressClass, HostName};

use super::known;
use crate::wide;

/// On so many ports nobody serves one thing.
const MANY_PORTS: usize = 8;

/// What is to be thought of a host; nothing of one that a preset has, whose hosts were reviewed.
pub(crate) fn of_host(host: &HostName) -> Vec<String> {
    if known::having(host).next().is_some() {
        return Vec::new();
    }
    let name = host.as_str();
    let hosted = wide::hosted(name).map(|suffix| format!("anyone can get a name below `{suffix}`"));
    let served = wide::serves_anyone(name);
    let look = looks::like(name);
    [served.or(hosted), look, labels::punycode(name), labels::data(name)]
        .into_iter()
        .flatten()
        .collect()
}

/// What is to be thought of an address, of whatever class.
pub(crate) fn of_address(ip: IpAddr) -> String {
    match AddressClass::of(ip) {
        AddressClass::Global => {
            "an address: its owner may change, and TLS to it names nobody".to_owned()
        }
        class => format!(
            "an address of the class {}: this opens it to every allowed name that leads there",
            class.label()
        ),
    }
}

/// What is to be thought of many ports.
pub(crate) fn of_ports(ports: &BTreeSet<u16>) -> Option<String> {
    let many = ports.len() > MANY_PORTS;
    many.then(|| format!("it was asked for on {} ports, as by a scan", ports.len()))
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
