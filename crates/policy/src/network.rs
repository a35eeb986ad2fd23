//! Networks, as a rule names them, and which addresses they open.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::class::{self, AddressClass};

/// Why a text is not a network, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an address or a CIDR block.
    #[error("`{0}` is not a network: write an address or a CIDR block, such as 10.20.0.0/16")]
    NotANetwork(String),
    /// `10.20.1.1/16`: the author may have meant one address.
    #[error(
        "`{text}` has bits behind its prefix: write `{network}` for the network, or `{address}` for the one address"
    )]
    HostBits {
        /// What stood there.
        text: String,
        /// The network it lies in.
        network: IpNet,
        /// The address alone.
        address: IpAddr,
    },
}

/// Parses an address or a CIDR block, with or without brackets around an IPv6 address.
///
/// # Errors
/// See [`NetworkError`].
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let bracketed = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let address = match bracketed {
        Some(inside) => inside.parse().map(IpAddr::V6),
        None => text.parse(),
    };
    if let Ok(ip) = address {
        return Ok(IpNet::from(ip));
    }
    let net = block(text).ok_or_else(|| NetworkError::NotANetwork(text.to_owned()))?;
    if net.addr() != net.network() {
        return Err(NetworkError::HostBits {
            text: text.to_owned(),
            network: net.trunc(),
            address: net.addr(),
        });
    }
    Ok(net)
}

/// ipnet's own parser takes `010.0.0.0/8`, which others read as octal.
fn block(text: &str) -> Option<IpNet> {
    let (ip, len) = text.split_once('/')?;
    let plain = len == "0" || (!len.starts_with('0') && len.bytes().all(|b| b.is_ascii_digit()));
    let len = len.parse().ok().filter(|_| plain)?;
    IpNet::new(ip.parse().ok()?, len).ok()
}

/// Whether an `allow` entry for `net` opens `ip`.
///
/// Global addresses are opened by any network that holds them. An address of a class that is
/// denied by default is opened only by a network that lies wholly inside that class's range, and
/// a metadata address only by a network of exactly that address.
pub(crate) fn opens(net: &IpNet, ip: IpAddr) -> bool {
    if !net.contains(&ip) {
        return false;
    }
    match class::classify(ip) {
        AddressClass::Global => true,
        AddressClass::Metadata => *net == IpNet::from(ip),
        _ => class::range(ip).is_some_and(|range| range.contains(net)),
    }
}

/// Whether the network opens global addresses, or else only such as are of one class that is denied
/// by default.
#[must_use]
pub fn opens_global(net: &IpNet) -> bool {
    class::range_around(net).is_none() && class::classify(net.network()) != AddressClass::Metadata
}

/// Whether everything that an entry for `net` opens is opened by one for `wide`, too.
pub(crate) fn stands_in(wide: &IpNet, net: &IpNet) -> bool {
    if wide == net {
        return true;
    }
    let is_one = net.prefix_len() == net.max_prefix_len();
    if !wide.contains(net) || is_one && class::classify(net.addr()) == AddressClass::Metadata {
        return false;
    }
    // What is within no class's range opens global addresses alone, and any wider one opens those.
    class::range_around(net).is_none_or(|range| range.contains(wide))
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
