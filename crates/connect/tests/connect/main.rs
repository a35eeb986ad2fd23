//! The connector against a scripted name server and listeners on this machine.

#![allow(clippy::disallowed_methods)] // The tests are the peers that are dialled.

#[path = "../support/dns.rs"]
mod dns;
mod given;
mod hostile;
mod hosts;
mod judge;
mod kept;
mod lookup;
mod reach;
mod sharing;
mod two_families;
