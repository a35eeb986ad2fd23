//! What real clients make of a NO_PROXY value, each at the versions where its rule changed.
//!
//! A client is data: which variables it reads, how it splits the list, and which tests it makes
//! of an entry. The tests are shared (`rules`); the table has the clients in families.

mod evidence;
mod rules;
mod table;
mod variables;

use std::net::IpAddr;

use crate::dialect::NoProxy;
use crate::{Environment, Target};

use rules::Rules;
use variables::Variables;

/// A client, at the versions that share one rule.
#[derive(Debug)]
pub struct Client {
    id: &'static str,
    version: &'static str,
    with: &'static str,
    source: &'static str,
    variables: Variables,
    rules: Rules,
}

/// What a client is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The URL it is given.
    pub target: &'a Target,
    /// The environment it runs in.
    pub environment: &'a Environment,
    /// What the target's name resolves to. Only clients that look names up themselves take
    /// notice; may be empty.
    pub addrs: &'a [IpAddr],
}

/// The way a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// To the target itself.
    Direct,
    /// By the proxy.
    Proxy,
    /// None: it raises an error, or never starts.
    Error,
}

/// The way a client takes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The way.
    pub route: Route,
    /// The reason, one line for a person.
    pub why: String,
}

/// How a client's rule is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// These versions were run by the harness in `tests/no_proxy`, and agree.
    Executed(&'static [&'static str]),
    /// Read from the client's source, and not run.
    FromSource,
}

/// Every client, in families, older versions first.
pub fn all() -> impl Iterator<Item = &'static Client> {
    table::FAMILIES.iter().flat_map(|family| family.iter())
}

impl Client {
    /// A stable id, lower-case: `python-urllib`. Several versions share one; id, versions and
    /// [`Client::with`] together are one of a kind.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The versions that share this rule: `7.86.0`, `6`, `7.87–8.8`, `≤7.85`, `≥8.18`. A bound
    /// speaks for everything below it: 8.8 is also 8.8.1.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// What it is built with or told, where that matters: `NODE_USE_ENV_PROXY=1`. May be empty.
    #[must_use]
    pub fn with(&self) -> &'static str {
        self.with
    }

    /// Where the rule was read: file and function, or the client whose code it is.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// How the rule is known.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        evidence::of(self.id, self.version, self.with)
    }

    /// Whether the client takes proxies from the environment, and leaves out what `NO_PROXY`
    /// lists. Without that, no value changes anything.
    #[must_use]
    pub fn heeds(&self) -> bool {
        self.variables.heeds() && self.rules.heed()
    }

    /// The way the client takes.
    #[must_use]
    pub fn route(&self, case: &Case<'_>) -> Verdict {
        rules::route(&self.variables, &self.rules, case)
    }
}

impl Route {
    /// A stable label: `direct`, `proxy` or `error`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Proxy => "proxy",
            Self::Error => "error",
        }
    }
}

/// What pinhole's own dialect says of the same case, to tell what the value was meant to do.
#[must_use]
pub fn meant(value: &str, target: &Target) -> Route {
    let (list, _) = NoProxy::parse(value);
    match list.exempts(target.authority(), &[]) {
        Some(_) => Route::Direct,
        None => Route::Proxy,
    }
}

#[cfg(test)]
#[path = "clients_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "clients_properties.rs"]
mod properties;
