//! Names whose addresses are known without asking: the configuration's, and the hosts file's.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::IpAddr;

use policy::HostName;

use crate::SetupError;

const PATH: &str = "/etc/hosts";

/// Names and their addresses, IPv6 first, as the sources were when they were read.
///
/// A name with one family in here has only that one: as in getaddrinfo, DNS is not asked for the
/// other.
#[derive(Debug, Default)]
pub(crate) struct Hosts(HashMap<HostName, Vec<IpAddr>>);

impl Hosts {
    /// Reads the system's file; a system without one has no names in it.
    pub(crate) fn of_system() -> Result<Self, SetupError> {
        match fs::read_to_string(PATH) {
            Ok(text) => Ok(Self::read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(SetupError::HostsFile { path: PATH, error }),
        }
    }

    /// Reads hosts(5): an address and its names on each line. What is neither is skipped, and so
    /// are names that no client can ask for.
    fn read(text: &str) -> Self {
        let mut hosts = Self::default();
        let lines = text.trim_start_matches('\u{feff}').lines();
        for line in lines.map(|line| line.split('#').next().unwrap_or_default()) {
            let mut words = line.split_whitespace();
            let Some(ip) = words.next().and_then(|word| word.parse().ok()) else { continue };
            for name in words.filter_map(|word| HostName::parse(word.as_bytes()).ok()) {
                hosts.0.entry(name).or_default().push(ip);
            }
        }
        hosts.0.values_mut().for_each(tidy);
        hosts
    }

    /// Takes these names' addresses in place of what was read of them.
    pub(crate) fn replace(&mut self, given: &[(HostName, Vec<IpAddr>)]) {
        for (name, addrs) in given.iter().filter(|(_, addrs)| !addrs.is_empty()) {
            let mut addrs = addrs.clone();
            tidy(&mut addrs);
            self.0.insert(name.clone(), addrs);
        }
    }

    /// The addresses of a name, if it is known here; never none.
    pub(crate) fn get(&self, name: &HostName) -> Option<&[IpAddr]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// Each address once, IPv6 first, else in their order.
fn tidy(addrs: &mut Vec<IpAddr>) {
    let mut seen = std::collections::HashSet::new();
    addrs.retain(|addr| seen.insert(*addr));
    addrs.sort_by_key(IpAddr::is_ipv4);
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
