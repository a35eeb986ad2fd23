//! What allows more than it seems: public suffixes, shared hosts, resolvers, all addresses.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use policy::{Entry, HostPattern, List, Matcher, opens_global};
use serde::Deserialize;

use crate::yaml;

const SHARED: &str = include_str!("../../../config/shared.yaml");

/// Networks that are wider than these open more than any one site has.
const WIDE: [u8; 2] = [8, 16];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    registries: Vec<String>,
    hosting: Vec<String>,
    everyone: HashSet<String>,
    doh: HashSet<String>,
}

struct Shared {
    /// Suffixes below which anyone can get a name.
    suffixes: HashSet<String>,
    /// What such a suffix itself stands below, with the first such suffix.
    above: HashMap<String, String>,
    everyone: HashSet<String>,
    doh: HashSet<String>,
}

static KNOWN: LazyLock<Shared> = LazyLock::new(|| {
    let File { registries, hosting, everyone, doh } =
        yaml::read(SHARED).expect("a test reads what is built in");
    let mut above = HashMap::new();
    // A registry's suffix stands below a top-level domain alone, which no entry can name.
    for suffix in hosting.iter().chain(&registries) {
        for tail in tails(suffix).filter(|tail| tail.contains('.') && !tail.starts_with('*')) {
            above.entry(tail.to_owned()).or_insert_with(|| suffix.clone());
        }
    }
    Shared { suffixes: registries.into_iter().chain(hosting).collect(), above, everyone, doh }
});

/// What an entry allows that its author may not know; none for `deny`, where more is no danger.
pub(crate) fn wide(entry: &Entry) -> Option<String> {
    if entry.place.list == List::Deny {
        return None;
    }
    match &entry.matcher {
        Matcher::Host(pattern) => wide_pattern(pattern),
        // Its hosts are reviewed data; what it has of wildcards is worth knowing all the same.
        Matcher::Preset(preset) => {
            let mut hosts = preset.hosts.iter().map(|host| &host.pattern);
            hosts.find_map(|pattern| match pattern {
                HostPattern::Exact(_) => None,
                _ => wide_pattern(pattern),
            })
        }
        Matcher::Network(net) => {
            let least = WIDE[usize::from(net.addr().is_ipv6())];
            let all = match net.prefix_len() {
                0 => "every global address",
                _ => "every global address in it",
            };
            (net.prefix_len() < least && opens_global(net)).then(|| {
                format!("`{net}` allows more than it seems: it opens {all} to whoever writes it as a literal")
            })
        }
    }
}

fn wide_pattern(pattern: &HostPattern) -> Option<String> {
    let shared = &*KNOWN;
    let below = |suffix: &str| {
        format!("`{pattern}` allows more than it seems: anyone can get a name below `{suffix}`")
    };
    match pattern {
        HostPattern::Exact(name) => {
            let listed =
                |list: &HashSet<String>| spellings(name.as_str()).any(|s| list.contains(&s));
            if listed(&shared.doh) {
                return Some(format!(
                    "`{name}` allows more than it seems: it looks up any name for anyone \
                     (DNS over HTTPS), and data can leave in the questions"
                ));
            }
            listed(&shared.everyone).then(|| {
                format!("`{name}` allows more than it seems: it serves what anyone puts there")
            })
        }
        HostPattern::Below(suffix) => {
            let suffix = suffix.as_str();
            let listed = spellings(suffix).any(|spelling| shared.suffixes.contains(&spelling));
            let above = || shared.above.get(suffix).map(|inner| below(inner));
            if listed { Some(below(suffix)) } else { above() }
        }
        HostPattern::Glob(glob) => {
            // What stands behind a label that may be anything.
            let behind = glob.as_str().match_indices('*').filter_map(|(star, _)| {
                let rest = &glob.as_str()[star..];
                rest.split_once('.').map(|(_, behind)| behind)
            });
            behind.into_iter().find(|behind| shared.suffixes.contains(*behind)).map(below)
        }
    }
}

/// The name as it may be listed: itself, and with a `*` for one of its labels.
fn spellings(name: &str) -> impl Iterator<Item = String> {
    let labels: Vec<&str> = name.split('.').collect();
    // No longer name is listed.
    let places = if labels.len() > 6 { 0..0 } else { 0..labels.len() };
    let starred = places.map(move |i| {
        let mut labels = labels.clone();
        labels[i] = "*";
        labels.join(".")
    });
    std::iter::once(name.to_owned()).chain(starred)
}

/// What stands behind each dot.
fn tails(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(dot, _)| &name[dot + 1..])
}

#[cfg(test)]
#[path = "wide_tests.rs"]
mod tests;
