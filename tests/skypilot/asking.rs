//! How a client is asked, in a room.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use crate::place::{beside, on_path, tests_uv};
use crate::room::{Answer, Ask, Did, Question};
use crate::running::{PATIENCE, Running};
use crate::seen::Seen;

pub(crate) fn ask(ask: &Ask, home: &Path, seen: &Seen) -> Result<Answer, String> {
    fs::create_dir(home).map_err(|error| format!("no home: {error}"))?;
    if let Some(client) = &ask.client
        && !PROGRAMS.contains(&client.as_str())
    {
        return probe(ask, client, home, seen);
    }
    let mut did = Vec::new();
    for question in &ask.questions {
        let mut command = match ask.client.as_deref() {
            Some("uv") => uv(ask, question, home),
            Some(name) => program(name, question, home)?,
            None => script(ask, question, home),
        };
        did.push(once(&mut command, seen)?);
    }
    let version = match ask.client.as_deref() {
        Some("uv") => version_of_uv()?,
        _ => String::new(),
    };
    Ok(Answer { version, did })
}

/// Those that are no Python.
const PROGRAMS: [&str; 3] = ["uv", "curl", "wget"];

/// A command in the environment that the site gives its pods, and nothing of the user's.
fn told(program: &Path, env: &BTreeMap<String, String>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("HOME", home).env("TMPDIR", home).env("LC_ALL", "C.UTF-8");
    // The packages are shared.
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("GRPC_DNS_RESOLVER", "native");
    command.env("SKYPILOT_DISABLE_USAGE_COLLECTION", "1");
    command.envs(env);
    command
}

fn script(ask: &Ask, question: &Question, home: &Path) -> Command {
    let mut command = told(&ask.python, &question.env, home);
    command.arg(beside(&ask.script[0])).args(&ask.script[1..]);
    command
}

fn uv(ask: &Ask, question: &Question, home: &Path) -> Command {
    let mut command = told(&tests_uv(), &question.env, home);
    command.env("UV_HTTP_RETRIES", "0").env_remove("UV_CONSTRAINT");
    command.args(["--no-config", "pip", "install", "--dry-run", "--no-deps", "--refresh"]);
    command.args(["--index-url", &question.url, "no-such-package", "--cache-dir"]);
    command.arg(home.join("uv")).arg("--python").arg(&ask.python);
    command
}

fn version_of_uv() -> Result<String, String> {
    let said = Command::new(tests_uv()).arg("--version").output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(said.split(' ').nth(1).unwrap_or_default().trim().to_owned())
}

fn program(name: &str, question: &Question, home: &Path) -> Result<Command, String> {
    let program = on_path(name).ok_or_else(|| format!("no {name}"))?;
    let mut command = told(&program, &question.env, home);
    // The first: no settings of the user's.
    match name {
        "curl" => command.args(["--disable", "--silent", "--max-time", "10"]),
        _ => command.args(["--no-config", "--quiet", "--tries=1", "--timeout=10"]),
    };
    command.arg(&question.url);
    Ok(command)
}

/// See tests/no_proxy/probe.rs for the lines.
fn probe(ask: &Ask, client: &str, home: &Path, seen: &Seen) -> Result<Answer, String> {
    let none = BTreeMap::new();
    let mut command = told(&ask.python, &none, home);
    command.arg(beside("../no_proxy/probes/python/probe.py")).arg(client);
    command.envs(ask.packages.as_ref().map(|path| ("PYTHONPATH", path)));
    let mut running = Running::start(command)?;
    let first = running.line()?;
    let version = first.strip_prefix("version\t").ok_or(format!("no version: {first}"))?;
    let exempt = ["NO_PROXY", "no_proxy"];
    let names: BTreeSet<&String> = ask.questions.iter().flat_map(|one| one.env.keys()).collect();
    let mut did = Vec::new();
    for (number, Question { url, env }) in ask.questions.iter().enumerate() {
        let field = |name: &str| env.get(name).map_or("-".to_owned(), |value| format!("={value}"));
        let mut line = format!("{number}\t{url}\t{}\t{}", field(exempt[0]), field(exempt[1]));
        for name in names.iter().filter(|name| !exempt.contains(&name.as_str())) {
            line.push_str(&format!("\t{name} {}", field(name)));
        }
        // What it did before is no answer.
        seen.take();
        let said = running.ask(&line)?;
        did.push(Did { seen: seen.take(), said });
    }
    Ok(Answer { version: version.to_owned(), did })
}

/// Runs it to its end.
fn once(command: &mut Command, seen: &Seen) -> Result<Did, String> {
    seen.take();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let id = child.id();
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(ended) = ended.recv_timeout(PATIENCE) else {
        // The room's end is the process's.
        return Err(format!("{command:?} ({id}): not done in {PATIENCE:?}"));
    };
    let ended = ended.map_err(|error| error.to_string())?;
    let text = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok(Did { seen: seen.take(), said: text.concat() })
}
