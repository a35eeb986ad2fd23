//! `Via` (RFC 9110 §7.6.3), by which a proxy finds its own requests when they come back.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::head::{Field, Version};

/// This process among all proxies: a pseudonym, since its names and addresses are nobody's
/// business, and a random one, so that one pinhole may be another's parent.
#[derive(Debug)]
pub(crate) struct Via {
    pseudonym: String,
}

impl Default for Via {
    fn default() -> Self {
        let random = RandomState::new().build_hasher().finish();
        Self { pseudonym: format!("pinhole-{random:016x}") }
    }
}

impl Via {
    /// The value that goes on with a message that was received in this version.
    pub(crate) fn entry(&self, received: Version) -> String {
        let version = if received == Version::Http10 { "1.0" } else { "1.1" };
        format!("{version} {}", self.pseudonym)
    }

    /// Whether a message has been here before. The pseudonym is looked for as such, wherever it
    /// stands in a value: to find it in a comment costs its sender one request.
    pub(crate) fn has_passed(&self, fields: &[Field<'_>]) -> bool {
        let own = self.pseudonym.as_bytes();
        let is_own = |part: &[u8]| part.eq_ignore_ascii_case(own);
        values(fields).any(|value| value.windows(own.len()).any(is_own))
    }
}

/// The values that a message came with.
pub(crate) fn values<'f, 'h>(fields: &'f [Field<'h>]) -> impl Iterator<Item = &'h [u8]> + 'f {
    fields.iter().filter(|field| field.is("via")).map(|field| field.value)
}

#[cfg(test)]
#[path = "via_tests.rs"]
mod tests;
