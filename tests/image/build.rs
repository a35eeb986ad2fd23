//! Building: the whole Dockerfile, on a stand-in for the base image.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Case;
use crate::store::{Store, output, repository};

/// Not one of the cases: they all need it.
pub(crate) const CASE: (&str, Case) = ("build", build);

/// The image's name.
pub(crate) const IMAGE: &str = "localhost/pinhole";

/// What the official image has, and this machine as well: a toolchain, and a C compiler.
const STAND_IN: &str = "FROM scratch
COPY . /
ENV PATH=/opt/toolchain/bin:/usr/local/bin:/usr/bin:/bin
ENV CARGO_HOME=/opt/cargo CARGO_NET_OFFLINE=true
";

fn build(store: &Store) {
    let skeleton = store.path("stand-in");
    for place in ["usr", "etc/alternatives", "opt/toolchain", "opt/cargo", "src/target", "tmp"] {
        fs::create_dir_all(skeleton.join(place)).expect("a directory");
    }
    for link in ["bin", "lib", "lib64"] {
        symlink(format!("usr/{link}"), skeleton.join(link)).expect("a link");
    }
    let file = store.path("Stand-in");
    fs::write(&file, STAND_IN).expect("a file");
    let mut command = store.buildah();
    command.args(["build", "--quiet", "--isolation", "chroot", "--tag", "localhost/stand-in"]);
    output(command.arg("--file").arg(file).arg(skeleton));

    fs::create_dir_all(kept()).expect("a directory below target");
    let mut command = store.buildah();
    command.args(["build", "--quiet", "--isolation", "chroot", "--tag", IMAGE, "--pull-never"]);
    command.args(["--build-arg", "BUILDER=localhost/stand-in"]);
    for (from, to, how) in [
        (PathBuf::from("/usr"), "/usr", ":ro"),
        // `cc` is a link to there.
        (PathBuf::from("/etc/alternatives"), "/etc/alternatives", ":ro"),
        (sysroot(), "/opt/toolchain", ":ro"),
        (cargo_home(), "/opt/cargo", ""),
        (kept(), "/src/target", ""),
    ] {
        command.arg("--volume").arg(format!("{}:{to}{how}", from.display()));
    }
    output(command.args(["--file", "docker/Dockerfile", "."]).current_dir(repository()));
}

/// What one run compiles, the next need not.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-build")
}

fn sysroot() -> PathBuf {
    let said = output(Command::new("rustc").args(["--print", "sysroot"]));
    String::from_utf8(said).expect("UTF-8").trim().into()
}

/// Where cargo has put the sources of all dependencies, for there is no network inside.
fn cargo_home() -> PathBuf {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).expect("a home")
}
