//! How a client's rule is written down, and how a case is run through it.

mod axios;
mod blocks;
mod failure;
mod hint;
mod httpx;
mod list;
mod ports;
mod step;
mod subject;
mod test;

use super::variables::{Found, Instead, Variables};
use super::{Case, Route, Verdict};

pub(super) use blocks::{Base, Blocks, Length, Mapped, TooLong, Zero};
pub(super) use failure::{Failure, STAR};
pub(super) use list::{List, Separators, Trim};
pub(super) use ports::Ports;
pub(super) use step::Step;
pub(super) use subject::{Dots, PortPart, Subject};
pub(super) use test::{By, Test};

/// What one client does with a list.
#[derive(Debug)]
pub(super) struct Rules {
    /// What is direct without being listed.
    pub(super) implicit: Implicit,
    /// The readings of the list. A target that any of them exempts is direct.
    pub(super) passes: &'static [Pass],
    /// What makes the client fail.
    pub(super) failures: &'static [Failure],
}

impl Rules {
    /// Whether the list can change anything.
    pub(super) fn heed(&self) -> bool {
        !matches!(self.implicit, Implicit::Secure(_))
    }
}

/// One reading of the list.
#[derive(Debug)]
pub(super) struct Pass {
    /// How the value becomes entries.
    pub(super) list: List,
    /// Whether a value that is `*` and nothing else exempts everything.
    pub(super) star: bool,
    /// The tests made of each entry. One that holds exempts the target.
    pub(super) tests: &'static [Test],
}

/// What a client reaches directly without being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Implicit {
    /// Nothing.
    Nothing,
    /// `localhost` in lower case, and loopback addresses (Go).
    Loopback,
    /// `localhost`, names and addresses that start with `127.`, and `::1` (actions/http-client).
    LoopbackText,
    /// What resolves to 127.0.0.0/8 or `::1` (Ruby).
    LoopbackResolved,
    /// Every `https://` URL, for a reason that has nothing to do with the list.
    Secure(&'static str),
    /// The patterns that Java adds to a property that is not empty.
    Java,
}

/// Runs a case through a client's rule.
pub(super) fn route(variables: &Variables, rules: &Rules, case: &Case<'_>) -> Verdict {
    if let Some(Instead::AlwaysDirect(why)) = variables.instead {
        return verdict(Route::Direct, why.to_owned());
    }
    let value = variables.no_proxy.find(case.environment);
    let text = value.map_or("", |(_, text)| text);
    if let Some(why) = failure::before(rules.failures, text, case.target) {
        return verdict(Route::Error, why);
    }
    match variables.proxy(case.target, case.environment) {
        Found::Nothing => {
            let lookup = if case.target.secure() { &variables.https } else { &variables.http };
            return verdict(Route::Direct, format!("no proxy is set in {}", lookup.names()));
        }
        Found::Failure(why) => return verdict(Route::Error, why.to_owned()),
        Found::Value => {}
    }
    if let Some(Instead::AlwaysProxy(why)) = variables.instead {
        return verdict(Route::Proxy, why.to_owned());
    }
    if let Some(why) = failure::with_proxy(rules.failures, case.target) {
        return verdict(Route::Error, why.to_owned());
    }
    let exempt = rules.implicit.covers(case, text).map(str::to_owned).or_else(|| {
        let (name, text) = value?;
        Some(format!("{name}: {}", exempts(rules, text, case)?))
    });
    if let Some(why) = exempt {
        return match failure::direct(rules.failures, case.target) {
            Some(failure) => verdict(Route::Error, format!("{why}; {failure}")),
            None => verdict(Route::Direct, why),
        };
    }
    let why = match value {
        None => format!("it reads {}, where nothing is set", variables.no_proxy.names()),
        Some((name, "")) => format!("{name} is empty"),
        Some((name, text)) => format!("{name}: {}", hint::of(rules, text, case)),
    };
    verdict(Route::Proxy, why)
}

/// Why the list exempts the target, if it does.
fn exempts(rules: &Rules, text: &str, case: &Case<'_>) -> Option<String> {
    rules.passes.iter().find_map(|pass| pass.exempts(text, case))
}

fn verdict(route: Route, why: String) -> Verdict {
    Verdict { route, why }
}

impl Pass {
    fn exempts(&self, text: &str, case: &Case<'_>) -> Option<String> {
        if self.star && text == "*" {
            return Some("`*` covers everything".to_owned());
        }
        self.list.entries(text).into_iter().find_map(|entry| {
            let test = self.tests.iter().find(|test| test.holds(entry, case))?;
            Some(format!("`{}` {}", entry.text.escape_debug(), test.says()))
        })
    }
}

impl Implicit {
    fn covers(self, case: &Case<'_>, text: &str) -> Option<&'static str> {
        let (host, ip) = (case.target.host(), case.target.ip());
        let loopback = |ip: &std::net::IpAddr| ip.to_canonical().is_loopback();
        let covered = match self {
            Self::Nothing => false,
            Self::Secure(why) => return case.target.secure().then_some(why),
            Self::Loopback => host == "localhost" || ip.as_ref().is_some_and(loopback),
            Self::LoopbackText => {
                let host = host.to_ascii_lowercase();
                host == "localhost"
                    || host.starts_with("127.")
                    || ip == Some(std::net::Ipv6Addr::LOCALHOST.into())
            }
            Self::LoopbackResolved => {
                let name = host.strip_suffix('.').unwrap_or(host);
                let localhost = name.eq_ignore_ascii_case("localhost");
                localhost || ip.as_ref().or(case.addrs.first()).is_some_and(loopback)
            }
            Self::Java => {
                let host = Subject::LOWER.brackets().of(case.target);
                !text.is_empty()
                    && (matches!(host.as_str(), "localhost" | "0.0.0.0" | "[::1]" | "[::0]")
                        || host.starts_with("127."))
            }
        };
        covered.then_some("loopback is direct without being listed")
    }
}
