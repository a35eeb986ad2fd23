//! Clients of which each case takes a process, most of them programs.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::case::Case;
use crate::place::{Place, tell};
use crate::room::{Answer, Room};

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the command that shows the version, or fetches a URL.
pub(crate) type Make = fn(&Place, Wanted<'_>) -> Result<Command, String>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    Version,
    /// This URL, for this case.
    Fetch(&'a str, &'a Case),
}

/// Asks the cases, of which each comes with its number.
pub(crate) fn ask(make: Make, room: &Room, cases: &[(usize, Case)]) -> Result<Answer, String> {
    let said = run(make(&room.place, Wanted::Version)?)?;
    let version = version(&said).ok_or(format!("no version: {said}"))?;
    let libcurl = said.split_once("libcurl").and_then(|(_, said)| self::version(said));
    let mut routes = BTreeMap::new();
    for (number, case) in cases {
        let mut command = make(&room.place, Wanted::Fetch(&case.asked(*number), case))?;
        tell(&mut command, case);
        let mark = room.next()?;
        let said = run(command)?;
        let seers = room.sightings.of(*number, mark);
        routes.insert(*number, room.route_of(&seers, complaint(&said)));
    }
    Ok(Answer { version, libcurl, routes })
}

/// Runs it to its end, and gives all that it says. How it ends does not matter.
fn run(mut command: Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let (mut reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
    let also = writer.try_clone().map_err(|error| error.to_string())?;
    command.stdin(Stdio::null()).stdout(writer).stderr(also);
    let mut child = command.spawn().map_err(|error| format!("{shown}: {error}"))?;
    // It holds the ends that are written to.
    drop(command);
    let (sender, said) = channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        // What cannot be read is not missed.
        let _ = reader.read_to_end(&mut said);
        sender.send(String::from_utf8_lossy(&said).into_owned())
    });
    let said = said.recv_timeout(PATIENCE);
    // Whoever has closed its output has nothing more to do.
    let _ = child.kill();
    let _ = child.wait();
    said.map_err(|_| format!("{shown}: not done in {PATIENCE:?}"))
}

/// The first line that tells of a mistake, or else the last.
fn complaint(said: &str) -> &str {
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let tells = |line: &&str| line.to_lowercase().contains("error");
    lines.clone().find(tells).or(lines.next_back()).unwrap_or_default()
}

/// The first thing that looks like one: `1.21.3` in `GNU Wget 1.21.3 built on …`.
fn version(said: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let parts = said.split(|c: char| !is_part(c)).map(|part| part.trim_matches('.'));
    parts.into_iter().find(|part| part.contains('.')).map(str::to_owned)
}
