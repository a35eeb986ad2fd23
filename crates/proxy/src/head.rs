//! The strict reading of a message head (RFC 9112 §2 to §5), for requests and responses alike.

use crate::malformed::Malformed;

/// A field line, its value without the white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'h> {
    pub(crate) name: &'h [u8],
    pub(crate) value: &'h [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The protocol version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// A request head, as it stood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestHead<'h> {
    pub(crate) method: &'h [u8],
    pub(crate) target: &'h [u8],
    pub(crate) version: Version,
    pub(crate) fields: Vec<Field<'h>>,
}

/// A response head, as it stood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ResponseHead<'h> {
    pub(crate) status: u16,
    pub(crate) reason: &'h [u8],
    pub(crate) version: Version,
    pub(crate) fields: Vec<Field<'h>>,
}

impl<'h> RequestHead<'h> {
    /// Reads a head that [`crate::scan::Scanner`] has measured: every line ends in CR LF.
    pub(crate) fn parse(head: &'h [u8], max_fields: usize) -> Result<Self, Malformed> {
        let (line, rest) = split_line(head);
        let mut parts = line.splitn(3, |&b| b == b' ');
        let (Some(method), Some(target), Some(version)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed::RequestLine);
        };
        if !is_token(method) || !is_visible(target) || version.contains(&b' ') {
            return Err(Malformed::RequestLine);
        }
        let fields = fields(rest, max_fields)?;
        Ok(Self { method, target, version: self::version(version)?, fields })
    }
}

impl<'h> ResponseHead<'h> {
    /// Reads a head that [`crate::scan::Scanner`] has measured.
    pub(crate) fn parse(head: &'h [u8], max_fields: usize) -> Result<Self, Malformed> {
        let (line, rest) = split_line(head);
        let mut parts = line.splitn(3, |&b| b == b' ');
        let version = version(parts.next().unwrap_or_default())?;
        let status = match parts.next() {
            Some(&[a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9']) => {
                u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
            }
            _ => return Err(Malformed::StatusLine),
        };
        // RFC 9112 §4 wants the space even before an empty reason; not all servers send it, and
        // nothing can be read into its absence.
        let reason = parts.next().unwrap_or_default();
        Ok(Self { status, reason, version, fields: fields(rest, max_fields)? })
    }
}

/// The line before the first CR LF, and what stands behind that.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 2..).unwrap_or_default())
}

fn version(bytes: &[u8]) -> Result<Version, Malformed> {
    match bytes {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        _ => Err(Malformed::Version),
    }
}

pub(crate) fn fields(mut bytes: &[u8], max: usize) -> Result<Vec<Field<'_>>, Malformed> {
    let mut fields = Vec::with_capacity(16);
    loop {
        let (line, rest) = split_line(bytes);
        if line.is_empty() {
            return Ok(fields);
        }
        if fields.len() == max {
            return Err(Malformed::Fields);
        }
        fields.push(field(line)?);
        bytes = rest;
    }
}

fn field(line: &[u8]) -> Result<Field<'_>, Malformed> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err(Malformed::Folded);
    }
    let colon = line.iter().position(|&b| b == b':').ok_or(Malformed::FieldName)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    // A token holds no white space, so `Name : value` is refused here (RFC 9112 §5.1).
    if !is_token(name) {
        return Err(Malformed::FieldName);
    }
    Ok(Field { name, value: value.trim_ascii() })
}

/// A token (RFC 9110 §5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes.iter().all(|&b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Visible ASCII only, and at least one of it.
fn is_visible(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
