//! Namespaces for a case: no network but a loopback interface, no process of the machine's, and
//! none of the places where container tools keep their state by default.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::build;

/// What this program is told when it is started inside.
pub(crate) const INSIDE: &str = "--inside";

/// How long building may take, and how long anything else: many times what they need.
const BUILD: &str = "2400";
const CASE: &str = "300";

const CGROUPS: &str = "/sys/fs/cgroup";
const TOOLS: [&str; 9] =
    ["unshare", "timeout", "mount", "ip", "tar", "buildah", "podman", "runc", "conmon"];

/// What all cases share.
pub(crate) struct Room {
    store: TempDir,
    closed: OnceLock<Option<String>>,
    built: OnceLock<Result<(), String>>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let base = env!("CARGO_TARGET_TMPDIR");
        let store = TempDir::with_prefix_in("image-", base).expect("a directory below target");
        Self { store, closed: OnceLock::new(), built: OnceLock::new() }
    }

    /// Why nothing can be run here, if so.
    pub(crate) fn closed(&self) -> Option<String> {
        self.closed.get_or_init(|| try_it().err()).clone()
    }

    /// Builds the image, once.
    pub(crate) fn built(&self) -> Result<(), String> {
        self.built.get_or_init(|| self.within(BUILD, build::CASE.0)).clone()
    }

    pub(crate) fn enter(&self, case: &str) -> Result<(), String> {
        self.within(CASE, case)
    }

    /// Runs this program inside, on a case. With it everything in there ends.
    fn within(&self, seconds: &str, case: &str) -> Result<(), String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut command = unshare(seconds);
        command.arg(program).args([INSIDE, case]).arg(self.store.path());
        // Layers are moved about there, and whoever is killed leaves nothing behind.
        command.env("TMPDIR", self.store.path());
        let done = run(command.stdout(Stdio::inherit()));
        remove_cgroups();
        done
    }
}

/// Makes the namespaces what the cases expect.
pub(crate) fn furnish() -> Result<(), String> {
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    for place in ["/run", "/var/lib", "/dev/shm"] {
        run(Command::new("mount").args(["-t", "tmpfs", "tmpfs", place]))?;
    }
    Ok(())
}

/// A cgroup for all containers, which the machine has no other use for.
pub(crate) fn cgroup() -> &'static str {
    "/pinhole-image-test"
}

fn try_it() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("containers with users of their own take root".to_owned());
    }
    let missing = TOOLS.into_iter().find(|name| on_path(name).is_none());
    missing.map_or(Ok(()), |name| Err(format!("{name} is not installed")))?;
    let tried = run(unshare(CASE).args(["mount", "-t", "tmpfs", "tmpfs", "/run"]));
    tried.map_err(|why| format!("no namespaces are permitted: {}", why.trim()))?;
    for hierarchy in hierarchies() {
        match fs::create_dir(within(&hierarchy)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(format!("no cgroup is permitted in {}: {error}", hierarchy.display()));
            }
            _ => {}
        }
    }
    remove_cgroups();
    Ok(())
}

fn unshare(seconds: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", seconds, "unshare"]);
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    command.stdin(Stdio::null());
    command
}

/// The roots of the machine's cgroups: one in version 2, one for each controller in version 1.
fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new(CGROUPS);
    if root.join("cgroup.controllers").exists() {
        return vec![root.to_owned()];
    }
    let below = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    // The others are links to these.
    below.filter(|path| path.is_dir() && !path.is_symlink()).collect()
}

fn within(hierarchy: &Path) -> PathBuf {
    hierarchy.join(cgroup().trim_start_matches('/'))
}

/// podman leaves its parent behind, and whoever is killed leaves more.
fn remove_cgroups() {
    hierarchies().iter().for_each(|hierarchy| remove(&within(hierarchy)));
}

/// The innermost first: the files in them are none that could be removed.
fn remove(cgroup: &Path) {
    let below = fs::read_dir(cgroup).into_iter().flatten().flatten();
    below.filter(|entry| entry.path().is_dir()).for_each(|entry| remove(&entry.path()));
    // There is none where it was not used.
    let _gone = fs::remove_dir(cgroup);
}

/// A program on the machine.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let child = command.stderr(Stdio::piped()).spawn();
    let ran = child.and_then(|child| child.wait_with_output());
    let ran = ran.map_err(|error| format!("{command:?}: {error}"))?;
    match ran.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&ran.stderr))),
    }
}
