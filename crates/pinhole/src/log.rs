//! The log: one line per ended request, and notices of the program itself.
//!
//! A thread of its own writes, because writing may block: a full disk or a reader that sleeps
//! must not stop traffic. What does not fit in the queue is dropped and counted.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use metrics::counter;
use proxy::{Line, Record, Sni};

/// How many lines may wait to be written.
const QUEUE: usize = 8192;
/// How long the log rests after a write.
const MOMENT: Duration = Duration::from_millis(5);
/// How long the last lines may take to be written when the program ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

impl Format {
    /// `auto` is none: text on a terminal, JSON elsewhere.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, String> {
        match text {
            "auto" => Ok(None),
            "json" => Ok(Some(Self::Json)),
            "text" => Ok(Some(Self::Text)),
            _ => Err(format!("`{}`: write auto, json or text", text.escape_debug())),
        }
    }

    /// The format for standard output where none is asked for.
    pub(crate) fn for_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// The log's writing end.
#[derive(Debug)]
pub(crate) struct Log {
    done: Receiver<()>,
    _thread: JoinHandle<()>,
}

impl Log {
    /// Starts the thread that writes to standard output, until every sender is gone.
    pub(crate) fn start(format: Format) -> (SyncSender<Line>, Self) {
        let (sender, lines) = sync_channel(QUEUE);
        let (finished, done) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            write_all(&lines, format);
            // Nobody waits for this when the program goes on without its log.
            let _waiting = finished.try_send(());
        });
        (sender, Self { done, _thread: thread })
    }

    /// Waits until the last lines are written, but not for long: their reader may be asleep.
    pub(crate) fn finish(self) {
        let _written = self.done.recv_timeout(LAST_LINES);
    }
}

fn write_all(lines: &Receiver<Line>, format: Format) {
    let dropped = counter!("pinhole_log_dropped_total");
    let mut text = Vec::new();
    while let Ok(line) = lines.recv() {
        text.clear();
        append(&mut text, &line, format);
        let mut count = 1;
        // What has queued up meanwhile goes out in the same write.
        while text.len() < 64 * 1024
            && let Ok(line) = lines.try_recv()
        {
            append(&mut text, &line, format);
            count += 1;
        }
        // A full disk or a closed pipe: the next lines may do better.
        if io::stdout().lock().write_all(&text).is_err() {
            dropped.increment(count);
        }
        // The next lines may gather for a moment: waking this thread for each of many would cost
        // more than the line does.
        std::thread::sleep(MOMENT);
    }
}

fn append(text: &mut Vec<u8>, line: &Line, format: Format) {
    match format {
        Format::Json => {
            serde_json::to_writer(&mut *text, line).expect("a line is plain data");
        }
        Format::Text => text.extend_from_slice(in_words(line).as_bytes()),
    }
    text.push(b'\n');
}

/// A line for people. What came from the wire was escaped before it got into the record.
fn in_words(line: &Line) -> String {
    match line {
        Line::Request(record) => request(record),
        Line::Notice(notice) => format!("{} {}", timestamp(notice.time), notice.message),
        Line::Warning(notice) => {
            // A configuration's mistakes are a line each elsewhere.
            let message = notice.message.replace('\n', "; ");
            format!("{} warning: {message}", timestamp(notice.time))
        }
        Line::Listening(at) => {
            format!("{} listening on {}", timestamp(SystemTime::now()), at.address)
        }
        Line::Admin(at) => {
            format!("{} admin pages on {}", timestamp(SystemTime::now()), at.address)
        }
    }
}

fn request(record: &Record) -> String {
    let mut text = format!("{} {}", timestamp(record.time), record.client);
    let would_deny = record.would_deny.as_ref();
    let words = [
        record.client_name.as_ref().map(|name| format!("({name})")),
        record.user.as_ref().map(|user| format!("as {user}")),
        Some(record.method.unwrap_or("-").to_owned()),
        Some(record.target.clone().unwrap_or_else(|| "-".to_owned())),
        record.status.map(|status| status.to_string()),
        record.reason.map(str::to_owned),
        would_deny.map(|one| {
            format!("but for audit {}", [&[one.reason], &one.also[..]].concat().join(" "))
        }),
        record.end.filter(|end| record.reason != Some(end)).map(str::to_owned),
        record.tls.as_ref().and_then(|tls| sni(tls, record.reason)),
        record.rule.as_ref().map(|rule| format!("by {rule}")),
        record.address.map(|address| format!("at {address}")),
        record.parent.as_ref().map(|parent| format!("by parent {parent}")),
        record.total.map(|total| format!("in {:.1}ms", total.as_secs_f64() * 1e3)),
        Some(format!("up {} down {}", record.up, record.down)),
        record.detail.as_ref().map(|detail| format!("({detail})")),
        would_deny.map(|one| format!("({})", one.detail)),
        Some(format!("id {}", record.id)),
    ];
    for word in words.into_iter().flatten() {
        // Writing to a string does not fail.
        let _infallible = write!(text, " {word}");
    }
    text
}

/// What the SNI check found wrong, where the reason does not say so already, and the name.
fn sni(tls: &Sni, reason: Option<&str>) -> Option<String> {
    let Sni::Fault(misfit) = tls else { return None };
    let label = Some(misfit.label).filter(|label| reason != Some(label));
    let name = misfit.name.as_ref().map(|name| format!("sni {name}"));
    let words: Vec<String> = label.map(str::to_owned).into_iter().chain(name).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn timestamp(time: SystemTime) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_millis(time)
}
