//! Whole presets: the one that explains most of what no other explains, again and again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::IpAddr;

use policy::{Authority, Host, HostName, PortSet};

use super::choose::{Item, Open, preset};
use super::known::{self, Candidate, Row};
use super::marks;
use super::needs::Asked;

/// How many of a preset's hosts must have been asked for, before it is the preset that is missed.
const MIN_ROWS: usize = 2;

/// Addresses with the ports that no entry has been chosen for.
type Addresses<'s> = BTreeMap<IpAddr, BTreeMap<u16, Vec<Asked<'s>>>>;

/// Chooses presets, and takes what they cover out of what is left.
pub(crate) fn presets(open: &mut Open<'_>, addresses: &mut Addresses<'_>) -> Vec<Item> {
    let mut candidates: Vec<Candidate> = known::plain().to_vec();
    candidates.extend(open.keys().flat_map(|name| known::told_by(name)));
    candidates.sort_by(|one, other| one.key().cmp(&other.key()));
    candidates.dedup_by(|one, other| one.key() == other.key());
    candidates.retain(|candidate| is_missed(candidate, open, addresses));
    // What a preset explains only shrinks, so that the best of those that were counted anew is the
    // best of all. Of equals, the one with the fewest hosts, then the first by name.
    let rank = |i: usize, candidate: &Candidate, explained: usize| {
        (explained, Reverse(candidate.rows.len()), Reverse(i))
    };
    let mut heap: BinaryHeap<_> = candidates
        .iter()
        .enumerate()
        .map(|(i, candidate)| rank(i, candidate, explained(candidate, open, addresses).len()))
        .collect();
    let mut items = Vec::new();
    while let Some((counted, _, Reverse(i))) = heap.pop() {
        let candidate = &candidates[i];
        let explained = explained(candidate, open, addresses);
        if explained.is_empty() {
            continue;
        }
        if explained.len() < counted {
            heap.push(rank(i, candidate, explained.len()));
            continue;
        }
        let mut item = preset(candidate);
        for (host, port) in explained {
            let target = match &host {
                Host::Name(name) => take_name(open, name, port, &mut item),
                Host::Ip(ip) => take_address(addresses, *ip, port, &mut item),
            };
            item.targets.push(target);
        }
        items.push(item);
    }
    items
}

/// The narrowest preset that covers a target: one without parameters, or one whose values its
/// host tells.
pub(crate) fn narrowest(target: &Authority) -> Option<Candidate> {
    let covers = |candidate: &Candidate| candidate.covers(target.host(), target.port());
    let told = match target.host() {
        Host::Name(name) => known::told_by(name),
        Host::Ip(_) => Vec::new(),
    };
    let all = known::plain().iter().cloned().chain(told).filter(covers);
    all.min_by(|one, other| (one.breadth(), one.key()).cmp(&(other.breadth(), other.key())))
}

/// Whether several of a preset's own hosts were asked for. A wildcard alone is no evidence.
fn is_missed(candidate: &Candidate, open: &Open<'_>, addresses: &Addresses<'_>) -> bool {
    let met = |(row, ports): &&(Row, PortSet)| !met(row, ports, open, addresses).is_empty();
    let rows: Vec<_> = candidate.rows.iter().filter(met).collect();
    rows.len() >= MIN_ROWS && rows.iter().any(|(row, _)| !matches!(row, Row::Pattern(_)))
}

/// What is left of all that a preset covers.
fn explained(
    candidate: &Candidate,
    open: &Open<'_>,
    addresses: &Addresses<'_>,
) -> Vec<(Host, u16)> {
    let rows = candidate.rows.iter();
    let mut all: Vec<(Host, u16)> =
        rows.flat_map(|(row, ports)| met(row, ports, open, addresses)).collect();
    let key = |(host, port): &(Host, u16)| (host.to_string(), *port);
    all.sort_by_key(key);
    all.dedup();
    all
}

/// What is left of all that one row covers.
fn met(row: &Row, ports: &PortSet, open: &Open<'_>, addresses: &Addresses<'_>) -> Vec<(Host, u16)> {
    let of_name = |name: &HostName| -> Vec<(Host, u16)> {
        let asked = open.get(name).into_iter().flat_map(BTreeMap::keys);
        let covered = asked.filter(|port| ports.contains(**port));
        covered.map(|port| (Host::Name(name.clone()), *port)).collect()
    };
    match row {
        Row::Host(name) => of_name(name),
        Row::Pattern(pattern) => {
            let names = open.keys().filter(|name| pattern.covers(name));
            names.flat_map(|name| of_name(name)).collect()
        }
        Row::Address(ip) => {
            let asked = addresses.get(ip).into_iter().flat_map(BTreeMap::keys);
            let covered = asked.filter(|port| ports.contains(**port));
            covered.map(|port| (Host::Ip(*ip), *port)).collect()
        }
    }
}

fn take_name(open: &mut Open<'_>, name: &HostName, port: u16, item: &mut Item) -> String {
    if let Some(ports) = open.get_mut(name) {
        if let Some(sighting) = ports.remove(&port) {
            item.seen.merge(sighting);
        }
        if ports.is_empty() {
            open.remove(name);
        }
    }
    format!("{name}:{port}")
}

fn take_address(addresses: &mut Addresses<'_>, ip: IpAddr, port: u16, item: &mut Item) -> String {
    if let Some(ports) = addresses.get_mut(&ip) {
        for asked in ports.remove(&port).into_iter().flatten() {
            item.seen.merge(asked.sighting);
        }
        if ports.is_empty() {
            addresses.remove(&ip);
        }
    }
    let mark = marks::of_address(ip);
    if !item.marks.contains(&mark) {
        item.marks.push(mark);
    }
    std::net::SocketAddr::new(ip, port).to_string()
}

#[cfg(test)]
#[path = "greedy_tests.rs"]
mod tests;
