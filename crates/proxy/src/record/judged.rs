//! What policy said of a request.

use policy::{Denial, Grant, Reason};
use serde::Serialize;

use super::{Decision, Record};
use crate::credentials::NotLoggedIn;
use crate::gate::Snapshot;

/// Why a request would be denied, were it not for audit mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WouldDeny {
    /// The stable label of the first reason.
    pub reason: &'static str,
    /// The same for a person.
    pub detail: String,
    /// The place of the rule that denies it, or that would allow it but for the port.
    pub rule: Option<String>,
    /// The labels of further reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<&'static str>,
}

impl WouldDeny {
    /// The labels of all reasons.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = &'static str> {
        [self.reason].into_iter().chain(self.also.iter().copied())
    }
}

impl Record {
    /// Notes that the target's name may be reached, and by what.
    pub(crate) fn granted(&mut self, grant: &Grant, fault: Option<NotLoggedIn>) {
        self.decision = Some(Decision::Allow);
        self.rule = grant.rule().map(|rule| rule.place);
        if let Some(fault) = fault {
            self.would_deny(fault.label(), fault.text().to_owned(), None);
        }
        if let Some(denial) = grant.would_deny() {
            self.would_be(denial);
        }
    }

    /// Notes by what the target's address may be reached.
    pub(crate) fn reached(&mut self, snapshot: &Snapshot, grant: &Grant) {
        let Some(ip) = self.address else { return };
        match snapshot.policy.judge_address(grant, ip) {
            Ok(None) => {}
            Ok(Some(rule)) => {
                snapshot.usage.count(Some(&rule));
                self.address_rule = Some(rule.place);
            }
            Err(denial) => {
                snapshot.usage.denied(Some(&denial));
                self.would_be(&denial);
            }
        }
    }

    fn would_be(&mut self, denial: &Denial) {
        let rule = denial.rule.as_ref().map(|rule| rule.place.to_string());
        self.would_deny(denial.reason.label(), denial.to_string(), rule);
    }

    /// Notes that audit mode lets through what would be denied.
    pub(crate) fn would_deny(
        &mut self,
        reason: &'static str,
        detail: String,
        rule: Option<String>,
    ) {
        self.decision = Some(Decision::Audit);
        match &mut self.would_deny {
            None => {
                let first = WouldDeny { reason, detail, rule, also: Vec::new() };
                self.would_deny = Some(Box::new(first));
            }
            Some(first) if first.reason == reason || first.also.contains(&reason) => {}
            Some(first) => first.also.push(reason),
        }
    }

    /// Why policy denied the request, or would have done so.
    pub(crate) fn denials(&self) -> Vec<&'static str> {
        let would_be = self.would_deny.iter().flat_map(|one| one.reasons());
        let denied = self.reason.filter(|reason| {
            Reason::ALL.iter().any(|known| known.label() == *reason) || reason.starts_with("sni_")
        });
        would_be.chain(denied).collect()
    }
}
