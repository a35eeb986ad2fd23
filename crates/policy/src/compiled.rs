//! Rules in the form that answers fast, however many there are.

mod hosts;
mod networks;
mod prefixes;

use std::net::IpAddr;

pub(crate) use hosts::{HostRule, HostRules, rules};
pub(crate) use networks::{NetRule, NetRules};
pub(crate) use prefixes::Prefixes;

use crate::{Entry, HostName, List, PortSet};

/// An `allow` and a `deny` that belong together.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) allow: Rules,
    pub(crate) deny: Rules,
}

/// One list.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) hosts: HostRules,
    pub(crate) networks: NetRules,
}

impl Lists {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        let (allow, deny) = entries.into_iter().partition(|e| e.place.list == List::Allow);
        Self { allow: Rules::new(allow, None), deny: Rules::new(deny, Some(&PortSet::all())) }
    }
}

impl Rules {
    fn new(mut entries: Vec<Entry>, default_ports: Option<&PortSet>) -> Self {
        // Of two that fit equally well the first written decides, in whatever order they come.
        entries.sort_by_key(|entry| entry.place.index);
        Self {
            hosts: HostRules::new(&entries, default_ports),
            networks: NetRules::new(&entries, default_ports),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.networks.is_empty()
    }
}

/// The lists that hold for one client: its own, if it has any, before those that hold for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InForce<'p>(pub(crate) [Option<&'p Lists>; 2]);

impl<'p> InForce<'p> {
    fn lists(self) -> impl Iterator<Item = &'p Lists> {
        self.0.into_iter().flatten()
    }

    /// The rule that allows a name on a port; else the one that denies it, if one does.
    pub(crate) fn judge_host(
        self,
        name: &HostName,
        port: u16,
    ) -> Result<&'p HostRule, Option<&'p HostRule>> {
        match self.lists().find_map(|lists| lists.deny.hosts.find(name, port)) {
            Some(hit) => Err(Some(hit)),
            None => self.lists().find_map(|lists| lists.allow.hosts.find(name, port)).ok_or(None),
        }
    }

    pub(crate) fn allows_host_elsewhere(self, name: &HostName) -> Option<&'p HostRule> {
        self.lists().find_map(|lists| lists.allow.hosts.on_any_port(name))
    }

    pub(crate) fn denies_ip(self, ip: IpAddr, port: u16) -> Option<&'p NetRule> {
        self.lists().find_map(|lists| lists.deny.networks.holding(ip, port))
    }

    pub(crate) fn opens_ip(self, ip: IpAddr, port: u16) -> Option<&'p NetRule> {
        self.lists().find_map(|lists| lists.allow.networks.opening(ip, port))
    }

    pub(crate) fn opens_ip_elsewhere(self, ip: IpAddr) -> Option<&'p NetRule> {
        self.lists().find_map(|lists| lists.allow.networks.on_any_port(ip))
    }
}
