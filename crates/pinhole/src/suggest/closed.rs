//! Addresses that are never suggested.

use std::net::{IpAddr, SocketAddr};

use policy::{
    AddressClass, Authority, Entry, List, Matcher, Overrides, Place, Policy, PortSet, Who,
    parse_network,
};

/// Why an address is never suggested; none for one that an entry of its own opens.
pub(crate) fn closed(ip: IpAddr, port: u16) -> Option<String> {
    use AddressClass::{Cgnat, Global, Metadata, Private, UniqueLocal};
    let class = AddressClass::of(ip);
    match class {
        Global | Private | UniqueLocal | Cgnat if cures(ip, port) => None,
        Global | Private | UniqueLocal | Cgnat => {
            Some("it holds another address, which stays closed".to_owned())
        }
        Metadata => Some(
            "a metadata service, which hands out the credentials of the proxy's own machine"
                .to_owned(),
        ),
        _ => Some(format!("of the class {}, which is never suggested", class.label())),
    }
}

/// Whether an entry of exactly this address opens it: one that embeds another may stay closed.
fn cures(ip: IpAddr, port: u16) -> bool {
    let matcher = Matcher::Network(parse_network(&ip.to_string()).expect("an address"));
    let place = Place { client: None, list: List::Allow, index: 0 };
    let ports = Some(PortSet::one(port));
    let entry = Entry { place, matcher, ports, overrides: Overrides::default() };
    Policy::new(vec![entry], Vec::new()).decide(Who::OTHER, &literal(ip, port)).is_ok()
}

/// The target that asks for the address itself.
pub(crate) fn literal(ip: IpAddr, port: u16) -> Authority {
    let text = SocketAddr::new(ip, port).to_string();
    Authority::parse(text.as_bytes()).expect("an address with its port")
}

#[cfg(test)]
#[path = "closed_tests.rs"]
mod tests;
