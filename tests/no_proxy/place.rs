//! Where a client runs: a directory of its own, an environment with nothing of the user's, and
//! what `setup` has installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::case::{Case, Spelling};

/// Where `setup` puts what it installs.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/no-proxy");
/// The proxy's port, and an address of it that no case's network holds.
pub(crate) const PROXY_PORT: u16 = 3128;
pub(crate) const PROXY_HOST: &str = "192.0.2.1";
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];

pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Result<Self, String> {
        let dir = TempDir::with_prefix("pinhole-no-proxy-");
        let place = Self(dir.map_err(|error| format!("no directory: {error}"))?);
        fs::create_dir(place.path("home")).map_err(|error| format!("no home: {error}"))?;
        Ok(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file of this name.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.path(name);
        fs::write(&path, text).map_err(|error| format!("{name}: {error}"))?;
        Ok(path)
    }

    /// A command in this place, which is told of the proxy in both spellings.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.0.path()).env_clear();
        for name in ["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.env("HOME", self.path("home")).env("TMPDIR", self.0.path());
        command.env("LC_ALL", "C.UTF-8");
        let proxy = format!("http://{PROXY_HOST}:{PROXY_PORT}");
        command.envs(PROXY_VARIABLES.map(|name| (name, &proxy)));
        command
    }
}

/// Sets the case's NO_PROXY.
pub(crate) fn tell(command: &mut Command, case: &Case) {
    let Case { value, spelling, .. } = case;
    command.envs(spelling.upper().then_some(("NO_PROXY", value)));
    command.envs(spelling.lower().then_some(("no_proxy", value)));
}

/// What was installed under this name.
pub(crate) fn installed(name: &str) -> PathBuf {
    Path::new(INSTALLED).join(name)
}

/// A program on the machine.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// The cargo that runs this test, not the one that chooses among toolchains.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// The field of a line to a probe.
pub(crate) fn field(case: &Case, has: fn(Spelling) -> bool) -> String {
    if has(case.spelling) {
        format!("={}", case.value.replace('\n', "\\n"))
    } else {
        "-".to_owned()
    }
}

/// Whether what is not installed is a failure.
pub(crate) fn required() -> bool {
    env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty())
}
