//! The rules of a configuration: what they allow already, and which of them nothing uses.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use policy::{Authority, Candidate, Denial, Grant, List, Mode, Policy, Reason, Rule, Who};

use crate::config::Config;
use crate::load::Source;
use crate::{doubts, trial};

/// A configuration's rules.
#[derive(Debug)]
pub(crate) struct Rules {
    policy: Policy,
    /// Where the proxy itself listens.
    listeners: Vec<SocketAddr>,
    listed: Vec<Listed>,
    /// Where in `listed` each place is.
    places: HashMap<String, usize>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) place: String,
    pub(crate) line: Option<usize>,
    pub(crate) covers: String,
    used: bool,
}

impl Rules {
    pub(crate) fn new(source: &Source, config: &Config) -> Self {
        let (allow, deny) = doubts::places(&source.text);
        let (mut listed, mut places) = (Vec::new(), HashMap::new());
        for entry in config.all_entries() {
            let place = entry.place.to_string();
            let list = if entry.place.list == List::Allow { &allow } else { &deny };
            // That of a client's entry would take reading the text once more for each.
            let at = list.get(entry.place.index).filter(|_| entry.place.client.is_none());
            let line = at.and_then(|at| at.start).map(|start| start.line);
            // A preset with networks is several, at the same place.
            if !places.contains_key(&place) {
                places.insert(place.clone(), listed.len());
                listed.push(Listed { place, line, covers: trial::covers(entry), used: false });
            }
        }
        let listeners = config.listen.iter().chain(&config.admin).copied().collect();
        // What it allows is asked, not what audit mode passes over.
        let mut enforced = config.clone();
        enforced.mode = Mode::Enforce;
        enforced.clients.list.iter_mut().for_each(|client| client.mode = None);
        Self { policy: enforced.policy(), listeners, listed, places }
    }

    pub(crate) fn decide(&self, target: &Authority) -> Result<Grant, Denial> {
        self.policy.decide(Who::OTHER, target)
    }

    /// Whether the proxy may be listening there: an unspecified address is all of the machine's.
    pub(crate) fn listens(&self, ip: IpAddr, port: u16) -> bool {
        let is_it = |own: &&SocketAddr| own.ip() == ip || own.ip().is_unspecified();
        self.listeners.iter().filter(is_it).any(|own| own.port() == port)
    }

    /// Notes that a rule was of use, by its place.
    pub(crate) fn used_at(&mut self, place: &str) {
        if let Some(&i) = self.places.get(place) {
            self.listed[i].used = true;
        }
    }

    /// Notes the rules that decide on a target that this client asks for, and on the addresses that
    /// it leads to.
    pub(crate) fn used_by(
        &mut self,
        client: Option<&str>,
        target: &Authority,
        addresses: &[IpAddr],
    ) {
        let who = client.and_then(|name| self.policy.client_named(name)).unwrap_or_default();
        let mut used: Vec<Rule> = Vec::new();
        match self.policy.decide(who, target) {
            Ok(grant) => {
                let candidate = |ip: &IpAddr| Candidate { ip: *ip, own: false };
                let candidates: Vec<Candidate> = addresses.iter().map(candidate).collect();
                let (_, judged) = self.policy.permit(&grant, &candidates);
                let by = |verdict| match verdict {
                    Ok(rule) => rule,
                    Err(policy::AddressDenial { rule, .. }) => rule,
                };
                used.extend(judged.into_iter().filter_map(|one| by(one.verdict)));
                used.extend(grant.rule().cloned());
            }
            // The one that covers the target on other ports is of no use for it.
            Err(denial) if denial.reason != Reason::PortNotAllowed => used.extend(denial.rule),
            Err(_) => {}
        }
        for rule in used {
            self.used_at(&rule.place.to_string());
        }
    }

    /// The entries that nothing used, in their order.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &Listed> {
        self.listed.iter().filter(|listed| !listed.used)
    }

    /// A rule with its line and what it covers.
    pub(crate) fn shown(&self, rule: &Rule) -> String {
        let place = rule.place.to_string();
        let line = self.places.get(&place).and_then(|&i| self.listed[i].line);
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!("{place}{line} ({})", rule.text)
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
