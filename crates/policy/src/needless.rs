//! Entries that change no decision, since others decide before them, or the same.

mod hosts;
mod networks;

use std::collections::HashMap;

use self::hosts::Hosts;
use self::networks::Networks;
use crate::compiled::{HostRule, rules};
use crate::{Entry, HostPattern, List, Matcher, Overrides, Place, PortSet, Preset, Rule};

/// An entry that changes no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needless {
    /// Where it stands.
    pub place: Place,
    /// Why it changes none.
    pub why: Why,
    /// The rule that makes it so; of a preset's several, the first.
    pub by: Rule,
}

/// Why an entry changes no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A `deny` entry covers all of an `allow` entry.
    Denied,
    /// Another entry covers the same, and stands first.
    First,
    /// Another entry covers all of it, with the same overrides.
    Covered,
}

/// What a candidate for being needless is compared by.
#[derive(Clone, Copy, Debug)]
struct Granted<'g> {
    place: Place,
    ports: &'g PortSet,
    overrides: Overrides,
}

/// One rule that covers all of another.
#[derive(Clone, Copy, Debug)]
struct Cover<'c> {
    rule: &'c Rule,
    ports: &'c PortSet,
    overrides: Overrides,
    /// Whether both cover exactly the same.
    same: bool,
    /// Whether it opens all that the other opens: a wider network may not.
    whole: bool,
    /// Whether it is a preset's, of which nothing here says that it is needless for another's sake.
    preset: bool,
}

/// Finds the entries that change no decision, in the order of their lists, `allow` first. It may
/// miss some (such as those that only several others together cover), and names none wrongly:
/// without all of those it names, every decision is the same.
///
/// A preset is named only where `deny` covers all of it or the same one stands twice: what a
/// preset covers is another version's affair.
#[must_use]
pub fn needless(entries: &[Entry]) -> Vec<Needless> {
    let of = |list| {
        let mut of_list: Vec<&Entry> = entries.iter().filter(|e| e.place.list == list).collect();
        of_list.sort_by_key(|entry| entry.place.index);
        of_list
    };
    let (allow, deny) = (of(List::Allow), of(List::Deny));
    let all = PortSet::all();
    let (allowed, denied) = (Index::new(&allow, None), Index::new(&deny, Some(&all)));
    let mut found = Vec::new();
    let (mut presets, mut denied_presets) = (Presets::new(), Presets::new());
    for entry in allow {
        let by = denied.denies(entry).map(|rule| (Why::Denied, rule));
        let twice = second(&mut presets, entry);
        let finding = by.or(twice).or_else(|| allowed.spares(entry, None));
        found.extend(finding.map(|(why, by)| Needless { place: entry.place, why, by }));
    }
    for entry in deny {
        let twice = second(&mut denied_presets, entry);
        let finding = twice.or_else(|| denied.spares(entry, Some(&all)));
        found.extend(finding.map(|(why, by)| Needless { place: entry.place, why, by }));
    }
    found
}

/// Presets by name, each with the ports that its entry names.
type Presets<'e> = HashMap<&'e str, Vec<&'e Entry>>;

/// The entry before this one that names the same preset, with the same values of its parameters, on
/// the same ports.
fn second<'e>(presets: &mut Presets<'e>, entry: &'e Entry) -> Option<(Why, Rule)> {
    let Matcher::Preset(preset) = &entry.matcher else { return None };
    let same = presets.entry(preset.name.as_str()).or_default();
    let alike = |first: &&&Entry| match &first.matcher {
        Matcher::Preset(other) => first.ports == entry.ports && hosts(other).eq(hosts(preset)),
        _ => false,
    };
    let first = same.iter().find(alike).map(|first| {
        let text = format!("preset {}", preset.name).into();
        (Why::First, Rule { place: first.place, text })
    });
    if first.is_none() {
        same.push(entry);
    }
    first
}

/// A preset's hosts, which its parameters make others.
fn hosts(preset: &Preset) -> impl Iterator<Item = &HostPattern> {
    preset.hosts.iter().map(|host| &host.pattern)
}

/// The rules of one list, by what they cover.
struct Index<'e> {
    hosts: Hosts<'e>,
    networks: Networks,
}

impl<'e> Index<'e> {
    fn new(entries: &[&'e Entry], default_ports: Option<&PortSet>) -> Self {
        Self {
            hosts: Hosts::new(entries, default_ports),
            networks: Networks::new(entries, default_ports),
        }
    }

    /// The rule of this list, which is `deny`, that covers all of an entry of the other.
    fn denies(&self, entry: &Entry) -> Option<Rule> {
        let covers = |covers: Vec<Cover<'_>>, ports: &PortSet| {
            covers.iter().find(|cover| cover.ports.covers(ports)).map(|cover| cover.rule.clone())
        };
        if let Matcher::Network(net) = &entry.matcher {
            let ports = entry.ports.clone().unwrap_or_else(PortSet::web);
            return covers(self.networks.covers(net), &ports);
        }
        let each = rules(entry, None).into_iter();
        let mut each = each.map(|(pattern, rule)| covers(self.hosts.covers(pattern), &rule.ports));
        let first = each.next()??;
        each.all(|by| by.is_some()).then_some(first)
    }

    /// The rule of the entry's own list that leaves nothing to it.
    fn spares(&self, entry: &Entry, default_ports: Option<&PortSet>) -> Option<(Why, Rule)> {
        match &entry.matcher {
            Matcher::Preset(_) => None,
            Matcher::Network(net) => {
                let ports = entry.ports.as_ref().or(default_ports);
                let ports = ports.cloned().unwrap_or_else(PortSet::web);
                let overrides = entry.overrides;
                let granted = Granted { place: entry.place, ports: &ports, overrides };
                spared(granted, &self.networks.covers(net))
            }
            Matcher::Host(pattern) => {
                let [(_, HostRule { ports, overrides, .. })] = &rules(entry, default_ports)[..]
                else {
                    return None;
                };
                // Of globs that only overlap, the next one written would come to decide.
                let unlike =
                    matches!(pattern, HostPattern::Glob(_)) && !self.hosts.globs_are_alike();
                let granted = Granted { place: entry.place, ports, overrides: *overrides };
                spared(granted, &self.hosts.covers(pattern))
                    .filter(|(why, _)| *why == Why::First || !unlike)
            }
        }
    }
}

/// What would decide if the entry were not there: of its covers, which come the narrowest first,
/// one that sets the same. None where another one, which sets something else, would decide first.
fn spared(granted: Granted<'_>, covers: &[Cover<'_>]) -> Option<(Why, Rule)> {
    for cover in covers.iter().filter(|cover| cover.rule.place != granted.place) {
        let (place, rule) = (cover.rule.place, || cover.rule.clone());
        let wider = cover.ports.covers(granted.ports);
        if cover.same && place.index < granted.place.index && wider {
            return Some((Why::First, rule()));
        }
        if cover.overrides != granted.overrides && cover.ports.meets(granted.ports) {
            return None;
        }
        // Of two that are the same, the second is the needless one, and not both.
        let its_turn = cover.same && !cover.preset && granted.ports.covers(cover.ports);
        if cover.overrides == granted.overrides && wider && cover.whole && !its_turn {
            return Some((Why::Covered, rule()));
        }
    }
    None
}

#[cfg(test)]
#[path = "needless_tests.rs"]
mod tests;
