//! A namespace of its own for one client: every address there is in it is local, a name server
//! knows every name, and there are the proxy and whatever else a client may turn to.
//!
//! The test runs itself anew inside of one (`unshare`), with the client's label in the
//! environment. What the inner one prints is the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::case::{self, Case};
use crate::clients::{Ask, Client};
use crate::place::{PROXY_PORT, Place, on_path};
use crate::sightings::{Seer, Sightings};
use crate::{dns, listener, once};

/// Holds the client's label in a room.
const LABEL: &str = "PINHOLE_NO_PROXY_ROOM";

/// How long all cases of a client may take: many times what the slowest needs.
const PATIENCE: Duration = Duration::from_secs(600);

const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";
const ADDRESSES: [&[&str]; 3] = [
    &["link", "set", "lo", "up"],
    &["route", "add", "local", "0.0.0.0/0", "dev", "lo"],
    &["-6", "route", "add", "local", "::/0", "dev", "lo"],
];

/// What a client did, by the number of the case.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    /// As the client itself tells.
    pub(crate) version: String,
    /// Its libcurl's, where it tells.
    pub(crate) libcurl: Option<String>,
    pub(crate) routes: BTreeMap<usize, Routed>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Routed {
    /// `direct`, `proxy`, `error`, or `mixed`, which no client should do.
    pub(crate) route: String,
    /// What the client said in the end, for a reader.
    pub(crate) said: String,
}

/// The inside.
pub(crate) struct Room {
    began: Instant,
    pub(crate) place: Place,
    pub(crate) sightings: Sightings,
}

/// Lets a client answer its cases, in a namespace.
pub(crate) fn ask(client: &Client) -> Result<Answer, String> {
    let mut command = unshare();
    command.arg(env::current_exe().map_err(|error| error.to_string())?).env(LABEL, client.label);
    let ran = command.stdin(Stdio::null()).output().map_err(|error| format!("unshare: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if !ran.status.success() {
        return Err(format!("{}\n{said}", ran.status));
    }
    serde_json::from_slice(&ran.stdout).map_err(|error| format!("{error}\n{said}"))
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

/// With the room everything in it ends.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    command
}

/// The label of the client that this process is the room of.
pub(crate) fn label() -> Option<String> {
    env::var_os(LABEL).map(|label| label.to_string_lossy().into_owned())
}

/// Asks the client, here and now.
pub(crate) fn inside(client: &Client) -> Result<Answer, String> {
    let cases: Vec<(usize, Case)> = client.cases(&case::all());
    let room =
        Room { began: Instant::now(), place: Place::new()?, sightings: Sightings::default() };
    furnish(&room, cases.iter().map(|(_, case)| case))?;
    match client.ask {
        Ask::Probe(probe) => probe.ask(&room, &cases),
        Ask::Once { make, .. } => once::ask(make, &room, &cases),
    }
}

impl Room {
    /// The next case's mark, if there is time for it.
    pub(crate) fn next(&self) -> Result<usize, String> {
        if self.began.elapsed() > PATIENCE {
            return Err(format!("not done in {PATIENCE:?}"));
        }
        Ok(self.sightings.mark())
    }

    pub(crate) fn route_of(&self, seers: &[Seer], said: &str) -> Routed {
        let route = match seers {
            [] => "error",
            [Seer::Proxy] => "proxy",
            [Seer::Origin] => "direct",
            _ => "mixed",
        };
        Routed { route: route.to_owned(), said: said.to_owned() }
    }
}

fn furnish<'a>(room: &Room, cases: impl Iterator<Item = &'a Case>) -> Result<(), String> {
    for arguments in ADDRESSES {
        run(Command::new("ip").args(arguments))?;
    }
    lay(&room.place.write("resolv.conf", "nameserver 127.0.0.1\n")?, "/etc/resolv.conf")?;
    lay(&room.place.write("hosts", HOSTS)?, "/etc/hosts")?;
    lay(&room.place.write("nsswitch.conf", "hosts: files dns\n")?, "/etc/nsswitch.conf")?;
    dns::serve()?;
    listener::listen(PROXY_PORT, Seer::Proxy, &room.sightings)?;
    let mut ports: BTreeSet<u16> = cases.filter_map(Case::port).collect();
    ports.extend([80, 443]);
    ports.iter().try_for_each(|port| listener::listen(*port, Seer::Origin, &room.sightings))
}

/// Lays a file over one of the machine's, which only this room sees.
fn lay(file: &Path, over: &str) -> Result<(), String> {
    // Not every machine has each.
    if !Path::new(over).exists() {
        return Ok(());
    }
    run(Command::new("mount").arg("--bind").arg(file).arg(over))
}

fn run(command: &mut Command) -> Result<(), String> {
    let ran = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr);
    if ran.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}
