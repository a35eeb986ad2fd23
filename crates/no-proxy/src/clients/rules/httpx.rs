//! httpx: entries become URL patterns, and a pattern that is no URL fails the whole client.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Target;
use crate::clients::rules::Subject;

/// A pattern, as far as it concerns hosts.
struct Pattern {
    /// The scheme it is for, empty for all.
    scheme: String,
    /// What the host must be, empty for any.
    host: Host,
    /// The port, where the entry has one: the scheme's own port counts as none.
    port: Option<u16>,
}

/// What the host must be.
enum Host {
    Any,
    Exact(String),
    Below(String),
    Covers(String),
}

/// Why the entry fails every client, where it does.
pub(super) fn failure(entry: &str) -> Option<&'static str> {
    pattern(entry).err()
}

/// Whether the entry's pattern fits the URL.
pub(super) fn matches(entry: &str, target: &Target) -> bool {
    let Ok(pattern) = pattern(entry) else { return false };
    let scheme = if target.secure() { "https" } else { "http" };
    // Its parser leaves an IPv6 address as it stands.
    let spelling = if target.ip().is_some() { Subject::WRITTEN } else { Subject::LOWER };
    let host = decoded(&spelling.of(target));
    // A pattern with a port comes first. One with neither port nor host comes behind those that
    // name the proxy, unless it is spelled as they are and so takes their place.
    let fits = match &pattern.host {
        Host::Any => pattern.port.is_some() || entry == format!("{scheme}://"),
        Host::Exact(exact) => host == *exact,
        Host::Below(apex) => is_below(&host, apex),
        Host::Covers(apex) => host == *apex || is_below(&host, apex),
    };
    fits && (pattern.scheme.is_empty() || pattern.scheme == scheme)
        && pattern.port.is_none_or(|port| target.other_port() == Some(port))
}

/// A host whose first label is an A-label is compared as what it stands for.
fn decoded(host: &str) -> String {
    if host.starts_with("xn--") { idna::domain_to_unicode(host).0 } else { host.to_owned() }
}

fn is_below(host: &str, apex: &str) -> bool {
    host.strip_suffix(apex).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// `get_environment_proxies`: which pattern an entry becomes.
fn pattern(entry: &str) -> Result<Pattern, &'static str> {
    if entry.contains(|c: char| c.is_ascii_control()) {
        return Err("a control character in a URL");
    }
    if entry.contains("://") {
        return url(entry);
    }
    let base = entry.split('/').next().unwrap_or_default();
    if base.parse::<Ipv4Addr>().is_ok() || entry.eq_ignore_ascii_case("localhost") {
        authority(entry, "", "")
    } else if base.parse::<Ipv6Addr>().is_ok() {
        authority(&format!("[{entry}]"), "", "")
    } else {
        authority(entry, "", "*")
    }
}

/// An entry that is taken for a URL as it stands.
fn url(entry: &str) -> Result<Pattern, &'static str> {
    let is_scheme = |text: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
            && !text.starts_with(|c: char| !c.is_ascii_alphabetic())
    };
    let (scheme, rest) = match entry.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_lowercase(), rest),
        _ => (String::new(), entry),
    };
    match rest.strip_prefix("//") {
        Some(rest) => authority(rest, if scheme == "all" { "" } else { &scheme }, ""),
        None if scheme.is_empty() && rest.starts_with(':') => Err("a path that starts with `:`"),
        None => Ok(Pattern { scheme, host: Host::Any, port: None }),
    }
}

/// The URL parser, as far as it matters: `front` is what stands in front of the host.
fn authority(rest: &str, scheme: &str, front: &str) -> Result<Pattern, &'static str> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let place = format!("{front}{}", &rest[..end]);
    let place = place.rsplit_once('@').map_or(place.as_str(), |(_, place)| place);
    let (host, port) = match (place.starts_with('['), place.rfind(']')) {
        (true, Some(end)) => (&place[..=end], &place[end + 1..]),
        _ => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let host = name(host)?;
    let port = port.strip_prefix(':').unwrap_or(port);
    let port = match port {
        "" => None,
        port => Some(port.parse::<u16>().map_err(|_| "an invalid port in a URL")?),
    };
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let scheme = scheme.to_owned();
    Ok(Pattern { scheme, host, port: port.filter(|port| Some(*port) != default) })
}

/// `encode_host`, and what `URLPattern` makes of it.
fn name(host: &str) -> Result<Host, &'static str> {
    if let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let valid = inside.parse::<Ipv6Addr>().is_ok();
        return if valid {
            Ok(Host::Exact(inside.to_owned()))
        } else {
            Err("an invalid IPv6 address in a URL")
        };
    }
    let quad = host.split('.').count() == 4
        && host.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if quad && host.parse::<Ipv4Addr>().is_err() {
        return Err("an invalid IPv4 address in a URL");
    }
    if !host.is_ascii() {
        return Err("an invalid IDNA host name in a URL");
    }
    let host = host.to_lowercase();
    Ok(match host.strip_prefix('*') {
        None if host.is_empty() => Host::Any,
        None => Host::Exact(decoded(&host)),
        Some("") => Host::Any,
        Some(rest) => match rest.strip_prefix('.') {
            Some(apex) => Host::Below(apex.to_owned()),
            None => Host::Covers(rest.to_owned()),
        },
    })
}
