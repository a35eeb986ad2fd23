//! Streams of bytes that are known at every place, sent and received at every pace.

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::ops::Range;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

pub(crate) const KIB: u64 = 1024;
pub(crate) const MIB: u64 = 1024 * KIB;

/// No multiple of it is a multiple of a page, a buffer or a pipe.
const BLOCK: usize = (1 << 20) - 3;

/// splitmix64.
pub(crate) fn random(state: &Cell<u64>) -> u64 {
    state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    let mut z = state.get();
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An endless stream: a block of random bytes over and over, each time begun elsewhere, so that a
/// piece that is lost, repeated or out of place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(pub(crate) u64);

impl Pattern {
    /// Its bytes from there on, as many as lie together.
    pub(crate) fn at(self, at: u64, most: usize) -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        let bytes = BYTES.get_or_init(|| {
            let state = Cell::new(1);
            (0..BLOCK / 8 + 1).flat_map(|_| random(&state).to_le_bytes()).take(BLOCK).collect()
        });
        let (lap, offset) = (at / BLOCK as u64, (at % BLOCK as u64) as usize);
        let turned = (lap * 7919 + self.0 * 104_729) % BLOCK as u64;
        let from = (offset + turned as usize) % BLOCK;
        &bytes[from..(from + most.min(BLOCK - offset)).min(BLOCK)]
    }

    /// So many bytes from its start.
    pub(crate) fn start(self, len: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < len {
            let at = bytes.len() as u64;
            bytes.extend_from_slice(self.at(at, (len - at) as usize));
        }
        bytes
    }

    /// Sends this stretch of it.
    pub(crate) fn send(self, to: &mut impl Write, range: Range<u64>, pace: &Pace) {
        let mut at = range.start;
        while at < range.end {
            let most = (pace.size() as u64).min(range.end - at) as usize;
            at += to.write(self.at(at, most)).expect("send") as u64;
            pace.rest();
        }
    }

    /// Receives this stretch of it, and compares every byte.
    pub(crate) fn receive(self, from: &mut impl Read, range: Range<u64>, pace: &Pace) {
        let end = self.receive_while(from, range.clone(), pace).expect("receive");
        assert_eq!(end, range.end, "the end came early");
    }

    /// Receives this stretch of it as far as it comes, and compares every byte; hands out how far
    /// it came, to the stretch's or the stream's end.
    pub(crate) fn receive_while(
        self,
        from: &mut impl Read,
        range: Range<u64>,
        pace: &Pace,
    ) -> std::io::Result<u64> {
        let mut at = range.start;
        let mut room = vec![0; pace.largest];
        while at < range.end {
            let most = (pace.size() as u64).min(range.end - at) as usize;
            let read = match from.read(&mut room[..most]) {
                Ok(0) => break,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(error),
                read => read.expect("receive"),
            };
            let mut got = &room[..read];
            while !got.is_empty() {
                let expected = self.at(at, got.len());
                let same = &got[..expected.len()] == expected;
                assert!(same, "the bytes differ within {} from {at}", expected.len());
                at += expected.len() as u64;
                got = &got[expected.len()..];
            }
            pace.rest();
        }
        Ok(at)
    }
}

/// In which pieces, and with how many rests between them.
#[derive(Debug)]
pub(crate) struct Pace {
    largest: usize,
    /// Every piece of the largest size; else of any up to it.
    even: bool,
    /// A rest after one piece in so many.
    rests: Option<u64>,
    /// How many rests are left: a stream of many small pieces must come to its end.
    left: Cell<u64>,
    state: Cell<u64>,
}

impl Pace {
    /// Large pieces, without a rest.
    pub(crate) fn full() -> Self {
        Self::of(256 * 1024)
    }

    /// Pieces of this size, without a rest.
    pub(crate) fn of(size: usize) -> Self {
        let (left, state) = (Cell::new(0), Cell::new(0));
        Self { largest: size, even: true, rests: None, left, state }
    }

    /// Pieces of any size up to this one, with rests of up to three milliseconds, or eight where
    /// they are few.
    pub(crate) fn rough(seed: u64, largest: usize) -> Self {
        let state = Cell::new(seed);
        let rests = Some(1 + random(&state) % 40);
        Self { largest, even: false, rests, left: Cell::new(60), state }
    }

    fn size(&self) -> usize {
        if self.even {
            return self.largest;
        }
        // As often small as large.
        let bits = u64::from(self.largest.ilog2()) + 1;
        let below = 1 << (random(&self.state) % bits + 1);
        1 + (random(&self.state) % below) as usize % self.largest
    }

    fn rest(&self) {
        let Some(one_in) = self.rests else { return };
        if self.left.get() > 0 && random(&self.state).is_multiple_of(one_in) {
            self.left.set(self.left.get() - 1);
            let longest = if one_in > 30 { 8 } else { 3 };
            sleep(Duration::from_micros(random(&self.state) % (longest * 1000)));
        }
    }
}
