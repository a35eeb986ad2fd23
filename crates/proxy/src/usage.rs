//! Which rules of a configuration have decided anything yet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use policy::{Denial, Grant, Place, Reason, Rule};
use serde::Serialize;

/// The rules that were used, with how often. It belongs to one configuration, and holds no more
/// than that has rules.
#[derive(Debug)]
pub struct Usage {
    pub(crate) since: SystemTime,
    used: Mutex<HashMap<Place, u64>>,
}

/// A rule that was used.
#[derive(Debug, Serialize)]
pub(crate) struct Used {
    rule: String,
    count: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { since: SystemTime::now(), used: Mutex::default() }
    }
}

impl Usage {
    pub(crate) fn count(&self, rule: Option<&Rule>) {
        if let Some(rule) = rule {
            *self.lock().entry(rule.place).or_default() += 1;
        }
    }

    /// Counts what granted a target, or would have denied it.
    pub(crate) fn granted(&self, grant: &Grant) {
        self.count(grant.rule());
        self.denied(grant.would_deny());
    }

    /// Counts the entry of `deny` that made a denial. One of `allow` that covers the target on
    /// other ports has no part in it.
    pub(crate) fn denied(&self, denial: Option<&Denial>) {
        let by_entry =
            |denial: &&Denial| matches!(denial.reason, Reason::Denied | Reason::AddressDenied);
        self.count(denial.filter(by_entry).and_then(|denial| denial.rule.as_ref()));
    }

    /// In the order of the configuration, `allow` first.
    pub(crate) fn rows(&self) -> Vec<Used> {
        let mut used: Vec<(Place, u64)> = self.lock().iter().map(|(p, n)| (*p, *n)).collect();
        used.sort_unstable();
        used.into_iter().map(|(rule, count)| Used { rule: rule.to_string(), count }).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Place, u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
