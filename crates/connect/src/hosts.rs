//! The system's hosts file.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;

use hickory_resolver::Hosts;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::Name;

use crate::SetupError;
use crate::answer::Family;

const PATH: &str = "/etc/hosts";

/// The names of a hosts file, as it was when it was read.
#[derive(Default)]
pub(crate) struct HostsFile(Hosts);

impl HostsFile {
    /// Reads the system's file; a system without one has no names in it.
    pub(crate) fn of_system() -> Result<Self, SetupError> {
        match File::open(PATH) {
            Ok(file) => Self::read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
        .map_err(|error| SetupError::HostsFile { path: PATH, error })
    }

    fn read(from: impl Read) -> io::Result<Self> {
        let mut hosts = Hosts::default();
        hosts.read_hosts_conf(from)?;
        Ok(Self(hosts))
    }

    /// The addresses of a name, IPv6 first; none if the file does not have it.
    ///
    /// A name with one family in the file has only that one: as in getaddrinfo, and unlike
    /// hickory's own use of the file, DNS is not asked for the other.
    pub(crate) fn get(&self, name: &Name) -> Vec<IpAddr> {
        [Family::V6, Family::V4]
            .into_iter()
            .filter_map(|family| {
                self.0.lookup_static_host(&Query::query(name.clone(), family.record_type()))
            })
            .flat_map(|found| {
                found.answers().iter().filter_map(|r| r.data.ip_addr()).collect::<Vec<_>>()
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
