//! npm.

use crate::client::{Client, Package, Scheme, Source, Way};
use crate::room::{Ran, Room};
use crate::tools::Tool;

pub(crate) const NPM: Client = Client {
    name: "npm",
    needs: &[Tool::Path("npm"), Tool::Path("node")],
    ways: &[
        Way { scheme: Scheme::Https, fetches: true, prints_code: true },
        Way { scheme: Scheme::Http, fetches: false, prints_code: true },
    ],
    source: |_| Source::ordinary("npm"),
    fetch: npm,
    reuses: false,
};

fn npm(room: &Room, source: &Source) -> Result<Package, Ran> {
    let mut command = room.command(Tool::Path("npm"));
    command.env("NPM_CONFIG_GLOBALCONFIG", room.path("none"));
    // It would ask for its own newest version besides.
    command.env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    command.args(["pack", "is-number"]);
    if let Some(url) = &source.url {
        command.args(["--registry", url]);
    }
    room.run(&mut command)?;
    room.only_file("", ".tgz").map(Package::stored)
}
