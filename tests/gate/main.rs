//! The built program as its clients, its targets and its operator see it.

#![allow(clippy::disallowed_methods, reason = "clients and targets dial and spawn as they like")]

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod forward;
mod proxy_protocol;
mod service;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the tests of rules use the rest")]
mod support;
mod tunnel;
mod wire;
mod wire_bodies;
mod wire_cases;
mod wire_echo;
mod wire_good;
mod wire_limits;
