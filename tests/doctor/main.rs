//! `pinhole doctor` in a pod: a network namespace whose only way out is what a case gives it. The
//! proxy and everything outside are in another, beside it. Where the machine permits no namespaces,
//! the cases are skipped.

#![allow(clippy::disallowed_methods)] // The tests are the peers that are dialled.

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod environment;
mod features;
mod given;
mod kept;
mod names;
mod open;
mod proxies;
mod refused;
mod room;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_macros, unused_imports, reason = "shared with other tests")]
mod support;
#[path = "../parent/tls.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod tls;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

/// A case, by its name.
type Case = (&'static str, fn());

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let cases: Vec<Case> = [kept::CASES, open::CASES, refused::CASES, proxies::CASES]
        .into_iter()
        .chain([environment::CASES, features::CASES])
        .flatten()
        .copied()
        .collect();
    if let [_, flag, name] = words.as_slice()
        && flag == room::INSIDE
    {
        if let Some((_, case)) = cases.iter().find(|(known, _)| known == name) {
            case();
        }
        return ExitCode::SUCCESS;
    }
    let permitted = room::permitted();
    let trial = |&(name, _): &Case| {
        let permitted = permitted.clone();
        Trial::ignorable_test(name, move || match permitted {
            Ok(()) => room::enter(name).map(|()| Completion::Completed).map_err(Into::into),
            Err(why) => Ok(Completion::ignored_with(format!("skipped: {why}"))),
        })
    };
    let trials = cases.iter().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
