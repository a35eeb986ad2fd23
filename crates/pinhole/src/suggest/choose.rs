//! Which entries to write: whole presets, what stands below a suffix, hosts, addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use policy::{Authority, Host, HostName};

use super::known::{self, Candidate};
use super::marks;
use super::needs::Needs;
use super::seen::Sighting;
use super::{greedy, suffixes};

/// What an entry covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Covers {
    Preset(&'static str, Vec<(&'static str, String)>),
    Below(String),
    Host(String),
    Network(IpAddr),
}

/// One entry of `allow`, and what is to be said of it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) covers: Covers,
    /// None where the preset's own hold.
    pub(crate) ports: BTreeSet<u16>,
    /// What was seen of its targets, together.
    pub(crate) seen: Sighting,
    /// Its targets, where the entry does not name them.
    pub(crate) targets: Vec<String>,
    /// What a reviewer should think about.
    pub(crate) marks: Vec<String>,
    /// Presets that have the host.
    pub(crate) presets: Vec<String>,
}

/// Names with the ports that no entry has been chosen for.
pub(crate) type Open<'s> = BTreeMap<&'s HostName, BTreeMap<u16, &'s Sighting>>;

/// The entries, in the order in which they are written: those without marks first.
pub(crate) fn entries(needs: &Needs<'_>) -> Vec<Item> {
    let mut open: Open<'_> = needs.names.clone();
    let mut addresses = needs.addresses.clone();
    let mut items = greedy::presets(&mut open, &mut addresses);
    let marks = |name: &HostName| {
        let closed = needs.closed.get(name).into_iter().flatten();
        marks::of_host(name).into_iter().chain(closed.cloned()).collect()
    };
    let mut marked: BTreeMap<&HostName, Vec<String>> =
        open.keys().map(|name| (*name, marks(name))).collect();
    items.extend(suffixes::below(&mut open, &marked));
    for (name, ports) in open {
        let marks = marked.remove(name).unwrap_or_default();
        let mut item = host(name, ports.keys().copied().collect(), marks);
        ports.values().for_each(|sighting| item.seen.merge(sighting));
        items.push(item);
    }
    for (ip, ports) in addresses {
        let mut item = address(ip, ports.keys().copied().collect());
        for asked in ports.values().flatten() {
            item.seen.merge(asked.sighting);
            item.targets.push(asked.target.to_string());
        }
        items.push(item);
    }
    items.sort_by(|one, other| {
        let key = |item: &Item| (!item.marks.is_empty(), item.covers.clone());
        key(one).cmp(&key(other))
    });
    items
}

/// The entry for one host.
pub(crate) fn host(name: &HostName, ports: BTreeSet<u16>, mut marks: Vec<String>) -> Item {
    let all = known::having(name).cloned().chain(known::told_by(name));
    let covers = |preset: &Candidate| {
        ports.iter().all(|port| preset.covers(&Host::Name(name.clone()), *port))
    };
    let presets = all.filter(covers).map(|preset| shown(&preset)).collect();
    marks.extend(marks::of_ports(&ports));
    let covers = Covers::Host(name.to_string());
    Item { covers, ports, seen: Sighting::default(), targets: Vec::new(), marks, presets }
}

/// The entry for one address.
pub(crate) fn address(ip: IpAddr, ports: BTreeSet<u16>) -> Item {
    let mut marks = vec![marks::of_address(ip)];
    marks.extend(marks::of_ports(&ports));
    Item {
        covers: Covers::Network(ip),
        ports,
        seen: Sighting::default(),
        targets: Vec::new(),
        marks,
        presets: Vec::new(),
    }
}

/// The entry for a preset.
pub(crate) fn preset(candidate: &Candidate) -> Item {
    let mut marks = Vec::new();
    if candidate.is_somebodys() {
        let values: Vec<String> =
            candidate.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
        marks.push(format!("a client chose the {}: is it yours?", values.join(", ")));
    }
    Item {
        covers: Covers::Preset(candidate.name, candidate.values.clone()),
        ports: BTreeSet::new(),
        seen: Sighting::default(),
        targets: Vec::new(),
        marks,
        presets: Vec::new(),
    }
}

/// The narrowest preset that covers a target.
pub(crate) fn preset_of(target: &Authority) -> Option<Item> {
    greedy::narrowest(target).map(|candidate| preset(&candidate))
}

/// A preset and its values, in words.
fn shown(candidate: &Candidate) -> String {
    let mut text = candidate.name.to_owned();
    for (i, (name, value)) in candidate.values.iter().enumerate() {
        let opening = if i == 0 { " (" } else { ", " };
        text.push_str(&format!("{opening}{name} {value}"));
    }
    if !candidate.values.is_empty() {
        text.push(')');
    }
    text
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
