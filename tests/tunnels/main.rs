//! Tunnels through the built program: every byte, every end, and what they take of the machine.

#![allow(clippy::disallowed_methods, reason = "what the product may not do, its tests do")]

mod ends;
mod fairness;
mod limits;
#[allow(dead_code, reason = "shared with other tests")]
mod machine;
mod many;
mod paths;
mod pattern;
mod place;
mod urgent;

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;
