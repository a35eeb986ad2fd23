//! apt, below a root of its own: the machine's lists, sources and packages are left alone.

use std::fs;
use std::path::PathBuf;

use crate::client::{Client, Package, Scheme, Source, Way};
use crate::room::{Ran, Room};
use crate::tools::Tool;

pub(crate) const APT: Client = Client {
    name: "apt",
    needs: &[Tool::Path("apt-get"), Tool::Path("dpkg"), Tool::DebianKeyring],
    ways: &[
        Way { scheme: Scheme::Http, fetches: true, prints_code: true },
        Way { scheme: Scheme::Https, fetches: false, prints_code: true },
    ],
    source: |scheme| Source::first_of("debian", scheme),
    fetch: apt,
    reuses: true,
};

fn apt(room: &Room, source: &Source) -> Result<Package, Ran> {
    let config = root(room, source.url.as_deref().expect("apt has no default"));
    let apt = |args: &[&str]| {
        let mut command = room.command(Tool::Path("apt-get"));
        room.run(command.env("APT_CONFIG", &config).args(args))
    };
    // Where it could not connect, an update is a success without this setting.
    apt(&["update", "--option", "APT::Update::Error-Mode=any"])?;
    apt(&["download", "hostname"])?;
    room.only_file("", ".deb").map(Package::stored)
}

/// Makes a root with this source, and the configuration that points to it.
fn root(room: &Room, url: &str) -> PathBuf {
    let keyring = Tool::DebianKeyring.path().expect("it was looked for before");
    let source = format!("deb [signed-by={}] {url}debian {} main\n", keyring.display(), suite());
    room.write("root/etc/apt/sources.list", &source);
    let status = room.write("root/var/lib/dpkg/status", "");
    let dirs = ["etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d"];
    let partial = ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"];
    for dir in dirs.iter().chain(&partial) {
        fs::create_dir_all(room.path("root").join(dir)).expect("a directory");
    }
    let settings = [
        format!("Dir \"{}/\";", room.path("root").display()),
        format!("Dir::State::status \"{}\";", status.display()),
        "Acquire::Languages \"none\";".to_owned(),
        // The user that it would otherwise become may not look into the room.
        "APT::Sandbox::User \"root\";".to_owned(),
    ];
    room.write("apt.conf", &settings.join("\n"))
}

/// This machine's release where it is one of Debian's: its keyring has that one's keys.
fn suite() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let debian = release.lines().any(|line| line == "ID=debian");
    codename.filter(|_| debian).unwrap_or("stable").trim_matches('"').to_owned()
}
