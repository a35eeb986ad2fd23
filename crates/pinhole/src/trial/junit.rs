//! JUnit XML, which CI systems read.

use super::report::Report;

/// The report as one suite; with `--require-all`, a rule that no case reaches is a case that failed.
pub(super) fn xml(report: &Report) -> String {
    let mut cases = String::new();
    let mut case = |name: &str, failure: Option<&str>| {
        let name = escaped(name);
        cases.push_str(&format!("  <testcase classname=\"pinhole\" name=\"{name}\""));
        match failure {
            None => cases.push_str("/>\n"),
            Some(why) => {
                let why = escaped(why);
                cases.push_str(&format!(">\n    <failure message=\"{why}\"/>\n  </testcase>\n"));
            }
        }
    };
    for outcome in &report.outcomes {
        let line = outcome.case.position.map(|at| format!(" (line {})", at.line));
        let name = format!("{}{}", outcome.case.target, line.unwrap_or_default());
        case(&name, outcome.problem().map(|problem| problem.message).as_deref());
    }
    let unreached = report.unreached.iter().filter(|_| report.require_all);
    let mut unreached_count = 0;
    for one in unreached {
        unreached_count += 1;
        case(&one.rule, Some(&format!("no case reaches it ({})", one.covers)));
    }
    let (tests, failures) =
        (report.outcomes.len() + unreached_count, report.failed() + unreached_count);
    let name = escaped(&report.cases.name);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">\n{cases}</testsuite>\n"
    )
}

/// What XML would read as markup, and what it may not hold at all, is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push('\''),
            '\\' => out.push('\\'),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}
