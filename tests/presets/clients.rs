//! The defaults of real clients: what they say, and what they ask a proxy for when nobody has told
//! them otherwise. What lies behind an index's links, tests/clients fetches.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::known::pinhole;
use crate::listener::Listener;
use crate::room::{Room, cargo, go, installed, on_path, python, said, venv};
use crate::{Fault, Outcome};

/// Sets a command up to fetch something.
type Fetch = fn(&Room, &mut Command) -> Result<(), String>;

#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) preset: &'static str,
    program: fn() -> Option<PathBuf>,
    /// Asks it for its defaults: lines with hosts or URLs.
    says: Option<fn(&mut Command)>,
    /// Lets it fetch something. That fails.
    fetches: Option<Fetch>,
}

pub(crate) const ALL: [Client; 9] = [
    Client {
        name: "pip",
        preset: "python",
        program: python,
        says: Some(|command| {
            let script = "from pip._internal.models.index import PyPI\n\
                          print(PyPI.simple_url); print(PyPI.file_storage_domain)";
            command.args(["-I", "-c", script]);
        }),
        fetches: Some(|_, command| {
            command.args(["-m", "pip", "download", "--isolated", "--retries", "0", "--no-deps"]);
            command.args(["--disable-pip-version-check", "--no-cache-dir", "six"]);
            // Where a machine has an index of its own for everybody.
            command.env("PIP_CONFIG_FILE", "/dev/null");
            Ok(())
        }),
    },
    Client {
        name: "uv",
        preset: "uv",
        program: || venv("uv"),
        says: None,
        fetches: Some(|_, command| {
            command.args(["pip", "install", "--no-config", "--no-cache", "--target", "x", "six"]);
            command.args(["--python", "python3"]).env("UV_HTTP_RETRIES", "0");
            Ok(())
        }),
    },
    Client {
        name: "uv_python",
        preset: "uv",
        program: || venv("uv"),
        says: None,
        fetches: Some(|_, command| {
            command.args(["python", "install", "--no-config", "--no-cache", "3.13"]);
            command.args(["--install-dir", "x"]).env("UV_HTTP_RETRIES", "0");
            Ok(())
        }),
    },
    Client {
        name: "npm",
        preset: "npm",
        program: || on_path("npm"),
        says: Some(|command| {
            command.args(["config", "get", "registry", "--globalconfig", "none"]);
        }),
        fetches: Some(|_, command| {
            command.args(["view", "is-number", "--fetch-retries", "0", "--globalconfig", "none"]);
            Ok(())
        }),
    },
    Client {
        name: "node",
        preset: "npm",
        program: || on_path("node"),
        says: Some(|command| {
            // Some distributions' Node names none: then there is nothing that could be missing.
            command.args(["-p", "process.release.headersUrl || ''"]);
        }),
        fetches: None,
    },
    Client {
        name: "cargo",
        preset: "rust",
        program: cargo,
        says: None,
        fetches: Some(|room, command| {
            let package = "[package]\nname = \"asking\"\nedition = \"2024\"\n\n[dependencies]\n\
                           itoa = \"1\"\n";
            room.write("Cargo.toml", package)?;
            room.write("src/lib.rs", "")?;
            command.arg("fetch").env("CARGO_HOME", room.path("cargo")).env("CARGO_NET_RETRY", "0");
            Ok(())
        }),
    },
    Client {
        name: "go",
        preset: "go",
        program: go,
        says: Some(|command| {
            command.args(["env", "GOPROXY", "GOSUMDB"]).envs(OF_GO);
        }),
        fetches: Some(|_, command| {
            command.args(["mod", "download", "golang.org/x/text@v0.3.8"]).envs(OF_GO);
            Ok(())
        }),
    },
    Client {
        name: "huggingface_hub",
        preset: "hugging-face",
        program: library,
        says: Some(|command| python_says(command, "huggingface_hub.constants", "ENDPOINT")),
        fetches: Some(|_, command| {
            let script = "import sys; sys.path.insert(0, sys.argv[1])\n\
                          import huggingface_hub; huggingface_hub.HfApi().model_info('gpt2')";
            command.args(["-I", "-c", script]).arg(installed("python"));
            Ok(())
        }),
    },
    Client {
        name: "docker_sdk",
        preset: "docker-hub",
        program: library,
        says: Some(|command| python_says(command, "docker.auth", "INDEX_URL")),
        fetches: None,
    },
];

/// What the machine or the user has set does not count.
const OF_GO: [(&str, &str); 3] = [("GOENV", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "")];

/// The Python for libraries, where they are installed.
fn library() -> Option<PathBuf> {
    python().filter(|_| installed("python").exists())
}

fn python_says(command: &mut Command, module: &str, name: &str) {
    let script = "import importlib, sys; sys.path.insert(0, sys.argv[1])\n\
                  print(getattr(importlib.import_module(sys.argv[2]), sys.argv[3]))";
    command.args(["-I", "-c", script]).arg(installed("python")).args([module, name]);
}

/// Everything that it says and asks for is let through by the preset.
pub(crate) fn covered(client: &Client) -> Outcome {
    let Some(program) = (client.program)() else {
        return Err(Fault::Missing(format!("{} is not installed", client.name)));
    };
    let mut targets = BTreeSet::new();
    if let Some(says) = client.says {
        let listener = Listener::start()?;
        let room = Room::new(listener.url())?;
        let mut command = room.command(&program);
        says(&mut command);
        targets.extend(said(&mut command)?.split([' ', ',', '|', '\n']).filter_map(target));
    }
    if let Some(fetches) = client.fetches {
        let listener = Listener::start()?;
        let room = Room::new(listener.url())?;
        let mut command = room.command(&program);
        fetches(&room, &mut command)?;
        let ended = said(&mut command);
        let asked = listener.asked();
        if ended.is_ok() || asked.is_empty() {
            return Err(Fault::Failed(format!("it asked for {asked:?}, and ended with {ended:?}")));
        }
        targets.extend(asked.iter().filter_map(|target| self::target(target)));
    }
    if targets.is_empty() {
        return match client.fetches {
            None => Ok(()),
            Some(_) => Err(Fault::Failed("it names nobody".to_owned())),
        };
    }
    let room = Room::new(String::new())?;
    let config = room.write("pinhole.yaml", &format!("allow: [{{preset: {}}}]", client.preset))?;
    for target in targets {
        let config = config.to_string_lossy();
        // An exit code that is not 0 is an answer, too.
        let answer = pinhole(&["explain", "--json", "--config", &config, &target])
            .map_err(|error| format!("{target}: not in the preset {}: {error}", client.preset))?;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        if answer["decision"] != "allow" {
            return Err(Fault::Failed(format!("{target}: {answer}")));
        }
    }
    Ok(())
}

/// `host:port` of a word: a URL, a host with its port, or a host alone.
fn target(word: &str) -> Option<String> {
    let word = word.trim();
    if !word.contains('.') {
        return None;
    }
    match word.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next()?;
            let port = if scheme == "http" { 80 } else { 443 };
            let named = authority.contains(':');
            Some(if named { authority.to_owned() } else { format!("{authority}:{port}") })
        }
        None if word.contains(':') => Some(word.to_owned()),
        None => Some(format!("{word}:443")),
    }
}
