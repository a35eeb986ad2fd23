//! One connected stream to a granted target.
//!
//! The only place in pinhole that resolves names and the only one that dials. [`Connector::reach`]
//! resolves a granted target once, has [`policy`] judge every address that came, and races
//! connections to the permitted ones (Happy Eyeballs, RFC 8305). Nothing but
//! [`policy::PermittedAddrs`] is ever dialled.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod answer;
mod cache;
mod connector;
mod dial;
mod failure;
mod hosts;
mod names;
mod own;
mod servers;
mod socket;

pub use connector::{Connector, DialOptions, Judgement, Reached};
pub use failure::{Failure, SetupError};
pub use names::DnsOptions;
pub use socket::watch_peer;
