//! `pinhole no-proxy` against the real clients, executed: each is asked where it goes for hundreds
//! of cases of a NO_PROXY value and a URL, in a namespace where nobody answers but the test, and
//! what the program says must be the same.
//!
//! `tests/run` runs it, after `tests/no_proxy/setup` has installed the clients. What is missing is
//! skipped, never passed; with `PINHOLE_REQUIRE` set it is a failure. With `PINHOLE_NO_PROXY_DUMP`
//! what the clients did is written to that file as well, in the place of what they did before.

mod case;
mod cases;
mod clients;
mod commands;
mod dns;
mod dump;
mod grpc;
mod listener;
mod once;
mod place;
mod probe;
mod room;
mod running;
mod said;
mod sightings;
mod trials;
mod versions;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    if let Some(label) = room::label() {
        return in_room(&label);
    }
    let mut args = Arguments::from_args();
    // They wait for each other's processes about as much as they compute.
    args.test_threads.get_or_insert(3);
    libtest_mimic::run(&args, trials::all()).exit_code()
}

/// What runs in a namespace.
fn in_room(label: &str) -> ExitCode {
    let clients = clients::all();
    let client = clients.iter().find(|client| client.label == label);
    let answer = client.ok_or("no such client".to_owned()).and_then(room::inside);
    match answer
        .and_then(|answer| serde_json::to_string(&answer).map_err(|error| error.to_string()))
    {
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
