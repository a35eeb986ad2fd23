//! Which host patterns cover another one wholly.

use std::collections::HashMap;

use super::Cover;
use crate::compiled::{HostRule, rules};
use crate::{Entry, HostGlob, HostPattern, Matcher, PortSet};

/// Of more rules than this for the same names, the first are compared and what comes behind them is
/// not: each takes a step of its own, and nobody needs as many.
pub(super) const COMPARED: usize = 64;

/// A rule, and whether it is a preset's.
type Kept = (HostRule, bool);

/// The host patterns of one list.
pub(super) struct Hosts<'e> {
    exact: HashMap<&'e str, Vec<Kept>>,
    below: HashMap<&'e str, Vec<Kept>>,
    globs: HashMap<&'e str, Vec<Kept>>,
    /// The globs, each once, by the labels behind the last star.
    endings: HashMap<&'e str, Vec<&'e HostGlob>>,
    globs_alike: bool,
}

impl<'e> Hosts<'e> {
    pub(super) fn new(entries: &[&'e Entry], default_ports: Option<&PortSet>) -> Self {
        let (exact, below, globs) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut hosts = Self { exact, below, globs, endings: HashMap::new(), globs_alike: true };
        let mut of_globs = None;
        for entry in entries {
            let preset = matches!(entry.matcher, Matcher::Preset(_));
            for (pattern, rule) in rules(entry, default_ports) {
                let overrides = rule.overrides;
                let kept = (rule, preset);
                match pattern {
                    HostPattern::Exact(name) => {
                        hosts.exact.entry(name.as_str()).or_default().push(kept);
                    }
                    HostPattern::Below(suffix) => {
                        hosts.below.entry(suffix.as_str()).or_default().push(kept);
                    }
                    HostPattern::Glob(glob) => {
                        hosts.globs_alike &= *of_globs.get_or_insert(overrides) == overrides;
                        let rules = hosts.globs.entry(glob.as_str()).or_default();
                        if rules.is_empty() {
                            hosts.endings.entry(tail(glob.as_str())).or_default().push(glob);
                        }
                        rules.push(kept);
                    }
                }
            }
        }
        hosts
    }

    /// Whether all globs set the same.
    pub(super) fn globs_are_alike(&self) -> bool {
        self.globs_alike
    }

    /// The rules that cover all of the pattern, in the order in which they decide; the first of them
    /// where they are too many.
    pub(super) fn covers(&self, pattern: &HostPattern) -> Vec<Cover<'_>> {
        let mut found = Vec::new();
        let text = match pattern {
            HostPattern::Exact(name) | HostPattern::Below(name) => name.as_str(),
            HostPattern::Glob(glob) => glob.as_str(),
        };
        let same = match pattern {
            HostPattern::Exact(_) => self.exact.get(text),
            HostPattern::Below(_) => self.below.get(text),
            HostPattern::Glob(_) => self.globs.get(text),
        };
        let same = same.map_or(&[][..], Vec::as_slice);
        found.extend(same.iter().take(COMPARED).map(|kept| cover(kept, true)));
        if same.len() > COMPARED {
            return found;
        }
        if let HostPattern::Exact(name) = pattern {
            let ending = tails(text).filter_map(|tail| self.endings.get(tail)).flatten();
            let Some(globs) = first(ending) else { return found };
            let covering = globs.into_iter().filter(|glob| glob.covers(name));
            let rules = covering.filter_map(|glob| self.globs.get(glob.as_str())).flatten();
            let Some(mut rules) = first(rules) else { return found };
            rules.sort_by_key(|(rule, _)| rule.rule.place.index);
            found.extend(rules.into_iter().map(|kept| cover(kept, false)));
        }
        for rules in tails(text).filter_map(|tail| self.below.get(tail)) {
            let Some(rules) = first(rules.iter()) else { return found };
            found.extend(rules.into_iter().map(|kept| cover(kept, false)));
        }
        found
    }
}

/// All of them, unless they are too many.
fn first<T>(all: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let some: Vec<T> = all.take(COMPARED + 1).collect();
    (some.len() <= COMPARED).then_some(some)
}

fn cover((rule, preset): &Kept, same: bool) -> Cover<'_> {
    let HostRule { ports, rule, overrides } = rule;
    Cover { rule, ports, overrides: *overrides, same, whole: true, preset: *preset }
}

/// What stands behind each dot, the longest first.
fn tails(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('.').map(|(dot, _)| &text[dot + 1..])
}

/// The labels behind the last one with a star.
fn tail(glob: &str) -> &str {
    tails(glob).find(|tail| !tail.contains('*')).unwrap_or(glob)
}
