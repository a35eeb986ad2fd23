//! URLs that tell how an entry is read.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::dialect::{Cover, Entry};

/// URLs that no entry is about, on documentation names and addresses (RFC 2606, RFC 5737,
/// RFC 3849).
pub(super) fn of_nothing() -> Vec<String> {
    ["https://unlisted.invalid/", "https://192.0.2.77/", "https://[2001:db8::77]/"]
        .map(str::to_owned)
        .to_vec()
}

/// URLs that an entry should exempt, and some that it should not.
pub(super) fn of(entry: &Entry) -> Vec<String> {
    let hosts = match entry.cover() {
        Cover::Everything => vec!["any.invalid".to_owned(), "192.0.2.1".to_owned()],
        Cover::Name(name) => {
            vec![name.to_string(), format!("sub.{name}"), format!("not{name}")]
        }
        Cover::Below(name) => {
            vec![format!("sub.{name}"), name.to_string(), format!("not{name}")]
        }
        Cover::Net(net) => addresses(*net).into_iter().map(host).collect(),
    };
    let port = entry.port().filter(|port| *port != 443).map_or(String::new(), |p| format!(":{p}"));
    let mut urls: Vec<_> = hosts.iter().map(|host| format!("https://{host}{port}/")).collect();
    if let (Some(port), Some(host)) = (entry.port(), hosts.first()) {
        let other = if port == 8443 { 9443 } else { 8443 };
        urls.push(format!("https://{host}:{other}/"));
    }
    urls
}

/// Addresses of a block, and the one behind it.
fn addresses(net: IpNet) -> Vec<IpAddr> {
    let first = net.network();
    let last = net.broadcast();
    let behind = match last {
        IpAddr::V4(ip) => u32::from(ip).checked_add(1).map(|ip| IpAddr::V4(ip.into())),
        IpAddr::V6(ip) => u128::from(ip).checked_add(1).map(|ip| IpAddr::V6(ip.into())),
    };
    let mut found = match net.hosts().nth(1) {
        Some(inside) => vec![inside, last],
        None => vec![first, last],
    };
    found.extend(behind);
    found.dedup();
    found
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
