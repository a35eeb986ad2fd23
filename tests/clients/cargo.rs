//! cargo.

use crate::client::{Client, Package, Scheme, Source, Way};
use crate::room::{Ran, Room};
use crate::tools::Tool;

pub(crate) const CARGO: Client = Client {
    name: "cargo",
    needs: &[Tool::Cargo],
    ways: &[Way { scheme: Scheme::Https, fetches: true, prints_code: true }],
    source: |_| Source::ordinary("rust"),
    fetch: cargo,
    reuses: false,
};

fn cargo(room: &Room, source: &Source) -> Result<Package, Ran> {
    let package = "[package]\nname = \"fetching\"\nedition = \"2021\"\n\n[dependencies]\n";
    let mut command = room.command(Tool::Cargo);
    let dependency = match &source.url {
        None => "itoa = \"1\"\n",
        Some(url) => {
            room.write(
                "package/.cargo/config.toml",
                &format!("[registries.outside]\nindex = \"sparse+{url}\"\n"),
            );
            // By default it tries four times, and rests for eleven seconds between them.
            command.env("CARGO_NET_RETRY", "2");
            "itoa = { version = \"1\", registry = \"outside\" }\n"
        }
    };
    room.write("package/Cargo.toml", &format!("{package}{dependency}"));
    room.write("package/src/lib.rs", "");
    command.current_dir(room.path("package")).env("CARGO_HOME", room.path("cargo"));
    room.run(command.arg("fetch"))?;
    room.only_file("cargo/registry/cache", ".crate").map(Package::stored)
}
