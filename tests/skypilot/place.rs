//! What is installed, and where.

use std::env;
use std::path::{Path, PathBuf};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/skypilot");
const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target");

/// SkyPilot's versions that `setup` installs.
pub(crate) const VERSIONS: [&str; 2] = ["0.11.2", "0.14.1"];
/// The one that is current.
pub(crate) const CURRENT: &str = VERSIONS[1];

/// The Python of one of the environments that `setup` makes.
pub(crate) fn python(environment: &str) -> Result<PathBuf, crate::Fault> {
    let path = Path::new(TARGET).join("skypilot").join(environment).join("bin/python");
    if path.exists() { Ok(path) } else { Err(missing(environment)) }
}

pub(crate) fn missing(what: &str) -> crate::Fault {
    crate::Fault::Missing(format!("{what} is not installed"))
}

/// A folder of Python packages that tests/no_proxy installs.
pub(crate) fn packages(name: &str) -> Result<PathBuf, crate::Fault> {
    let path = Path::new(TARGET).join("no-proxy/python").join(name);
    if path.exists() { Ok(path) } else { Err(missing(name)) }
}

/// The tests' own uv.
pub(crate) fn tests_uv() -> PathBuf {
    Path::new(TARGET).join("clients/venv/bin/uv")
}

/// A file beside this one.
pub(crate) fn beside(name: &str) -> PathBuf {
    Path::new(TESTS).join(name)
}

/// A program on the machine, also where Debian keeps it out of an ordinary user's path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(more).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Whether what is not installed is a failure.
pub(crate) fn required() -> bool {
    env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty())
}
