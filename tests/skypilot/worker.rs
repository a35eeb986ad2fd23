//! SkyPilot, in a process that answers questions: `worker.py`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Fault;
use crate::place::{beside, python};

/// How long SkyPilot may take for an answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// How it is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    Server,
    Client,
}

/// A process for each version and mode, started when it is first asked.
type Slot = Arc<Mutex<Option<Result<Worker, String>>>>;
static WORKERS: LazyLock<Mutex<BTreeMap<(String, Mode), Slot>>> = LazyLock::new(Mutex::default);

struct Worker {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    home: TempDir,
}

/// An answer. The outer error is the test's, the inner one SkyPilot's.
pub(crate) type Answer = Result<Result<Value, String>, Fault>;

/// What the validator says of a configuration.
pub(crate) fn validate(version: &str, mode: Mode, config: &str) -> Answer {
    ask(version, mode, &json!({"do": "validate", "config": config}))
}

/// What cloud-init is told on a VM of AWS's.
pub(crate) fn user_data(version: &str, config: &str, region: &str) -> Answer {
    ask(version, Mode::Server, &json!({"do": "user_data", "config": config, "region": region}))
}

/// What a cluster's launch in this kubeconfig context has the Kubernetes API create.
pub(crate) fn launch(version: &str, config: &str, cluster: &str, context: &str) -> Answer {
    let question =
        json!({"do": "launch", "config": config, "cluster": cluster, "context": context});
    ask(version, Mode::Server, &question)
}

fn ask(version: &str, mode: Mode, question: &Value) -> Answer {
    let python = python(version)?;
    let slot = {
        let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
        workers.entry((version.to_owned(), mode)).or_default().clone()
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let worker = slot.get_or_insert_with(|| Worker::start(&python, version, mode));
    let worker = worker.as_mut().map_err(|why| why.clone())?;
    let answer = worker.ask(question).inspect_err(|_| *slot = None)?;
    Ok(match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer),
    })
}

/// Ends them all, and what they have on the disk.
pub(crate) fn end() {
    WORKERS.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Worker {
    fn start(python: &std::path::Path, version: &str, mode: Mode) -> Result<Self, String> {
        let home = TempDir::with_prefix("pinhole-sky-").map_err(|error| error.to_string())?;
        let mut command = Command::new(python);
        command.arg(beside("worker.py")).env_clear().current_dir(home.path());
        command.arg(if mode == Mode::Server { "server" } else { "client" });
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", home.path()).env("TMPDIR", home.path()).env("LC_ALL", "C.UTF-8");
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let log = std::fs::File::create(home.path().join("log")).map_err(|e| e.to_string())?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let input = child.stdin.take().expect("it was asked for");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let worker = Self { child, input, lines, home };
        let first = worker.line()?;
        if first["version"] == version && first["error"].is_null() {
            Ok(worker)
        } else {
            Err(format!("SkyPilot {version} does not start: {first}"))
        }
    }

    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        writeln!(self.input, "{question}").map_err(|error| format!("{question}: {error}"))?;
        self.line().map_err(|error| format!("{question}: {error}"))
    }

    fn line(&self) -> Result<Value, String> {
        let line = self.lines.recv_timeout(PATIENCE).map_err(|error| {
            let log = std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            format!("{error}: {}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"))
        })?;
        serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
