//! How long a body is, and which fields belong to one hop (RFC 9112 §6, RFC 9110 §7.6.1).

use crate::head::{Field, Version, is_token};
use crate::malformed::Malformed;

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many bytes, perhaps none.
    Sized(u64),
    /// By the chunked coding.
    Chunked,
    /// By the end of the connection; responses only.
    UntilClose,
}

/// The length of a request's body. Whatever two parsers could read in two ways is refused.
pub(crate) fn request_length(fields: &[Field<'_>], version: Version) -> Result<Length, Malformed> {
    Ok(declared_length(fields, version)?.unwrap_or(Length::Sized(0)))
}

/// The length of a response's body (RFC 9112 §6.3).
pub(crate) fn response_length(
    fields: &[Field<'_>],
    version: Version,
    status: u16,
    to_head: bool,
) -> Result<Length, Malformed> {
    let declared = declared_length(fields, version)?;
    if to_head || status < 200 || status == 204 || status == 304 {
        return Ok(Length::Sized(0));
    }
    Ok(declared.unwrap_or(Length::UntilClose))
}

fn declared_length(fields: &[Field<'_>], version: Version) -> Result<Option<Length>, Malformed> {
    let (mut length, mut chunked) = (None, false);
    for field in fields {
        if field.is("content-length") {
            if length.is_some() {
                return Err(Malformed::Length);
            }
            length = Some(digits(field.value)?);
        } else if field.is("transfer-encoding") {
            let coding = field.value.eq_ignore_ascii_case(b"chunked");
            if chunked || !coding || version == Version::Http10 {
                return Err(Malformed::Coding);
            }
            chunked = true;
        }
    }
    match (length, chunked) {
        (Some(_), true) => Err(Malformed::LengthAndCoding),
        (Some(length), false) => Ok(Some(Length::Sized(length))),
        (None, true) => Ok(Some(Length::Chunked)),
        (None, false) => Ok(None),
    }
}

/// `1*DIGIT` that fits an `i64`, so that no sum of lengths can overflow.
fn digits(value: &[u8]) -> Result<u64, Malformed> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Malformed::Length);
    }
    let text = std::str::from_utf8(value).map_err(|_| Malformed::Length)?;
    text.parse::<i64>().map_err(|_| Malformed::Length).map(i64::unsigned_abs)
}

/// What the Connection fields of a message say.
#[derive(Debug, Default)]
pub(crate) struct ConnectionOptions<'h> {
    named: Vec<&'h [u8]>,
    /// Whether the sender closes after this message.
    pub(crate) close: bool,
}

/// Fields that a request's Connection must not take away: whoever could drop one of them between
/// two hops could change what the message means (RFC 9110 §7.6.1).
const KEPT_IN_REQUESTS: &[&str] = &["host", "content-length", "transfer-encoding", "expect", "via"];
/// The same for responses. Some servers name Transfer-Encoding, which belongs to one hop anyway.
const KEPT_IN_RESPONSES: &[&str] = &["content-length", "via"];

/// Fields of one hop, whether or not Connection names them. `Trailer` is here because trailers
/// are dropped.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl<'h> ConnectionOptions<'h> {
    /// Reads a request's Connection fields, and the `close` of a Proxy-Connection, which old
    /// clients send.
    pub(crate) fn of_request(fields: &[Field<'h>]) -> Result<Self, Malformed> {
        Self::of(fields, KEPT_IN_REQUESTS)
    }

    /// Reads a response's Connection fields.
    pub(crate) fn of_response(fields: &[Field<'h>]) -> Result<Self, Malformed> {
        Self::of(fields, KEPT_IN_RESPONSES)
    }

    fn of(fields: &[Field<'h>], kept: &[&str]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        for field in fields.iter().filter(|field| field.is("connection")) {
            for option in field.value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
                // Empty list elements are to be ignored (RFC 9110 §5.6.1.2).
                if option.is_empty() {
                    continue;
                }
                let is = |name: &&str| option.eq_ignore_ascii_case(name.as_bytes());
                if !is_token(option) || kept.iter().any(is) {
                    return Err(Malformed::Connection);
                }
                found.close |= is(&"close");
                found.named.push(option);
            }
        }
        found.close |= fields
            .iter()
            .any(|f| f.is("proxy-connection") && f.value.eq_ignore_ascii_case(b"close"));
        Ok(found)
    }

    /// Whether the field goes no further than the next hop.
    pub(crate) fn ends_at_hop(&self, field: &Field<'_>) -> bool {
        HOP_BY_HOP.iter().any(|name| field.is(name))
            || self.named.iter().any(|name| name.eq_ignore_ascii_case(field.name))
    }
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
