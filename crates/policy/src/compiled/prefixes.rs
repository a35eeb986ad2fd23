//! Values by network, found by an address.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;

/// The values of one network, in the order in which they were given.
type ByNet<T> = HashMap<IpNet, Vec<T>>;

/// Of each family as many tables as there are lengths of prefixes in it, the longest first.
#[derive(Debug)]
pub(crate) struct Prefixes<T> {
    v4: Vec<(u8, ByNet<T>)>,
    v6: Vec<(u8, ByNet<T>)>,
}

impl<T> Prefixes<T> {
    pub(crate) fn new(values: impl IntoIterator<Item = (IpNet, T)>) -> Self {
        let (mut v4, mut v6) = (BTreeMap::<u8, ByNet<T>>::new(), BTreeMap::<u8, ByNet<T>>::new());
        for (net, value) in values {
            let lengths = if net.addr().is_ipv4() { &mut v4 } else { &mut v6 };
            lengths.entry(net.prefix_len()).or_default().entry(net).or_default().push(value);
        }
        let longest_first = |lengths: BTreeMap<u8, ByNet<T>>| lengths.into_iter().rev().collect();
        Self { v4: longest_first(v4), v6: longest_first(v6) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The values of every network that holds the address, those of the longest prefix first.
    pub(crate) fn holding(&self, ip: IpAddr) -> impl Iterator<Item = &T> {
        let lengths = if ip.is_ipv4() { &self.v4 } else { &self.v6 };
        let holding = lengths.iter().filter_map(move |(length, nets)| {
            let net = IpNet::new(ip, *length).expect("a length of this family").trunc();
            nets.get(&net)
        });
        holding.flatten()
    }
}
