//! From what the configuration and the environment say to the routes that hold.

use std::sync::Arc;

use anyhow::{Result, bail};
use connect::{Connector, Credentials, ParentUrl, Parents};
use policy::Policy;
use proxy::{Resolve, Routes};

use crate::config::Config;
use crate::environment::{Named, Variables};
use crate::parent::{Listed, Section};

/// The routes, and what is to be said of them.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) routes: Routes,
    /// Where targets go by, a line each.
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// Makes the routes.
///
/// # Errors
/// A variable of the environment that cannot be understood, a parent that is this proxy itself,
/// TLS that cannot be set up.
pub(crate) fn plan(config: &Config, connector: &Connector, policy: &Policy) -> Result<Planned> {
    match &config.parent {
        Section::None => Ok(direct("targets are reached directly: the configuration says so")),
        Section::Environment => {
            Planner { config, connector, policy }.by_variables(Variables::of_process()?)
        }
        Section::Listed(listed) => Planner { config, connector, policy }.by_list(listed),
    }
}

fn direct(note: &str) -> Planned {
    let notes = vec![note.to_owned()];
    Planned { routes: Routes::default(), notes, warnings: Vec::new() }
}

struct Planner<'c> {
    config: &'c Config,
    connector: &'c Connector,
    policy: &'c Policy,
}

impl Planner<'_> {
    fn by_list(&self, listed: &Listed) -> Result<Planned> {
        for (i, url) in listed.urls.iter().enumerate() {
            if self.is_own(url) {
                bail!("parent.urls[{i}]: {url} is this proxy itself");
            }
        }
        let with = |url: &ParentUrl| (url.clone(), listed.credentials.clone());
        let list: Vec<_> = listed.urls.iter().map(with).collect();
        let timeout = listed.connect_timeout.unwrap_or(self.config.connect_timeout);
        let parents = Arc::new(Parents::new(list, listed.ca_file.as_ref(), timeout)?);
        let shown: Vec<String> = listed.urls.iter().map(ToString::to_string).collect();
        let note = format!("targets are reached by the parent {}", shown.join(", else by "));
        let routes = Routes {
            tunnels: Some(Arc::clone(&parents)),
            forwards: Some(parents),
            no_proxy: listed.no_proxy.clone(),
            resolve: listed.resolve,
        };
        let notes = [note].into_iter().chain(rules(&routes)).collect();
        Ok(Planned { routes, notes, warnings: Vec::new() })
    }

    fn by_variables(&self, variables: Variables) -> Result<Planned> {
        let Variables { tunnels, forwards, no_proxy, mut warnings } = variables;
        let mut notes = Vec::new();
        let mut parents = |named: Option<Named>, what: &str| {
            let Some(Named { variable, url, credentials }) = named else { return Ok(None) };
            if self.is_own(&url) {
                // Set for this machine's clients, most likely.
                warnings.push(format!(
                    "{variable} of the environment names this proxy itself, and is left aside: \
                     {what} directly"
                ));
                return Ok(None);
            }
            notes.push(format!("{what} by the parent {url} ({variable} of the environment)"));
            self.one(url, credentials).map(Some)
        };
        let routes = Routes {
            tunnels: parents(tunnels, "tunnels go")?,
            forwards: parents(forwards, "plain HTTP goes")?,
            no_proxy,
            resolve: Resolve::Parent,
        };
        match (&routes.tunnels, &routes.forwards) {
            // Nothing is to be said where nobody speaks of proxies.
            (None, None) if warnings.is_empty() => {}
            (None, None) => notes.push("targets are reached directly".to_owned()),
            (Some(_), None) => notes.push("plain HTTP goes directly".to_owned()),
            (None, Some(_)) => notes.push("tunnels go directly".to_owned()),
            (Some(_), Some(_)) => {}
        }
        notes.extend(rules(&routes));
        Ok(Planned { routes, notes, warnings })
    }

    fn one(&self, url: ParentUrl, credentials: Option<Credentials>) -> Result<Arc<Parents>> {
        let timeout = self.config.connect_timeout;
        Ok(Arc::new(Parents::new(vec![(url, credentials)], None, timeout)?))
    }

    fn is_own(&self, url: &ParentUrl) -> bool {
        let authority = url.authority();
        self.connector.is_own(authority)
            || self.policy.is_own(authority.host(), Some(authority.port()))
    }
}

/// Which rules hold for what goes by a parent, and what does not.
fn rules(routes: &Routes) -> Vec<String> {
    if routes.tunnels.is_none() && routes.forwards.is_none() {
        return Vec::new();
    }
    let resolve = match routes.resolve {
        Resolve::Parent => {
            "the parent resolves names: rules for addresses hold for IP literals only \
             (parent.resolve: parent)"
        }
        Resolve::Local => {
            "names are resolved and judged here, and the parent is asked for an address \
             (parent.resolve: local)"
        }
    };
    let exempt: Vec<String> = routes.no_proxy.entries().iter().map(ToString::to_string).collect();
    let exempt = match exempt.as_slice() {
        [] => "no_proxy exempts nothing from the parent".to_owned(),
        some => format!("no_proxy exempts from the parent: {}", some.join(", ")),
    };
    vec![resolve.to_owned(), exempt]
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
