//! Networks: by prefix, the longest first.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;

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

/// The rules of one network, in the order in which they were written.
type ByNet = HashMap<IpNet, Vec<NetRule>>;

/// All networks of one list: of each family as many tables as there are lengths of prefixes in it,
/// the longest first.
#[derive(Debug)]
pub(crate) struct NetRules {
    v4: Vec<(u8, ByNet)>,
    v6: Vec<(u8, ByNet)>,
}

impl NetRules {
    pub(crate) fn new(entries: &[Entry], default_ports: Option<&PortSet>) -> Self {
        let (mut v4, mut v6) = (BTreeMap::<u8, ByNet>::new(), BTreeMap::<u8, ByNet>::new());
        for entry in entries {
            let Matcher::Network(net) = entry.matcher else { continue };
            let rule = NetRule {
                net,
                ports: entry.ports.as_ref().or(default_ports).cloned().unwrap_or_else(PortSet::web),
                rule: Rule { place: entry.place, text: format!("network {net}").into() },
                overrides: entry.overrides,
            };
            let lengths = if net.addr().is_ipv4() { &mut v4 } else { &mut v6 };
            let same = lengths.entry(net.prefix_len()).or_default().entry(net).or_default();
            same.push(rule);
        }
        let longest_first = |lengths: BTreeMap<u8, ByNet>| lengths.into_iter().rev().collect();
        Self { v4: longest_first(v4), v6: longest_first(v6) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The narrowest network that holds the address on the port, whatever its class.
    pub(crate) fn holding(&self, ip: IpAddr, port: u16) -> Option<&NetRule> {
        self.narrowest(ip, |rule| rule.ports.contains(port))
    }

    /// The narrowest network that opens the address on the port, as its class demands.
    pub(crate) fn opening(&self, ip: IpAddr, port: u16) -> Option<&NetRule> {
        self.narrowest(ip, |rule| opens(&rule.net, ip) && rule.ports.contains(port))
    }

    /// The narrowest network that opens the address on some port.
    pub(crate) fn on_any_port(&self, ip: IpAddr) -> Option<&NetRule> {
        self.narrowest(ip, |rule| opens(&rule.net, ip))
    }

    fn narrowest(&self, ip: IpAddr, fits: impl Fn(&NetRule) -> bool) -> Option<&NetRule> {
        let lengths = if ip.is_ipv4() { &self.v4 } else { &self.v6 };
        let holding = lengths.iter().filter_map(|(length, nets)| {
            let net = IpNet::new(ip, *length).expect("a length of this family").trunc();
            nets.get(&net)
        });
        holding.flatten().find(|rule| fits(rule))
    }
}
