//! Networks that connections come from.

use ipnet::IpNet;
use policy::parse_network;

use crate::reader::{Reader, Value};

/// Reads one, or a list of them, each with its place.
pub(crate) fn read<'n>(reader: &mut Reader<'_>, value: &Value<'n>) -> Vec<(Value<'n>, IpNet)> {
    let mut networks = Vec::new();
    for value in reader.list(value, true) {
        let Some(network) = reader.parsed(&value, parse_network) else { continue };
        // Peers are known by their IPv4 addresses, so that such a network would hold none of them.
        if network.addr().to_canonical() != network.addr() && network.prefix_len() >= 96 {
            let (ip, len) = (network.addr().to_canonical(), network.prefix_len() - 96);
            reader.problem(&value, format!("write the IPv4 network, `{ip}/{len}`"));
        }
        networks.push((value, network));
    }
    networks
}
