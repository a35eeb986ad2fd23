//! Speaks HTTP to clients.
//!
//! The walk of one request: a connection is admitted ([`ConnectionLimits`]), its client known
//! ([`ProxyProtocol`]), a head is read under a deadline
//! and judged by pinhole's own strict framing, the [`Snapshot`] in force decides on its target,
//! [`connect`] reaches the target or a parent proxy ([`Routes`]), and either a 2xx is sent, the SNI
//! check passed where it holds and [`relay`] takes both sockets, or one plain-HTTP exchange is
//! forwarded. Whatever is refused is refused by one table. Each
//! request ends as one [`Record`].

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod admin;
mod clients;
mod closing;
mod connection;
mod credentials;
mod decode;
mod denials;
mod exchange;
mod fault;
mod framing;
mod gate;
mod head;
mod introduction;
mod listen;
mod malformed;
mod metrics;
mod parent;
mod permits;
mod proxy_protocol;
mod read;
mod record;
mod refusal;
mod request;
mod response;
mod route;
mod scan;
mod server;
mod sni;
mod stray;
mod tally;
mod transfer;
mod tunnel;
mod usage;
mod via;
mod way;
mod worker;

pub use relay::Pipes;

pub use clients::{ClientLimits, Clients};
pub use credentials::{Credentials, CredentialsError, CredentialsLine, is_user_name};
pub use gate::{Snapshot, Timeouts};
pub use introduction::ProxyProtocol;
pub use listen::{BindError, Listeners};
pub use metrics::{MAX_PARENTS, install_recorder};
pub use permits::ConnectionLimits;
pub use read::HeadLimits;
pub use record::{Address, Decision, Line, Notice, Record, RequestId, Sni, WouldDeny};
pub use route::{Asked, Resolve, Route, Routes};
pub use server::{Reload, Server};
pub use stray::{Stray, StrayMode, Strays};
pub use usage::Usage;
