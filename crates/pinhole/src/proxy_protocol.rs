//! The section `proxy_protocol`.

use policy::parse_network;
use proxy::ProxyProtocol;

use crate::reader::{Reader, Value};

/// Reads the section.
pub(crate) fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> ProxyProtocol {
    let mut read = ProxyProtocol::default();
    let [from] = reader.map(value, ["from"]);
    let values = from.map(|value| reader.list(&value, true)).unwrap_or_default();
    for value in values {
        let Some(network) = reader.parsed(&value, parse_network) else { continue };
        // Peers are known by their IPv4 addresses, so that such a network would hold none of them.
        if network.addr().to_canonical() != network.addr() && network.prefix_len() >= 96 {
            let (ip, len) = (network.addr().to_canonical(), network.prefix_len() - 96);
            reader.problem(&value, format!("write the IPv4 network, `{ip}/{len}`"));
        } else if network.prefix_len() == 0 {
            let message = "everybody who reaches the listener may say who its client is: name the \
                           load balancers alone";
            reader.warn(&value, message);
        }
        read.from.push(network);
    }
    read
}

#[cfg(test)]
#[path = "proxy_protocol_tests.rs"]
mod tests;
