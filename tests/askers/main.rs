//! Clients told apart: who asks, what each may reach and have open, what is counted of it, audit
//! mode, and the table of denials.

#![allow(clippy::disallowed_methods, reason = "clients and targets dial and spawn as they like")]

mod accounts;
mod audit;
#[path = "../rules/cli.rs"]
#[allow(dead_code, reason = "the tests of rules use the rest")]
mod cli;
#[path = "../sni/craft.rs"]
mod craft;
#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod files;
mod identity;
mod limits;
mod login;
mod mistakes;
mod page;
mod place;
#[path = "../rules/prometheus.rs"]
#[allow(dead_code, reason = "the tests of rules use the rest")]
mod prometheus;
mod reload;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
mod told;
mod users;
