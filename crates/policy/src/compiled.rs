//! Rules in the form that answers fast.

use std::net::IpAddr;

use globset::{Glob, GlobSet, GlobSetBuilder};
use ipnet::IpNet;

use crate::network::opens;
use crate::{Entry, HostName, HostPattern, Matcher, Overrides, PortSet, Rule};

/// One host pattern with what it grants.
#[derive(Debug)]
pub(crate) struct HostRule {
    pattern: HostPattern,
    pub(crate) ports: PortSet,
    pub(crate) rule: Rule,
    pub(crate) overrides: Overrides,
}

/// All host patterns of one list.
#[derive(Debug)]
pub(crate) struct HostRules {
    set: GlobSet,
    /// In the order in which `set` was built.
    rules: Vec<HostRule>,
}

impl HostRules {
    pub(crate) fn new(entries: &[Entry], default_ports: Option<&PortSet>) -> Self {
        let rules: Vec<HostRule> =
            entries.iter().flat_map(|entry| host_rules(entry, default_ports)).collect();
        let mut builder = GlobSetBuilder::new();
        for rule in &rules {
            // A host pattern has no character that globs know but its leading `*`, which crosses
            // dots here because no separator but `/` is known to globset.
            builder.add(Glob::new(&rule.pattern.to_string()).expect("host patterns are globs"));
        }
        Self { set: builder.build().expect("the set of valid globs is valid"), rules }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The narrowest rule for the name on the port; of equals the first written.
    pub(crate) fn find(&self, name: &HostName, port: u16) -> Option<&HostRule> {
        self.narrowest(name, |rule| rule.ports.contains(port))
    }

    /// The narrowest rule for the name on whatever port.
    pub(crate) fn on_any_port(&self, name: &HostName) -> Option<&HostRule> {
        self.narrowest(name, |_| true)
    }

    fn narrowest(&self, name: &HostName, fits: impl Fn(&HostRule) -> bool) -> Option<&HostRule> {
        self.set
            .matches(name.as_str())
            .into_iter()
            .map(|i| &self.rules[i])
            .filter(|rule| fits(rule))
            .min_by_key(|rule| (usize::MAX - rule.pattern.narrowness(), rule.rule.place.index))
    }
}

fn host_rules(entry: &Entry, default_ports: Option<&PortSet>) -> Vec<HostRule> {
    let make = |pattern: &HostPattern, ports: PortSet, text: String| HostRule {
        pattern: pattern.clone(),
        ports,
        rule: Rule { place: entry.place, text: text.into() },
        overrides: entry.overrides,
    };
    let named = entry.ports.as_ref().or(default_ports);
    match &entry.matcher {
        Matcher::Host(pattern) => vec![make(
            pattern,
            named.cloned().unwrap_or_else(PortSet::web),
            format!("host {pattern}"),
        )],
        Matcher::Preset(preset) => preset
            .hosts
            .iter()
            .map(|host| {
                make(
                    &host.pattern,
                    named.unwrap_or(&host.ports).clone(),
                    format!("preset {}: {}", preset.name, host.pattern),
                )
            })
            .collect(),
        Matcher::Network(_) => Vec::new(),
    }
}

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
pub(crate) struct NetRules(Vec<NetRule>);

impl NetRules {
    pub(crate) fn new(entries: &[Entry], default_ports: Option<&PortSet>) -> Self {
        let rule = |entry: &Entry| match entry.matcher {
            Matcher::Network(net) => Some(NetRule {
                net,
                ports: entry.ports.as_ref().or(default_ports).cloned().unwrap_or_else(PortSet::web),
                rule: Rule { place: entry.place, text: format!("network {net}").into() },
                overrides: entry.overrides,
            }),
            _ => None,
        };
        Self(entries.iter().filter_map(rule).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The narrowest network that holds the address on the port, whatever its class.
    pub(crate) fn holding(&self, ip: IpAddr, port: u16) -> Option<&NetRule> {
        self.narrowest(|rule| rule.net.contains(&ip) && rule.ports.contains(port))
    }

    /// The narrowest network that opens the address on the port, as its class demands.
    pub(crate) fn opening(&self, ip: IpAddr, port: u16) -> Option<&NetRule> {
        self.narrowest(|rule| opens(&rule.net, ip) && rule.ports.contains(port))
    }

    /// The narrowest network that opens the address on some port.
    pub(crate) fn on_any_port(&self, ip: IpAddr) -> Option<&NetRule> {
        self.narrowest(|rule| opens(&rule.net, ip))
    }

    fn narrowest(&self, fits: impl Fn(&NetRule) -> bool) -> Option<&NetRule> {
        self.0
            .iter()
            .filter(|rule| fits(rule))
            .min_by_key(|rule| (u8::MAX - rule.net.prefix_len(), rule.rule.place.index))
    }
}
