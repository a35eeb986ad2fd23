//! The SNI check as clients, targets and operators see it.

#![allow(clippy::disallowed_methods, reason = "clients and targets dial and spawn as they like")]

mod craft;
mod cuts;
mod ends;
mod faults;
mod modes;
mod place;

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;
