//! curl and wget, with a small file of Debian's.

use crate::client::{Client, Package, Scheme, Source, Way};
use crate::machine;
use crate::room::{Ran, Room};
use crate::tools::Tool;

/// Every release has it, on every mirror.
const FILE: &str = "debian/dists/stable/InRelease";

pub(crate) const CURL: Client = Client {
    name: "curl",
    needs: &[Tool::Path("curl")],
    ways: &[
        Way { scheme: Scheme::Https, fetches: true, prints_code: true },
        Way { scheme: Scheme::Http, fetches: true, prints_code: true },
    ],
    source: |scheme| Source::first_of("debian", scheme),
    fetch: curl,
    reuses: false,
};

/// Of a refused tunnel it prints the reason phrase without the code.
pub(crate) const WGET: Client = Client {
    name: "wget",
    needs: &[Tool::Path("wget")],
    ways: &[
        Way { scheme: Scheme::Https, fetches: true, prints_code: false },
        Way { scheme: Scheme::Http, fetches: true, prints_code: true },
    ],
    source: |scheme| Source::first_of("debian", scheme),
    fetch: wget,
    reuses: false,
};

fn curl(room: &Room, source: &Source) -> Result<Package, Ran> {
    let mut command = room.command(Tool::Path("curl"));
    // Without --fail a refusal of plain HTTP is a page like any other.
    command.args(["--fail", "--silent", "--show-error", "--output", "file"]);
    room.run(command.arg(url(source)))?;
    room.only_file("", "/file").map(Package::stored)
}

fn wget(room: &Room, source: &Source) -> Result<Package, Ran> {
    let mut command = room.command(Tool::Path("wget"));
    // It knows no variable for a CA bundle.
    if let Some(bundle) = machine::bundle() {
        command.arg("--ca-certificate").arg(bundle);
    }
    room.run(command.args(["--no-verbose", "--output-document", "file"]).arg(url(source)))?;
    room.only_file("", "/file").map(Package::stored)
}

fn url(source: &Source) -> String {
    format!("{}{FILE}", source.url.as_deref().expect("neither has a default"))
}
