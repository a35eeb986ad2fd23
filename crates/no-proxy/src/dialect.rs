//! pinhole's own reading of a NO_PROXY value: the union of what users expect.
//!
//! | entry | exempts |
//! |---|---|
//! | `name` or `.name` | the name and every name below it |
//! | `*.name` | every name below it, not the name itself |
//! | `10.0.0.1`, `fd00::1`, `[fd00::1]` | the address |
//! | `10.0.0.0/8`, `fd00::/8`, `[fd00::]/8` | every address of the block |
//! | `*` | everything |
//! | any of these but a block, with `:port` | the same, on that port alone |
//!
//! Commas and white space separate, in any number and place. Letter case and one trailing dot do
//! not matter, on either side. An IPv4 address mapped into IPv6 counts as both.

mod entry;
mod problem;

use std::net::IpAddr;

use policy::{Authority, Host};

pub(crate) use entry::Cover;
pub use entry::Entry;
pub use problem::{Flaw, Problem};

/// A list of targets that are reached without the proxy, in pinhole's own dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    entries: Vec<Entry>,
}

impl NoProxy {
    /// Reads a value. Whatever is nonsense in it is named, and the rest holds.
    ///
    /// # Problems
    /// One for each entry that is left out, and one for each that is kept in a corrected reading
    /// ([`Problem::kept`]).
    #[must_use]
    pub fn parse(value: &str) -> (Self, Vec<Problem>) {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        for text in value.split([',', ' ']).flat_map(str::split_whitespace) {
            match Entry::parse(text) {
                Ok((entry, flaw)) => {
                    problems.extend(flaw.map(|flaw| Problem::new(text, flaw, true)));
                    entries.push(entry);
                }
                Err(flaw) => problems.push(Problem::new(text, flaw, false)),
            }
        }
        (Self { entries }, problems)
    }

    /// The first entry that exempts the target, if there is one.
    ///
    /// `addrs` is what the target's name resolves to, where that is known: the target is exempt
    /// if an entry covers any of them. Without addresses a name is matched by name alone, and
    /// nothing is looked up here.
    #[must_use]
    pub fn exempts(&self, target: &Authority, addrs: &[IpAddr]) -> Option<&Entry> {
        self.entries.iter().find(|entry| match target.host() {
            Host::Name(name) => {
                entry.covers_name(name.as_str(), target.port())
                    || addrs.iter().any(|ip| entry.covers_address(*ip, target.port()))
            }
            Host::Ip(ip) => entry.covers_address(*ip, target.port()),
        })
    }

    /// The entries that hold, in their order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether nothing is exempt.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "dialect_properties.rs"]
mod properties;
