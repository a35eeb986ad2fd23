//! Which environment variables a client reads, in which order.

use crate::{Environment, Target};

/// The variables of one client.
#[derive(Debug)]
pub(super) struct Variables {
    /// Where the proxy for `http://` is looked for.
    pub(super) http: Lookup,
    /// Where the proxy for `https://` is looked for.
    pub(super) https: Lookup,
    /// Where the list of exemptions is looked for.
    pub(super) no_proxy: Lookup,
    /// What a CGI environment (`REQUEST_METHOD` set) changes: there `HTTP_PROXY` is what a
    /// client of the web server wrote into a `Proxy:` header.
    pub(super) cgi: Cgi,
    /// Why nothing of this matters, for clients that do not read it.
    pub(super) instead: Option<Instead>,
}

/// A way to look a value up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup {
    /// Groups of names. Within one, `empty` says what a variable that is set and empty does; when
    /// one yields nothing, the next follows.
    pub(super) groups: &'static [&'static [&'static str]],
    /// What a variable that is set and empty does.
    pub(super) empty: Empty,
}

/// What a variable that is set and empty does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// The next name is tried.
    Skips,
    /// It hides the names after it.
    Ends,
}

/// What a CGI environment changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cgi {
    /// Nothing, or `HTTP_PROXY` is never read.
    Nothing,
    /// `HTTP_PROXY` in upper case is left aside.
    HidesUpper,
    /// There is no proxy at all.
    HidesAll,
    /// A request that would take `HTTP_PROXY` fails.
    Fails,
}

/// What a client does instead of reading proxies and exemptions from the environment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instead {
    /// It never uses a proxy from the environment.
    AlwaysDirect(&'static str),
    /// It reads the proxy, and loses the exemptions.
    AlwaysProxy(&'static str),
}

/// What was found.
pub(super) enum Found {
    /// Nothing, or nothing that is not empty.
    Nothing,
    /// A proxy.
    Value,
    /// The request fails, for this reason.
    Failure(&'static str),
}

impl Lookup {
    /// The first variable that counts. A set and empty one is found as such, so that clients
    /// which tell it from an unset one can.
    pub(super) fn find<'e>(&self, environment: &'e Environment) -> Option<(&'static str, &'e str)> {
        let mut empty = None;
        for group in self.groups {
            for name in *group {
                match environment.get(name) {
                    None => {}
                    Some("") => {
                        empty = empty.or(Some((*name, "")));
                        if self.empty == Empty::Ends {
                            break;
                        }
                    }
                    Some(value) => return Some((name, value)),
                }
            }
        }
        empty
    }

    /// The names, for a message.
    pub(super) fn names(&self) -> String {
        self.groups.concat().join(", ")
    }
}

impl Variables {
    /// The proxy for a URL.
    pub(super) fn proxy(&self, target: &Target, environment: &Environment) -> Found {
        let lookup = if target.secure() { &self.https } else { &self.http };
        let cgi = environment.get("REQUEST_METHOD").is_some();
        if cgi && self.cgi == Cgi::HidesAll {
            return Found::Nothing;
        }
        let hides = cgi && self.cgi == Cgi::HidesUpper && !target.secure();
        let mut visible = environment.clone();
        if hides {
            visible.unset("HTTP_PROXY");
        }
        match lookup.find(&visible) {
            None | Some((_, "")) => Found::Nothing,
            Some(_) if cgi && self.cgi == Cgi::Fails && !target.secure() => {
                Found::Failure("it refuses HTTP_PROXY in a CGI environment (REQUEST_METHOD is set)")
            }
            Some(_) => Found::Value,
        }
    }

    /// Whether proxies and exemptions are both read.
    pub(super) fn heeds(&self) -> bool {
        self.instead.is_none()
    }
}
