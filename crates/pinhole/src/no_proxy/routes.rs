//! What is printed, as data.

use std::net::IpAddr;

use no_proxy::clients::{Case, Client, Evidence};
use no_proxy::lint::{Finding, Report};
use no_proxy::{Environment, Target};
use serde::Serialize;

/// The way one client takes to one URL.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) url: String,
    pub(super) client: &'static str,
    pub(super) version: &'static str,
    /// What it is built with or told, where that matters.
    pub(super) with: &'static str,
    pub(super) route: &'static str,
    pub(super) why: String,
    /// `executed`, or `from source`.
    evidence: &'static str,
    /// The versions that were run to check the rule.
    executed: &'static [&'static str],
    /// Where the rule was read.
    source: &'static str,
}

/// What is said of a value.
#[derive(Debug, Serialize)]
pub(super) struct Judged<'a> {
    value: &'a str,
    problems: Vec<Flawed>,
    findings: Vec<Found>,
    /// Clients that no value has an effect on.
    deaf: Vec<Named>,
    /// What to write instead.
    safest: &'a str,
    /// What the safest value does not say.
    notes: &'a [String],
    routes: &'a [Answer],
}

#[derive(Debug, Serialize)]
struct Flawed {
    entry: String,
    problem: String,
    /// Whether pinhole's own dialect holds the entry all the same.
    kept: bool,
}

#[derive(Debug, Serialize)]
struct Found {
    /// The entry, or null for the value as a whole.
    entry: Option<String>,
    /// `ignored`, `too_much` or `fails`.
    effect: &'static str,
    /// A URL that shows it.
    url: String,
    clients: Vec<Named>,
}

#[derive(Debug, Serialize)]
struct Named {
    client: &'static str,
    version: &'static str,
    with: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The ways of these clients to a URL.
pub(super) fn of(
    url: &Target,
    environment: &Environment,
    addrs: &[IpAddr],
    clients: &[&'static Client],
) -> Vec<Answer> {
    let answer = |client: &&'static Client| {
        let verdict = client.route(&Case { target: url, environment, addrs });
        let (evidence, executed) = match client.evidence() {
            Evidence::Executed(versions) => ("executed", versions),
            Evidence::FromSource => ("from source", &[][..]),
        };
        Answer {
            url: url.to_string(),
            client: client.id(),
            version: client.version(),
            with: client.with(),
            route: verdict.route.label(),
            why: verdict.why,
            evidence,
            executed,
            source: client.source(),
        }
    };
    clients.iter().map(answer).collect()
}

/// What is said of a value, as far as it concerns these clients.
pub(super) fn judged<'a>(
    value: &'a str,
    report: &'a Report,
    routes: &'a [Answer],
    clients: &[&'static Client],
) -> Judged<'a> {
    let problems = report.problems.iter().map(|problem| Flawed {
        entry: problem.entry().to_owned(),
        problem: problem.flaw().to_string(),
        kept: problem.kept(),
    });
    let findings = report.findings.iter().filter_map(|finding| found(finding, clients));
    let deaf = report.deaf.iter().filter(|client| among(client, clients));
    Judged {
        value,
        problems: problems.collect(),
        findings: findings.collect(),
        deaf: deaf.map(|client| named(client, None)).collect(),
        safest: &report.portable.value,
        notes: &report.portable.notes,
        routes,
    }
}

fn found(finding: &Finding, clients: &[&'static Client]) -> Option<Found> {
    let concerned = finding.clients.iter().filter(|(client, _)| among(client, clients));
    let named: Vec<_> = concerned.map(|(client, why)| named(client, Some(why.clone()))).collect();
    (!named.is_empty()).then(|| Found {
        entry: finding.entry.clone(),
        effect: finding.effect.label(),
        url: finding.url.clone(),
        clients: named,
    })
}

fn named(client: &Client, why: Option<String>) -> Named {
    Named { client: client.id(), version: client.version(), with: client.with(), why }
}

/// Whether a client is one of these.
pub(super) fn among(client: &Client, clients: &[&'static Client]) -> bool {
    clients.iter().any(|one| std::ptr::eq(*one, client))
}
