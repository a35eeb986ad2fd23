//! `Proxy-Authorization: Basic` (RFC 9110 §11.7.2, RFC 7617).

use std::fmt;

use data_encoding::BASE64;

use super::NotLoggedIn;
use crate::head::Field;

/// Longest password, in bytes: no hash reads more of it than that, and bcrypt less.
const MAX_PASSWORD: usize = 256;

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Basic {
    pub(crate) user: String,
    pub(crate) password: Vec<u8>,
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Basic {
    /// Reads the value of the field.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let (scheme, rest) = value.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return None;
        }
        let decoded = BASE64.decode(rest.trim_ascii()).ok()?;
        let colon = decoded.iter().position(|&b| b == b':')?;
        let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
        // Nobody has a NUL in a password, and C libraries end there.
        if password.len() > MAX_PASSWORD || password.contains(&0) {
            return None;
        }
        let user = std::str::from_utf8(user).ok()?;
        Some(Self { user: user.to_owned(), password: password.to_owned() })
    }

    /// Both as one. No user's name has a colon.
    pub(super) fn message(&self) -> Vec<u8> {
        [self.user.as_bytes(), b":", &self.password].concat()
    }
}

/// The credentials of a request, if it has any. Those of another scheme are none of ours: a client
/// that is told so may come back with Basic.
pub(crate) fn authorization(fields: &[Field<'_>]) -> Result<Option<Basic>, NotLoggedIn> {
    let mut values = fields.iter().filter(|field| field.is("proxy-authorization"));
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => Basic::parse(one.value).map(Some).ok_or(NotLoggedIn::Malformed),
        // Which of the two was meant, another proxy may see otherwise.
        (Some(_), Some(_)) => Err(NotLoggedIn::Malformed),
    }
}
