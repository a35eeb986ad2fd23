//! Sets of ports, as a rule names them.

use std::fmt;
use std::ops::RangeInclusive;

/// A set of ports, written `443`, `8000-8100`, or several of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSet(Vec<RangeInclusive<u16>>);

/// Why a text is not a set of ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortsError {
    /// Not a port.
    #[error("`{0}` is not a port: write a number from 1 to 65535, or a range such as 8000-8100")]
    NotAPort(String),
    /// A range whose end stands before its start.
    #[error("`{0}` ends before it starts: write the lower port first")]
    Backwards(String),
    /// A set without a port would match nothing.
    #[error("no port is named: write one, or leave `ports` out")]
    Empty,
}

impl PortSet {
    /// The ports of HTTPS and HTTP, which an `allow` entry without `ports` opens.
    #[must_use]
    pub fn web() -> Self {
        Self(vec![443..=443, 80..=80])
    }

    /// One port.
    #[must_use]
    pub fn one(port: u16) -> Self {
        Self(vec![port..=port])
    }

    /// Every port, which a `deny` entry without `ports` closes.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![1..=u16::MAX])
    }

    /// Collects ports and ranges, each written `443` or `8000-8100`.
    ///
    /// # Errors
    /// The first piece that is neither.
    pub fn parse<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Result<Self, PortsError> {
        let ranges = pieces.into_iter().map(range).collect::<Result<Vec<_>, _>>()?;
        if ranges.is_empty() {
            return Err(PortsError::Empty);
        }
        Ok(Self(ranges))
    }

    /// Whether the port is in the set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|range| range.contains(&port))
    }

    /// Whether every port of `other` is in the set.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|range| {
            // The first port that is not yet known to be covered.
            let mut next = u32::from(*range.start());
            let end = u32::from(*range.end());
            let holds = |own: &&RangeInclusive<u16>, port: u32| {
                (u32::from(*own.start())..=u32::from(*own.end())).contains(&port)
            };
            while next <= end {
                match self.0.iter().find(|own| holds(own, next)) {
                    Some(own) => next = u32::from(*own.end()) + 1,
                    None => return false,
                }
            }
            true
        })
    }

    /// Whether any port is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let meets = |(a, b): (&RangeInclusive<u16>, &RangeInclusive<u16>)| {
            a.start() <= b.end() && b.start() <= a.end()
        };
        self.0.iter().any(|own| other.0.iter().any(|its| meets((own, its))))
    }
}

fn range(piece: &str) -> Result<RangeInclusive<u16>, PortsError> {
    let port = |text: &str| {
        let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>()
            .ok()
            .filter(|_| plain)
            .ok_or_else(|| PortsError::NotAPort(piece.to_owned()))
    };
    let (first, last) = match piece.split_once('-') {
        Some((first, last)) => (port(first.trim())?, port(last.trim())?),
        None => (port(piece)?, port(piece)?),
    };
    if first > last {
        return Err(PortsError::Backwards(piece.to_owned()));
    }
    Ok(first..=last)
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            if range.start() == range.end() {
                write!(f, "{comma}{}", range.start())?;
            } else {
                write!(f, "{comma}{}-{}", range.start(), range.end())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "ports_tests.rs"]
mod tests;
