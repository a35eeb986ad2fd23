//! What load and origin say to each other: services, their requests, and the checked pattern.

use std::fmt;
use std::sync::LazyLock;

/// Bytes of a small request.
pub(crate) const REQUEST: usize = 64;
/// Bytes of a small answer, and of the body of a plain-HTTP response.
pub(crate) const ANSWER: usize = 1024;
/// A ClientHello as wget sends it, by GnuTLS. It names `localhost`.
pub(crate) const HELLO: &[u8] =
    include_bytes!("../../tests/sni/hellos/wget-1.21.3-gnutls-3.7.9-localhost.bin");
/// Bytes that one bulk write or read takes at most.
pub(crate) const CHUNK: usize = 1024 * 1024;

/// Bytes that either side of a checked transfer sends before it has the other's as many. The
/// kernel's memory for TCP (`net.ipv4.tcp_mem`) has room for this much of 9,000 tunnels both ways;
/// past it the kernel throws away what has arrived, and retransmissions are measured, not proxies.
pub(crate) const STEP: usize = 16 * 1024;

/// What an origin's port does. Nobody but the client ever speaks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Reads a length, sends that many bytes, and its end.
    Source,
    /// Reads a length, discards that many bytes, and sends back how many they were.
    Sink,
    /// Answers every small request with a small answer.
    Reply,
    /// Answers a ClientHello with a small answer, which is no TLS.
    Greet,
    /// Answers plain-HTTP GETs on a kept connection.
    Web,
    /// Reads a seed and a length, then sends and takes pattern bytes, a step at a time both ways;
    /// checks what it takes.
    Check,
}

impl Service {
    pub(crate) const ALL: [Self; 6] =
        [Self::Source, Self::Sink, Self::Reply, Self::Web, Self::Check, Self::Greet];
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A prime, so that no power of two of lost or doubled bytes leaves the pattern in step.
const PERIOD: usize = 65_537;

/// Two periods of pseudo-random bytes: a period's worth from any position is one slice.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let period: Vec<u8> = (0..PERIOD).map(|_| next()).collect();
    [period.clone(), period].concat()
});

/// One direction of a checked transfer: where in the pattern it stands, and what is left of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patterned {
    position: usize,
    left: usize,
}

impl Patterned {
    /// `seed` tells tunnels and directions apart: bytes of another one do not match.
    pub(crate) fn new(seed: u64, length: usize) -> Self {
        let start = seed.wrapping_mul(7919) % PERIOD as u64;
        Self { position: start as usize, left: length }
    }

    /// The bytes of the next step: none when all is done.
    pub(crate) fn step(&mut self) -> &'static [u8] {
        let bytes = &PATTERN[self.position..][..self.left.min(STEP)];
        self.position = (self.position + bytes.len()) % PERIOD;
        self.left -= bytes.len();
        bytes
    }
}
