//! Measures pinhole against other proxies and against a bare splice loop.
//!
//! One program with four parts: the origins that tunnels lead to, the load that drives a proxy,
//! the floor that no relay can beat, and the comparison that starts and measures everything.
//! `bench/README.md` says what each number means.

mod awake;
mod compare;
mod cores;
mod floor;
mod load;
mod options;
mod origin;
mod process;
mod wire;

use std::process::ExitCode;

use options::Options;

const USAGE: &str = "\
usage: pinhole-bench compare [--quick] [--rounds N] [--only NAME,…] [--out DIR] [--lines FILE]
                             [--envoy PROGRAM] [--keep]
       pinhole-bench load SCENARIO --proxy ADDR --pid PID [--quick]
       pinhole-bench floor --listen ADDR --to ADDR --pipe BYTES
       pinhole-bench origin
       pinhole-bench scenarios";

/// Whatever went wrong, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let done = Options::parse(arguments).and_then(|options| match command.as_str() {
        "compare" => compare::run(&options),
        "load" => load::run(&options),
        "floor" => floor::run(&options),
        "origin" => origin::run(),
        "scenarios" => {
            load::Scenario::all().iter().for_each(|scenario| println!("{}", scenario.name()));
            Ok(())
        }
        _ => Err(USAGE.into()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pinhole-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
