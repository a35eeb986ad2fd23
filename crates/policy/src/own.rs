//! The proxy's own names and addresses, which are never a target.

use std::fmt;
use std::net::IpAddr;

use crate::{Authority, AuthorityError, Host};

/// A name or address by which clients reach the proxy itself, on one port or on all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTarget {
    host: Host,
    port: Option<u16>,
}

/// Why a text does not name the proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}`: {error}; write a host or address by which clients reach this proxy, with or without `:port`"
)]
pub struct OwnTargetError {
    text: String,
    error: AuthorityError,
}

impl OwnTarget {
    /// Parses `host`, `host:port`, an address, or an address with a port.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn parse(text: &str) -> Result<Self, OwnTargetError> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self { host: Host::Ip(ip.to_canonical()), port: None });
        }
        let (host, port) = Authority::split(text.as_bytes())
            .map_err(|error| OwnTargetError { text: text.to_owned(), error })?;
        // An IPv4 address in IPv6 clothes means the IPv4 address; what embeds that is judged too.
        let host = match host {
            Host::Ip(ip) => Host::Ip(ip.to_canonical()),
            name => name,
        };
        Ok(Self { host, port })
    }

    /// Whether a client that asks for `host` (and `port`, where it names one) asks for the proxy.
    #[must_use]
    pub fn covers(&self, host: &Host, port: Option<u16>) -> bool {
        self.host == *host && (self.port.is_none() || port.is_none() || self.port == port)
    }
}

impl fmt::Display for OwnTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => self.host.fmt(f),
        }
    }
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
