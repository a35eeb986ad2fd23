//! What `pinhole emit` writes, before SkyPilot itself and the clients that it brings.
//!
//! SkyPilot renders its own template, merges, checks and provisions with its own code, against a
//! Kubernetes API that keeps what it is asked to create (`cluster.py`): what is judged is what a
//! real cluster would have got.
//!
//! `tests/run` runs it, after `setup` has installed SkyPilot. What is missing is skipped, never
//! passed; with `PINHOLE_REQUIRE` set it is a failure.

mod asking;
mod clients;
#[path = "../no_proxy/dns.rs"]
mod dns;
mod faults;
#[path = "../no_proxy/grpc.rs"]
mod grpc;
mod guide;
mod launched;
mod listener;
mod manifests;
mod meaning;
mod place;
mod pods;
mod policies;
mod reach;
mod room;
#[path = "../no_proxy/running.rs"]
mod running;
mod seen;
mod shell;
mod sites;
#[path = "../no_proxy/versions.rs"]
mod versions;
mod worker;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Why a test cannot run here, or why it failed.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Missing(String),
    Failed(String),
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

pub(crate) type Outcome = Result<(), Fault>;

fn main() -> ExitCode {
    if let Some(job) = room::job() {
        return in_room(&job);
    }
    let mut args = Arguments::from_args();
    // SkyPilot waits about as much as it computes.
    args.test_threads.get_or_insert(3);
    let sites = match sites::all() {
        Ok(sites) => sites.into_iter().map(Arc::new).collect::<Vec<_>>(),
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials = guide::trials();
    trials.extend(faults::trials());
    trials.push(trial("every_shape_has_an_example", sites::examples_are_there));
    trials.extend(pods::trials(&sites));
    trials.extend(shell::trials(&sites));
    trials.extend(clients::trials(&sites));
    trials.extend(manifests::trials(&sites));
    trials.extend(reach::trials(&sites));
    trials.push(trial("ranges_are_understood", || Ok(versions::are_understood()?)));
    let conclusion = libtest_mimic::run(&args, trials);
    worker::end();
    conclusion.exit_code()
}

/// What runs in a namespace.
fn in_room(job: &std::path::Path) -> ExitCode {
    match room::inside(job) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn trial(name: impl Into<String>, test: impl Fn() -> Outcome + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || match test() {
        Ok(()) => Ok(Completion::Completed),
        Err(Fault::Missing(why)) if !place::required() => {
            Ok(Completion::ignored_with(format!("skipped: {why}")))
        }
        Err(Fault::Missing(why) | Fault::Failed(why)) => Err(Failed::from(why)),
    })
}

/// Fails with a text unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+).into());
        }
    };
}
pub(crate) use ensure;
