//! Addresses and blocks of them, as leniently as each client reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Bits in front of a mapped IPv4 address (RFC 4291 §2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// How a client reads blocks.
#[derive(Debug)]
pub(in crate::clients) struct Blocks {
    /// Whether IPv4 is read.
    pub(in crate::clients) v4: bool,
    /// Whether IPv6 is read.
    pub(in crate::clients) v6: bool,
    /// How the address in front of `/` may be written.
    pub(in crate::clients) base: Base,
    /// How the length behind it may be written.
    pub(in crate::clients) length: Length,
    /// What length 0 means.
    pub(in crate::clients) zero: Zero,
    /// What a length of more bits than the address has means.
    pub(in crate::clients) too_long: TooLong,
    /// Whether an address without `/` is read here.
    pub(in crate::clients) alone: bool,
    /// Whether bits behind the prefix make the entry void.
    pub(in crate::clients) exact_base: bool,
    /// What a mapped IPv4 address is.
    pub(in crate::clients) mapped: Mapped,
}

/// What an IPv4 address that is mapped into IPv6 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Mapped {
    /// An IPv6 address like any other.
    Apart,
    /// That IPv4 address, as the base of a block if the length reaches into it.
    Folded,
    /// That IPv4 address, and a block whose length does not reach into it is void.
    FoldedOrVoid,
}

/// How an address may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Base {
    /// As `inet_pton` reads it.
    Strict,
    /// The same, with brackets around IPv6 allowed.
    Brackets,
    /// The same, with zeros in front of an IPv4 octet allowed.
    LeadingZeros,
    /// As `inet_aton` reads it: `10.1` and `0x0a.1` too.
    Aton,
    /// The same, with brackets around IPv6 allowed.
    AtonBrackets,
    /// The same, and IPv4 has at least one dot.
    AtonDotted,
}

/// How a length may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Length {
    /// Digits and nothing else.
    Digits,
    /// As C's `atoi`: what follows the digits is ignored, and none make 0.
    Atoi,
    /// As Python's `int`: white space around it, a sign, `_` between digits.
    PythonInt,
    /// As JavaScript's `parseInt`: what follows the digits is ignored.
    ParseInt,
    /// Digits, with white space around them and a `+` in front.
    Lenient,
    /// Digits, or a netmask for IPv4.
    Netmask,
    /// Digits without a zero in front.
    Plain,
    /// The same, or a netmask for IPv4.
    PlainOrNetmask,
}

/// What length 0 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Zero {
    /// Every address.
    All,
    /// The one address.
    One,
    /// Nothing.
    Void,
}

/// What too long a length means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum TooLong {
    /// Nothing.
    Void,
    /// The one address.
    One,
}

impl Blocks {
    /// Blocks of both families, strictly, and no single addresses.
    pub(in crate::clients) const STRICT: Self = Self {
        v4: true,
        v6: true,
        base: Base::Strict,
        length: Length::Digits,
        zero: Zero::All,
        too_long: TooLong::Void,
        alone: false,
        exact_base: false,
        mapped: Mapped::Apart,
    };

    /// Whether the entry is an address or block that holds this address.
    pub(super) fn hold(&self, entry: &str, ip: IpAddr) -> bool {
        let ip = if self.mapped == Mapped::Apart { ip } else { ip.to_canonical() };
        self.read(entry).is_some_and(|net| net.contains(&ip))
    }

    fn read(&self, entry: &str) -> Option<IpNet> {
        let (base, length) = match entry.split_once('/') {
            Some((base, length)) => (base, Some(length)),
            None if self.alone => (entry, None),
            None => return None,
        };
        let ip = self.base.read(base)?;
        if !(if ip.is_ipv4() { self.v4 } else { self.v6 }) {
            return None;
        }
        let net = self.net(ip, length)?;
        let folds = ip.is_ipv6() && ip.to_canonical().is_ipv4();
        let too_short = folds && net.prefix_len() < MAPPED_BITS;
        let void = self.exact_base && net.addr() != net.network()
            || self.mapped == Mapped::FoldedOrVoid && too_short;
        let net = net.trunc();
        (!void).then(|| if self.mapped == Mapped::Apart { net } else { unmapped(net) })
    }

    fn net(&self, ip: IpAddr, length: Option<&str>) -> Option<IpNet> {
        let whole = IpNet::from(ip);
        let Some(length) = length else { return Some(whole) };
        if matches!(self.length, Length::Netmask | Length::PlainOrNetmask)
            && let (IpAddr::V4(ip), Ok(mask)) = (ip, length.parse::<Ipv4Addr>())
        {
            return Ipv4Net::with_netmask(ip, mask).ok().map(IpNet::V4);
        }
        match (self.length.read(length)?, self.zero) {
            (0, Zero::One) => Some(whole),
            (0, Zero::Void) => None,
            (bits, _) if bits > u64::from(whole.max_prefix_len()) => {
                (self.too_long == TooLong::One).then_some(whole)
            }
            (bits, _) => IpNet::new(ip, u8::try_from(bits).ok()?).ok(),
        }
    }
}

impl Base {
    fn read(self, text: &str) -> Option<IpAddr> {
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        match self {
            Self::Strict => text.parse().ok(),
            Self::Brackets => match inside {
                Some(inside) => inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
                None => text.parse().ok(),
            },
            Self::LeadingZeros => text.parse().ok().or_else(|| leading_zeros(text)),
            Self::AtonBrackets | Self::AtonDotted if inside.is_some() => Self::Brackets.read(text),
            Self::AtonDotted if !text.contains(['.', ':']) => None,
            Self::Aton | Self::AtonBrackets | Self::AtonDotted => {
                text.parse().ok().or_else(|| aton(text).map(IpAddr::V4))
            }
        }
    }
}

impl Length {
    fn read(self, text: &str) -> Option<u64> {
        let digits = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let leading = |text: &str| {
            let text = text.trim_start();
            let text = text.strip_prefix('+').unwrap_or(text);
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            digits(&text[..end])
        };
        match self {
            Self::Digits | Self::Netmask => digits(text),
            Self::Plain | Self::PlainOrNetmask => {
                digits(text).filter(|_| text == "0" || !text.starts_with('0'))
            }
            // A negative number is far too large once it is unsigned.
            Self::Atoi if text.trim_start().starts_with('-') => Some(u64::MAX),
            Self::Atoi => Some(leading(text).unwrap_or(0)),
            // The entry is cut at every slash there, and void with more than one.
            Self::ParseInt => leading(text).filter(|_| !text.contains('/')),
            Self::PythonInt | Self::Lenient => {
                let text = text.trim();
                digits(text.strip_prefix('+').unwrap_or(text))
            }
        }
    }
}

/// The IPv4 block that a block of mapped addresses means.
fn unmapped(net: IpNet) -> IpNet {
    match (net.network().to_canonical(), net.prefix_len().checked_sub(MAPPED_BITS)) {
        (IpAddr::V4(ip), Some(bits)) if matches!(net, IpNet::V6(Ipv6Net { .. })) => {
            Ipv4Net::new(ip, bits).map_or(net, IpNet::V4)
        }
        _ => net,
    }
}

/// A dotted quad whose octets are decimal, whatever zeros stand in front.
fn leading_zeros(text: &str) -> Option<IpAddr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        *octet = part.parse().ok().filter(|_| digits)?;
    }
    parts.next().is_none().then(|| IpAddr::from(octets))
}

/// `inet_aton`: one to four numbers, decimal, octal or hexadecimal, of which the last fills what
/// is left.
pub(super) fn aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, octets) = parts.split_last()?;
    if octets.len() > 3 {
        return None;
    }
    let mut address = 0_u64;
    for octet in octets {
        address = (address << 8) | number(octet).filter(|n| *n < 256)?;
    }
    let room = 8 * (4 - octets.len());
    let address = (address << room) | number(last).filter(|n| *n < 1 << room)?;
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// A C literal.
fn number(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hex, text.strip_prefix('0')) {
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        _ => (text, 10),
    };
    // `from_str_radix` takes a sign.
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then_some(())?;
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
