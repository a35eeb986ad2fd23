//! What was seen of denied targets, in bounded memory: clients choose what they ask for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::SystemTime;

use policy::Authority;

use super::reason::Reason;
use super::rules::Rules;

/// Most targets that are held. Of more, the denials are counted.
const MAX_TARGETS: usize = 100_000;
/// Most addresses, and as many names, of a target's clients.
const MAX_CLIENTS: usize = 8;
/// Longest name of a client, in characters.
const MAX_NAME: usize = 64;
/// Most addresses of one target.
const MAX_ADDRESSES: usize = 16;
/// Most reasons of one target: there are fewer.
const MAX_REASONS: usize = 16;

/// All that was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// When it began.
    pub(crate) since: Option<SystemTime>,
    pub(crate) targets: HashMap<Authority, Sighting>,
    /// Denials of targets that there was no room for here.
    pub(crate) beyond: u64,
    /// Targets that the proxy itself had no room for.
    pub(crate) forgotten: u64,
    /// Lines that are none of a pinhole's JSON log.
    pub(crate) strange_lines: u64,
    /// Targets of the admin page that are none.
    pub(crate) strange_targets: u64,
    /// The rules of a configuration, and which of them are of use.
    pub(crate) rules: Option<Rules>,
}

/// What was seen of one target, or of several together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sighting {
    pub(crate) count: u64,
    pub(crate) first: Option<SystemTime>,
    pub(crate) last: Option<SystemTime>,
    /// Why it was denied, with the place of the rule that did it, where one did.
    pub(crate) reasons: Vec<(Reason, Option<Box<str>>)>,
    /// Configured names of clients, escaped.
    pub(crate) names: Vec<Box<str>>,
    pub(crate) clients: Vec<IpAddr>,
    /// Whether there were more clients than these.
    pub(crate) more_clients: bool,
    /// Addresses to which the name led, and why each was denied.
    pub(crate) addresses: Vec<(IpAddr, Reason)>,
    /// Whether there were more than these.
    pub(crate) more_addresses: bool,
}

impl Seen {
    pub(crate) fn new(rules: Option<Rules>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Adds what was seen of a target.
    pub(crate) fn add(&mut self, target: Authority, sighting: &Sighting) {
        if let Some(known) = self.targets.get_mut(&target) {
            known.merge(sighting);
        } else if self.targets.len() < MAX_TARGETS {
            self.targets.insert(target, sighting.clone());
        } else {
            self.beyond = self.beyond.saturating_add(sighting.count);
        }
    }

    /// Something was seen at this time.
    pub(crate) fn at(&mut self, time: Option<SystemTime>) {
        self.since = earliest(self.since, time);
    }
}

impl Sighting {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = earliest(self.first, other.first);
        self.last = self.last.max(other.last);
        self.more_clients |= other.more_clients;
        self.more_addresses |= other.more_addresses;
        for (reason, place) in &other.reasons {
            self.denied_for(reason.clone(), place.as_deref());
        }
        for name in &other.names {
            self.asked_by(None, Some(name));
        }
        for client in &other.clients {
            self.asked_by(Some(*client), None);
        }
        for (ip, reason) in &other.addresses {
            self.led_to(*ip, reason.clone());
        }
    }

    pub(crate) fn denied_for(&mut self, reason: Reason, place: Option<&str>) {
        let place: Option<Box<str>> = place.map(Into::into);
        let known = self.reasons.iter().position(|(known, _)| *known == reason);
        if let Some(i) = known {
            // Of several rules the first that was seen is enough to go by.
            let known = &mut self.reasons[i].1;
            *known = known.take().or(place);
        } else if self.reasons.len() < MAX_REASONS {
            self.reasons.push((reason, place));
        }
    }

    /// A client has asked for it. Its name is [`escaped`].
    pub(crate) fn asked_by(&mut self, client: Option<IpAddr>, name: Option<&str>) {
        if let Some(name) = name {
            self.more_clients |= !push(&mut self.names, name.into(), MAX_CLIENTS);
        }
        if let Some(client) = client {
            self.more_clients |= !push(&mut self.clients, client, MAX_CLIENTS);
        }
    }

    pub(crate) fn led_to(&mut self, ip: IpAddr, reason: Reason) {
        self.more_addresses |= !push(&mut self.addresses, (ip, reason), MAX_ADDRESSES);
    }

    /// The rule's place, where the target was denied for this reason.
    pub(crate) fn was(&self, reason: &Reason) -> Option<Option<&str>> {
        let found = self.reasons.iter().find(|(known, _)| known == reason);
        found.map(|(_, place)| place.as_deref())
    }
}

/// A client's name for a comment, from which nothing may lead out.
pub(crate) fn escaped(name: &str) -> String {
    name.chars().take(MAX_NAME).flat_map(char::escape_default).collect()
}

/// Adds what is not there yet. Whether it is there now.
fn push<T: PartialEq>(list: &mut Vec<T>, value: T, most: usize) -> bool {
    let is_there = list.contains(&value);
    if !is_there && list.len() < most {
        list.push(value);
        return true;
    }
    is_there
}

fn earliest(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
