//! The image: built from `docker/Dockerfile` by buildah, looked into, and run by podman as
//! strictly as a cluster would.
//!
//! No base image can be pulled here, so the first stage builds on a stand-in that has this
//! machine's own toolchain; the rest is the Dockerfile's. Everything happens in namespaces of its
//! own, with storage of its own. `tests/run` runs it: the build takes minutes. What is missing is
//! skipped, never passed; with `PINHOLE_REQUIRE` set it is a failure.

#![allow(clippy::disallowed_methods, reason = "what the product may not do, its tests do")]

mod build;
mod cases;
#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod elf;
mod inspect;
mod room;
mod store;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::room::Room;
use crate::store::Store;

/// What runs in a room.
type Case = fn(&Store);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, flag, name, store] = words.as_slice()
        && flag == room::INSIDE
    {
        return inside(name, Store::at(store));
    }
    let mut args = Arguments::from_args();
    // They share the storage.
    args.test_threads = Some(1);
    let room = Arc::new(Room::new());
    let trial = |name: &'static str| {
        let room = Arc::clone(&room);
        Trial::ignorable_test(name, move || unless_closed(&room, name))
    };
    let trials = cases::ALL.iter().map(|(name, _)| trial(name)).collect();
    libtest_mimic::run(&args, trials).exit_code()
}

fn unless_closed(room: &Room, name: &str) -> Result<Completion, Failed> {
    let required = std::env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty());
    match room.closed() {
        Some(why) if required => Err(why.into()),
        Some(why) => Ok(Completion::ignored_with(format!("skipped: {why}"))),
        None => {
            room.built()?;
            Ok(room.enter(name).map(|()| Completion::Completed)?)
        }
    }
}

/// Runs a case, in the namespaces that this process was started in. A panic is its failure.
fn inside(name: &str, store: Store) -> ExitCode {
    if let Err(why) = room::furnish() {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    let all = cases::ALL.iter().chain([&build::CASE]);
    let Some((_, case)) = all.into_iter().find(|(known, _)| *known == name) else {
        eprintln!("no case is called {name}");
        return ExitCode::FAILURE;
    };
    case(&store);
    ExitCode::SUCCESS
}
