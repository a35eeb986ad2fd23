//! One thing that was looked at, and what came of it.

use serde::Serialize;

/// Why something was skipped for which the time did not suffice.
pub(super) const NO_TIME: &str = "there was no time left";

/// Longest line that is printed, in characters: files and proxies may say anything.
const LONGEST: usize = 700;

/// What came of it, in the order of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// It could not be looked at, or there was nothing to look at.
    Skipped,
    Warn,
    Fail,
}

impl Verdict {
    pub(super) const ALL: [Self; 4] = [Self::Ok, Self::Skipped, Self::Warn, Self::Fail];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// A stable name.
    pub(super) id: &'static str,
    /// What it is about, where one id stands for several: a target, a variable.
    pub(super) subject: Option<String>,
    pub(super) verdict: Verdict,
    /// What was found: one line.
    pub(super) finding: String,
    /// What to do: one line.
    pub(super) advice: Option<String>,
    /// The entry of the proxy's `allow` that is missing.
    pub(super) rule: Option<String>,
    /// Whether the proxy's rules are why it fails.
    #[serde(skip)]
    pub(super) denied: bool,
}

impl Check {
    fn new(id: &'static str, verdict: Verdict, finding: &str) -> Self {
        let finding = plain(finding);
        Self { id, subject: None, verdict, finding, advice: None, rule: None, denied: false }
    }

    pub(super) fn ok(id: &'static str, finding: impl AsRef<str>) -> Self {
        Self::new(id, Verdict::Ok, finding.as_ref())
    }

    /// What could not be looked at, and why.
    pub(super) fn skipped(id: &'static str, why: impl AsRef<str>) -> Self {
        Self::new(id, Verdict::Skipped, why.as_ref())
    }

    /// What may hurt, and what to do.
    pub(super) fn warn(
        id: &'static str,
        finding: impl AsRef<str>,
        advice: impl AsRef<str>,
    ) -> Self {
        Self::bad(id, Verdict::Warn, finding, advice)
    }

    /// What is wrong, and what to do.
    pub(super) fn fail(
        id: &'static str,
        finding: impl AsRef<str>,
        advice: impl AsRef<str>,
    ) -> Self {
        Self::bad(id, Verdict::Fail, finding, advice)
    }

    /// What is as bad as the verdict has it. What is not bad needs no advice.
    pub(super) fn bad(
        id: &'static str,
        verdict: Verdict,
        finding: impl AsRef<str>,
        advice: impl AsRef<str>,
    ) -> Self {
        let advice = (verdict >= Verdict::Warn).then(|| plain(advice.as_ref()));
        Self { advice, ..Self::new(id, verdict, finding.as_ref()) }
    }

    /// What the time did not suffice for. It is counted: see [`in_time`].
    pub(super) fn no_time(id: &'static str) -> Self {
        Self::skipped(id, NO_TIME)
    }

    pub(super) fn about(self, subject: impl AsRef<str>) -> Self {
        Self { subject: Some(plain(subject.as_ref())), ..self }
    }

    /// The proxy's rules are why, and this entry would change it, if one would.
    pub(super) fn denied(self, rule: Option<&str>) -> Self {
        Self { rule: rule.map(plain), denied: true, ..self }
    }
}

/// Whether there was time for everything. What was not looked at must not pass for well.
pub(super) fn in_time(checks: &[Check]) -> Option<Check> {
    let missed = checks.iter().filter(|check| check.finding == NO_TIME).count();
    (missed > 0).then(|| {
        let finding = format!("there was no time for {missed} of the checks");
        Check::fail("doctor.time", finding, "give it more: --timeout 60s")
    })
}

/// A text as it may be printed: one line, nothing in it that a terminal would obey, not too long.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push_str("...");
            break;
        }
        match c {
            '\'' | '"' | '\\' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
