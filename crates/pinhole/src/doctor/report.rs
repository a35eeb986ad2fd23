//! What is printed.

use serde::Serialize;

use super::check::{Check, Verdict};

/// How many subjects of one kind a line for people names.
const NAMED: usize = 6;

#[derive(Serialize)]
struct Report<'c> {
    /// pinhole's own version.
    version: &'static str,
    /// Whether nothing failed.
    ok: bool,
    summary: Summary,
    /// The first target that the proxy does not open, in the order of what is needed.
    first_denied: Option<&'c str>,
    checks: &'c [Check],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    ok: usize,
    skipped: usize,
    warn: usize,
    fail: usize,
}

impl Summary {
    pub(super) fn of(checks: &[Check]) -> Self {
        let [ok, skipped, warn, fail] = Verdict::ALL
            .map(|verdict| checks.iter().filter(|check| check.verdict == verdict).count());
        Self { ok, skipped, warn, fail }
    }

    /// 1 if anything failed.
    pub(super) fn exit_code(self) -> u8 {
        u8::from(self.fail > 0)
    }
}

/// What the proxy does not open, if the checks name any.
fn first_denied(checks: &[Check]) -> Option<&str> {
    checks.iter().find(|check| check.denied).and_then(|check| check.subject.as_deref())
}

/// One object. The checks stand in the order in which they were made.
pub(super) fn json(checks: &[Check]) -> Result<String, serde_json::Error> {
    let summary = Summary::of(checks);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        ok: summary.fail == 0,
        summary,
        first_denied: first_denied(checks),
        checks,
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

/// A table for people: what failed stands last, where it is seen. Several subjects with which the
/// same is well are one line.
pub(super) fn table(checks: &[Check]) -> String {
    let mut text = String::new();
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    for verdict in Verdict::ALL {
        let these: Vec<&Check> = checks.iter().filter(|check| check.verdict == verdict).collect();
        for (at, check) in these.iter().enumerate() {
            let alike = |other: &&&Check| (other.id, &other.finding) == (check.id, &check.finding);
            let merges = verdict < Verdict::Warn;
            if merges && these[..at].iter().any(|other| alike(&other)) {
                continue;
            }
            let subjects: Vec<&str> = match merges {
                true => {
                    these.iter().filter(alike).filter_map(|one| one.subject.as_deref()).collect()
                }
                false => check.subject.as_deref().into_iter().collect(),
            };
            let (about, finding) = (named(&subjects), &check.finding);
            let word = verdict.label();
            text.push_str(&format!("{word:<7} {:<width$}  {about}{finding}\n", check.id));
            if let Some(advice) = &check.advice {
                text.push_str(&format!("{:<7} {:<width$}  -> {advice}\n", "", ""));
            }
        }
    }
    text + &last_line(checks)
}

/// The subjects of a line, or the first of them.
fn named(subjects: &[&str]) -> String {
    let more = subjects.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match subjects {
        [] => String::new(),
        some => format!("{}{more}: ", some[..some.len().min(NAMED)].join(", ")),
    }
}

fn last_line(checks: &[Check]) -> String {
    let Summary { ok, skipped, warn, fail } = Summary::of(checks);
    let denied = first_denied(checks);
    let denied = denied.map(|target| format!("; first denied: {target}")).unwrap_or_default();
    format!("{ok} ok, {skipped} skipped, {warn} warnings, {fail} failed{denied}\n")
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
