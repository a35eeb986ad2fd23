//! The presets as candidates: which of them have a host, with which values of their parameters.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use policy::{Host, HostName, HostPattern, Matcher, PortSet};

use crate::presets::{self, Covers, Preset};

/// A preset with values for its parameters, as an entry names it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<(&'static str, String)>,
    pub(crate) rows: Vec<(Row, PortSet)>,
}

/// What a row of a preset covers.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    Host(HostName),
    Pattern(HostPattern),
    Address(IpAddr),
}

static PRESETS: LazyLock<Vec<Preset>> =
    LazyLock::new(|| presets::names().filter_map(presets::find).collect());

/// Those without parameters, and where each exact host of theirs is.
struct Plain {
    candidates: Vec<Candidate>,
    hosts: HashMap<HostName, Vec<usize>>,
}

static PLAIN: LazyLock<Plain> = LazyLock::new(|| {
    let plain = PRESETS.iter().filter(|preset| preset.parameters.is_empty());
    let candidates: Vec<Candidate> = plain.filter_map(|preset| fill(preset, Vec::new())).collect();
    let mut hosts: HashMap<HostName, Vec<usize>> = HashMap::new();
    for (i, candidate) in candidates.iter().enumerate() {
        for (row, _) in &candidate.rows {
            if let Row::Host(host) = row {
                hosts.entry(host.clone()).or_default().push(i);
            }
        }
    }
    Plain { candidates, hosts }
});

/// The presets without parameters.
pub(crate) fn plain() -> &'static [Candidate] {
    &PLAIN.candidates
}

/// Every exact host of the presets without parameters, with one that has it.
pub(crate) fn hosts() -> impl Iterator<Item = (&'static HostName, &'static Candidate)> {
    PLAIN.hosts.iter().map(|(host, having)| (host, &PLAIN.candidates[having[0]]))
}

/// The presets without parameters that have exactly this host, on whatever port.
pub(crate) fn having(host: &HostName) -> impl Iterator<Item = &'static Candidate> {
    let having = PLAIN.hosts.get(host);
    having.into_iter().flatten().map(|&i| &PLAIN.candidates[i])
}

/// The presets with parameters that have this host, where it tells all their values.
pub(crate) fn told_by(host: &HostName) -> Vec<Candidate> {
    let mut told: Vec<Candidate> = Vec::new();
    for preset in PRESETS.iter().filter(|preset| !preset.parameters.is_empty()) {
        for row in &preset.rows {
            let Covers::Hosts(template) = &row.covers else { continue };
            let Some(values) = template.values(host.as_str()) else { continue };
            // In the order of the preset's own list.
            let value = |name: &str| values.iter().find(|(known, _)| *known == name);
            let all: Option<Vec<_>> = preset
                .parameters
                .iter()
                .map(|one| Some((one.name.as_str(), value(&one.name)?.1.to_owned())))
                .collect();
            told.extend(all.and_then(|values| fill(preset, values)));
        }
    }
    told.sort_by(|one, other| one.key().cmp(&other.key()));
    told.dedup_by(|one, other| one.key() == other.key());
    told
}

impl Candidate {
    /// What tells it from every other.
    pub(crate) fn key(&self) -> (&'static str, &[(&'static str, String)]) {
        (self.name, &self.values)
    }

    /// Whether it covers the host on this port.
    pub(crate) fn covers(&self, host: &Host, port: u16) -> bool {
        self.rows.iter().any(|(row, ports)| {
            let is_host = match (row, host) {
                (Row::Host(own), Host::Name(name)) => own == name,
                (Row::Pattern(pattern), Host::Name(name)) => pattern.covers(name),
                (Row::Address(own), Host::Ip(ip)) => own == ip,
                _ => false,
            };
            is_host && ports.contains(port)
        })
    }

    /// How narrow it is, the narrowest first. One of a tier of SkyPilot's, which brings together what
    /// belongs to several, comes behind those of one thing.
    pub(crate) fn breadth(&self) -> (bool, usize) {
        (self.name.starts_with("skypilot-"), self.rows.len())
    }

    /// Whether it is a client who said whose data it opens.
    pub(crate) fn is_somebodys(&self) -> bool {
        self.values.iter().any(|(name, _)| *name != "region")
    }
}

fn fill(preset: &'static Preset, values: Vec<(&'static str, String)>) -> Option<Candidate> {
    let value = |name: &str| {
        values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    };
    let filled = preset.fill(value).ok()?;
    let Matcher::Preset(hosts) = filled.hosts else { return None };
    let row = |pattern: &HostPattern| match pattern {
        HostPattern::Exact(name) => Row::Host(name.clone()),
        pattern => Row::Pattern(pattern.clone()),
    };
    let mut rows: Vec<(Row, PortSet)> =
        hosts.hosts.iter().map(|host| (row(&host.pattern), host.ports.clone())).collect();
    for (network, ports) in filled.networks {
        // Wider networks are no evidence for any one address.
        if let Matcher::Network(net) = network
            && net.prefix_len() == net.max_prefix_len()
        {
            rows.push((Row::Address(net.addr()), ports));
        }
    }
    Some(Candidate { name: &preset.name, values, rows })
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
