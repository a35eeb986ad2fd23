//! Blocks around addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

/// A single block is written where it is no wider than this: 4096 addresses, or a /112.
const WIDEST: [u8; 2] = [20, 112];

/// The smallest block around all of them, which are of one family.
pub(super) fn cover(nets: impl Iterator<Item = IpNet>) -> Option<IpNet> {
    nets.reduce(|all, net| {
        let mut all = all;
        while !all.contains(&net) {
            // The block of everything contains everything.
            all = all.supernet().unwrap_or(all);
            if all.prefix_len() == 0 {
                break;
            }
        }
        all.trunc()
    })
}

/// One block around each family's addresses, if they lie that close; else each by itself, those
/// that fill a block together as that block.
pub(super) fn tight(addresses: &BTreeSet<IpAddr>) -> Vec<IpNet> {
    let mut all = Vec::new();
    for v6 in [false, true] {
        let family = addresses.iter().filter(|ip| ip.is_ipv6() == v6);
        let each: Vec<IpNet> = family.map(|ip| IpNet::from(*ip)).collect();
        match cover(each.iter().copied()) {
            Some(net) if net.prefix_len() >= WIDEST[usize::from(v6)] => all.push(net),
            _ => all.extend(IpNet::aggregate(&each)),
        }
    }
    all
}
