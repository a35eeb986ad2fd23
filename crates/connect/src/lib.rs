//! One connected stream to a granted target, or to a parent proxy.
//!
//! The only place in pinhole that resolves names and the only one that dials. [`Connector::reach`]
//! resolves a granted target once, has [`policy`] judge every address that came, and races
//! connections to the permitted ones (Happy Eyeballs, RFC 8305). Nothing but
//! [`policy::PermittedAddrs`] is ever dialled.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod answer;
mod cache;
mod connector;
mod dead;
mod dial;
mod failure;
mod families;
mod flights;
mod hosts;
mod judged;
mod names;
mod own;
mod parent;
mod parents;
mod race;
mod servers;
mod socket;
mod stream;
mod tls;

pub use connector::{Connector, DialOptions, Judgement, Reached};
pub use failure::{Failure, SetupError};
pub use names::DnsOptions;
pub use parent::{Credentials, CredentialsError, ParentUrl, ParentUrlError};
pub use parents::{Parent, ParentFailure, Parents};
pub use socket::watch_peer;
pub use stream::{ReadHalf, Stream, WriteHalf};
pub use tls::{CaFile, CaFileError, TlsFailure};
