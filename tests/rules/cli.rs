//! The program's commands that end by themselves.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::PATIENCE;
use crate::support::proxy::program;

/// What a command said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output's lines, each a JSON object.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str::<Value>(line).expect("a JSON line");
        self.out.lines().map(parse).collect()
    }
}

/// Runs it to its end. Whatever it was given, it must not panic, and must not print a control
/// character, or one that turns the direction of writing.
pub(crate) fn pinhole<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Said {
    let mut command = program();
    command.args(args);
    run(&mut command)
}

pub(crate) fn run(command: &mut Command) -> Said {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let out = reader(child.stdout.take().expect("piped"));
    let err = reader(child.stderr.take().expect("piped"));
    let code = wait(&mut child);
    let (out, err) = (out.join().expect("UTF-8"), err.join().expect("UTF-8"));
    for text in [&out, &err] {
        let raw = text.chars().find(|&c| c != '\n' && (c.is_control() || turns(c)));
        assert_eq!(raw, None, "in {text:?}");
        assert!(!text.contains("panicked"), "{text}");
    }
    Said { code, out, err }
}

fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Waits for its end, and ends it if that does not come.
pub(crate) fn wait(child: &mut Child) -> Option<i32> {
    let until = Instant::now() + 2 * PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code();
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the program did not end");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn reader(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).expect("UTF-8");
        text
    })
}

/// A directory of files to give it.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(text.as_ref()).expect("a file");
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
