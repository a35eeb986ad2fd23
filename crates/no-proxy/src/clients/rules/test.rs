//! The tests that clients make of an entry.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use crate::clients::Case;

use super::blocks::Blocks;
use super::list::Raw;
use super::step::{self, Step};
use super::subject::{Subject, without_port};
use super::{axios, httpx};

/// One test: what is done to the entry first, and how it is then compared.
#[derive(Debug)]
pub(in crate::clients) struct Test {
    /// Conditions and rewritings, in their order.
    pub(in crate::clients) steps: &'static [Step],
    /// The comparison.
    pub(in crate::clients) by: By,
}

/// A comparison of what is left of an entry with the target.
#[derive(Clone, Copy, Debug)]
pub(in crate::clients) enum By {
    /// They are equal.
    Exact(Subject),
    /// They are equal, or the host ends with a dot and the entry.
    Covers(Subject),
    /// The host ends with a dot and the entry.
    Below(Subject),
    /// The host ends with the entry, be there a dot or not.
    Tail(Subject),
    /// The host starts with the entry.
    Head(Subject),
    /// As [`By::Covers`], of the whole text and of what is left of it without `:digits`
    /// (Python's `proxy_bypass_environment`).
    Urllib(Subject),
    /// The entry's labels, empty ones left out, are the host's last ones.
    Labels(Subject),
    /// The entry is a pattern with `*` at its ends (Java).
    Glob(Subject),
    /// The entry is an address or a block that holds the host.
    Blocks(&'static Blocks),
    /// The entry is an address, or a block as the crate ipnet reads it, that holds the host.
    Ipnet,
    /// The entry is a range `a-b` of IPv4 addresses.
    Range,
    /// Everything.
    Everything,
    /// The entry is the URL's origin. That it may be the URL, too, exempts one path alone.
    Origin,
    /// httpx's mount patterns.
    Httpx,
    /// axios: normalised on both sides, and every loopback is one host.
    Axios,
    /// The addresses that the client looked up itself are in the entry's block.
    Resolved(&'static Blocks),
}

impl Test {
    /// Whether the entry exempts the target.
    pub(super) fn holds(&self, raw: Raw<'_>, case: &Case<'_>) -> bool {
        step::apply(self.steps, raw, case).is_some_and(|entry| self.by.holds(&entry, case))
    }

    /// What the match means, to stand behind the entry.
    pub(super) fn says(&self) -> &'static str {
        match self.by {
            By::Exact(_) | By::Origin => "is the host",
            By::Covers(_) | By::Labels(_) | By::Urllib(_) => "is the host or a domain above it",
            By::Below(_) => "is a domain above the host",
            By::Tail(_) => "is how the host ends",
            By::Head(_) => "is how the host starts",
            By::Glob(_) => "is a pattern that fits the host",
            By::Blocks(_) | By::Ipnet => "holds the address",
            By::Resolved(_) => "holds the address it looked up",
            By::Range => "is a range that holds the address",
            By::Everything => "covers everything",
            By::Httpx => "is a pattern that fits the URL",
            By::Axios => "fits the host",
        }
    }
}

impl By {
    fn holds(self, entry: &str, case: &Case<'_>) -> bool {
        let target = case.target;
        match self {
            Self::Exact(subject) => subject.of(target) == entry,
            Self::Covers(subject) => covers(&subject.of(target), entry),
            Self::Below(subject) => below(&subject.of(target), entry),
            Self::Tail(subject) => subject.of(target).ends_with(entry),
            Self::Head(subject) => subject.of(target).starts_with(entry),
            Self::Urllib(subject) => {
                let host = subject.of(target);
                covers(&host, entry) || covers(without_port(&host), entry)
            }
            Self::Labels(subject) => labels(&subject.of(target), entry),
            Self::Glob(subject) => glob(&subject.of(target), entry),
            Self::Blocks(blocks) => target.ip().is_some_and(|ip| blocks.hold(entry, ip)),
            Self::Ipnet => target.ip().is_some_and(|ip| {
                entry.parse::<IpNet>().is_ok_and(|net| net.contains(&ip)) || entry.parse() == Ok(ip)
            }),
            Self::Resolved(blocks) => {
                target.ip().is_none() && case.addrs.iter().any(|ip| blocks.hold(entry, *ip))
            }
            Self::Range => range(&Subject::LOWER.of(target), entry),
            Self::Everything => true,
            Self::Origin => {
                let scheme = if target.secure() { "https" } else { "http" };
                let host = Subject::WHATWG.port(super::PortPart::Other).of(target);
                entry == format!("{scheme}://{host}")
            }
            Self::Httpx => httpx::matches(entry, target),
            Self::Axios => axios::matches(entry, target),
        }
    }
}

fn covers(host: &str, entry: &str) -> bool {
    host == entry || below(host, entry)
}

fn below(host: &str, entry: &str) -> bool {
    host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.'))
}

fn labels(host: &str, entry: &str) -> bool {
    let mut host = host.rsplit('.');
    let mut entry = entry.rsplit('.').filter(|label| !label.is_empty()).peekable();
    entry.peek().is_some() && entry.all(|label| host.next() == Some(label))
}

fn glob(host: &str, entry: &str) -> bool {
    let (front, rest) = match entry.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, entry),
    };
    match (front, rest.strip_suffix('*')) {
        (true, _) if rest.is_empty() => true,
        (true, Some(middle)) => host.contains(middle),
        (true, None) => host.ends_with(rest),
        (false, Some(head)) => host.starts_with(head),
        (false, None) => host == rest,
    }
}

fn range(host: &str, entry: &str) -> bool {
    let mut ends = entry.splitn(3, '-').map(|end| end.trim().parse::<Ipv4Addr>());
    match (host.parse::<Ipv4Addr>(), ends.next(), ends.next()) {
        (Ok(host), Some(Ok(first)), Some(Ok(last))) => (first..=last).contains(&host),
        _ => false,
    }
}
