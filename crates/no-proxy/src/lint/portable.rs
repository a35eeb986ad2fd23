//! The part of the dialect that every client which reads lists agrees on, and how to write a
//! value in it.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::dialect::{Cover, Entry, NoProxy};

/// A block of at most this many addresses is written out.
const WRITTEN_OUT: u32 = 16;

/// A value in the portable subset, and what it could not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portable {
    /// Exact lower-case names, `.suffix` for what is below, IPv4 addresses, then IPv4 blocks
    /// for those that read them. Commas, no spaces.
    pub value: String,
    /// What is lost or wider than before, one line each.
    pub notes: Vec<String>,
}

/// The safest value for what this one means in pinhole's dialect.
///
/// Nonsense entries are left out.
#[must_use]
pub fn portable(value: &str) -> Portable {
    let (list, _) = NoProxy::parse(value);
    let (mut names, mut addresses, mut blocks, mut notes) = (vec![], vec![], vec![], vec![]);
    for entry in list.entries() {
        if let Some(note) = lost(entry) {
            notes.push(format!("`{entry}`: {note}"));
        }
        match entry.cover() {
            Cover::Everything => {}
            Cover::Name(name) => names.extend([name.to_string(), format!(".{name}")]),
            Cover::Below(name) => names.push(format!(".{name}")),
            Cover::Net(IpNet::V6(_)) => {}
            Cover::Net(IpNet::V4(net)) => {
                let all: Vec<String> = each(*net).map(|ip| ip.to_string()).collect();
                addresses.extend(all);
                if !matches!(net.prefix_len(), 0 | 32) {
                    blocks.push(net.to_string());
                }
            }
        }
    }
    let mut all: Vec<String> = Vec::new();
    for entry in names.into_iter().chain(addresses).chain(blocks) {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    Portable { value: all.join(","), notes }
}

/// The addresses of a block that is small enough to be written out.
fn each(net: Ipv4Net) -> impl Iterator<Item = IpAddr> {
    let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
    let few = last - first < WRITTEN_OUT;
    (first..=last).take_while(move |_| few).map(|ip| IpAddr::V4(ip.into()))
}

/// What the portable value does not say of an entry.
fn lost(entry: &Entry) -> Option<&'static str> {
    match entry.cover() {
        Cover::Everything => Some("left out: no list says this to all; unset the proxy variables"),
        Cover::Net(IpNet::V6(_)) => {
            Some("left out: IPv6 fails whole clients (httpx) or opens others (Ruby); use a name")
        }
        _ if entry.port().is_some() => {
            Some("written without its port, which most clients do not read: it is now wider")
        }
        Cover::Net(IpNet::V4(net)) if net.prefix_len() == 0 => {
            Some("left out: some read it as the one address, others not at all")
        }
        Cover::Net(IpNet::V4(net)) if each(*net).next().is_none() => {
            Some("stands last, for those that read blocks; list the addresses that matter, too")
        }
        Cover::Below(_) => Some("many clients take `.name` for the name itself, too"),
        _ => None,
    }
}
