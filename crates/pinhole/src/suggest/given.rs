//! What several tests start from.

use policy::{Authority, Policy};
use serde_json::{Value, json};

use super::rules::Rules;
use super::seen::Seen;
use super::{lines, suggestion};
use crate::load::Source;
use crate::presets::{self, Covers};
use crate::suggest::config;

/// A request's log line, with some keys of its own.
pub(super) fn line(target: &str, reason: &str, keys: Value) -> String {
    let mut line = json!({
        "event": "request",
        "time": "2026-09-01T10:00:00.123Z",
        "id": "00000001-1",
        "client": "10.0.0.5:40000",
        "method": "CONNECT",
        "target": target,
        "decision": "deny",
        "reason": reason,
        "detail": "no allow entry covers it",
        "rule": null,
        "address": null,
        "status": 403,
        "up": 0,
        "down": 0,
    });
    for (key, value) in keys.as_object().expect("keys") {
        line[key] = value.clone();
    }
    line.to_string()
}

/// Lines of targets that no entry covers.
pub(super) fn not_allowed<T: AsRef<str>>(targets: impl IntoIterator<Item = T>) -> Vec<String> {
    targets.into_iter().map(|target| line(target.as_ref(), "not_allowed", json!({}))).collect()
}

/// What is seen of a log.
pub(super) fn seen(log: &[String], config: Option<&str>) -> Seen {
    let mut seen = Seen::new(config.map(rules));
    lines::read(log.join("\n").as_bytes(), &mut seen).expect("a log");
    seen
}

pub(super) fn rules(config: &str) -> Rules {
    let source = Source { name: "given".to_owned(), text: config.to_owned() };
    Rules::new(&source, &config::parse(config).expect("a configuration"))
}

/// What is suggested of a log.
pub(super) fn suggested(log: &[String], config: Option<&str>) -> String {
    suggestion(&seen(log, config))
}

/// The rules of what is suggested.
pub(super) fn policy(text: &str) -> Policy {
    match config::parse(text) {
        Ok(config) => config.policy(),
        Err(problems) => panic!("{problems:#?} in\n{text}"),
    }
}

pub(super) fn authority(text: &str) -> Authority {
    Authority::parse(text.as_bytes()).expect("an authority")
}

/// A preset's hosts, as its file has them.
pub(super) fn hosts(preset: &str) -> Vec<String> {
    let preset = presets::find(preset).expect("a preset");
    let hosts = preset.rows.iter().filter(|row| matches!(row.covers, Covers::Hosts(_)));
    hosts.map(|row| row.covers.to_string()).collect()
}

/// The entries alone, each on one line.
pub(super) fn entries(text: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("  ") && !line.contains('#')) {
        match (line.strip_prefix("  - "), entries.last_mut()) {
            (Some(first), _) => entries.push(first.to_owned()),
            (None, Some(last)) => last.push_str(&format!(" {}", line.trim())),
            (None, None) => panic!("{line}"),
        }
    }
    entries
}
