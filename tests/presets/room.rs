//! Where commands run, and what is installed for them.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target");
/// How long a command may run.
const PATIENCE: Duration = Duration::from_secs(120);

/// A directory of its own, an environment with nothing of the user's, and a proxy.
pub(crate) struct Room {
    dir: TempDir,
    proxy: String,
}

impl Room {
    pub(crate) fn new(proxy: String) -> Result<Self, String> {
        let dir = TempDir::with_prefix("pinhole-presets-").map_err(|error| error.to_string())?;
        Ok(Self { dir, proxy })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.path(name);
        let parent = path.parent().expect("it is in the room");
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
        written.map(|()| path).map_err(|error| format!("{name}: {error}"))
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.dir.path()).env_clear();
        for name in ["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.env("HOME", self.dir.path()).env("TMPDIR", self.dir.path());
        command.env("LC_ALL", "C.UTF-8");
        command.envs(["http_proxy", "https_proxy"].map(|name| (name, &self.proxy)));
        command
    }
}

/// Runs it to its end, and hands out its standard output. An error is an exit code that is not 0.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    let dir = TempDir::with_prefix("pinhole-said-").map_err(|error| error.to_string())?;
    let [out, err] = ["out", "err"].map(|name| dir.path().join(name));
    let file = |path| File::create(path).map_err(|error| error.to_string());
    command.stdin(Stdio::null()).stdout(file(&out)?).stderr(file(&err)?).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let until = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break Some(status),
            None if Instant::now() > until => break None,
            None => sleep(Duration::from_millis(10)),
        }
    };
    if status.is_none() {
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        let _ = child.wait();
    }
    let read = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let [out, err] = [read(out), read(err)].map(Result::unwrap_or_default);
    if status.is_some_and(|status| status.success()) {
        return Ok(out);
    }
    let tail: String = err.lines().rev().take(5).collect::<Vec<_>>().join(" | ");
    Err(format!("{}: {status:?}: {tail}", command.get_program().to_string_lossy()))
}

/// What `setup` has put below target/presets.
pub(crate) fn installed(name: &str) -> PathBuf {
    Path::new(TARGET).join("presets").join(name)
}

/// The Python of the tests' own environment.
pub(crate) fn python() -> Option<PathBuf> {
    venv("python")
}

/// A program of the tests' own environment.
pub(crate) fn venv(name: &str) -> Option<PathBuf> {
    Some(Path::new(TARGET).join("clients/venv/bin").join(name)).filter(|path| path.exists())
}

/// Go, as tests/no_proxy/setup installs it, or the machine's.
pub(crate) fn go() -> Option<PathBuf> {
    let ours = Path::new(TARGET).join("no-proxy/go/go/bin/go");
    Some(ours).filter(|path| path.exists()).or_else(|| on_path("go"))
}

/// The cargo that runs this test.
pub(crate) fn cargo() -> Option<PathBuf> {
    env::var_os("CARGO").map(PathBuf::from).or_else(|| on_path("cargo"))
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Whether what is missing is a failure.
pub(crate) fn required() -> bool {
    env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty())
}
