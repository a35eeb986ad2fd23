//! The PROXY protocol: what a load balancer says of its client before the client's own bytes
//! (HAProxy's doc/proxy-protocol.txt, versions 1 and 2). No I/O here: bytes in, a header out.

mod tlv;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// What every header of version 2 begins with (section 2.2).
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// What every header of version 1 begins with (section 2.1).
const PREFIX: &[u8] = b"PROXY ";
/// Longest header of version 1, its CR LF included, in bytes (section 2.1).
const MAX_LINE: usize = 107;
/// The fixed part of version 2, in bytes: signature, version and command, family, length.
const FIXED: usize = 16;
/// Longest part behind it, in bytes. Addresses take 36; the rest is TLVs, of which a receiver must
/// take some 500 bytes (section 2.2), and certificates' names take more.
const MAX_BLOCK: usize = 4096;

/// A whole header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The client. None where the header names nobody (LOCAL, UNKNOWN, unspecified): it is then
    /// whoever is at the other end of the connection.
    pub(crate) source: Option<SocketAddr>,
    /// How many bytes the header has; what follows is the client's.
    pub(crate) len: usize,
}

/// Why there is no header that could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection begins with something else.
    Absent,
    /// The header is not as its version demands.
    Malformed,
    /// It is longer than is read here.
    TooLong,
    /// It speaks of something that is no TCP connection.
    Unsupported,
    /// Its checksum is another.
    Checksum,
    /// The connection ended within it.
    Cut,
    /// It was not there in time.
    Timeout,
}

impl Fault {
    /// Every one.
    pub(crate) const ALL: [Self; 7] = [
        Self::Absent,
        Self::Malformed,
        Self::TooLong,
        Self::Unsupported,
        Self::Checksum,
        Self::Cut,
        Self::Timeout,
    ];

    /// The label that metrics have.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::Unsupported => "unsupported",
            Self::Checksum => "checksum",
            Self::Cut => "cut",
            Self::Timeout => "timeout",
        }
    }

    /// What is wrong, for a person.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Absent => "no PROXY protocol header, which `proxy_protocol.from` demands",
            Self::Malformed => "a malformed PROXY protocol header",
            Self::TooLong => "a PROXY protocol header that is too long",
            Self::Unsupported => "a PROXY protocol header about something other than TCP",
            Self::Checksum => "a PROXY protocol header whose checksum is wrong",
            Self::Cut => "the connection ended within its PROXY protocol header",
            Self::Timeout => "the PROXY protocol header did not come in time",
        }
    }
}

/// Reads the header that `bytes` begin with. None where more of it is to come.
///
/// # Errors
/// As soon as it is certain that no good header will be there.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Header>, Fault> {
    let may_begin = |with: &[u8]| bytes.iter().zip(with).all(|(byte, wanted)| byte == wanted);
    if may_begin(SIGNATURE) {
        binary(bytes)
    } else if may_begin(PREFIX) {
        line(bytes)
    } else {
        Err(Fault::Absent)
    }
}

/// Version 1 (section 2.1).
fn line(bytes: &[u8]) -> Result<Option<Header>, Fault> {
    let within = &bytes[..bytes.len().min(MAX_LINE)];
    let visible = |byte: &u8| (0x20..0x7f).contains(byte);
    let Some(end) = within.iter().position(|byte| !visible(byte)) else {
        return if within.len() == MAX_LINE { Err(Fault::TooLong) } else { Ok(None) };
    };
    match &within[end..] {
        [b'\r', b'\n', ..] => {}
        [b'\r'] if end + 1 < MAX_LINE => return Ok(None),
        [b'\r'] => return Err(Fault::TooLong),
        _ => return Err(Fault::Malformed),
    }
    let text = str::from_utf8(&within[PREFIX.len()..end]).map_err(|_| Fault::Malformed)?;
    let fields: Vec<&str> = text.split(' ').collect();
    let source = match fields[..] {
        // The receiver must ignore what follows.
        ["UNKNOWN", ..] => None,
        ["TCP4", source, target, from, to] => Some(ends::<Ipv4Addr>(source, target, from, to)?),
        ["TCP6", source, target, from, to] => Some(ends::<Ipv6Addr>(source, target, from, to)?),
        _ => return Err(Fault::Malformed),
    };
    Ok(Some(Header { source, len: end + 2 }))
}

/// The source of a connection, all of whose parts must be right.
fn ends<A>(source: &str, target: &str, from: &str, to: &str) -> Result<SocketAddr, Fault>
where
    A: FromStr + Into<IpAddr>,
{
    // Neither parser takes leading zeros in dotted quads, zone ids or space.
    let ip = |text: &str| text.parse().map(A::into).map_err(|_| Fault::Malformed);
    let (source, _, from, _) = (ip(source)?, ip(target)?, port(from)?, port(to)?);
    Ok(canonical(source, from))
}

/// `u16`'s own parser takes a sign and leading zeros.
fn port(text: &str) -> Result<u16, Fault> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| plain).ok_or(Fault::Malformed)
}

/// Version 2 (section 2.2).
fn binary(bytes: &[u8]) -> Result<Option<Header>, Fault> {
    // The version's nibble must be 2, and other commands are to be refused.
    let local = match bytes.get(12) {
        None => return Ok(None),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => return Err(Fault::Malformed),
    };
    let Some(&family) = bytes.get(13) else { return Ok(None) };
    let addresses = match family {
        // What the family of a LOCAL connection is does not matter.
        _ if local => 0,
        0x00 => 0,
        0x11 => 12,
        0x21 => 36,
        // Datagrams and UNIX sockets.
        0x12 | 0x22 | 0x31 | 0x32 => return Err(Fault::Unsupported),
        _ => return Err(Fault::Malformed),
    };
    let Some(&[high, low]) = bytes.get(14..FIXED) else { return Ok(None) };
    let block = usize::from(u16::from_be_bytes([high, low]));
    if block < addresses {
        return Err(Fault::Malformed);
    }
    if block > MAX_BLOCK {
        return Err(Fault::TooLong);
    }
    let len = FIXED + block;
    let Some(header) = bytes.get(..len) else { return Ok(None) };
    let source = match (addresses, &header[FIXED..]) {
        (12, &[a, b, c, d, _, _, _, _, high, low, _, _, ..]) => {
            Some(canonical(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
        }
        (36, block) => {
            let octets: [u8; 16] = block[..16].try_into().map_err(|_| Fault::Malformed)?;
            Some(canonical(
                Ipv6Addr::from(octets).into(),
                u16::from_be_bytes([block[32], block[33]]),
            ))
        }
        _ => None,
    };
    // A block without addresses is skipped whatever it holds (section 2.2).
    if source.is_some() {
        tlv::judge(header, FIXED + addresses)?;
    }
    Ok(Some(Header { source, len }))
}

/// An IPv4 client that a dual-stack load balancer has seen is known by its IPv4 address.
fn canonical(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip.to_canonical(), port)
}

#[cfg(test)]
#[path = "proxy_protocol_tests.rs"]
mod tests;
