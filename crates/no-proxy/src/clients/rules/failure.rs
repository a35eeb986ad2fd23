//! What makes a client fail where others go on.

use crate::Target;

use super::list::{List, Separators, Trim};
use super::{By, Step, Test, httpx};

/// A way to fail, and why.
#[derive(Debug)]
pub(in crate::clients) enum Failure {
    /// An entry that is no URL pattern raises as soon as a client is made (httpx).
    Pattern,
    /// A URL with a user in it is refused, whatever the way.
    Userinfo(&'static str),
    /// A URL with a password in it is refused, whatever the way.
    Password(&'static str),
    /// A URL with a user and no password is refused, whatever the way.
    BareUser(&'static str),
    /// A host name that is none by RFC 952 is refused, whatever the way.
    HostName(&'static str),
    /// A URL without TLS raises where a proxy is set, listed or not.
    PlainHttp(&'static str),
    /// An IPv6 literal cannot be reached directly.
    DirectV6(&'static str),
    /// A URL with a user in it cannot be reached directly.
    DirectUserinfo(&'static str),
}

const HTTPX: List = List {
    separators: Separators::Comma,
    trim: Trim::Both,
    keeps_empty: false,
    reads_empty: false,
};

/// Failures that come before anything is decided.
pub(super) fn before(failures: &[Failure], value: &str, target: &Target) -> Option<String> {
    failures.iter().find_map(|failure| match failure {
        Failure::Pattern => pattern(value),
        Failure::Userinfo(why) => target.userinfo().map(|_| (*why).to_owned()),
        Failure::HostName(why) => {
            let name = target.ip().is_none() && !is_host_name(target.host());
            name.then(|| (*why).to_owned())
        }
        Failure::BareUser(why) => {
            target.userinfo().filter(|user| !user.contains(':')).map(|_| (*why).to_owned())
        }
        Failure::Password(why) => {
            target.userinfo().filter(|user| user.contains(':')).map(|_| (*why).to_owned())
        }
        _ => None,
    })
}

/// Failures of any request for which a proxy is set.
pub(super) fn with_proxy(failures: &[Failure], target: &Target) -> Option<&'static str> {
    failures.iter().find_map(|failure| match failure {
        Failure::PlainHttp(why) if !target.secure() => Some(*why),
        _ => None,
    })
}

/// Failures of a request that goes direct because it is exempt.
pub(super) fn direct(failures: &[Failure], target: &Target) -> Option<&'static str> {
    failures.iter().find_map(|failure| match failure {
        Failure::DirectV6(why) if target.ip().is_some_and(|ip| ip.is_ipv6()) => Some(*why),
        Failure::DirectUserinfo(why) if target.userinfo().is_some() => Some(*why),
        _ => None,
    })
}

/// Letters, digits and inner hyphens.
fn is_host_name(host: &str) -> bool {
    host.strip_suffix('.')
        .unwrap_or(host)
        .split('.')
        .all(|label| !label.starts_with('-') && !label.ends_with('-') && !label.contains('_'))
}

/// httpx makes a pattern of each entry, for every client anew.
fn pattern(value: &str) -> Option<String> {
    let raw = HTTPX.entries(value);
    // `*` anywhere ends the reading before any pattern is made.
    if raw.iter().any(|raw| raw.text == "*") {
        return None;
    }
    raw.iter().find_map(|raw| {
        let why = httpx::failure(raw.text)?;
        Some(format!("`{}`: {why} (InvalidURL, for every URL)", raw.text.escape_debug()))
    })
}

/// An entry that is `*` and nothing else covers everything.
pub(in crate::clients) const STAR: Test = Test { steps: &[Step::Is("*")], by: By::Everything };
