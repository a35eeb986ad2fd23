//! Where one client runs: a directory of its own, and an environment with nothing of the user's.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::machine;
use crate::tools::Tool;

/// How long a client may run.
const PATIENCE: Duration = Duration::from_secs(120);

/// A directory, an environment, and perhaps a proxy.
pub(crate) struct Room {
    dir: TempDir,
    proxy: Option<SocketAddr>,
}

/// A client that has run, well or not.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) command: String,
    /// None: it was killed, for it took too long.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) output: String,
}

impl Room {
    pub(crate) fn new(proxy: Option<SocketAddr>) -> Self {
        let dir = TempDir::with_prefix("pinhole-client-").expect("a directory");
        fs::create_dir(dir.path().join("home")).expect("a home");
        Self { dir, proxy }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the room")).expect("a directory");
        fs::write(&path, text).expect("a file");
        path
    }

    /// The client's command, in the room's directory. Its only settings are those of the proxy,
    /// and the machine's CA bundle where one is named.
    pub(crate) fn command(&self, tool: Tool) -> Command {
        let mut command = Command::new(tool.path().expect("it was looked for before"));
        command.current_dir(self.dir.path()).env_clear().envs(machine::kept());
        command.env("HOME", self.path("home")).env("TMPDIR", self.dir.path());
        command.env("LC_ALL", "C.UTF-8");
        if let Some(bundle) = machine::bundle() {
            for variable in machine::BUNDLE_VARIABLES {
                command.env(variable, &bundle);
            }
        }
        if let Some(proxy) = self.proxy {
            let proxy = format!("http://{proxy}");
            command.env("http_proxy", &proxy).env("https_proxy", &proxy);
        }
        command
    }

    /// Runs it to its end. An error is an exit code that is not zero.
    pub(crate) fn run(&self, command: &mut Command) -> Result<Ran, Ran> {
        let output = self.path("output");
        let file = File::create(&output).expect("a file");
        let also = file.try_clone().expect("a second descriptor");
        command.stdin(Stdio::null()).stdout(file).stderr(also).process_group(0);
        let child = command.spawn().expect("it was found before");
        let status = end_of(child);
        let output = fs::read(&output).expect("its output");
        let output = String::from_utf8_lossy(&output).into_owned();
        let ran = Ran { command: format!("{command:?}"), status, output };
        if status.is_some_and(|status| status.success()) { Ok(ran) } else { Err(ran) }
    }

    /// The one file in a directory whose name ends so.
    pub(crate) fn only_file(&self, dir: &str, end: &str) -> Result<Vec<u8>, Ran> {
        let found = files_below(&self.path(dir), end);
        match found.as_slice() {
            [file] => Ok(fs::read(file).expect("a file that is there")),
            _ => Err(Ran::unexpected(format!("{} files end with {end}: {found:?}", found.len()))),
        }
    }
}

impl Ran {
    /// It says that it went well, and did not do what it should.
    pub(crate) fn unexpected(output: String) -> Self {
        Self { command: "what it left".to_owned(), status: None, output }
    }

    /// The first line that tells of a mistake, or else the last thing it said.
    pub(crate) fn complaint(&self) -> &str {
        let mut lines = self.output.lines().map(str::trim).filter(|line| !line.is_empty());
        let tells = |line: &&str| line.starts_with("E:") || line.to_lowercase().contains("error");
        lines.clone().find(tells).or(lines.next_back()).unwrap_or("it said nothing")
    }
}

/// Waits for the client, and for no longer than it may take. What it started goes with it.
fn end_of(mut child: Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status);
        }
        sleep(Duration::from_millis(10));
    }
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::KILL).expect("a group of ours");
    child.wait().expect("a child of ours");
    None
}

fn files_below(dir: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        // What a link leads to is not the room's.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.append(&mut files_below(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found
}
