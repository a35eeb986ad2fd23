//! The hosts that are known: the presets', those that a preset leaves out by name, and those that
//! are ignored, each for a reason.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::pattern::Pattern;
use crate::room::said;

pub(crate) struct Known {
    presets: Vec<Pattern>,
    ignored: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignored {
    why: String,
    hosts: Vec<String>,
}

impl Known {
    pub(crate) fn read() -> Result<Self, String> {
        let mut presets = Vec::new();
        for line in pinhole(&["presets"])?.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            let text = pinhole(&["presets", name])?;
            let hosts = text.lines().filter_map(|line| {
                let host = line.split_once(" (ports ").map(|(host, _)| host);
                host.or(line.strip_prefix("left out: "))
            });
            presets.extend(hosts.map(Pattern::new));
        }
        let mut ignored = BTreeSet::new();
        let text = include_str!("ignored.yaml");
        let groups: Vec<Ignored> = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
        for Ignored { why, hosts } in groups {
            if why.len() < 10 || hosts.is_empty() {
                return Err(format!("ignored.yaml: a group without a reason, or empty: {why}"));
            }
            for host in hosts {
                if !ignored.insert(host.clone()) {
                    return Err(format!("ignored.yaml: {host} stands twice"));
                }
            }
        }
        Ok(Self { presets, ignored })
    }

    fn in_a_preset(&self, host: &str) -> bool {
        self.presets.iter().any(|pattern| pattern.covers(host))
    }

    /// A line for each host that is nowhere: `host: place, place`.
    pub(crate) fn unknown(&self, hosts: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let unknown = hosts
            .iter()
            .filter(|(host, _)| !self.in_a_preset(host) && !self.ignored.contains(*host));
        unknown.map(|(host, places)| format!("{host}: {}", places.join(", "))).collect()
    }

    /// A line for each ignored host that nobody names, or that a preset has.
    pub(crate) fn superfluous(&self, hosts: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let why = |host: &String| {
            let gone = (!hosts.contains_key(host)).then_some("the wheel names it no more");
            gone.or(self.in_a_preset(host).then_some("a preset has it"))
        };
        let ignored = self.ignored.iter();
        ignored.filter_map(|host| Some(format!("{host} is ignored, but {}", why(host)?))).collect()
    }
}

/// What the program prints.
pub(crate) fn pinhole(args: &[&str]) -> Result<String, String> {
    said(std::process::Command::new(env!("CARGO_BIN_EXE_pinhole")).args(args))
}
