//! The section `proxy_protocol`.

use proxy::ProxyProtocol;

use crate::networks;
use crate::reader::{Reader, Value};

/// Reads the section.
pub(crate) fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> ProxyProtocol {
    let mut read = ProxyProtocol::default();
    let [from] = reader.map(value, ["from"]);
    for (value, network) in from.map(|value| networks::read(reader, &value)).unwrap_or_default() {
        if network.prefix_len() == 0 {
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
