//! A namespace of its own for clients: every address there is in it is local, a name server knows
//! every name, the site's proxy listens on its port and everybody else on the others.
//!
//! The test runs itself anew inside of one (`unshare`), with the job in a file that the environment
//! names. What the inner one prints is the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Fault;
use crate::asking;
use crate::place::on_path;
use crate::seen::{Seen, Seer};
use crate::{dns, listener};

/// Holds the job's path in a room.
const JOB: &str = "PINHOLE_SKYPILOT_ROOM";

const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";
const ADDRESSES: [&[&str]; 3] = [
    &["link", "set", "lo", "up"],
    &["route", "add", "local", "0.0.0.0/0", "dev", "lo"],
    &["-6", "route", "add", "local", "::/0", "dev", "lo"],
];

/// What is to be done in a room.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Job {
    /// The proxies' ports. Whoever asks there has asked a proxy, whatever the address.
    pub(crate) proxies: BTreeSet<u16>,
    pub(crate) asks: Vec<Ask>,
}

/// A client, and what it is asked.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Ask {
    /// A client of tests/no_proxy/probes/python/probe.py, or a program; none: a script of this
    /// folder.
    pub(crate) client: Option<String>,
    /// The Python that has it.
    pub(crate) python: PathBuf,
    /// Where it is, if that is not with its Python.
    pub(crate) packages: Option<PathBuf>,
    /// A script with its arguments, to which questions are but environments.
    pub(crate) script: Vec<String>,
    pub(crate) questions: Vec<Question>,
}

/// A URL, and the environment that it is asked for in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Question {
    pub(crate) url: String,
    pub(crate) env: BTreeMap<String, String>,
}

/// What a client did.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Answer {
    pub(crate) version: String,
    /// One for each question, in their order.
    pub(crate) did: Vec<Did>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Did {
    /// `proxy CONNECT 10.96.0.1:443`, `direct 10.96.0.1:443`.
    pub(crate) seen: Vec<String>,
    /// What it said in the end.
    pub(crate) said: String,
}

impl Did {
    /// `proxy`, `direct`, `nobody`, or `both`, which nobody should do.
    pub(crate) fn route(&self) -> &'static str {
        let by = |seer: &str| self.seen.iter().any(|line| line.starts_with(seer));
        match (by("proxy "), by("direct ")) {
            (true, false) => "proxy",
            (false, true) => "direct",
            (true, true) => "both",
            (false, false) => "nobody",
        }
    }
}

/// Has a job done in a namespace.
pub(crate) fn run(job: &Job) -> Result<Vec<Answer>, Fault> {
    static CLOSED: LazyLock<Option<String>> = LazyLock::new(closed);
    if let Some(why) = CLOSED.clone() {
        return Err(Fault::Missing(why));
    }
    let dir = TempDir::with_prefix("pinhole-skypilot-").map_err(|error| error.to_string())?;
    let path = dir.path().join("job.json");
    let text = serde_json::to_string(job).map_err(|error| error.to_string())?;
    fs::write(&path, text).map_err(|error| error.to_string())?;
    let mut command = unshare();
    command.arg(env::current_exe().map_err(|error| error.to_string())?).env(JOB, &path);
    let ran = command.stdin(Stdio::null()).output().map_err(|error| format!("unshare: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if !ran.status.success() {
        return Err(Fault::Failed(format!("{}\n{said}", ran.status)));
    }
    Ok(serde_json::from_slice(&ran.stdout).map_err(|error| format!("{error}\n{said}"))?)
}

/// The job's path, in a room.
pub(crate) fn job() -> Option<PathBuf> {
    env::var_os(JOB).map(PathBuf::from)
}

/// Does a job, here and now.
pub(crate) fn inside(path: &Path) -> Result<String, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let job: Job = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let folder = path.parent().ok_or("no folder")?;
    let seen = Seen::default();
    furnish(&job, folder, &seen)?;
    let mut answers = Vec::new();
    for (number, ask) in job.asks.iter().enumerate() {
        answers.push(asking::ask(ask, &folder.join(number.to_string()), &seen)?);
    }
    serde_json::to_string(&answers).map_err(|error| error.to_string())
}

fn furnish(job: &Job, folder: &Path, seen: &Seen) -> Result<(), String> {
    for arguments in ADDRESSES {
        done(Command::new("ip").args(arguments))?;
    }
    for (name, text, over) in [
        ("resolv.conf", "nameserver 127.0.0.1\n", "/etc/resolv.conf"),
        ("hosts", HOSTS, "/etc/hosts"),
        ("nsswitch.conf", "hosts: files dns\n", "/etc/nsswitch.conf"),
    ] {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| format!("{name}: {error}"))?;
        // Not every machine has each.
        if Path::new(over).exists() {
            done(Command::new("mount").arg("--bind").arg(file).arg(over))?;
        }
    }
    dns::serve()?;
    let questions = job.asks.iter().flat_map(|ask| &ask.questions);
    let mut ports: BTreeSet<u16> = questions.filter_map(|one| port(&one.url)).collect();
    ports.extend([80, 443]);
    ports.extend(&job.proxies);
    ports.into_iter().try_for_each(|port| {
        let seer = if job.proxies.contains(&port) { Seer::Proxy } else { Seer::Direct };
        listener::listen(port, seer, seen)
    })
}

/// The port that a URL names.
fn port(url: &str) -> Option<u16> {
    url.split('/').nth(2)?.rsplit_once(':')?.1.parse().ok()
}

/// With the room everything in it ends.
pub(crate) fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    command
}

/// Why there can be no namespace, if so.
pub(crate) fn closed() -> Option<String> {
    for name in ["unshare", "ip", "mount"] {
        if on_path(name).is_none() {
            return Some(format!("{name} is not installed"));
        }
    }
    let tried = unshare().args(["ip", "link", "set", "lo", "up"]).output().ok()?;
    let why = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
    (!tried.status.success()).then(|| format!("no namespace is permitted: {why}"))
}

fn done(command: &mut Command) -> Result<(), String> {
    let ran = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr);
    if ran.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}
