//! Which networks hold another one.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;

use super::Cover;
use super::hosts::COMPARED;
use crate::network::stands_in;
use crate::{Entry, Matcher, Overrides, PortSet, Rule};

/// The networks of one list.
pub(super) struct Networks {
    nets: HashMap<IpNet, Vec<(Rule, PortSet, Overrides)>>,
    /// The lengths of prefixes that there are.
    lengths: BTreeSet<u8>,
    /// Whether they are of `allow`, where classes are opened from inside their ranges only.
    opening: bool,
}

impl Networks {
    pub(super) fn new(entries: &[&Entry], default_ports: Option<&PortSet>) -> Self {
        let (nets, lengths, opening) = (HashMap::new(), BTreeSet::new(), default_ports.is_none());
        let mut networks = Self { nets, lengths, opening };
        for entry in entries {
            let Matcher::Network(net) = entry.matcher else { continue };
            let ports = entry.ports.as_ref().or(default_ports).cloned();
            let ports = ports.unwrap_or_else(PortSet::web);
            let rule = Rule { place: entry.place, text: format!("network {net}").into() };
            networks.lengths.insert(net.prefix_len());
            networks.nets.entry(net).or_default().push((rule, ports, entry.overrides));
        }
        networks
    }

    /// The rules whose networks hold all of `net`, the narrowest first; the first of them where they
    /// are too many.
    pub(super) fn covers(&self, net: &IpNet) -> Vec<Cover<'_>> {
        let lengths = self.lengths.range(..=net.prefix_len()).rev();
        let wide = lengths.filter_map(|&length| IpNet::new(net.addr(), length).ok());
        let found = wide.filter_map(|wide| self.nets.get_key_value(&wide.trunc()));
        let mut covers = Vec::new();
        for (wide, rules) in found {
            let (same, whole) = (wide == net, !self.opening || stands_in(wide, net));
            covers.extend(rules.iter().take(COMPARED).map(|(rule, ports, overrides)| Cover {
                rule,
                ports,
                overrides: *overrides,
                same,
                whole,
                preset: false,
            }));
            if rules.len() > COMPARED {
                break;
            }
        }
        covers
    }
}
