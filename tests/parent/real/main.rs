//! The built program behind real proxies: squid and tinyproxy, as Debian packages them. What is
//! not installed is skipped, never passed; with `PINHOLE_REQUIRE` set, it is a failure.

#![allow(clippy::disallowed_methods, reason = "clients and parents dial and spawn as they like")]

#[path = "../../../crates/connect/tests/support/dns.rs"]
mod dns;
mod proxies;
#[path = "../../support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
mod trials;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::proxies::installed;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let trials = trials::ALL.iter().map(|&(name, needs, test)| {
        Trial::ignorable_test(name, move || {
            let missing = needs.iter().find(|program| installed(program).is_none());
            let required = std::env::var_os("PINHOLE_REQUIRE").is_some_and(|v| !v.is_empty());
            match missing {
                Some(program) if required => Err(format!("{program} is not installed").into()),
                Some(program) => {
                    Ok(Completion::ignored_with(format!("skipped: {program} is not installed")))
                }
                None => {
                    test();
                    Ok(Completion::Completed)
                }
            }
        })
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}
