//! What is printed, for people.

use no_proxy::clients::{self, Client};
use no_proxy::lint::{Effect, Report};

use super::routes::{Answer, among};

/// A table for each URL.
pub(super) fn of_routes(answers: &[Answer]) -> String {
    let wide = |text: &str| text.chars().count();
    let client = answers.iter().map(|answer| wide(answer.client)).max().unwrap_or(0);
    let versions: Vec<_> = answers.iter().map(|answer| of(answer.version, answer.with)).collect();
    let version = versions.iter().map(|version| wide(version)).max().unwrap_or(0);
    let (mut text, mut url) = (String::new(), None);
    for (answer, which) in answers.iter().zip(&versions) {
        if url != Some(&answer.url) {
            url = Some(&answer.url);
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}\n", answer.url));
        }
        text.push_str(&format!(
            "  {:<6}  {:<client$}  {:<version$}  {}\n",
            answer.route, answer.client, which, answer.why,
        ));
    }
    text
}

/// Problems, findings, and what to write instead.
pub(super) fn of_report(report: &Report, wanted: &[&'static Client]) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        text.push_str(&format!("{problem}\n"));
    }
    for finding in &report.findings {
        let concerned = finding.clients.iter().map(|(client, _)| *client);
        let concerned: Vec<_> = concerned.filter(|client| among(client, wanted)).collect();
        if concerned.is_empty() {
            continue;
        }
        let what = match &finding.entry {
            Some(entry) => format!("`{}`", entry.escape_debug()),
            None => "the list".to_owned(),
        };
        let does = match finding.effect {
            Effect::Ignored => "does not exempt",
            Effect::TooMuch => "lets this go direct, too:",
            Effect::Fails => "makes a request fail, such as for",
        };
        text.push_str(&format!("{what} {does} {}\n  {}\n", finding.url, names(&concerned)));
    }
    let deaf: Vec<_> = report.deaf.iter().copied().filter(|client| among(client, wanted)).collect();
    if !deaf.is_empty() {
        text.push_str(&format!("no list has an effect on\n  {}\n", names(&deaf)));
    }
    text.push_str(&format!("safest, in both spellings: {}\n", report.portable.value));
    for note in &report.portable.notes {
        text.push_str(&format!("  {note}\n"));
    }
    text
}

/// Clients with their versions, or without where all versions are meant.
pub(crate) fn names(wanted: &[&'static Client]) -> String {
    let mut names: Vec<String> = Vec::new();
    for (at, client) in wanted.iter().enumerate() {
        let same = |one: &&Client| one.id() == client.id();
        if wanted[..at].iter().copied().any(|one| same(&one)) {
            continue;
        }
        let here = wanted.iter().copied().filter(|one| same(one)).map(which);
        let here: Vec<_> = here.collect();
        let all = clients::all().filter(|one| same(one)).count();
        let versions = if here.len() == all { String::new() } else { here.join(", ") };
        names.push(format!("{} {versions}", client.id()).trim_end().to_owned());
    }
    names.join("; ")
}

/// A client's versions, with what tells them from the same versions elsewhere.
fn which(client: &Client) -> String {
    let same = |one: &&Client| one.id() == client.id() && one.version() == client.version();
    let with = if clients::all().filter(|one| same(one)).count() > 1 { client.with() } else { "" };
    of(client.version(), with)
}

/// A range of versions, and what they are built with or told.
fn of(version: &str, with: &str) -> String {
    if with.is_empty() { version.to_owned() } else { format!("{version} ({with})") }
}
