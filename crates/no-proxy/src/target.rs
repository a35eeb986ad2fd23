//! The URL that a simulated client is given.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use policy::{Authority, AuthorityError, Host};

/// A URL of which the scheme, the userinfo, the host and the port matter.
///
/// Clients differ in what they make of the host's spelling, so it is kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: String,
    secure: bool,
    userinfo: Option<String>,
    host: String,
    authority: Authority,
    port: Option<u16>,
}

/// Why a text is not a URL that could be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Anything but `http://` and `https://`.
    #[error("write a URL that starts with http:// or https://")]
    Scheme,
    /// White space or a control character.
    #[error("a URL holds no white space and no control characters")]
    Space,
    /// The host or the port.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Target {
    /// Parses an `http://` or `https://` URL. Userinfo, letter case, a final dot and the spelling
    /// of an IPv6 address are kept as written.
    ///
    /// # Errors
    /// See [`TargetError`]. The host is judged as strictly as a client's request would be.
    pub fn parse(url: &str) -> Result<Self, TargetError> {
        if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(TargetError::Space);
        }
        let (scheme, rest) = url.split_once("://").ok_or(TargetError::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(TargetError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (userinfo, place) = match rest[..end].rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo.to_owned()), place),
            None => (None, &rest[..end]),
        };
        let (_, port) = Authority::split(place.as_bytes())?;
        let authority = Authority::parse_or_port(place.as_bytes(), default_port(secure))?;
        let host = match place.strip_prefix('[') {
            Some(inside) => inside.split(']').next().unwrap_or_default(),
            None => place.split(':').next().unwrap_or_default(),
        };
        Ok(Self { url: url.to_owned(), secure, userinfo, host: host.to_owned(), authority, port })
    }

    /// Host and port in pinhole's own, one spelling.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// What stands before `@`.
    pub(crate) fn userinfo(&self) -> Option<&str> {
        self.userinfo.as_deref()
    }

    /// The host as written, an IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port as written.
    pub(crate) fn written_port(&self) -> Option<u16> {
        self.port
    }

    /// The port where it is written and is not the scheme's own.
    pub(crate) fn other_port(&self) -> Option<u16> {
        self.port.filter(|port| *port != default_port(self.secure))
    }

    /// The address, where the host is one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self.authority.host() {
            Host::Ip(ip) => Some(*ip),
            Host::Name(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// An IPv6 address in the WHATWG URL standard's spelling, which never writes an embedded IPv4
/// address as a dotted quad.
pub(crate) fn whatwg(ip: Ipv6Addr) -> String {
    match ip.to_ipv4_mapped() {
        None => ip.to_string(),
        Some(_) => {
            let [.., high, low] = ip.segments();
            format!("::ffff:{high:x}:{low:x}")
        }
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
