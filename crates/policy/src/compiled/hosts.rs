//! Host patterns: exact names by hash, suffixes by a walk over the name's labels, globs in one set.

use std::collections::HashMap;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::{Entry, HostName, HostPattern, Matcher, Overrides, PortSet, Rule};

/// What one host pattern grants.
#[derive(Debug)]
pub(crate) struct HostRule {
    pub(crate) ports: PortSet,
    pub(crate) rule: Rule,
    pub(crate) overrides: Overrides,
}

/// The rules of one pattern, in the order in which they were written.
type ByText = HashMap<Box<str>, Vec<HostRule>>;

/// All host patterns of one list.
#[derive(Debug)]
pub(crate) struct HostRules {
    exact: ByText,
    /// By the suffix, without its `*.`.
    below: ByText,
    globs: GlobSet,
    /// In the order in which `globs` was built, which is that in which they were written.
    glob_rules: Vec<HostRule>,
}

impl HostRules {
    pub(crate) fn new(entries: &[Entry], default_ports: Option<&PortSet>) -> Self {
        let (mut exact, mut below) = (ByText::new(), ByText::new());
        let (mut globs, mut glob_rules) = (GlobSetBuilder::new(), Vec::new());
        for (pattern, rule) in entries.iter().flat_map(|entry| rules(entry, default_ports)) {
            match pattern {
                HostPattern::Exact(name) => push(&mut exact, name, rule),
                HostPattern::Below(suffix) => push(&mut below, suffix, rule),
                HostPattern::Glob(glob) => {
                    let glob = GlobBuilder::new(&as_path(glob.as_str()))
                        .literal_separator(true)
                        .build()
                        .expect("host globs are globs");
                    globs.add(glob);
                    glob_rules.push(rule);
                }
            }
        }
        let globs = globs.build().expect("the set of valid globs is valid");
        Self { exact, below, globs, glob_rules }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.below.is_empty() && self.glob_rules.is_empty()
    }

    /// The narrowest rule for the name on the port; of equals the first written.
    pub(crate) fn find(&self, name: &HostName, port: u16) -> Option<&HostRule> {
        self.narrowest(name, |rule| rule.ports.contains(port))
    }

    /// The narrowest rule for the name on whatever port.
    pub(crate) fn on_any_port(&self, name: &HostName) -> Option<&HostRule> {
        self.narrowest(name, |_| true)
    }

    /// An exact name is narrower than a glob, a glob narrower than a suffix, and a long suffix
    /// narrower than a short one.
    fn narrowest(&self, name: &HostName, fits: impl Fn(&HostRule) -> bool) -> Option<&HostRule> {
        let name = name.as_str();
        if let Some(rule) = self.exact.get(name).into_iter().flatten().find(|rule| fits(rule)) {
            return Some(rule);
        }
        if !self.glob_rules.is_empty() {
            let matching = self.globs.matches(as_path(name));
            let mut rules = matching.into_iter().map(|i| &self.glob_rules[i]);
            if let Some(rule) = rules.find(|rule| fits(rule)) {
                return Some(rule);
            }
        }
        let suffixes = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
        suffixes.filter_map(|suffix| self.below.get(suffix)).flatten().find(|rule| fits(rule))
    }
}

fn push(rules: &mut ByText, name: &HostName, rule: HostRule) {
    rules.entry(name.as_str().into()).or_default().push(rule);
}

/// globset's `*` stops at slashes; a host's stops at dots.
fn as_path(host: &str) -> String {
    host.replace('.', "/")
}

/// What an entry grants, by pattern.
pub(crate) fn rules<'e>(
    entry: &'e Entry,
    default_ports: Option<&PortSet>,
) -> Vec<(&'e HostPattern, HostRule)> {
    let make = |ports: PortSet, text: String| HostRule {
        ports,
        rule: Rule { place: entry.place, text: text.into() },
        overrides: entry.overrides,
    };
    let named = entry.ports.as_ref().or(default_ports);
    match &entry.matcher {
        Matcher::Host(pattern) => {
            let ports = named.cloned().unwrap_or_else(PortSet::web);
            vec![(pattern, make(ports, format!("host {pattern}")))]
        }
        Matcher::Preset(preset) => preset
            .hosts
            .iter()
            .map(|host| {
                let text = format!("preset {}: {}", preset.name, host.pattern);
                (&host.pattern, make(named.unwrap_or(&host.ports).clone(), text))
            })
            .collect(),
        Matcher::Network(_) => Vec::new(),
    }
}
