//! Real clients through the built program: each fetches a small package by its ordinary name, and
//! is refused a host that no entry covers.
//!
//! `tests/run` runs them, after `tests/setup` has installed what they need. What is missing is
//! skipped, never passed; with `PINHOLE_REQUIRE` set, a client that is not installed is a failure,
//! and only a registry that cannot be reached without the proxy either is skipped.

mod apt;
mod behind;
mod cargo;
mod client;
mod download;
mod gate;
mod git;
mod learning;
mod machine;
mod npm;
mod opening;
#[path = "../parent/real/proxies.rs"]
#[allow(clippy::disallowed_methods, reason = "a test dials what it likes")]
mod proxies;
mod python;
mod request;
mod room;
mod tools;
mod trials;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    // They mostly wait: for a registry, and between their own tries.
    args.test_threads.get_or_insert(4);
    let clients = [
        python::PIP,
        python::UV,
        npm::NPM,
        cargo::CARGO,
        apt::APT,
        git::GIT,
        download::CURL,
        download::WGET,
    ];
    let alone = clients.into_iter().flat_map(trials::of);
    libtest_mimic::run(&args, alone.chain(behind::trials()).chain(learning::trials()).collect())
        .exit_code()
}
