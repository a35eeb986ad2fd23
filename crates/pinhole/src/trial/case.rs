//! The cases, read.

use std::net::IpAddr;

use policy::{Authority, Host};

use crate::explain::Verdict;
use crate::reader::{Problem, Reader, Value, document};
use crate::yaml::{Position, positions};

/// What one target is expected to come to.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Where its target stands.
    pub(crate) position: Option<Position>,
    /// Who asks: an address, a user, or a client's name.
    pub(crate) client: Vec<String>,
    pub(crate) target: String,
    pub(crate) expect: Verdict,
    /// The rule that is to decide: its place, or what it covers.
    pub(crate) rule: Option<String>,
    /// The label that is to be given.
    pub(crate) reason: Option<String>,
    /// What the name is taken to lead to.
    pub(crate) address: Vec<IpAddr>,
}

/// Reads a file of cases.
///
/// # Errors
/// Every problem that it has.
pub(crate) fn parse(text: &str) -> Result<Vec<Case>, Vec<Problem>> {
    let cases: Vec<Option<Case>> = document(text, |reader, root| {
        let values = reader.list(root, false);
        if values.is_empty() && reader.problems.is_empty() {
            // A test that tests nothing passes unseen.
            reader.problem(root, "no case stands here: write a list of `{target: …, expect: …}`");
        }
        values.iter().map(|value| case(reader, value)).collect()
    })?;
    let places = positions(text, None, &["target"]);
    let with_place = |(i, case): (usize, Case)| {
        let position = places.get(i).and_then(|at| at.value);
        Case { position, ..case }
    };
    Ok(cases.into_iter().flatten().enumerate().map(with_place).collect())
}

fn case(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Case> {
    let keys = ["client", "target", "expect", "rule", "reason", "address"];
    let before = reader.problems.len();
    let [client, target, expect, rule, reason, address] = reader.map(value, keys);
    let mut asks = Vec::new();
    for one in client.map(|value| reader.list(&value, true)).unwrap_or_default() {
        asks.extend(reader.text(&one).map(str::to_owned));
    }
    if reader.problems.len() == before {
        for (key, there) in [("target", target.is_some()), ("expect", expect.is_some())] {
            if !there {
                reader.problem(value, format!("`{key}` is missing"));
            }
        }
    }
    let text = target.as_ref().and_then(|value| reader.text(value).map(str::to_owned));
    let expect = expect.and_then(|value| reader.parsed(&value, Verdict::parse));
    let rule = rule.and_then(|value| reader.text(&value).map(str::to_owned));
    let reason = reason.and_then(|value| reader.text(&value).map(str::to_owned));
    let mut addresses = Vec::new();
    if let Some(value) = &address {
        for one in reader.list(value, true) {
            let ip = |text: &str| {
                text.parse::<IpAddr>().map_err(|_| "write an IP address without a port")
            };
            addresses.extend(reader.parsed(&one, ip));
        }
        let target = text.as_deref().map(Authority::parse_target);
        if let Some(Ok(target)) = target
            && matches!(target.host(), Host::Ip(_))
        {
            reader.problem(value, "the target is an address itself: leave `address` out");
        }
    }
    let (target, expect) = (text?, expect?);
    Some(Case { position: None, client: asks, target, expect, rule, reason, address: addresses })
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
