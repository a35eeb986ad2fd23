//! The clients.

use crate::case::Case;
use crate::commands;
use crate::once::Make;
use crate::place::{cargo, installed, on_path};
use crate::probe::{Probe, node};

pub(crate) struct Client {
    /// What `pinhole no-proxy` calls it.
    pub(crate) id: &'static str,
    /// What tells it from the others here: the same, and perhaps a version.
    pub(crate) label: &'static str,
    pub(crate) ask: Ask,
    /// What it is run with, where the version alone does not tell.
    pub(crate) with: Option<&'static str>,
    /// Whether its version is the machine's affair, not `setup`'s.
    pub(crate) given: bool,
    /// Whether it is asked the core cases only, for each takes long.
    pub(crate) core: bool,
    /// Whether it is asked `https:` URLs. Where it was built without TLS it cannot be.
    pub(crate) https: bool,
    /// Whether it is asked URLs with a user in them. Some take none, whatever the way.
    pub(crate) userinfo: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Ask {
    /// One process for all cases.
    Probe(Probe),
    /// A process for each case.
    Once { needs: Needs, make: Make },
}

#[derive(Clone, Copy)]
pub(crate) enum Needs {
    /// A program on the machine.
    Path(&'static str),
    /// A file that `setup` makes.
    Installed(&'static str),
    /// The tests' own Node, and a file.
    Node(&'static str),
    Cargo,
}

pub(crate) fn all() -> Vec<Client> {
    let mut all = Vec::new();
    all.extend(CURLS.map(|(label, program)| {
        let probe = Probe::Rust { program, client: "curl" };
        Client { https: false, ..Client::probe("curl", label, probe) }
    }));
    all.extend(PYTHON.map(|(id, label, packages)| {
        Client::probe(id, label, Probe::Python { packages, client: id })
    }));
    all.extend(NODE.map(|(id, label)| Client::probe(id, label, Probe::Node { client: label })));
    all.extend(RUST.map(|id| {
        let probe = Probe::Rust { program: "rust-clients", client: id };
        Client { https: id == "hyper-util", ..Client::probe(id, id, probe) }
    }));
    all.push(Client::probe("ruby", "ruby", Probe::Ruby));
    all.extend(ONCE.map(|(id, label, needs, make, core)| Client {
        core,
        ..Client::new(id, label, Ask::Once { needs, make })
    }));
    for client in &mut all {
        client.https &= !IN_THE_CLEAR.contains(&client.id);
        client.userinfo = !WITHOUT_USERINFO.contains(&client.id);
    }
    all
}

const WITH: [(&str, &str); 2] = [("httplib2", "PySocks"), ("httplib2-bare", "no PySocks")];
const GIVEN: [&str; 11] = [
    "python-urllib",
    "ruby",
    "curl",
    "git",
    "wget",
    "wget2",
    "apt",
    "cargo",
    "java",
    "java-nonproxyhosts",
    "uv",
];
const IN_THE_CLEAR: [&str; 4] = ["grpcio", "grpc-js", "websockets", "websocket-client"];
const WITHOUT_USERINFO: [&str; 4] = ["cargo", "gaxios", "node-fetch", "websockets"];

/// libcurl, in each of the epochs of its rule, at both ends of them where that tells more.
const CURLS: [(&str, &str); 6] = [
    ("curl-7.83", "curl-7-83-1"),
    ("curl-7.86", "curl-7-86-0"),
    ("curl-8.8", "curl-8-8-0"),
    ("curl-8.9", "curl-8-9-0"),
    ("curl-8.17", "curl-8-17-0"),
    ("curl-8.22", "curl-8-22-0"),
];

const PYTHON: [(&str, &str, &str); 23] = [
    ("python-urllib", "python-urllib", "main"),
    ("requests", "requests-2.33", "requests-2.33"),
    ("requests", "requests-2.34", "main"),
    ("httpx", "httpx", "main"),
    ("aiohttp", "aiohttp", "main"),
    ("pip", "pip-25", "pip-25"),
    ("pip", "pip-26.1", "pip-26.1"),
    ("pip", "pip-26.2", "pip-26.2"),
    ("pip", "pip-26.3", "pip-26.3"),
    ("botocore", "botocore", "main"),
    ("httplib2", "httplib2", "main"),
    ("httplib2", "httplib2-bare", "httplib2-bare"),
    ("websocket-client", "websocket-client", "main"),
    ("websockets", "websockets", "main"),
    ("urllib3", "urllib3", "main"),
    ("grpcio", "grpcio-1.80", "grpcio-1.80"),
    ("grpcio", "grpcio-1.85", "main"),
    ("kubernetes", "kubernetes-33", "kubernetes-33"),
    ("kubernetes", "kubernetes-34", "kubernetes-34"),
    ("kubernetes", "kubernetes-35", "kubernetes-35"),
    ("kubernetes", "kubernetes-36", "kubernetes-36"),
    ("kubernetes", "kubernetes-37", "kubernetes-37"),
    ("kubernetes-asyncio", "kubernetes-asyncio", "kubernetes-asyncio"),
];

const NODE: [(&str, &str); 12] = [
    ("undici", "undici6"),
    ("undici", "undici7"),
    ("undici", "undici8"),
    ("node-http", "node-http"),
    ("node-fetch", "node-fetch"),
    ("axios", "axios"),
    ("proxy-from-env", "proxy-from-env1"),
    ("proxy-from-env", "proxy-from-env"),
    ("gaxios", "gaxios"),
    ("azure-core-rest-pipeline", "azure-core-rest-pipeline"),
    ("actions-http-client", "actions-http-client"),
    ("grpc-js", "grpc-js"),
];

const RUST: [&str; 4] = ["hyper-util", "reqwest", "ureq", "attohttpc"];

/// The last column: the core cases only.
const ONCE: [(&str, &str, Needs, Make, bool); 15] = [
    ("curl", "curl", Needs::Path("curl"), commands::curl, false),
    ("git", "git", Needs::Path("git"), commands::git, false),
    ("wget", "wget", Needs::Path("wget"), commands::wget, false),
    ("wget2", "wget2", Needs::Path("wget2"), commands::wget2, false),
    ("apt", "apt", Needs::Path("apt"), commands::apt, false),
    ("cargo", "cargo", Needs::Cargo, commands::cargo, false),
    ("go", "go", Needs::Installed("bin/go-probe"), commands::go, false),
    ("kubectl", "kubectl", Needs::Installed("kubectl/bin/kubectl"), commands::kubectl, false),
    ("uv", "uv", Needs::Installed(commands::UV), commands::uv, false),
    ("npm", "npm-11", Needs::Node("npm-11"), commands::npm11, true),
    ("npm", "npm-12", Needs::Node("npm-12"), commands::npm12, true),
    ("deno", "deno", Needs::Installed(commands::DENO), commands::deno, false),
    ("bun", "bun", Needs::Installed(commands::BUN), commands::bun, false),
    ("java", "java", Needs::Installed("java/Probe.class"), commands::java, true),
    (
        "java-nonproxyhosts",
        "java-nonproxyhosts",
        Needs::Installed("java/Probe.class"),
        commands::java_nonproxyhosts,
        true,
    ),
];

impl Client {
    fn probe(id: &'static str, label: &'static str, probe: Probe) -> Self {
        Self::new(id, label, Ask::Probe(probe))
    }

    fn new(id: &'static str, label: &'static str, ask: Ask) -> Self {
        let with = WITH.iter().find(|row| row.0 == label).map(|row| row.1);
        let given = GIVEN.contains(&label);
        Self { id, label, ask, with, given, core: false, https: true, userinfo: true }
    }

    /// The cases that it is asked, with their numbers.
    pub(crate) fn cases(&self, all: &[Case]) -> Vec<(usize, Case)> {
        let all = all.iter().cloned().enumerate();
        let asked = all.filter(|(_, case)| case.core || !self.core);
        let asked = asked.filter(|(_, case)| self.https || !case.is_https());
        asked.filter(|(_, case)| self.userinfo || !case.url.contains('@')).collect()
    }

    /// What it needs and is not there.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let there = |name: &'static str| installed(name).exists();
        let (name, is_there) = match self.ask {
            Ask::Probe(probe) => {
                let (name, path) = probe.needs();
                (name, path.is_some())
            }
            Ask::Once { needs, .. } => match needs {
                Needs::Path(name) => (name, on_path(name).is_some()),
                Needs::Installed(name) => (name, there(name)),
                Needs::Node(name) => (name, there(name) && node().is_some()),
                Needs::Cargo => ("cargo", cargo().exists()),
            },
        };
        (!is_there).then_some(name)
    }
}
