//! SkyPilot's own check of the network: two addresses, asked in two ways. The managed jobs'
//! controller asks with aiohttp, which ignores proxy variables; `sky serve status` with requests,
//! which heeds them.

use std::net::IpAddr;

use policy::{Authority, Host};

use super::answer::Kind;
use super::ask::{Ask, Outcome, Way};
use super::check::{Check, Verdict};
use super::direct::Ways;
use super::net::Tried;
use super::plan::{Facts, NETWORK_CHECK, Plan, Use};

const JOBS: &str = "network-check.jobs";
const SERVE: &str = "network-check.serve";
/// The preset that opens both.
const RULE: &str = "{preset: skypilot-network-check}";

/// What the proxy is asked for: no address that is not to be tried here.
pub(super) fn asks(plan: &Plan) -> Vec<Ask> {
    let checked = NETWORK_CHECK.into_iter().map(IpAddr::V4);
    let asked = checked.filter(|ip| plan.outside.contains(ip)).filter_map(|ip| {
        let target = Authority::parse(format!("{}:443", Host::Ip(ip)).as_bytes()).ok()?;
        Some(Ask { target, way: Way::Tls })
    });
    asked.collect()
}

/// Judges both ways.
pub(super) fn checks(plan: &Plan, direct: &Ways, outcomes: &[Outcome]) -> Vec<Check> {
    let tried: Vec<(IpAddr, &Tried)> = NETWORK_CHECK
        .into_iter()
        .filter_map(|ip| Some((ip.into(), direct.of(ip.into())?)))
        .collect();
    if tried.is_empty() {
        let why = "--outside leaves SkyPilot's addresses out";
        return vec![Check::skipped(JOBS, why), Check::skipped(SERVE, why)];
    }
    vec![jobs(&plan.facts, &tried), serve(&plan.facts, outcomes)]
}

fn jobs(facts: &Facts, tried: &[(IpAddr, &Tried)]) -> Check {
    if facts.jobs == Use::No {
        return Check::skipped(JOBS, "the site has no managed jobs");
    }
    let reached = tried.iter().find(|(_, tried)| **tried == Tried::Reached);
    if let Some((ip, _)) = reached {
        return Check::ok(
            JOBS,
            format!("managed jobs work: their controller reaches {ip}:443 past the proxy"),
        );
    }
    if tried.iter().all(|(_, tried)| **tried == Tried::NoTime) {
        return Check::no_time(JOBS);
    }
    Check::bad(
        JOBS,
        facts.jobs.if_used(Verdict::Fail),
        "managed jobs cannot work: their controller reaches neither 8.8.8.8:443 nor 1.1.1.1:443 \
         past the proxy, and never reads a job's status",
        "open one of the two, TCP 443 alone, in the NetworkPolicy or the firewall \
         (skypilot.network_check of a site)",
    )
}

fn serve(facts: &Facts, outcomes: &[Outcome]) -> Check {
    if facts.serve == Use::No {
        return Check::skipped(SERVE, "the site has no SkyServe");
    }
    let verdict = facts.serve.if_used(Verdict::Fail);
    let is_open = |one: &&Outcome| match one {
        Outcome::Open(hello) => hello.as_ref().is_none_or(super::hello::Hello::is_well),
        _ => false,
    };
    if outcomes.iter().any(|one| is_open(&one)) {
        return Check::ok(SERVE, "`sky serve status` works: the proxy lets its check through");
    }
    let refused = outcomes.iter().find_map(|one| match one {
        Outcome::Answered(answer) => Some(answer),
        _ => None,
    });
    match (refused, outcomes.first()) {
        (Some(answer), _) if answer.kind() == Kind::Auth => {
            Check::skipped(SERVE, "the proxy wants credentials (see proxy.auth)")
        }
        (Some(answer), _) if answer.kind() == Kind::Denied => {
            let check = Check::bad(
                SERVE,
                verdict,
                format!(
                    "`sky serve status` cannot work: the proxy denies its check: {}",
                    answer.words()
                ),
                format!(
                    "where SkyServe is used, add `- {RULE}` to the proxy's allow (both addresses \
                     speak DNS over HTTPS, which carries data out)"
                ),
            );
            if verdict == Verdict::Fail { check.denied(Some(RULE)) } else { check }
        }
        (_, Some(Outcome::NotTried(why))) => Check::skipped(SERVE, why),
        (_, None) => Check::skipped(SERVE, "nothing was asked"),
        (answer, Some(first)) => {
            let why = match (answer, first) {
                (Some(answer), _) => answer.words(),
                (None, Outcome::Open(Some(hello))) => hello.text(),
                (None, Outcome::Silent) => "no answer in time".to_owned(),
                (None, Outcome::Unreached(why)) => why.clone(),
                (None, _) => "no answer".to_owned(),
            };
            let finding =
                format!("`sky serve status` cannot work: its check fails behind the proxy: {why}");
            let advice = "let the proxy, or the proxy behind it, reach 8.8.8.8:443 or 1.1.1.1:443";
            Check::bad(SERVE, verdict, finding, advice)
        }
    }
}

#[cfg(test)]
#[path = "network_check_tests.rs"]
mod tests;
