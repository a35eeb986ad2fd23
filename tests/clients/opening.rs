//! What a configuration must add where the machine's registries are not on global addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::client::Target;
use crate::machine;

const DEFAULT: &str = include_str!("../../config/default.yaml");

/// Addresses that are denied unless a network entry opens them.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    ports: BTreeMap<IpAddr, BTreeSet<u16>>,
    /// The targets that are on no other address.
    closed: BTreeSet<String>,
}

impl Opening {
    /// Looks the targets up.
    pub(crate) fn of(targets: &[Target]) -> Self {
        let mut opening = Self::default();
        for target in targets {
            let all = machine::addresses(&target.host);
            for ip in all.iter().filter(|ip| is_special(**ip)) {
                opening.ports.entry(*ip).or_default().insert(target.port);
            }
            if !all.is_empty() && all.iter().all(|ip| is_special(*ip)) {
                opening.closed.insert(target.to_string());
            }
        }
        opening
    }

    pub(crate) fn is_needed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// Whether the default configuration has no way to this target.
    pub(crate) fn is_closed(&self, target: &str) -> bool {
        self.closed.contains(target)
    }

    /// The default configuration.
    pub(crate) fn without(&self) -> Settings {
        Settings(DEFAULT.to_owned())
    }

    /// The default configuration, with these addresses added if there are any.
    pub(crate) fn with(&self) -> Settings {
        if self.ports.is_empty() { self.without() } else { Settings(self.config()) }
    }

    /// An entry of `allow` for each of these addresses.
    pub(crate) fn entries(&self) -> String {
        let mut entries = String::new();
        for (ip, ports) in &self.ports {
            let bits = if ip.is_ipv4() { 32 } else { 128 };
            let ports: Vec<&u16> = ports.iter().collect();
            let entry = format!("  - network: {ip}/{bits}\n    ports: {ports:?}\n");
            entries.write_str(&entry).expect("writing to a string does not fail");
        }
        entries
    }

    /// The default configuration with exactly these addresses added.
    pub(crate) fn config(&self) -> String {
        let allow = format!("\nallow:\n{}", self.entries());
        let config = DEFAULT.replacen("\nallow:\n", &allow, 1);
        assert_ne!(config, DEFAULT, "the default configuration has no `allow:` any more");
        config
    }
}

/// A configuration.
pub(crate) struct Settings(String);

impl Settings {
    /// With a parent, and what is exempt from it.
    pub(crate) fn behind(&self, parent: &str, no_proxy: &str) -> String {
        let section = format!("\nparent: {{urls: ['{parent}'], no_proxy: '{no_proxy}'}}\n");
        let config = self.0.replacen("\nparent: environment\n", &section, 1);
        assert_ne!(config, self.0, "the default configuration has no `parent:` any more");
        config
    }
}

/// Written apart from the product's classes, and only as far as mirrors need it.
fn is_special(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let shared = Ipv4Addr::new(100, 64, 0, 0).to_bits() >> 22 == ip.to_bits() >> 22;
            let benchmark = Ipv4Addr::new(198, 18, 0, 0).to_bits() >> 17 == ip.to_bits() >> 17;
            let special = ip.is_private() || ip.is_loopback() || ip.is_link_local();
            special || shared || benchmark || ip.is_documentation() || ip.octets()[0] >= 224
        }
        IpAddr::V6(ip) => {
            let documentation = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0);
            let documentation = ip.to_bits() >> 96 == documentation.to_bits() >> 96;
            documentation || ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
    }
}
