//! NO_PROXY has no standard. Here is pinhole's own dialect of it ([`dialect`]), what real clients
//! make of a value, version by version ([`clients`]), and what to write instead ([`lint`]).
//!
//! Nothing here does I/O, reads a clock or the environment, or looks a name up: everything is
//! decided from the values that are handed in.

pub mod clients;
pub mod dialect;
mod environment;
pub mod lint;
mod target;

pub use environment::{Environment, Spelling};
pub use target::{Target, TargetError};
