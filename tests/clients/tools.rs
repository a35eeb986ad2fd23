//! The programs that the tests run.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `tests/setup` puts what it gets by pip.
const VENV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/clients/venv/bin");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// In the tests' own environment.
    Venv(&'static str),
    /// On the machine.
    Path(&'static str),
    /// The one that runs this test.
    Cargo,
    /// The keys of Debian's archive.
    DebianKeyring,
}

impl Tool {
    pub(crate) fn path(self) -> Option<PathBuf> {
        match self {
            Self::Venv(name) => Some(Path::new(VENV).join(name)).filter(|path| path.exists()),
            Self::Path(name) => on_path(name),
            Self::Cargo => env::var_os("CARGO").map(PathBuf::from).or_else(|| on_path("cargo")),
            Self::DebianKeyring => debian_keyring(),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Venv(name) | Self::Path(name) => name,
            Self::Cargo => "cargo",
            Self::DebianKeyring => "debian-archive-keyring",
        }
    }
}

/// Whether what is not installed is a failure.
pub(crate) fn required() -> bool {
    env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

fn debian_keyring() -> Option<PathBuf> {
    let listed = Command::new("dpkg").args(["--listfiles", "debian-archive-keyring"]).output();
    let listed = String::from_utf8(listed.ok()?.stdout).ok()?;
    let whole = |line: &&str| {
        ["gpg", "pgp"].iter().any(|end| line.ends_with(&format!("/debian-archive-keyring.{end}")))
    };
    listed.lines().find(whole).map(PathBuf::from)
}
