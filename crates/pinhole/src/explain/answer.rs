//! What is said of one target.

use policy::Judged;
use serde::Serialize;

use super::way::Way;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Allow,
    /// It may go in audit mode, and may not otherwise.
    Audit,
    Deny,
    Malformed,
}

impl Verdict {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Audit => "audit",
            Self::Deny => "deny",
            Self::Malformed => "malformed",
        }
    }

    /// The exit code where this is the worst.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Allow | Self::Audit => 0,
            Self::Deny => 1,
            Self::Malformed => 2,
        }
    }
}

/// What is said of one target.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) target: String,
    /// Who is taken to ask, and why; null where nobody in particular is.
    pub(super) client: Option<String>,
    pub(crate) decision: Verdict,
    /// A stable label, as in the log.
    pub(crate) reason: &'static str,
    /// The place of the rule that decided: `allow[3]`.
    pub(crate) rule: Option<String>,
    /// The line of that rule.
    pub(crate) line: Option<usize>,
    /// What that rule covers.
    pub(crate) covers: Option<String>,
    /// Each address and its judgement; null where none was judged.
    pub(crate) address: Option<Vec<Address>>,
    /// By which way it is reached; null where it is not.
    pub(super) route: Option<Way>,
    /// Which SNI check its tunnels must pass; null where there are none.
    pub(super) tls: Option<Tls>,
    /// The entry of `client_no_proxy` by which clients should not bring this target here.
    pub(super) stray: Option<String>,
    /// One line for a person.
    pub(crate) detail: String,
    /// What would allow it, as lines of YAML; empty where it is allowed, or no entry would.
    pub(super) add: Vec<String>,
}

/// What `tls` comes to for a target.
#[derive(Debug, Serialize)]
pub(super) struct Tls {
    pub(super) sni: &'static str,
    /// Null where nobody looks.
    pub(super) ech: Option<&'static str>,
    pub(super) why: String,
}

/// The judgement on one address.
#[derive(Debug, Serialize)]
pub(crate) struct Address {
    pub(super) ip: String,
    pub(super) class: &'static str,
    pub(super) decision: Verdict,
    pub(super) reason: Option<&'static str>,
    /// The entry that opens or denies it.
    pub(crate) rule: Option<String>,
}

impl Address {
    pub(super) fn of(judged: &Judged) -> Self {
        let denied = if judged.audited { Verdict::Audit } else { Verdict::Deny };
        let (decision, reason, rule) = match &judged.verdict {
            Ok(rule) => (Verdict::Allow, None, rule.as_ref()),
            Err(denial) => (denied, Some(denial.reason.label()), denial.rule.as_ref()),
        };
        Self {
            ip: judged.ip.to_string(),
            class: judged.class.label(),
            decision,
            reason,
            rule: rule.map(|rule| rule.place.to_string()),
        }
    }
}

impl Answer {
    /// The least that can be said.
    pub(super) fn new(target: String, decision: Verdict) -> Self {
        Self {
            target,
            client: None,
            decision,
            reason: "allowed",
            rule: None,
            line: None,
            covers: None,
            address: None,
            route: None,
            tls: None,
            stray: None,
            detail: String::new(),
            add: Vec::new(),
        }
    }
}

/// An answer for people.
pub(super) fn words(answer: &Answer) -> String {
    let decision = answer.decision.label();
    let mut text = format!("{decision:<9} {}: {}", answer.target, answer.detail);
    if let Some(client) = &answer.client {
        text.push_str(&format!("\n          client {client}"));
    }
    if let (Some(rule), Some(covers)) = (&answer.rule, &answer.covers) {
        let line = answer.line.map(|line| format!(", line {line}")).unwrap_or_default();
        text.push_str(&format!("\n          rule {rule}{line}: {covers}"));
    }
    if let Some(entry) = answer.stray.as_ref().filter(|_| answer.reason != "stray") {
        text.push_str(&format!("\n          a stray: client_no_proxy exempts it by `{entry}`"));
    }
    if let Some(way) = &answer.route {
        text.push_str(&format!("\n          reached {}", way.words()));
    }
    if let Some(Tls { sni, ech, why }) = &answer.tls {
        let ech = ech.map(|ech| format!(", ECH {ech}")).unwrap_or_default();
        text.push_str(&format!("\n          SNI check {sni}{ech}: {why}"));
    }
    for address in answer.address.iter().flatten() {
        let verdict = match (&address.reason, &address.rule) {
            (None, None) => "permitted".to_owned(),
            (None, Some(rule)) => format!("permitted by {rule}"),
            (Some(reason), None) => format!("denied: {reason}"),
            (Some(reason), Some(rule)) => format!("denied by {rule}: {reason}"),
        };
        let verdict = match address.decision {
            Verdict::Audit => format!("{verdict}, but for audit mode"),
            _ => verdict,
        };
        text.push_str(&format!("\n          {} ({}): {verdict}", address.ip, address.class));
    }
    if !answer.add.is_empty() {
        text.push_str("\n          to allow it, add to allow:");
    }
    for line in &answer.add {
        text.push_str(&format!("\n            {line}"));
    }
    text
}
