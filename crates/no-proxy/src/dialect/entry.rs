//! One entry: from text to what it covers.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use policy::HostName;

use super::Flaw;

/// Bits of IPv6 in front of an embedded IPv4 address: `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// One entry of a list. It displays as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    text: Box<str>,
    cover: Cover,
    port: Option<u16>,
}

/// What an entry covers, whatever the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// `*`.
    Everything,
    /// `x` and `.x`: the name and all below it.
    Name(HostName),
    /// `*.x`: all below the name.
    Below(HostName),
    /// An address, or a block of them, never with bits behind the prefix.
    Net(IpNet),
}

impl Entry {
    /// Reads one entry, which holds neither commas nor white space.
    pub(super) fn parse(text: &str) -> Result<(Self, Option<Flaw>), Flaw> {
        if text.contains(['"', '\'', '`']) {
            return Err(Flaw::Quoted);
        }
        if text.contains("://") {
            return Err(Flaw::Url);
        }
        if text.contains('@') {
            return Err(Flaw::Userinfo);
        }
        let (cover, port, flaw) = match text.split_once('/') {
            Some((address, length)) => {
                let (net, flaw) = block(address, length)?;
                (Cover::Net(net), None, flaw)
            }
            None => {
                let (host, port) = split_port(text)?;
                (cover(host)?, port, None)
            }
        };
        Ok((Self { text: text.into(), cover, port }, flaw))
    }

    /// Whether the entry covers a name: lower-case, without a final dot.
    pub(super) fn covers_name(&self, name: &str, port: u16) -> bool {
        self.takes(port)
            && match &self.cover {
                Cover::Everything => true,
                Cover::Name(apex) => name == apex.as_str() || is_below(name, apex),
                Cover::Below(apex) => is_below(name, apex),
                Cover::Net(_) => false,
            }
    }

    /// Whether the entry covers an address.
    pub(super) fn covers_address(&self, ip: IpAddr, port: u16) -> bool {
        self.takes(port)
            && match &self.cover {
                Cover::Everything => true,
                Cover::Name(_) | Cover::Below(_) => false,
                Cover::Net(net) => net.contains(&ip) || net.contains(&ip.to_canonical()),
            }
    }

    /// What the entry covers.
    pub(crate) fn cover(&self) -> &Cover {
        &self.cover
    }

    /// The only port it covers, if it names one.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    fn takes(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `name` has at least one label more than `apex`, which is its tail.
fn is_below(name: &str, apex: &HostName) -> bool {
    name.strip_suffix(apex.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Reads everything but a block.
fn cover(host: &str) -> Result<Cover, Flaw> {
    if let Some(inside) = host.strip_prefix('[') {
        let inside = inside.strip_suffix(']').ok_or(Flaw::Brackets)?;
        let ip = inside.parse().map_err(|_| Flaw::Brackets)?;
        return Ok(Cover::Net(single(ip)));
    }
    if let Ok(ip) = host.parse() {
        return Ok(Cover::Net(single(ip)));
    }
    if host == "*" {
        return Ok(Cover::Everything);
    }
    let (rest, below) = match host.strip_prefix("*.") {
        Some(rest) => (rest, true),
        None => (host.strip_prefix('.').unwrap_or(host), false),
    };
    if rest.contains('*') {
        return Err(Flaw::Wildcard);
    }
    let name = if rest.is_ascii() {
        HostName::parse(rest.as_bytes())?
    } else {
        let ascii = idna::domain_to_ascii(rest).map_err(|_| Flaw::NotAscii)?;
        HostName::parse(ascii.as_bytes())?
    };
    Ok(if below { Cover::Below(name) } else { Cover::Name(name) })
}

/// Cuts the port off. Without brackets, more than one colon makes an IPv6 address, not a port.
fn split_port(text: &str) -> Result<(&str, Option<u16>), Flaw> {
    let end_of_host = text.rfind(']').map_or(0, |end| end + 1);
    let bare_ipv6 = end_of_host == 0 && text.matches(':').count() > 1;
    let Some(colon) = text[end_of_host..].find(':').filter(|_| !bare_ipv6) else {
        return Ok((text, None));
    };
    let (host, digits) = (&text[..end_of_host + colon], &text[end_of_host + colon + 1..]);
    Ok((host, Some(port(digits)?)))
}

/// `u16::from_str` takes `+443`; this does not.
fn port(digits: &str) -> Result<u16, Flaw> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Flaw::Port);
    }
    digits.parse().ok().filter(|port| *port != 0).ok_or(Flaw::Port)
}

/// Reads a block, of which `address` is in brackets, has brackets around it with the length, or
/// has none.
fn block(address: &str, length: &str) -> Result<(IpNet, Option<Flaw>), Flaw> {
    let (address, length) = match address.strip_prefix('[') {
        None => (address, length),
        Some(inside) => match (inside.strip_suffix(']'), length.strip_suffix(']')) {
            (Some(inside), None) => (inside, length),
            (None, Some(length)) => (inside, length),
            _ => return Err(Flaw::Brackets),
        },
    };
    if length.contains(':') {
        return Err(Flaw::BlockPort);
    }
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let ip: IpAddr = address.parse().map_err(|_| Flaw::Block)?;
    let bits = length.parse().ok().filter(|_| digits).ok_or(Flaw::Block)?;
    let net = IpNet::new(ip, bits).map_err(|_| Flaw::Block)?;
    let flaw = (net.addr() != net.network()).then(|| Flaw::HostBits(net.trunc()));
    Ok((unmapped(net.trunc()), flaw))
}

/// The block of one address.
fn single(ip: IpAddr) -> IpNet {
    unmapped(IpNet::from(ip))
}

/// A block of mapped IPv4 addresses as the IPv4 block it means.
fn unmapped(net: IpNet) -> IpNet {
    match (net.network().to_canonical(), net.prefix_len().checked_sub(MAPPED_BITS)) {
        (IpAddr::V4(ip), Some(bits)) if matches!(net, IpNet::V6(_)) => {
            Ipv4Net::new(ip, bits).map_or(net, IpNet::V4)
        }
        _ => net,
    }
}
