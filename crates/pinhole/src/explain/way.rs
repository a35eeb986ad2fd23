//! What `explain` says of the way that a target goes.

use std::net::IpAddr;

use policy::{Authority, Grant, Host};
use proxy::{Asked, Resolve, Route, Routes};
use serde::Serialize;

/// The way of one target.
#[derive(Debug, Serialize)]
pub(super) struct Way {
    /// `direct`, or `parent`.
    by: &'static str,
    /// The parents, in their order; none where the target is reached directly.
    parents: Vec<String>,
    /// The entry of no_proxy that exempts the target.
    no_proxy: Option<String>,
    /// Who resolves its name: `parent` or `local`; null where there is no parent.
    resolve: Option<String>,
    /// Whether an address that was not looked up may change all this.
    #[serde(skip)]
    may_change: bool,
}

/// What a target that is typed is asked for by: a tunnel, unless it is an `http://` URL.
pub(super) fn asked(text: &str) -> Asked {
    match text.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => Asked::Forward,
        _ => Asked::Tunnel,
    }
}

/// The way of a target, whose permitted addresses are `addrs` where they were judged.
pub(super) fn of(
    routes: &Routes,
    asked: Asked,
    target: &Authority,
    addrs: Option<&[IpAddr]>,
) -> Way {
    let resolve = routes.parents(asked).map(|_| routes.resolve.to_string());
    let direct =
        Way { by: "direct", parents: Vec::new(), no_proxy: None, resolve, may_change: false };
    match routes.of(asked, target, addrs.unwrap_or_default()) {
        Route::Direct(entry) => Way { no_proxy: entry.map(ToString::to_string), ..direct },
        Route::Parent(parents) => {
            let shown = parents.as_slice().iter().map(|parent| parent.url().to_string());
            let unknown = addrs.is_none() && matches!(target.host(), Host::Name(_));
            let may_change = unknown && is_local(routes) && !routes.no_proxy.is_empty();
            Way { by: "parent", parents: shown.collect(), may_change, ..direct }
        }
    }
}

pub(super) fn is_local(routes: &Routes) -> bool {
    routes.resolve == Resolve::Local
}

impl Way {
    /// Whether the parent is asked for a name that nobody here looks up.
    pub(super) fn leaves_resolving(&self, routes: &Routes, grant: &Grant) -> bool {
        self.by == "parent" && !routes.judges(grant)
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        if self.parents.is_empty() {
            return match &self.no_proxy {
                None => "directly".to_owned(),
                Some(entry) => format!("directly: no_proxy exempts it by `{entry}`"),
            };
        }
        let by = self.parents.join(", else by ");
        let resolve = self.resolve.as_deref().unwrap_or_default();
        let unless = match self.may_change {
            true => ", unless no_proxy exempts an address that it resolves to",
            false => "",
        };
        format!("by the parent {by} (resolve: {resolve}){unless}")
    }
}
