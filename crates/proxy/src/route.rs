//! Whether a target is reached by itself or by a parent proxy.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use connect::Parents;
use no_proxy::dialect::{Entry, NoProxy};
use policy::{Authority, Grant, Host};

/// Who looks up the names of targets that go by a parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolve {
    /// The parent: here rules hold for names, and those for addresses for IP literals only.
    #[default]
    Parent,
    /// This proxy: addresses are judged, and the parent is asked for a judged one.
    Local,
}

impl fmt::Display for Resolve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parent => "parent",
            Self::Local => "local",
        })
    }
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A tunnel, by CONNECT.
    Tunnel,
    /// One plain-HTTP request.
    Forward,
}

/// By which parents targets are reached, and which targets are not.
#[derive(Debug, Default)]
pub struct Routes {
    /// The parents of tunnels, if they have any.
    pub tunnels: Option<Arc<Parents>>,
    /// The parents of plain-HTTP requests; the same ones, unless the environment names others.
    pub forwards: Option<Arc<Parents>>,
    /// What is reached directly all the same.
    pub no_proxy: NoProxy,
    /// Who looks names up.
    pub resolve: Resolve,
}

/// The route to one target.
#[derive(Clone, Copy, Debug)]
pub enum Route<'r> {
    /// It is reached by itself: there is no parent, or this entry exempts it.
    Direct(Option<&'r Entry>),
    /// It is reached by one of these.
    Parent(&'r Arc<Parents>),
}

impl Routes {
    /// The parents of what is asked for.
    #[must_use]
    pub fn parents(&self, asked: Asked) -> Option<&Arc<Parents>> {
        match asked {
            Asked::Tunnel => self.tunnels.as_ref(),
            Asked::Forward => self.forwards.as_ref(),
        }
    }

    /// The route to a target, whose addresses are `addrs` as far as they are known here.
    #[must_use]
    pub fn of(&self, asked: Asked, target: &Authority, addrs: &[IpAddr]) -> Route<'_> {
        let Some(parents) = self.parents(asked) else { return Route::Direct(None) };
        match self.no_proxy.exempts(target, addrs) {
            Some(entry) => Route::Direct(Some(entry)),
            None => Route::Parent(parents),
        }
    }

    /// Whether a target that goes by a parent is resolved and judged here first. An IP literal
    /// always is, and so is a name for which no rule vouches, but audit mode alone.
    #[must_use]
    pub fn judges(&self, grant: &Grant) -> bool {
        self.resolve == Resolve::Local
            || matches!(grant.target().host(), Host::Ip(_))
            || grant.would_deny().is_some()
    }
}
