//! The built program as its clients, its targets and its operator see it.

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod dns_rules;
mod forward;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod tunnel;
mod wire;
mod wire_bodies;
mod wire_cases;
mod wire_echo;
mod wire_good;
mod wire_limits;
