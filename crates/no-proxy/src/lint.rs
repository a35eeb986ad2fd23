//! What in a value is ignored or misread by some clients, and what to write instead.
//!
//! Nothing is known here of any client: each entry is turned into URLs that it should exempt and
//! URLs that it should not, every client is asked, and where it disagrees with pinhole's own
//! dialect there is a finding. So the findings are as right as the clients' rules.

mod portable;
mod probe;

use crate::clients::{self, Case, Client, Route};
use crate::dialect::{NoProxy, Problem};
use crate::{Environment, Spelling, Target};

pub use portable::{Portable, portable};

/// What is to be said of a value.
#[derive(Debug)]
pub struct Report {
    /// Entries that are nonsense.
    pub problems: Vec<Problem>,
    /// Disagreements, by entry and effect.
    pub findings: Vec<Finding>,
    /// Clients that no value has an effect on.
    pub deaf: Vec<&'static Client>,
    /// What to write instead.
    pub portable: Portable,
}

/// One thing that some clients do against the value's meaning.
#[derive(Debug)]
pub struct Finding {
    /// The entry as written, or nothing where the whole value is meant.
    pub entry: Option<String>,
    /// What happens.
    pub effect: Effect,
    /// A URL that shows it.
    pub url: String,
    /// The clients that do it, and why each does.
    pub clients: Vec<(&'static Client, String)>,
}

/// What happens against the value's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// What is exempt goes by the proxy all the same.
    Ignored,
    /// What is not exempt goes direct.
    TooMuch,
    /// The client fails.
    Fails,
}

impl Effect {
    /// A stable label: `ignored`, `too_much` or `fails`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::TooMuch => "too_much",
            Self::Fails => "fails",
        }
    }
}

/// Judges a value that is set in these spellings.
#[must_use]
pub fn lint(value: &str, spelling: Spelling) -> Report {
    let (list, problems) = NoProxy::parse(value);
    let environment = Environment::proxied(value, spelling);
    let mut findings: Vec<Finding> = Vec::new();
    let whole = probe::of_nothing().into_iter().map(|url| (None, url));
    let each = list
        .entries()
        .iter()
        .flat_map(|entry| probe::of(entry).into_iter().map(|url| (Some(entry.to_string()), url)));
    for (entry, url) in whole.chain(each) {
        let Ok(target) = Target::parse(&url) else { continue };
        let meant = clients::meant(value, &target);
        for client in clients::all().filter(|client| client.heeds()) {
            let case = Case { target: &target, environment: &environment, addrs: &[] };
            let verdict = client.route(&case);
            let effect = match (meant, verdict.route) {
                (_, Route::Error) => Effect::Fails,
                // An entry that covers everything has findings of its own.
                (Route::Direct, Route::Proxy) if entry.is_none() => continue,
                (Route::Direct, Route::Proxy) => Effect::Ignored,
                (Route::Proxy, Route::Direct) => Effect::TooMuch,
                _ => continue,
            };
            note(&mut findings, entry.as_deref(), effect, &url, (client, verdict.why));
        }
    }
    let deaf = clients::all().filter(|client| !client.heeds()).collect();
    Report { problems, findings, deaf, portable: portable(value) }
}

/// Adds to what is said of the same entry, effect and URL; a client that does the same with an
/// earlier URL of that entry is not named again.
fn note(
    findings: &mut Vec<Finding>,
    entry: Option<&str>,
    effect: Effect,
    url: &str,
    client: (&'static Client, String),
) {
    let same =
        |finding: &&mut Finding| finding.entry.as_deref() == entry && finding.effect == effect;
    let known =
        |finding: &Finding| finding.clients.iter().any(|(other, _)| std::ptr::eq(*other, client.0));
    let fails_anyway = findings
        .iter()
        .any(|finding| finding.entry.is_none() && finding.effect == effect && known(finding));
    if fails_anyway || findings.iter_mut().filter(same).any(|finding| known(finding)) {
        return;
    }
    match findings.iter_mut().filter(same).find(|finding| finding.url == url) {
        Some(finding) => finding.clients.push(client),
        None => findings.push(Finding {
            entry: entry.map(str::to_owned),
            effect,
            url: url.to_owned(),
            clients: vec![client],
        }),
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
