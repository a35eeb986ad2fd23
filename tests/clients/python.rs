//! pip and uv.

use std::fs;
use std::process::Command;

use crate::client::{Client, Package, Scheme, Source, Way};
use crate::room::{Ran, Room};
use crate::tools::Tool;

const PYTHON: Tool = Tool::Venv("python");

/// It tries six times, which takes it eight seconds.
pub(crate) const PIP: Client = Client {
    name: "pip",
    needs: &[PYTHON],
    ways: &[Way { scheme: Scheme::Https, fetches: true, prints_code: true }],
    source: |_| Source::ordinary("python"),
    fetch: pip,
    reuses: false,
};

/// Of a refused tunnel it says no more than `tunnel error: unsuccessful`.
pub(crate) const UV: Client = Client {
    name: "uv",
    needs: &[PYTHON, Tool::Venv("uv")],
    ways: &[
        Way { scheme: Scheme::Https, fetches: true, prints_code: false },
        Way { scheme: Scheme::Http, fetches: false, prints_code: true },
    ],
    source: |_| Source::ordinary("python"),
    fetch: uv,
    reuses: false,
};

fn pip(room: &Room, source: &Source) -> Result<Package, Ran> {
    let mut command = room.command(PYTHON);
    command.args(["-m", "pip", "download", "--no-deps", "--no-cache-dir", "--dest", "wheels"]);
    command.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    if let Some(url) = &source.url {
        command.arg("--index-url").arg(format!("{url}simple"));
    }
    room.run(command.arg("six"))?;
    room.only_file("wheels", ".whl").map(Package::stored)
}

fn uv(room: &Room, source: &Source) -> Result<Package, Ran> {
    let project = [
        "[project]",
        "name = \"fetching\"",
        "version = \"0\"",
        "requires-python = \">=3.9\"",
        "dependencies = [\"six\"]",
    ];
    room.write("pyproject.toml", &project.join("\n"));
    let mut command = room.command(Tool::Venv("uv"));
    command.args(["sync", "--no-config", "--no-install-project", "--no-python-downloads"]);
    command.arg("--python").arg(PYTHON.path().expect("it was looked for before"));
    if let Some(url) = &source.url {
        command.arg("--default-index").arg(format!("{url}simple"));
        fewer_tries(&mut command);
    }
    room.run(&mut command)?;
    let bytes = room.only_file(".venv", "/six.py")?;
    let lock = fs::read_to_string(room.path("uv.lock")).unwrap_or_default();
    match wheel_size(&lock) {
        Some(transferred) => Ok(Package { bytes, transferred }),
        None => Err(Ran::unexpected(format!("no wheel with a size: {lock}"))),
    }
}

/// After the third of its four tries it may rest for eight seconds, which is its own choice.
fn fewer_tries(command: &mut Command) {
    command.env("UV_HTTP_RETRIES", "2");
}

/// The installed file is larger than the wheel, whose size is in the lock file.
fn wheel_size(lock: &str) -> Option<u64> {
    let wheel = lock.lines().find(|line| line.contains(".whl\""))?;
    let (_, size) = wheel.split_once(" size = ")?;
    size.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
