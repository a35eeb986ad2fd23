//! What is asked of the machine and of the program at run time: no registry's name is written
//! down here.

use std::env;
use std::ffi::OsString;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::Path;
use std::process::Command;

use crate::client::Target;

/// By these a CA bundle may be named. The last is what cargo sets where nobody else has.
pub(crate) const BUNDLE_VARIABLES: [&str; 8] = [
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_FILE",
];

/// The machine's CA bundle, where the environment names one.
pub(crate) fn bundle() -> Option<OsString> {
    BUNDLE_VARIABLES.iter().find_map(env::var_os)
}

/// The variables without which a client does not start.
pub(crate) fn kept() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = ["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let named = names.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    // What rustup would find by the home directory, which is another one here.
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".rustup"));
    let unnamed = home.filter(|dir| env::var_os("RUSTUP_HOME").is_none() && dir.is_dir());
    named.chain(unnamed.map(|dir| ("RUSTUP_HOME", dir.into())))
}

/// Everything that a preset covers.
pub(crate) fn preset(name: &str) -> Result<Vec<Target>, String> {
    let asked = Command::new(env!("CARGO_BIN_EXE_pinhole")).args(["presets", name]).output();
    let asked = asked.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&asked.stdout);
    // `host.name (ports 80, 443)`
    let lines = text.lines().filter(|line| !line.starts_with(' '));
    let rows = lines.filter_map(|line| line.strip_suffix(')')?.split_once(" (ports "));
    let mut targets = Vec::new();
    for (host, ports) in rows {
        for port in ports.split(", ") {
            let port = port.parse().map_err(|_| format!("`{port}` is no port: {text}"))?;
            targets.push(Target { host: host.to_owned(), port });
        }
    }
    if targets.is_empty() { Err(format!("preset {name} has no host: {text}")) } else { Ok(targets) }
}

/// The addresses of a host, as every other program on this machine sees them.
#[expect(clippy::disallowed_methods, reason = "the tests compare with what the machine says")]
pub(crate) fn addresses(host: &str) -> Vec<IpAddr> {
    // A host that does not resolve cannot be opened either.
    (host, 0).to_socket_addrs().map_or(Vec::new(), |addrs| addrs.map(|addr| addr.ip()).collect())
}
