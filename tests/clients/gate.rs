//! The built program, running.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::request::Request;

/// How long it may take to start, and how long to end: a bit more than it lets tunnels end.
const START: Duration = Duration::from_secs(20);
const END: Duration = Duration::from_secs(40);

/// The program with its log. Dropping it kills it.
pub(crate) struct Gate {
    child: Child,
    lines: Receiver<String>,
    /// Where it serves clients.
    pub(crate) addr: SocketAddr,
    /// Where its admin pages are.
    pub(crate) admin: SocketAddr,
    _dir: TempDir,
}

impl Gate {
    /// Starts it, with the built-in default configuration unless another is given. Only where it
    /// listens and how it logs are set: others run on the same machine.
    pub(crate) fn start(config: Option<&str>) -> Result<Self, String> {
        let dir = TempDir::with_prefix("pinhole-gate-").map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinhole"));
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.args(["--log", "json"]);
        // What the machine's own programs go by is none of this one's.
        for variable in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            command.env_remove(variable);
        }
        if let Some(config) = config {
            let file = dir.path().join("pinhole.yaml");
            fs::write(&file, config).map_err(|error| error.to_string())?;
            command.arg("--config").arg(file);
        }
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("pinhole does not start: {error}"))?;
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody listens any more once the test has failed.
                let _gone = sender.send(line);
            }
        });
        let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut gate = Self { child, lines, addr: unspecified, admin: unspecified, _dir: dir };
        loop {
            let said = gate.lines.recv_timeout(START);
            let said = said.map_err(|_| "pinhole does not say where it listens".to_owned())?;
            let line: Value = serde_json::from_str(&said).map_err(|e| format!("{e}: {said}"))?;
            let at = || {
                let addr = line["address"].as_str().and_then(|addr| addr.parse().ok());
                addr.ok_or_else(|| format!("where does it listen? {said}"))
            };
            if line["event"] == "listening" {
                gate.addr = at()?;
            } else if line["event"] == "admin" {
                gate.admin = at()?;
            }
            // Which of the two it says first is its own affair.
            if gate.addr != unspecified && gate.admin != unspecified {
                return Ok(gate);
            }
        }
    }

    /// Asks it to end, and reads what it logged.
    pub(crate) fn stop(self) -> Result<Vec<Request>, String> {
        let lines = self.log()?;
        let mut requests = Vec::new();
        for line in lines {
            let value: Value = serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?;
            if value["event"] == "request" {
                let request = serde_json::from_value(value);
                requests.push(request.map_err(|error| format!("{error}: {line}"))?);
            }
        }
        Ok(requests)
    }

    /// Asks it to end, and hands out the lines that it logged.
    pub(crate) fn log(mut self) -> Result<Vec<String>, String> {
        let asked = kill_process(Pid::from_child(&self.child), Signal::TERM);
        asked.map_err(|error| format!("pinhole was gone already: {error}"))?;
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => break status,
                None if began.elapsed() > END => return Err("pinhole does not end".to_owned()),
                None => sleep(Duration::from_millis(10)),
            }
        };
        if !status.success() {
            return Err(format!("pinhole ended with {status}"));
        }
        // Ends with the program's standard output.
        Ok(self.lines.iter().collect())
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
