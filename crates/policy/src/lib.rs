//! What may be reached through pinhole, decided from values only.
//!
//! Nothing here does I/O, reads a clock or the environment, or waits. The walk of one request:
//! bytes become an [`Authority`] (the one strict parser), [`Policy::decide`] judges its name and
//! hands out a [`Grant`] or a [`Denial`], the caller resolves the granted name, and
//! [`Policy::permit`] judges what it resolved to and hands out [`PermittedAddrs`], the only
//! thing that may be dialled.

mod authority;
mod class;
mod compiled;
mod decide;
mod name;
mod network;
mod own;
mod pattern;
mod ports;
mod preset;
mod rule;

pub use authority::{Authority, AuthorityError, Host, UrlError};
pub use class::AddressClass;
pub use decide::{AddressDenial, Candidate, Denial, Grant, Judged, PermittedAddrs, Policy, Reason};
pub use name::{HostName, NameError};
pub use network::{NetworkError, parse_network};
pub use own::{OwnTarget, OwnTargetError};
pub use pattern::{HostPattern, PatternError};
pub use ports::{PortSet, PortsError};
pub use preset::{Preset, PresetHost};
pub use rule::{Entry, List, Matcher, Overrides, Place, Rule};
