//! A probe that has been started, and is asked line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long an answer may take, and the start before them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The probe, which ends with this.
pub(crate) struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// What it was asked last.
    last: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let last = format!("{command:?}");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| format!("{last}: {error}"))?;
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
        Ok(Self { child, input, lines, last })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, line: &str) -> Result<String, String> {
        line.clone_into(&mut self.last);
        writeln!(self.input, "{line}").map_err(|error| format!("{line}: {error}"))?;
        self.line()
    }

    /// What it says next.
    pub(crate) fn line(&mut self) -> Result<String, String> {
        self.lines.recv_timeout(PATIENCE).map_err(|error| format!("{}: {error}", self.last))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
