//! Host names as they may stand on the wire, in one spelling.

use std::fmt;

/// Longest host name in octets, without the trailing dot (RFC 1035 §2.3.4 less the root label).
const MAX_NAME: usize = 253;
/// Longest label in octets (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// A host name in the one spelling that policy, DNS, dialling, logs and metrics share:
/// lower-case ASCII, no trailing dot, never an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(Box<str>);

/// Why bytes are not a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing stands where the host should.
    #[error("the host is empty")]
    Empty,
    /// More than 253 octets.
    #[error("the host name is longer than 253 octets")]
    TooLong,
    /// Two dots in a row, or a leading dot.
    #[error("the host name has an empty label")]
    EmptyLabel,
    /// A label of more than 63 octets.
    #[error("a label of the host name is longer than 63 octets")]
    LabelTooLong,
    /// Anything but letters, digits, `-`, `_` and `.`.
    #[error("the host name has a character other than letters, digits, `-`, `_` and `.`")]
    BadByte,
    /// The last label is a number, so that resolvers would read an IPv4 address in a lax form.
    #[error("a host that ends in a number must be a strict dotted-quad IPv4 address")]
    Numeric,
}

impl HostName {
    /// Parses a host name strictly. Case and one trailing dot are folded; nothing else is repaired.
    ///
    /// # Errors
    /// See [`NameError`]. A name whose last label is numeric or starts with `0x` is refused: it
    /// is an IPv4 address in some spelling (WHATWG URL, "ends in a number"), which getaddrinfo
    /// would dial.
    pub fn parse(bytes: &[u8]) -> Result<Self, NameError> {
        let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
        if bytes.is_empty() {
            return Err(NameError::Empty);
        }
        if bytes.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        for label in bytes.split(|&b| b == b'.') {
            if label.is_empty() {
                return Err(NameError::EmptyLabel);
            }
            if !label.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return Err(NameError::BadByte);
            }
            if label.len() > MAX_LABEL {
                return Err(NameError::LabelTooLong);
            }
        }
        if ends_in_number(bytes) {
            return Err(NameError::Numeric);
        }
        let lower = bytes.iter().map(|b| char::from(b.to_ascii_lowercase())).collect::<String>();
        Ok(Self(lower.into_boxed_str()))
    }

    /// The name, lower-case, without a trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the last label makes the host an IPv4 address in some resolver's eyes.
fn ends_in_number(bytes: &[u8]) -> bool {
    let last = bytes.rsplit(|&b| b == b'.').next().unwrap_or(bytes);
    last.iter().all(u8::is_ascii_digit) || last.starts_with(b"0x") || last.starts_with(b"0X")
}
