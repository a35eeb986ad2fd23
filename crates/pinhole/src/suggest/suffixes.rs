//! `*.suffix`, where enough hosts directly below it were asked for, all on the same ports.

use std::collections::{BTreeMap, BTreeSet};

use policy::HostName;

use super::choose::{Covers, Item, Open};
use super::seen::Sighting;
use crate::wide::below_shared;

/// How many hosts directly below a suffix are evidence for all of it.
const MIN_HOSTS: usize = 5;

/// Chooses suffixes, and takes what they cover out of what is left. A host with a mark is evidence
/// for nothing.
pub(crate) fn below(open: &mut Open<'_>, marked: &BTreeMap<&HostName, Vec<String>>) -> Vec<Item> {
    let mut found: BTreeMap<(usize, &str, BTreeSet<u16>), usize> = BTreeMap::new();
    for (name, ports) in open.iter() {
        if let Some((_, suffix)) = name.as_str().split_once('.')
            && is_plain(marked, name)
        {
            let labels = suffix.split('.').count();
            *found.entry((labels, suffix, ports.keys().copied().collect())).or_default() += 1;
        }
    }
    // By their labels from the end, all names below a suffix stand together.
    let mut from_the_end: Vec<(String, &HostName)> =
        open.keys().map(|name| (turned(name.as_str()), *name)).collect();
    from_the_end.sort_unstable();
    let below = |suffix: &str| {
        let head = turned(suffix) + ".";
        let first = from_the_end.partition_point(|(turned, _)| *turned < head);
        from_the_end[first..]
            .iter()
            .take_while(move |(turned, _)| turned.starts_with(&head))
            .map(|(_, name)| *name)
    };
    let mut items = Vec::new();
    // The widest first: what it covers is no evidence for a narrower one.
    for ((_, suffix, ports), hosts) in found {
        if hosts < MIN_HOSTS || !has_one_owner(suffix) {
            continue;
        }
        let all: Vec<&HostName> = below(suffix).filter(|name| open.contains_key(name)).collect();
        let is_evidence = |name: &&&HostName| {
            let is_direct = name.as_str().split_once('.').is_some_and(|(_, rest)| rest == suffix);
            is_direct && is_plain(marked, name) && open[*name].keys().eq(&ports)
        };
        let evidence = all.iter().filter(is_evidence).count();
        if evidence >= MIN_HOSTS {
            items.push(item(open, marked, (suffix, ports), evidence, &all));
        }
    }
    items
}

/// A name's labels from the last to the first.
fn turned(name: &str) -> String {
    name.rsplit('.').collect::<Vec<_>>().join(".")
}

fn is_plain(marked: &BTreeMap<&HostName, Vec<String>>, name: &HostName) -> bool {
    marked.get(name).is_none_or(Vec::is_empty)
}

fn item(
    open: &mut Open<'_>,
    marked: &BTreeMap<&HostName, Vec<String>>,
    (suffix, ports): (&str, BTreeSet<u16>),
    evidence: usize,
    covered: &[&HostName],
) -> Item {
    let count = format!(
        "{evidence} hosts directly below `{suffix}` were asked for; this allows every name below \
         it, at any depth"
    );
    let (mut marks, mut seen, mut targets) = (vec![count], Sighting::default(), Vec::new());
    let mut doubtful = BTreeSet::new();
    for &name in covered {
        let Some(asked) = open.get_mut(name) else { continue };
        for port in &ports {
            if let Some(sighting) = asked.remove(port) {
                seen.merge(sighting);
                targets.push(format!("{name}:{port}"));
                if !is_plain(marked, name) {
                    doubtful.insert(name);
                }
            }
        }
        if asked.is_empty() {
            open.remove(name);
        }
    }
    if let Some(first) = doubtful.first() {
        let why = marked[first].first().map_or("", String::as_str);
        let more = match doubtful.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more such"),
        };
        marks.push(format!("it covers {first}{more}: {why}"));
    }
    let presets = Vec::new();
    Item { covers: Covers::Below(suffix.to_owned()), ports, seen, targets, marks, presets }
}

/// Whether all names below a suffix are one owner's to give.
fn has_one_owner(suffix: &str) -> bool {
    let labels: Vec<&str> = suffix.split('.').collect();
    // A country's second level, such as com.xy: the shared suffixes are a selection.
    let is_public = match labels[..] {
        [_] => true,
        [second, top] => top.len() == 2 && (second.len() <= 3 || SECOND.contains(&second)),
        _ => false,
    };
    !is_public && below_shared(suffix).is_none()
}

/// What countries call their second levels, in more than three letters.
const SECOND: [&str; 7] = ["asso", "firm", "gouv", "info", "mobi", "name", "priv"];

#[cfg(test)]
#[path = "suffixes_tests.rs"]
mod tests;
