//! `pinhole test`: cases of a file, decided as `explain` decides them, and compared.

mod case;
mod junit;
mod report;

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use policy::Entry;

use self::case::Case;
use self::report::{Outcome, Report, Unreached};
use crate::explain::{Answer, Asker, Explainer, Verdict};
use crate::reader::{self, MAX_POSITIONS, Problem};
use crate::yaml::{Step, locate};
use crate::{config, load};

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// The cases: a list of `{client, target, expect, rule, reason, address}`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration file; without one, the built-in default configuration is tested
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Write the results to this file as well, as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Fail where a rule is reached by no case
    #[arg(long)]
    require_all: bool,
}

/// Prints how the cases ended. The exit code: 0 if all passed, 1 if not.
///
/// # Errors
/// What cannot be read, with every problem of it.
pub(crate) fn run(args: &TestArgs) -> Result<(String, u8)> {
    let cases = load::source(Some(&args.file))?;
    let source = load::source(args.config.as_deref())?;
    let listed = |source, problems: &_| anyhow::Error::msg(load::listed(source, problems));
    let read = case::parse(&cases.text).map_err(|problems| listed(&cases, &problems))?;
    let config = config::parse(&source.text).map_err(|problems| listed(&source, &problems))?;
    let entries: Vec<Entry> = config.all_entries().cloned().collect();
    let explainer = Explainer::new(&source, config, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let askers =
        askers(&explainer, &cases.text, &read).map_err(|problems| listed(&cases, &problems))?;
    let mut reached = HashSet::new();
    let mut outcomes = Vec::new();
    for (case, asker) in read.into_iter().zip(askers) {
        let got = runtime.block_on(explainer.told(&asker, &case.target, &case.address));
        reached.extend(deciding(&got).map(str::to_owned));
        let wrong = wrong(&case, &got);
        outcomes.push(Outcome { case, wrong, got });
    }
    let unreached = unreached(&explainer, &entries, &reached);
    let report = Report::new(&cases.name, &source.name, outcomes, unreached, args.require_all);
    if let Some(file) = &args.junit {
        let name = file.display();
        std::fs::write(file, junit::xml(&report))
            .with_context(|| format!("cannot write {name}"))?;
    }
    let text = if args.json { report.json()? } else { report.text() };
    Ok((text, u8::from(!report.passed())))
}

/// Who asks in each case of the text.
fn askers(
    explainer: &Explainer<'_>,
    text: &str,
    cases: &[Case],
) -> Result<Vec<Asker>, Vec<Problem>> {
    let (mut askers, mut wrong) = (Vec::new(), Vec::new());
    for (i, case) in cases.iter().enumerate() {
        match explainer.asker(&case.client) {
            Ok(asker) => askers.push(asker),
            Err(message) => wrong.push((i, message)),
        }
    }
    if wrong.is_empty() {
        return Ok(askers);
    }
    let problem = |(nth, (i, message)): (usize, (usize, String))| {
        let path = [Step::Index(i), Step::Key("client".to_owned())];
        let position = (nth < MAX_POSITIONS).then(|| locate(text, &path)).flatten();
        Problem { place: reader::place(&path), position, message }
    };
    Err(wrong.into_iter().enumerate().map(problem).collect())
}

/// The places of the rules that had a part in a decision. One that covers the host on other ports
/// had none.
fn deciding(got: &Answer) -> impl Iterator<Item = &str> {
    let of_target = got.rule.as_deref().filter(|_| got.reason != "port_not_allowed");
    let of_addresses = got.address.iter().flatten().filter_map(|one| one.rule.as_deref());
    of_target.into_iter().chain(of_addresses)
}

/// What is not as the case expects.
fn wrong(case: &Case, got: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    if case.expect != got.decision {
        wrong.push(format!("expected {}, got {}", case.expect.label(), got.decision.label()));
    }
    if let Some(reason) = case.reason.as_deref().filter(|reason| *reason != got.reason) {
        wrong.push(format!("expected the reason {reason}, got {}", got.reason));
    }
    if let Some(rule) = case.rule.as_deref().filter(|rule| !names(rule, got)) {
        let found = got.rule.as_deref().unwrap_or("none");
        wrong.push(format!("expected the rule {rule}, got {found}"));
    }
    wrong
}

/// Whether a case's `rule` is the one that decided: by its place, by what it covers (`host a.test`), or
/// by its preset (`preset python`).
fn names(rule: &str, got: &Answer) -> bool {
    let covers = got.covers.as_deref().unwrap_or_default();
    got.rule.as_deref() == Some(rule)
        || covers == rule
        || covers.split_once(": ").is_some_and(|(preset, _)| preset == rule)
}

/// The rules that no case reached.
fn unreached(
    explainer: &Explainer<'_>,
    entries: &[Entry],
    reached: &HashSet<String>,
) -> Vec<Unreached> {
    let unreached = entries.iter().filter(|entry| !reached.contains(&entry.place.to_string()));
    let of = |entry: &Entry| Unreached {
        rule: entry.place.to_string(),
        position: explainer.at(entry.place).and_then(|at| at.start),
        covers: covers(entry),
    };
    unreached.map(of).collect()
}

/// What an entry covers, as its author would say it.
pub(crate) fn covers(entry: &Entry) -> String {
    match &entry.matcher {
        policy::Matcher::Host(pattern) => format!("host {pattern}"),
        policy::Matcher::Network(net) => format!("network {net}"),
        policy::Matcher::Preset(preset) => format!("preset {}", preset.name),
    }
}

impl Verdict {
    /// Reads a case's `expect`.
    fn parse(text: &str) -> Result<Self, String> {
        let all = [Self::Allow, Self::Audit, Self::Deny, Self::Malformed];
        let found = all.into_iter().find(|verdict| verdict.label() == text);
        found.ok_or_else(|| "write `allow`, `audit`, `deny` or `malformed`".to_owned())
    }
}
