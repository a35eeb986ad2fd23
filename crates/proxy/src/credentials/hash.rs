//! Hashes of passwords, as `htpasswd -B` and `openssl passwd -6` make them.

use std::fmt;

use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};

/// Dearest bcrypt, by its cost: about a quarter of a second.
const MAX_COST: u32 = 12;
/// Dearest SHA-crypt, by its rounds: about a quarter of a second.
const MAX_ROUNDS: u32 = 200_000;

/// A hash that is well-formed.
pub(super) enum Hash {
    Bcrypt(String),
    ShaCrypt(String),
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bcrypt(_) => "bcrypt",
            Self::ShaCrypt(_) => "SHA-crypt",
        })
    }
}

const UNKNOWN: &str = "this is no hash that is known here: make one by `htpasswd -nB user` (bcrypt) \
    or `openssl passwd -6` (SHA-crypt)";

impl Hash {
    /// Reads a hash in the modular crypt format.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('$').collect();
        match parts[..] {
            ["", "2a" | "2b" | "2y", cost, rest] => {
                let cost = number(cost).filter(|_| cost.len() == 2).ok_or(UNKNOWN)?;
                // The salt's last letter has two bits of it, and nothing else.
                let salt_ends = rest.as_bytes().get(21).is_some_and(|b| b".Oeu".contains(b));
                if !is_base64(rest, 53..=53) || !salt_ends || cost < 4 {
                    return Err(UNKNOWN.to_owned());
                }
                if cost > MAX_COST {
                    return Err(format!("bcrypt's cost is {cost}, and {MAX_COST} is the most"));
                }
                Ok(Self::Bcrypt(text.to_owned()))
            }
            ["", kind @ ("5" | "6"), ref options @ .., salt, digest] => {
                let rounds = match options {
                    [] => Some(5000),
                    [one] => one.strip_prefix("rounds=").and_then(number),
                    _ => None,
                };
                let length = if kind == "5" { 43 } else { 86 };
                let well_formed = is_base64(salt, 1..=16) && is_base64(digest, length..=length);
                let rounds = rounds.filter(|&rounds| rounds >= 1000 && well_formed);
                if rounds.ok_or(UNKNOWN)? > MAX_ROUNDS {
                    return Err(format!("more than {MAX_ROUNDS} rounds take too long"));
                }
                Ok(Self::ShaCrypt(text.to_owned()))
            }
            _ => Err(UNKNOWN.to_owned()),
        }
    }

    /// Whether it is this password's. Both compare in constant time.
    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::ShaCrypt(hash) => PasswordHashRef::new(hash)
                .is_ok_and(|hash| ShaCrypt::default().verify_password(password, hash).is_ok()),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

/// In crypt's own alphabet.
fn is_base64(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'/';
    length.contains(&text.len()) && text.bytes().all(fits)
}
