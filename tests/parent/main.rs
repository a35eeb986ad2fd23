//! The built program behind another proxy: a fake one, which does as it is told.

#![allow(clippy::disallowed_methods, reason = "clients and parents dial and spawn as they like")]

#[path = "../sni/craft.rs"]
mod craft;
#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod environment;
mod failover;
mod fake;
mod forward;
mod handshake;
mod hostile;
mod loops;
mod resolve;
mod said;
mod sni;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
mod tls;
mod within;
