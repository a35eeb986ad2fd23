//! What allows more than it seems: public suffixes, shared hosts, resolvers, all addresses.

use std::collections::{HashMap, HashSet};
use std::iter::repeat;
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
    dynamic_dns: Vec<String>,
    tunnels: Vec<String>,
    paste: Vec<String>,
    everyone: HashSet<String>,
    doh: HashSet<String>,
}

/// What stands below a listed name, or is it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Registry,
    Hosting,
    DynamicDns,
    Tunnel,
    Paste,
}

struct Shared {
    /// Suffixes below which anyone can get a name, and services with all their names.
    suffixes: HashMap<String, Kind>,
    /// What such a suffix itself stands below, with the first such suffix.
    above: HashMap<String, String>,
    everyone: HashSet<String>,
    doh: HashSet<String>,
}

static KNOWN: LazyLock<Shared> = LazyLock::new(|| {
    let File { registries, hosting, dynamic_dns, tunnels, paste, everyone, doh } =
        yaml::read(SHARED).expect("a test reads what is built in");
    let lists = [
        (hosting, Kind::Hosting),
        (dynamic_dns, Kind::DynamicDns),
        (tunnels, Kind::Tunnel),
        (paste, Kind::Paste),
        (registries, Kind::Registry),
    ];
    let (mut suffixes, mut above) = (HashMap::new(), HashMap::new());
    for (suffix, kind) in
        lists.into_iter().flat_map(|(list, kind)| list.into_iter().zip(repeat(kind)))
    {
        // A registry's suffix stands below a top-level domain alone, which no entry can name.
        for tail in tails(&suffix).filter(|tail| tail.contains('.') && !tail.starts_with('*')) {
            above.entry(tail.to_owned()).or_insert_with(|| suffix.clone());
        }
        suffixes.insert(suffix, kind);
    }
    Shared { suffixes, above, everyone, doh }
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
    let seems = |why: String| format!("`{pattern}` allows more than it seems: {why}");
    let why = match pattern {
        HostPattern::Exact(name) => serves_anyone(name.as_str()),
        HostPattern::Below(suffix) => {
            leads_anywhere(suffix.as_str()).or_else(|| below_shared(suffix.as_str()).map(shares))
        }
        HostPattern::Glob(glob) => {
            // What stands behind a label that may be anything.
            let behind = glob.as_str().match_indices('*').filter_map(|(star, _)| {
                let rest = &glob.as_str()[star..];
                rest.split_once('.').map(|(_, behind)| behind)
            });
            let listed = |behind: &&str| KNOWN.suffixes.contains_key(*behind);
            let mut behind = behind.into_iter();
            let last = behind.clone().next_back();
            let shared = behind.find(listed).map(|behind| shares(behind.to_owned()));
            shared.or_else(|| leads_anywhere(last?))
        }
    };
    why.map(seems)
}

fn shares(suffix: String) -> String {
    let anyone = || format!("anyone can get a name below `{suffix}`");
    leads_anywhere(&suffix).unwrap_or_else(anyone)
}

/// What a host does for everyone who asks it, which an entry for it allows as well.
pub(crate) fn serves_anyone(name: &str) -> Option<String> {
    let listed = |list: &HashSet<String>| spellings(name).any(|spelling| list.contains(&spelling));
    if listed(&KNOWN.doh) {
        let doh =
            "it looks up any name for anyone (DNS over HTTPS), and data can leave in the questions";
        return Some(doh.to_owned());
    }
    if listed(&KNOWN.everyone) {
        return Some("it serves what anyone puts there".to_owned());
    }
    leads_anywhere(name)
}

/// Of what service that leads anywhere the name is, or stands below it.
fn leads_anywhere(name: &str) -> Option<String> {
    let mut own = std::iter::once(name).chain(tails(name));
    own.find_map(|suffix| {
        let why = match kind(suffix)? {
            Kind::Registry | Kind::Hosting => return None,
            Kind::DynamicDns => "is for dynamic DNS: whoever has a name there points it anywhere",
            Kind::Tunnel => "leads through tunnels to anyone's machine",
            Kind::Paste => "serves what anyone puts there, and takes what anyone sends",
        };
        Some(format!("`{suffix}` {why}"))
    })
}

/// The listed suffix that the name is, or stands above.
pub(crate) fn below_shared(suffix: &str) -> Option<String> {
    match kind(suffix) {
        Some(_) => Some(suffix.to_owned()),
        None => KNOWN.above.get(suffix).cloned(),
    }
}

/// The shared hosting below which the name stands.
pub(crate) fn hosted(name: &str) -> Option<&str> {
    tails(name).find(|suffix| kind(suffix) == Some(Kind::Hosting))
}

/// The domain that has one owner: the last two labels, or more where anyone can get a name below
/// these.
pub(crate) fn owned(name: &str) -> &str {
    let own = || std::iter::once(name).chain(tails(name)).filter(|tail| tail.contains('.'));
    let is_shared = |tail: &&str| {
        let behind = tail.split_once('.').and_then(|(_, behind)| kind(behind));
        matches!(behind, Some(Kind::Registry | Kind::Hosting))
    };
    own().find(is_shared).or_else(|| own().last()).unwrap_or(name)
}

fn kind(suffix: &str) -> Option<Kind> {
    // No longer name is listed, and names may have more labels than anyone wants to compare.
    let is_short = suffix.bytes().filter(|b| *b == b'.').count() < 6;
    let listed = |spelling| KNOWN.suffixes.get(&spelling).copied();
    is_short.then(|| spellings(suffix).find_map(listed)).flatten()
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
