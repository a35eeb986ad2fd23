//! axios' own check, which stands beside that of proxy-from-env.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Target;
use crate::clients::rules::Subject;
use crate::target::whatwg;

use super::blocks::aton;

/// Whether an entry, without its port, fits the host.
pub(super) fn matches(entry: &str, target: &Target) -> bool {
    let entry = normal(entry);
    if entry.is_empty() {
        return false;
    }
    let host = Subject::LOWER.unmapped().of(target);
    let host = host.trim_end_matches('.');
    let entry = entry.strip_prefix('*').unwrap_or(&entry);
    if entry.starts_with('.') {
        return host.ends_with(entry);
    }
    host == entry || (is_loopback(host) && is_loopback(entry))
}

/// `normalizeNoProxyHost`: brackets and final dots off, addresses in one spelling.
fn normal(entry: &str) -> String {
    let inside = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']'));
    let entry = inside.unwrap_or(entry).trim_end_matches('.');
    if let Ok(ip) = entry.parse::<Ipv6Addr>() {
        return match ip.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => whatwg(ip),
        };
    }
    if !entry.is_ascii() {
        let name = entry.trim_start_matches(['*', '.']);
        let front = &entry[..entry.len() - name.len()];
        return match idna::domain_to_ascii(name) {
            Ok(ascii) => format!("{front}{}", ascii.trim_end_matches('.')),
            Err(_) => String::new(),
        };
    }
    match aton(entry).filter(|_| entry.contains('.')) {
        Some(ip) => ip.to_string(),
        None => entry.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || match host.parse() {
            Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip == Ipv4Addr::UNSPECIFIED,
            Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip == Ipv6Addr::UNSPECIFIED,
            Err(_) => false,
        }
}
