//! Networks: by prefix, the longest first.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Prefixes;
use crate::network::opens;
use crate::{Entry, Matcher, Overrides, PortSet, Rule};

/// One network with what it opens.
#[derive(Debug)]
pub(crate) struct NetRule {
    net: IpNet,
    pub(crate) ports: PortSet,
    pub(crate) rule: Rule,
    pub(crate) overrides: Overrides,
}

/// All networks of one list.
#[derive(Debug)]
pub(crate) struct NetRules(Prefixes<NetRule>);

impl NetRules {
    pub(crate) fn new(entries: &[Entry], default_ports: Option<&PortSet>) -> Self {
        let rule = |entry: &Entry| {
            let Matcher::Network(net) = entry.matcher else { return None };
            let ports = entry.ports.as_ref().or(default_ports).cloned();
            let rule = NetRule {
                net,
                ports: ports.unwrap_or_else(PortSet::web),
                rule: Rule { place: entry.place, text: format!("network {net}").into() },
                overrides: entry.overrides,
            };
            Some((net, rule))
        };
        Self(Prefixes::new(entries.iter().filter_map(rule)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The narrowest network that holds the address on the port, whatever its class.
    pub(crate) fn holding(&self, ip: IpAddr, port: u16) -> Option<&NetRule> {
        self.0.holding(ip).find(|rule| rule.ports.contains(port))
    }

    /// The narrowest network that opens the address on the port, as its class demands.
    pub(crate) fn opening(&self, ip: IpAddr, port: u16) -> Option<&NetRule> {
        self.0.holding(ip).find(|rule| opens(&rule.net, ip) && rule.ports.contains(port))
    }

    /// The narrowest network that opens the address on some port.
    pub(crate) fn on_any_port(&self, ip: IpAddr) -> Option<&NetRule> {
        self.0.holding(ip).find(|rule| opens(&rule.net, ip))
    }
}
