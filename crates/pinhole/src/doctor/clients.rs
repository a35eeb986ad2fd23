//! The ways that real clients take in this environment, by the simulator.

use no_proxy::clients::{self, Case, Client, Route};
use no_proxy::{Environment, Target};

use super::machine::Machine;
use crate::no_proxy::names;

/// What runs in SkyPilot's pods and asks for anything outside, by the simulator's ids. `aiohttp` is
/// not among them: SkyPilot's never looks at the environment.
const SKYPILOT: [&str; 14] = [
    "apt",
    "botocore",
    "curl",
    "git",
    "go",
    "grpcio",
    "httpx",
    "kubectl",
    "pip",
    "python-urllib",
    "requests",
    "uv",
    "websocket-client",
    "wget",
];
/// What asks the API server from within a pod.
pub(super) const OF_THE_API_SERVER: [&str; 3] = ["go", "kubectl", "kubernetes"];
/// What SkyServe and the jobs' controllers ask each other with: its check of a replica, and its
/// load balancer.
pub(super) const OF_REPLICAS: [&str; 2] = ["requests", "httpx"];
/// What asks metadata services for credentials.
pub(super) const OF_METADATA: [&str; 4] = ["botocore", "requests", "go", "python-urllib"];

/// The environment as the simulator takes it.
pub(super) fn environment(machine: &Machine) -> Environment {
    let mut environment = Environment::default();
    for (name, value) in machine.about_proxies() {
        environment.set(name, value);
    }
    environment
}

/// Which way each of some clients takes to a URL.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    pub(super) direct: Vec<&'static Client>,
    pub(super) proxied: Vec<&'static Client>,
    /// Those that fail.
    pub(super) failed: Vec<&'static Client>,
}

impl Ways {
    /// The ways of those that run in SkyPilot's pods.
    pub(super) fn of_skypilot(environment: &Environment, url: &str) -> Self {
        Self::of(environment, url, &SKYPILOT)
    }

    /// The ways of the clients of these ids. A URL that is none leads nowhere.
    pub(super) fn of(environment: &Environment, url: &str, ids: &[&str]) -> Self {
        let mut ways = Self::default();
        let Ok(target) = Target::parse(url) else { return ways };
        let is_asked = |client: &&Client| ids.contains(&client.id()) && !is_broken(client);
        for client in clients::all().filter(is_asked) {
            let case = Case { target: &target, environment, addrs: &[] };
            match client.route(&case).route {
                Route::Direct => ways.direct.push(client),
                Route::Proxy => ways.proxied.push(client),
                Route::Error => ways.failed.push(client),
            }
        }
        ways
    }

    /// Those of several URLs, each client once in each list that it is in for any of them.
    pub(super) fn together(all: impl IntoIterator<Item = Self>) -> Self {
        let mut ways = Self::default();
        let add = |to: &mut Vec<&'static Client>, from: Vec<&'static Client>| {
            for client in from {
                if !to.iter().any(|known| std::ptr::eq(*known, client)) {
                    to.push(client);
                }
            }
        };
        for one in all {
            add(&mut ways.direct, one.direct);
            add(&mut ways.proxied, one.proxied);
            add(&mut ways.failed, one.failed);
        }
        ways
    }
}

/// The one release of libcurl that reads no list of more than one entry right: whatever it does is
/// no fault of the list.
fn is_broken(client: &Client) -> bool {
    (client.id(), client.version()) == ("curl", "7.86.0")
}

/// Clients by their names, and those of their versions that are meant.
pub(super) fn named(clients: &[&'static Client]) -> String {
    let mut all = clients.to_vec();
    // Left out above, it would seem to be an exception where all other versions are meant.
    for broken in clients::all().filter(|client| is_broken(client)) {
        let mut others = clients::all().filter(|one| one.id() == broken.id() && !is_broken(one));
        if others.all(|other| clients.iter().any(|one| std::ptr::eq(*one, other))) {
            all.push(broken);
        }
    }
    names(&all)
}

/// The whole that a share of it is compared with.
pub(super) fn of_all(clients: &[&'static Client], ways: &Ways) -> String {
    let all = ways.direct.len() + ways.proxied.len() + ways.failed.len();
    match clients.len() == all {
        true => "every client".to_owned(),
        false => named(clients),
    }
}

/// Whether a client runs in SkyPilot's pods.
pub(super) fn is_skypilots(client: &Client) -> bool {
    SKYPILOT.contains(&client.id())
}

#[cfg(test)]
#[path = "clients_tests.rs"]
mod tests;
