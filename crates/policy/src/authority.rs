//! The target a client asks for, parsed once and strictly, from bytes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{HostName, NameError};

/// A host: a name, or an address written as a literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A host name.
    Name(HostName),
    /// A strict dotted quad, or what stood in brackets.
    Ip(IpAddr),
}

/// RFC 9110's authority without userinfo: the target that a client asks for.
///
/// It has no constructor but the strict parser, so that holding one is proof of one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    host: Host,
    port: u16,
}

/// Why bytes are not an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The host is not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `user@host` (RFC 9110 §4.2.4).
    #[error("userinfo (`user@`) is not accepted")]
    Userinfo,
    /// Brackets hold IPv6 and only IPv6; zone identifiers are refused.
    #[error("brackets must hold an IPv6 address without a zone")]
    Brackets,
    /// An IPv6 address without brackets.
    #[error("an IPv6 address must stand in brackets")]
    BareIpv6,
    /// authority-form requires a port (RFC 9110 §9.3.6).
    #[error("the port is missing")]
    NoPort,
    /// Not 1–65535 in plain digits.
    #[error("the port must be 1 to 65535, in digits, without sign or leading zero")]
    Port,
}

/// Why a string is neither `host:port` nor a URL whose target is plain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The scheme has no port known here.
    #[error("only http:// and https:// have a default port here; write host:port")]
    Scheme,
    /// The authority is malformed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Authority {
    /// Parses authority-form, `host ":" port` and nothing else (RFC 9110 §9.3.6, RFC 9112 §3.2.3).
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AuthorityError> {
        let (host, port) = Self::split(bytes)?;
        let port = port.ok_or(AuthorityError::NoPort)?;
        Ok(Self { host, port })
    }

    /// Parses the authority of an `http://` URI, where a missing port means the scheme's own
    /// (RFC 9110 §4.2.1).
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn parse_or_port(bytes: &[u8], default_port: u16) -> Result<Self, AuthorityError> {
        let (host, port) = Self::split(bytes)?;
        Ok(Self { host, port: port.unwrap_or(default_port) })
    }

    /// Parses what a person types: `host:port`, or a URL, whose path is left aside.
    ///
    /// # Errors
    /// See [`UrlError`].
    pub fn parse_target(text: &str) -> Result<Self, UrlError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::parse(text.as_bytes())?);
        };
        let default_port = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(UrlError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        Ok(Self::parse_or_port(&rest.as_bytes()[..end], default_port)?)
    }

    /// Parses `host [":" port]` as a Host field has it (RFC 9110 §7.2): the port may be absent.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn split(bytes: &[u8]) -> Result<(Host, Option<u16>), AuthorityError> {
        split_host_port(bytes)
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, 1–65535.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
        }
    }
}

/// Splits into host and port; a port that is there must be right.
fn split_host_port(bytes: &[u8]) -> Result<(Host, Option<u16>), AuthorityError> {
    if bytes.contains(&b'@') {
        return Err(AuthorityError::Userinfo);
    }
    if let Some(rest) = bytes.strip_prefix(b"[") {
        let end = rest.iter().position(|&b| b == b']').ok_or(AuthorityError::Brackets)?;
        let (inside, after) = (&rest[..end], &rest[end + 1..]);
        let text = std::str::from_utf8(inside).map_err(|_| AuthorityError::Brackets)?;
        let ip: Ipv6Addr = text.parse().map_err(|_| AuthorityError::Brackets)?;
        let port = match after {
            [] => None,
            [b':', digits @ ..] => Some(port(digits)?),
            _ => return Err(AuthorityError::Brackets),
        };
        return Ok((Host::Ip(IpAddr::V6(ip)), port));
    }
    let mut parts = bytes.splitn(2, |&b| b == b':');
    let (host, digits) = (parts.next().unwrap_or_default(), parts.next());
    if digits.is_some_and(|d| d.contains(&b':')) {
        let ipv6 = host.iter().all(u8::is_ascii_hexdigit);
        return Err(if ipv6 { AuthorityError::BareIpv6 } else { AuthorityError::Port });
    }
    let port = digits.map(port).transpose()?;
    Ok((self::host(host)?, port))
}

/// A name or a strict dotted quad; anything between the two is refused by the name's parser.
fn host(bytes: &[u8]) -> Result<Host, AuthorityError> {
    if let Some(ip) = std::str::from_utf8(bytes).ok().and_then(|s| s.parse::<Ipv4Addr>().ok()) {
        return Ok(Host::Ip(IpAddr::V4(ip)));
    }
    Ok(Host::Name(HostName::parse(bytes)?))
}

/// `u16::from_str` takes `+443`; this does not.
fn port(digits: &[u8]) -> Result<u16, AuthorityError> {
    if digits.first().is_none_or(|&b| b == b'0') || !digits.iter().all(u8::is_ascii_digit) {
        return Err(AuthorityError::Port);
    }
    std::str::from_utf8(digits).ok().and_then(|s| s.parse::<u16>().ok()).ok_or(AuthorityError::Port)
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
