//! How the cases ended, for people and for programs.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::case::Case;
use crate::explain::Answer;
use crate::load::{self, Source};
use crate::reader::Problem;
use crate::yaml::Position;

/// How one case ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) case: Case,
    /// What was not as expected; nothing where it passed.
    pub(crate) wrong: Vec<String>,
    pub(crate) got: Answer,
}

/// A rule that no case reached.
#[derive(Debug, Serialize)]
pub(crate) struct Unreached {
    pub(crate) rule: String,
    #[serde(serialize_with = "line")]
    #[serde(rename = "line")]
    pub(crate) position: Option<Position>,
    pub(crate) covers: String,
}

#[allow(clippy::ref_option, reason = "serde's signature")]
fn line<S: serde::Serializer>(at: &Option<Position>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.line).serialize(serializer)
}

/// How all of them ended.
#[derive(Debug)]
pub(crate) struct Report {
    /// What the file of cases is called, and that of the configuration.
    pub(crate) cases: Source,
    config: Source,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) unreached: Vec<Unreached>,
    pub(crate) require_all: bool,
}

impl Report {
    pub(crate) fn new(
        cases: &str,
        config: &str,
        outcomes: Vec<Outcome>,
        unreached: Vec<Unreached>,
        require_all: bool,
    ) -> Self {
        let source = |name: &str| Source { name: name.to_owned(), text: String::new() };
        let (cases, config) = (source(cases), source(config));
        Self { cases, config, outcomes, unreached, require_all }
    }

    pub(crate) fn failed(&self) -> usize {
        self.outcomes.iter().filter(|one| !one.wrong.is_empty()).count()
    }

    /// Whether nothing is wrong.
    pub(crate) fn passed(&self) -> bool {
        self.failed() == 0 && (self.unreached.is_empty() || !self.require_all)
    }

    /// Failures, then what is not reached, then one line that sums up.
    pub(crate) fn text(&self) -> String {
        let failures: Vec<Problem> = self.outcomes.iter().filter_map(Outcome::problem).collect();
        let unreached = self.unreached.iter().map(|one| Problem {
            place: one.rule.clone(),
            position: one.position,
            message: format!("no case reaches it ({})", one.covers),
        });
        let unreached: Vec<Problem> = unreached.collect();
        let list = if self.require_all { load::listed } else { load::warned };
        let mut text = String::new();
        for said in [load::listed(&self.cases, &failures), list(&self.config, &unreached)] {
            if !said.is_empty() {
                text.push_str(&said);
                text.push('\n');
            }
        }
        let failed = self.failed();
        let passed = self.outcomes.len() - failed;
        // Writing to a string does not fail.
        let _infallible = write!(text, "{passed} passed, {failed} failed");
        match self.unreached.len() {
            0 => {}
            1 => text.push_str("; 1 rule not reached"),
            more => text.push_str(&format!("; {more} rules not reached")),
        }
        text.push('\n');
        text
    }

    /// One object.
    pub(crate) fn json(&self) -> Result<String> {
        let case = |one: &Outcome| {
            json!({
                "line": one.case.position.map(|at| at.line),
                "target": one.case.target.escape_debug().to_string(),
                "expect": one.case.expect,
                "passed": one.wrong.is_empty(),
                "wrong": one.wrong.iter().map(|w| w.escape_debug().to_string()).collect::<Vec<_>>(),
                "got": one.got,
            })
        };
        let failed = self.failed();
        let report = json!({
            "passed": self.outcomes.len() - failed,
            "failed": failed,
            "unreached": self.unreached,
            "ok": self.passed(),
            "cases": self.outcomes.iter().map(case).collect::<Vec<_>>(),
        });
        Ok(serde_json::to_string(&report)? + "\n")
    }
}

impl Outcome {
    /// What a person reads of a case that failed.
    pub(crate) fn problem(&self) -> Option<Problem> {
        if self.wrong.is_empty() {
            return None;
        }
        let Answer { rule, line, covers, detail, reason, .. } = &self.got;
        let mut message = format!("{}: {detail}", self.wrong.join("; "));
        match (rule, covers) {
            (Some(rule), Some(covers)) => {
                let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
                message.push_str(&format!(" (rule {rule}{line}: {covers})"));
            }
            _ => message.push_str(&format!(" ({reason})")),
        }
        let place = self.case.target.clone();
        Some(Problem { place, position: self.case.position, message })
    }
}
