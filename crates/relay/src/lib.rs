//! Moves bytes both ways between two connected sockets until there is a reason to end.
//!
//! This crate knows nothing of HTTP, names or rules: it is handed two sockets, the bytes that were
//! read from each before it took over, and its limits, and it answers with exact counts and the
//! one reason for which the tunnel ended.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod clock;
mod pump;
mod tunnel;

pub use clock::Activity;
pub use tunnel::{End, Limits, Report, Side, relay};
