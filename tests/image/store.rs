//! Where images and containers are kept, and the tools that are told so.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory that is there for this run of the test.
pub(crate) struct Store(PathBuf);

/// What belongs to one room, and ends with it.
const STATE: &str = "/run/pinhole-image";

impl Store {
    pub(crate) fn at(path: &str) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The words before a builder's own, the program included.
    pub(crate) fn builder(&self) -> Vec<String> {
        let mut words = vec!["buildah".to_owned()];
        words.extend(self.storage());
        words
    }

    pub(crate) fn buildah(&self) -> Command {
        let words = self.builder();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    pub(crate) fn podman(&self) -> Command {
        let mut command = Command::new("podman");
        command.args(self.storage()).args(["--tmpdir", &format!("{STATE}/tmp")]);
        command.args(["--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
        command
    }

    fn storage(&self) -> [String; 6] {
        let root = self.0.join("storage").display().to_string();
        let state = format!("{STATE}/storage");
        ["--root", &root, "--runroot", &state, "--storage-driver", "vfs"].map(str::to_owned)
    }
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository")
}

/// What the command printed, which must have succeeded.
pub(crate) fn output(command: &mut Command) -> Vec<u8> {
    let ran = command.output().expect("a program");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}: {said}");
    ran.stdout
}
