//! How each program fetches a URL: once, from nowhere else, and with nobody's settings.

use std::path::PathBuf;
use std::process::Command;

use crate::once::Wanted;
use crate::place::{self, PROXY_HOST, PROXY_PORT, Place, installed};
use crate::probe;

/// The one that `tests/setup` installs for itself.
pub(crate) const UV: &str = "../clients/venv/bin/uv";
pub(crate) const DENO: &str = "node/node_modules/@deno/linux-x64-glibc/deno";
pub(crate) const BUN: &str = "node/node_modules/@oven/bun-linux-x64-baseline/bin/bun";

const GIT_VERSIONS: &str = r#"git --version
ldd "$(git --exec-path)/git-remote-http" | awk '/libcurl/ { print $3 }' |
    xargs grep --text --only-matching --max-count=1 'libcurl/[0-9.]*'"#;

type Made = Result<Command, String>;

pub(crate) fn curl(place: &Place, wanted: Wanted<'_>) -> Made {
    // The first: no settings of the user's.
    let options = ["--disable", "--silent", "--globoff", "--max-time", "10"];
    plain(place.command("curl"), &options, wanted)
}

pub(crate) fn wget(place: &Place, wanted: Wanted<'_>) -> Made {
    let options = ["--no-config", "--quiet", "--output-document=-", "--tries=1", "--timeout=10"];
    plain(place.command("wget"), &options, wanted)
}

pub(crate) fn wget2(place: &Place, wanted: Wanted<'_>) -> Made {
    let options = ["--no-config", "--quiet", "--output-document=-", "--tries=1", "--timeout=10"];
    plain(place.command("wget2"), &options, wanted)
}

pub(crate) fn git(place: &Place, wanted: Wanted<'_>) -> Made {
    let mut command = place.command("git");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    if let Wanted::Version = wanted {
        // It does not tell which libcurl it has.
        let mut command = place.command("sh");
        command.args(["-c", GIT_VERSIONS]);
        return Ok(command);
    }
    plain(command, &["ls-remote"], wanted)
}

pub(crate) fn apt(place: &Place, wanted: Wanted<'_>) -> Made {
    let Wanted::Fetch(url, _) = wanted else { return plain(place.command("apt"), &[], wanted) };
    // It is read before the machine's own, of which it leaves nothing.
    let settings = "Dir::Etc::main \"/nowhere\"; Dir::Etc::parts \"/nowhere\";\n\
        Acquire::Retries \"0\"; APT::Sandbox::User \"root\";\n";
    let mut command = place.command("/usr/lib/apt/apt-helper");
    command.env("APT_CONFIG", place.write("apt.conf", settings)?);
    command.args(["download-file", url]).arg(place.path("file"));
    Ok(command)
}

pub(crate) fn cargo(place: &Place, wanted: Wanted<'_>) -> Made {
    let mut command = place.command(place::cargo());
    command.env("CARGO_HOME", place.path("cargo")).env("CARGO_NET_RETRY", "0");
    let Wanted::Fetch(url, _) = wanted else {
        command.args(["--version", "--verbose"]);
        return Ok(command);
    };
    command.env("CARGO_REGISTRIES_PROBE_INDEX", format!("sparse+{url}"));
    command.args(["search", "--registry", "probe", "word"]);
    Ok(command)
}

pub(crate) fn go(place: &Place, wanted: Wanted<'_>) -> Made {
    plain(place.command(installed("bin/go-probe")), &[], wanted)
}

pub(crate) fn kubectl(place: &Place, wanted: Wanted<'_>) -> Made {
    let mut command = place.command(installed("kubectl/bin/kubectl"));
    command.args(["--kubeconfig", "/dev/null"]);
    match wanted {
        Wanted::Version => command.args(["version", "--client"]),
        Wanted::Fetch(url, _) => {
            let (scheme, rest) = url.split_once("://").ok_or("no URL")?;
            let (authority, path) = rest.split_once('/').ok_or("no path")?;
            let server = format!("--server={scheme}://{authority}");
            // Without a name it would ask the user for one.
            command.args([
                &server,
                "--token=probe",
                "--request-timeout=10s",
                "get",
                "--raw",
                &format!("/{path}"),
            ])
        }
    };
    Ok(command)
}

pub(crate) fn uv(place: &Place, wanted: Wanted<'_>) -> Made {
    let mut command = place.command(installed(UV));
    let Wanted::Fetch(url, _) = wanted else { return plain(command, &[], wanted) };
    command.env("UV_HTTP_RETRIES", "0");
    command.args(["--no-config", "pip", "install", "--dry-run", "--no-deps", "--python"]);
    command.arg(installed("../clients/venv/bin/python"));
    // What it knows of the machine's Python is kept, the index is not.
    command.arg("--cache-dir").arg(place.path("uv")).args([
        "--refresh",
        "--index-url",
        url,
        "no-such-package",
    ]);
    Ok(command)
}

pub(crate) fn npm11(place: &Place, wanted: Wanted<'_>) -> Made {
    npm(place, "npm-11", wanted)
}

pub(crate) fn npm12(place: &Place, wanted: Wanted<'_>) -> Made {
    npm(place, "npm-12", wanted)
}

fn npm(place: &Place, name: &str, wanted: Wanted<'_>) -> Made {
    let mut command = place.command(node()?);
    command.arg(installed(&format!("{name}/node_modules/npm/bin/npm-cli.js")));
    for (name, value) in [("USERCONFIG", "none"), ("GLOBALCONFIG", "nothing"), ("CACHE", "npm")] {
        command.env(format!("NPM_CONFIG_{name}"), place.path(value));
    }
    // It would ask for its own newest version besides.
    command.env("NPM_CONFIG_UPDATE_NOTIFIER", "false").env("NPM_CONFIG_FETCH_RETRIES", "0");
    plain(command, &["ping", "--registry"], wanted)
}

pub(crate) fn deno(place: &Place, wanted: Wanted<'_>) -> Made {
    let mut command = place.command(installed(DENO));
    command.env("DENO_DIR", place.path("deno")).env("DENO_NO_UPDATE_CHECK", "1");
    script(place, command, &["run", "--no-config", "--no-lock", "--allow-all"], wanted)
}

pub(crate) fn bun(place: &Place, wanted: Wanted<'_>) -> Made {
    let mut command = place.command(installed(BUN));
    command.env("DO_NOT_TRACK", "1");
    script(place, command, &["run"], wanted)
}

pub(crate) fn java(place: &Place, wanted: Wanted<'_>) -> Made {
    java_with(place, &[], wanted)
}

/// With what Java reads in the environment's stead.
pub(crate) fn java_nonproxyhosts(place: &Place, wanted: Wanted<'_>) -> Made {
    let value = match wanted {
        Wanted::Version => String::new(),
        Wanted::Fetch(_, case) => case.value.replace(',', "|"),
    };
    let mut properties = vec![format!("-Dhttp.nonProxyHosts={value}")];
    for scheme in ["http", "https"] {
        properties.push(format!("-D{scheme}.proxyHost={PROXY_HOST}"));
        properties.push(format!("-D{scheme}.proxyPort={PROXY_PORT}"));
    }
    java_with(place, &properties, wanted)
}

fn java_with(place: &Place, properties: &[String], wanted: Wanted<'_>) -> Made {
    let mut command = place.command("java");
    // It would share a file in /tmp with the process of the same id in another room.
    command.arg("-XX:-UsePerfData");
    match wanted {
        Wanted::Version => command.arg("-version"),
        Wanted::Fetch(url, _) => {
            // It is done before a better compiler would pay.
            command.arg("-XX:TieredStopAtLevel=1").args(properties).arg("-cp");
            command.arg(installed("java")).args(["Probe", url])
        }
    };
    Ok(command)
}

fn node() -> Result<PathBuf, String> {
    probe::node().ok_or("no node".to_owned())
}

/// With options before the URL.
fn plain(mut command: Command, options: &[&str], wanted: Wanted<'_>) -> Made {
    match wanted {
        Wanted::Version => command.arg("--version"),
        Wanted::Fetch(url, _) => command.args(options).arg(url),
    };
    Ok(command)
}

/// A script that calls `fetch`.
fn script(place: &Place, mut command: Command, options: &[&str], wanted: Wanted<'_>) -> Made {
    match wanted {
        Wanted::Version => command.arg("--version"),
        Wanted::Fetch(url, _) => {
            let script = place.write("fetch.mjs", include_str!("probes/node/fetch.mjs"))?;
            command.args(options).arg(script).arg(url)
        }
    };
    Ok(command)
}
