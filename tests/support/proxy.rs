//! The built program, run as a process of its own.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::{PATIENCE, shown};

/// A running program. Dropping it ends it.
///
/// Whatever was sent to it, its standard output must be visible ASCII in whole lines, and its
/// standard error empty (a panic would stand there): both are checked at the end of every test.
pub(crate) struct Proxy {
    child: Child,
    /// Where it serves clients.
    pub(crate) addr: SocketAddr,
    admin: Option<SocketAddr>,
    config: PathBuf,
    log: Arc<Log>,
    errors: Option<JoinHandle<String>>,
    reading: Option<JoinHandle<()>>,
    _dir: TempDir,
}

#[derive(Default)]
struct Log {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<Line>,
    /// Where in `lines` each request's line stands; a second one of the same id is an error.
    ids: HashMap<String, usize>,
    closed: bool,
}

/// A line of standard output.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// What it is where the log is JSON; else null.
    pub(crate) json: Value,
}

/// The program's command, without arguments, and without the machine's own proxies.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinhole"));
    for variable in ["http_proxy", "https_proxy", "no_proxy"] {
        command.env_remove(variable).env_remove(variable.to_uppercase());
    }
    command
}

impl Proxy {
    /// Starts it with this configuration, and waits until it listens.
    pub(crate) fn start(config: &Value) -> Self {
        Self::spawn(config, |file| {
            let mut command = program();
            command.args(["serve", "--config"]).arg(file);
            command
        })
    }

    /// Starts it by a command of one's own, which is given the configuration file.
    pub(crate) fn spawn(config: &Value, command: impl FnOnce(&Path) -> Command) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("pinhole.yaml");
        std::fs::write(&file, config.to_string()).expect("a file");
        let mut command = command(&file);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let (stdout, mut stderr) =
            (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let log = Arc::new(Log::default());
        let here = Arc::clone(&log);
        let reading = thread::spawn(move || here.read(BufReader::new(stdout)));
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("UTF-8");
            text
        });
        let mut proxy = Self {
            child,
            addr: SocketAddr::from(([0, 0, 0, 0], 0)),
            admin: None,
            config: file,
            log,
            errors: Some(errors),
            reading: Some(reading),
            _dir: dir,
        };
        let listening = proxy.wait_line("it listens", |line| place(line, "listening"));
        proxy.addr = listening;
        if config["admin"] != "off" {
            let admin = proxy.wait_line("its admin pages", |line| place(line, "admin"));
            proxy.admin = Some(admin);
        }
        proxy
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.addr)
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin.expect("it has admin pages")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a signal");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the process's own end.
    pub(crate) fn exit(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "the program did not end");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether it is still running.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Writes another configuration, asks for it, and waits until the log says what came of it.
    pub(crate) fn reload(&self, text: &str) -> String {
        let before = self.lines().len();
        std::fs::write(&self.config, text).expect("a file");
        self.signal(Signal::HUP);
        self.wait("the reload", |lines| {
            let message = |line: &Line| {
                let message = line.json["message"].as_str()?.to_owned();
                (message.contains("configuration") && message.contains("load")
                    || message.contains("stays in force"))
                .then_some(message)
            };
            lines.iter().skip(before).find_map(message)
        })
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.state().lines.iter().map(|line| line.text.clone()).collect()
    }

    /// The log lines of requests that have ended so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        requests(&self.log.state().lines)
    }

    /// Waits for so many requests to have ended.
    pub(crate) fn wait_requests(&self, count: usize) -> Vec<Value> {
        self.wait(&format!("{count} log lines"), |lines| {
            let requests = requests(lines);
            (requests.len() >= count).then_some(requests)
        })
    }

    /// Waits for the log line of a request; the last of those that fit.
    pub(crate) fn record(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let request = |line: &&Line| line.json["event"] == "request" && fits(&line.json);
        self.wait(what, |lines| lines.iter().rev().find(request).map(|line| line.json.clone()))
    }

    /// Waits for the log line of the request that has this id.
    pub(crate) fn record_of(&self, id: &str) -> Value {
        self.wait_state(id, |state| Some(state.lines[*state.ids.get(id)?].json.clone()))
    }

    /// Waits for a line.
    pub(crate) fn wait_line<T>(&self, what: &str, find: impl Fn(&Line) -> Option<T>) -> T {
        self.wait(what, |lines| lines.iter().find_map(&find))
    }

    fn wait<T>(&self, what: &str, find: impl Fn(&[Line]) -> Option<T>) -> T {
        self.wait_state(what, |state| find(&state.lines))
    }

    fn wait_state<T>(&self, what: &str, find: impl Fn(&State) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        let mut state = self.log.state();
        loop {
            if let Some(found) = find(&state) {
                return found;
            }
            let tail = state.lines.iter().rev().take(5).map(|line| &line.text).collect::<Vec<_>>();
            assert!(!state.closed, "the program ended before {what}; it said last {tail:?}");
            assert!(Instant::now() < until, "{what} did not come; the last lines are {tail:?}");
            let waited = self.log.changed.wait_timeout(state, Duration::from_millis(200));
            state = waited.expect("no panic").0;
        }
    }

    /// A page of the admin listener: its status and its text.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin()).expect("admin");
        let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("admin");
        let response = Client::over(stream).response();
        (response.status, response.text())
    }

    /// Every sample of the metrics, by its name with labels.
    pub(crate) fn metrics(&self) -> BTreeMap<String, f64> {
        let (status, text) = self.page("/metrics");
        assert_eq!(status, 200);
        let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        samples
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').expect("a sample");
                (name.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    /// One sample; zero where there is none.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.metrics().get(name).copied().unwrap_or_default()
    }

    /// How many requests ended in which way, as the metrics have it: `connect ok` and so on.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, usize> {
        let prefix = "pinhole_requests_total{";
        let of = |(name, count): (String, f64)| {
            let labels = name.strip_prefix(prefix)?.strip_suffix('}')?;
            let value = |label: &str| {
                let (_, rest) = labels.split_once(&format!("{label}=\""))?;
                Some(rest.split_once('"')?.0.to_owned())
            };
            Some((format!("{} {}", value("method")?, value("outcome")?), count as usize))
        };
        self.metrics().into_iter().filter_map(of).collect()
    }

    /// The same, counted from log lines. Both must always agree.
    pub(crate) fn outcomes_logged(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in self.requests() {
            let method = match line["method"].as_str() {
                None => "none",
                Some("CONNECT") => "connect",
                Some(_) => "forward",
            };
            let outcome = line["reason"].as_str().or(line["end"].as_str()).unwrap_or("ok");
            *counts.entry(format!("{method} {outcome}")).or_default() += 1;
        }
        counts
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let read = self.reading.take().map(JoinHandle::join);
        let errors = self.errors.take().map(JoinHandle::join);
        if thread::panicking() {
            return;
        }
        assert!(matches!(read, Some(Ok(()))), "its output is not clean");
        let errors = errors.expect("taken once").expect("UTF-8");
        assert_eq!(errors, "", "on standard error");
    }
}

impl Log {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn read(&self, mut from: impl BufRead) {
        let mut dirty = None;
        loop {
            let mut line = Vec::new();
            let read = from.read_until(b'\n', &mut line).expect("standard output");
            let mut state = self.state();
            state.closed = read == 0;
            if let Some(line) = line.strip_suffix(b"\n") {
                let clean = line.iter().all(|b| (0x20..0x7f).contains(b));
                dirty = dirty.or_else(|| (!clean).then(|| shown(line)));
                let text = String::from_utf8_lossy(line).into_owned();
                let json: Value = serde_json::from_str(&text).unwrap_or_default();
                if let Some(id) = json["id"].as_str() {
                    let at = state.lines.len();
                    let before = state.ids.insert(id.to_owned(), at);
                    assert_eq!(before, None, "a second line of the same request: {text}");
                }
                state.lines.push(Line { text, json });
            }
            self.changed.notify_all();
            if read == 0 {
                break;
            }
        }
        if let Some(line) = dirty {
            panic!("a raw byte in the log: {line}");
        }
    }
}

fn requests(lines: &[Line]) -> Vec<Value> {
    let requests = lines.iter().filter(|line| line.json["event"] == "request");
    requests.map(|line| line.json.clone()).collect()
}

/// The address in a line that says where it listens, in either format.
fn place(line: &Line, event: &str) -> Option<SocketAddr> {
    if !line.json.is_null() {
        return (line.json["event"] == event)
            .then(|| line.json["address"].as_str()?.parse().ok())?;
    }
    let words = if event == "admin" { "admin pages on " } else { "listening on " };
    line.text.split_once(words)?.1.parse().ok()
}
