//! The rules, as configurations state them and as every part of the program keeps them: `check`,
//! `explain`, `presets`, and a running proxy with a scripted name server.

#![allow(clippy::disallowed_methods)]

mod admin;
mod agree;
mod check;
mod check_cases;
mod cli;
#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod doubts;
mod emit;
mod emit_commands;
mod explain;
mod given;
mod log;
mod names;
mod own;
mod policy_tests;
mod presets;
mod prometheus;
mod start;
mod strays;
mod suggest;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the gate's tests use the rest")]
mod support;
mod targets;
