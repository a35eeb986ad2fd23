//! What may be reached through pinhole, decided from values only.
//!
//! Nothing here does I/O, reads a clock or the environment, or waits. The walk of one request:
//! bytes become an [`Authority`] (the one strict parser), [`Policy::decide`] judges its name and
//! hands out a [`Grant`] or a [`Denial`], the caller resolves the granted name, and
//! [`Policy::permit`] judges what it resolved to and hands out [`PermittedAddrs`], the only
//! thing that may be dialled. Where [`Policy::sni_check`] says so, the first bytes of the tunnel
//! are read by a [`HelloReader`], and [`SniCheck::judge`] holds the name in them to the target's.

mod authority;
mod class;
mod client;
mod compiled;
mod decide;
mod denial;
mod hello;
mod name;
mod needless;
mod network;
mod own;
mod pattern;
mod ports;
mod preset;
mod rule;
mod sni;

pub use authority::{Authority, AuthorityError, Host, UrlError};
pub use class::AddressClass;
pub use client::{Client, MAX_CLIENTS, Mode, Who};
pub use decide::{Candidate, Grant, Judged, PermittedAddrs, Policy};
pub use denial::{AddressDenial, Denial, Reason};
pub use hello::{ClientHello, HelloError, HelloReader, MAX_HELLO, Progress, ServerName};
pub use name::{HostName, NameError};
pub use needless::{Needless, Why, needless};
pub use network::{NetworkError, opens_global, parse_network};
pub use own::{OwnTarget, OwnTargetError};
pub use pattern::{HostGlob, HostPattern, PatternError};
pub use ports::{PortSet, PortsError};
pub use preset::{Preset, PresetHost};
pub use rule::{Entry, List, Matcher, Overrides, Place, Rule};
pub use sni::{EchMode, SniCheck, SniFault, SniMode, SniReason, SniRules};
