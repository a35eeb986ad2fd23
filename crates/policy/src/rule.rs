//! Rules as they were written, and their places in the configuration.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::{HostPattern, PortSet, Preset, SniMode};

/// One of the two lists of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum List {
    /// What may be reached.
    Allow,
    /// What may not, whatever `allow` says.
    Deny,
}

/// Where a rule stands: `allow[3]`, or `clients[1].allow[3]`, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The index of the client whose list it is, in `clients`; none for the lists that hold for all.
    pub client: Option<u16>,
    /// The list.
    pub list: List,
    /// The entry's index in the list, from 0.
    pub index: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = match self.list {
            List::Allow => "allow",
            List::Deny => "deny",
        };
        if let Some(client) = self.client {
            write!(f, "clients[{client}].")?;
        }
        write!(f, "{list}[{}]", self.index)
    }
}

/// The rule that made a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands.
    pub place: Place,
    /// What it covers, as a person reads it: `host *.example.com`, `preset python: …`.
    pub text: Arc<str>,
}

/// What an `allow` entry sets for its own tunnels, over the configuration's defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// How long a tunnel may be silent.
    pub idle: Option<Duration>,
    /// What becomes of those whose ClientHello does not name the target.
    pub tls: Option<SniMode>,
}

/// What an entry covers.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// Host names.
    Host(HostPattern),
    /// Addresses: those of IP-literal targets, and those that an allowed name resolves to.
    Network(IpNet),
    /// Every host of a preset, each on its own ports unless the entry names some.
    Preset(Arc<Preset>),
}

/// One entry of `allow` or `deny`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// What it covers.
    pub matcher: Matcher,
    /// On which ports: by default 443 and 80 (or the preset's own) in `allow`, all in `deny`.
    pub ports: Option<PortSet>,
    /// What it sets for its tunnels; without meaning in `deny`.
    pub overrides: Overrides,
}
