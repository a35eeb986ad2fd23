//! The way to the Kubernetes API: directly, as it should be, and by the proxy, as the Python client
//! of two releases asks whatever NO_PROXY says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use policy::Authority;

use super::answer::Kind;
use super::ask::{Ask, Outcome, Way};
use super::check::{Check, Verdict};
use super::machine::Machine;
use super::need::entry_for;
use super::net::{Net, Tried};

/// Where SkyPilot keeps its own Python, below the home directory.
const RUNTIME: &str = "skypilot-runtime";
/// Prefixes of Python installations, besides those of PATH.
const PREFIXES: [&str; 4] = ["/usr", "/usr/local", "/opt/conda", "/opt/venv"];

/// What the proxy is asked for.
pub(super) fn asks(servers: &[Authority]) -> impl Iterator<Item = Ask> {
    servers.iter().map(|server| Ask { target: server.clone(), way: Way::Tunnel })
}

/// Tries the servers without the proxy.
pub(super) async fn try_all(net: &Net, servers: &[Authority]) -> Vec<Tried> {
    join_all(servers.iter().map(|server| async {
        match net.addresses(server.host(), false).await {
            Err(why) => net.closed(why),
            Ok(addrs) => {
                let addrs: Vec<_> =
                    addrs.iter().map(|ip| SocketAddr::new(*ip, server.port())).collect();
                match net.connect(&addrs).await {
                    Ok(_) => Tried::Reached,
                    Err(why) => net.closed(why),
                }
            }
        }
    }))
    .await
}

/// Judges what came of it.
pub(super) fn checks(
    servers: &[Authority],
    tried: &[Tried],
    outcomes: &[Outcome],
    clients: &[Installed],
) -> Vec<Check> {
    let mut checks = vec![client(clients)];
    if servers.is_empty() {
        let why = "this is no pod (KUBERNETES_SERVICE_HOST is not set), and no site names a server";
        checks.push(Check::skipped("kubernetes.direct", why));
        return checks;
    }
    for ((server, tried), outcome) in servers.iter().zip(tried).zip(outcomes) {
        let direct = direct(tried).about(server.to_string());
        checks.push(direct);
        checks.push(proxied(server, outcome, clients).about(server.to_string()));
    }
    checks
}

fn direct(tried: &Tried) -> Check {
    let id = "kubernetes.direct";
    match tried {
        Tried::Reached => Check::ok(id, "the API server is reached without the proxy"),
        Tried::NoTime => Check::no_time(id),
        Tried::Closed(how) => Check::fail(
            id,
            format!("the API server is not reached without the proxy: {how}"),
            "let the NetworkPolicy permit it, by the addresses behind its Service",
        ),
    }
}

fn proxied(server: &Authority, outcome: &Outcome, clients: &[Installed]) -> Check {
    let id = "kubernetes.proxy";
    let worst = worst(clients);
    let asks = match worst {
        Verdict::Fail => "the kubernetes client that is installed asks it for the API",
        _ => "the Python clients kubernetes 34 and 35 ask it for the API",
    };
    let entry = entry_for(server);
    let advice = format!("add `- {entry}` to the proxy's allow, or install kubernetes<34");
    match outcome {
        Outcome::Open(_) => Check::ok(id, "the proxy lets the API server through"),
        Outcome::NotTried(why) => Check::skipped(id, why),
        Outcome::Answered(answer) if answer.kind() == Kind::Auth => {
            Check::skipped(id, "the proxy wants credentials (see proxy.auth)")
        }
        Outcome::Answered(answer) if answer.kind() == Kind::Denied => {
            let check = Check::bad(
                id,
                worst,
                format!("the proxy denies the API server, and {asks}: {}", answer.words()),
                advice,
            );
            if worst == Verdict::Ok {
                return Check::ok(id, "denied, and the client that is installed does not ask it");
            }
            // What is only doubtful is not the first thing that is denied.
            if worst == Verdict::Fail { check.denied(Some(&entry)) } else { check }
        }
        other => {
            let why = match other {
                Outcome::Answered(answer) => answer.words(),
                Outcome::Silent => "it gave no answer in time".to_owned(),
                Outcome::Unreached(why) => why.clone(),
                _ => "it did not answer".to_owned(),
            };
            let finding = format!("the proxy does not reach the API server ({why}), and {asks}");
            let advice = "let the proxy reach it, or install kubernetes<34";
            match worst {
                Verdict::Ok => Check::ok(id, "the client that is installed does not ask the proxy"),
                worst => Check::bad(id, worst, finding, advice),
            }
        }
    }
}

/// A Python client that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    version: String,
    dir: PathBuf,
}

impl Installed {
    /// Whether it takes the proxy and drops NO_PROXY (kubernetes-client/python 34.1 to 35.x).
    fn drops_no_proxy(&self) -> bool {
        let major = self.version.split('.').next().unwrap_or_default();
        matches!(major, "34" | "35")
    }
}

/// How bad it is that the proxy does not serve for the API.
fn worst(clients: &[Installed]) -> Verdict {
    match clients {
        [] => Verdict::Warn,
        some if some.iter().any(Installed::drops_no_proxy) => Verdict::Fail,
        _ => Verdict::Ok,
    }
}

fn client(clients: &[Installed]) -> Check {
    let id = "kubernetes.client";
    let Some(first) = clients.iter().find(|one| one.drops_no_proxy()).or(clients.first()) else {
        return Check::skipped(id, "no Python client is found on this machine");
    };
    let finding = format!("kubernetes {} in {}", first.version, first.dir.display());
    if first.drops_no_proxy() {
        let advice = "install kubernetes<34 (UV_CONSTRAINT), or allow the API server at the proxy";
        return Check::warn(
            id,
            format!("{finding}: it takes the proxy and drops NO_PROXY"),
            advice,
        );
    }
    Check::ok(id, finding)
}

/// The clients on this machine, by what their installers wrote beside them. Nothing is run.
pub(super) fn installed(machine: &Machine) -> Vec<Installed> {
    let mut prefixes: Vec<PathBuf> = Vec::new();
    prefixes.extend(machine.set("VIRTUAL_ENV").map(PathBuf::from));
    prefixes.extend(machine.set("CONDA_PREFIX").map(PathBuf::from));
    prefixes.extend(machine.below("HOME", RUNTIME));
    prefixes.extend(machine.below("HOME", ".local"));
    prefixes.extend(machine.below("HOME", "miniconda3"));
    prefixes.extend(machine.path_dirs().filter_map(|bin| bin.parent().map(PathBuf::from)));
    prefixes.extend(PREFIXES.map(PathBuf::from));
    let mut found: Vec<Installed> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for prefix in prefixes {
        if seen.contains(&prefix) {
            continue;
        }
        let lib = prefix.join("lib");
        seen.push(prefix);
        let pythons = machine.names_in(&lib).unwrap_or_default();
        for python in pythons.iter().filter(|name| name.starts_with("python3")) {
            for packages in ["site-packages", "dist-packages"] {
                let dir = lib.join(python).join(packages);
                found.extend(in_dir(machine, &dir).map(|version| Installed { version, dir }));
            }
        }
    }
    found
}

fn in_dir(machine: &Machine, dir: &Path) -> Option<String> {
    let names = machine.names_in(dir).ok()?;
    names.iter().find_map(|name| {
        let rest = name.strip_prefix("kubernetes-")?;
        let version = rest.strip_suffix(".dist-info").or(rest.strip_suffix(".egg-info"))?;
        Some(version.split('-').next().unwrap_or(version).to_owned())
    })
}

#[cfg(test)]
#[path = "kubernetes_tests.rs"]
mod tests;
