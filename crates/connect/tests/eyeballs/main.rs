//! Happy Eyeballs (RFC 8305) on real sockets: each case runs in a network namespace of its own,
//! whose routes lead where the case wants them to. Where the machine permits none, it is skipped.
//!
//! What is compared is who was reached, who was tried and in which order things happened, never
//! how long they took; paused time is for that, in the unit tests.

#![allow(clippy::disallowed_methods)] // The tests are the peers that are dialled.

mod cases;
#[path = "../support/dns.rs"]
mod dns;
#[path = "../connect/given.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod given;
mod room;
mod site;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, flag, name] = words.as_slice()
        && flag == room::INSIDE
    {
        return inside(name);
    }
    let permitted = room::permitted();
    let trial = |name: &'static str| {
        let permitted = permitted.clone();
        Trial::ignorable_test(name, move || match permitted {
            Ok(()) => room::enter(name).map(|()| Completion::Completed).map_err(Into::into),
            Err(why) => Ok(Completion::ignored_with(format!("skipped: {why}"))),
        })
    };
    let trials = cases::ALL.iter().map(|(name, _)| trial(name)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs a case, in the namespace that this process was started in. A panic is its failure.
fn inside(name: &str) -> ExitCode {
    if let Err(why) = room::furnish() {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    if let Some((_, case)) = cases::ALL.iter().find(|(known, _)| *known == name) {
        case();
    }
    ExitCode::SUCCESS
}
