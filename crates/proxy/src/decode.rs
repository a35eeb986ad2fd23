//! Bodies, taken apart without I/O (RFC 9112 §6 and §7).

use bytes::{Buf, BytesMut};

use crate::framing::Length;
use crate::head;
use crate::malformed::Malformed;
use crate::scan::Scanner;

/// Longest line of a chunk size with its extensions, in bytes.
const MAX_CHUNK_LINE: usize = 1024;
/// Longest trailer section, in bytes, and most fields in it.
const MAX_TRAILERS: usize = 8 * 1024;
const MAX_TRAILER_FIELDS: usize = 64;

/// What stands at the start of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many bytes of the body. The caller takes them off the buffer.
    Data(usize),
    /// Not enough to tell.
    More,
    /// The body has ended; what follows in the buffer is not part of it.
    End,
}

/// Where in a body the buffer stands.
#[derive(Debug)]
pub(crate) struct Decoder(State);

#[derive(Debug)]
enum State {
    Sized(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers(Scanner),
    End,
}

impl Decoder {
    pub(crate) fn new(length: Length) -> Self {
        Self(match length {
            Length::Sized(bytes) => State::Sized(bytes),
            Length::Chunked => State::ChunkSize,
            Length::UntilClose => State::UntilClose,
        })
    }

    /// Whether the end of the connection is the end of the body, and not a failure.
    pub(crate) fn may_end_by_close(&self) -> bool {
        matches!(self.0, State::UntilClose | State::End)
    }

    /// Takes framing off the start of the buffer until data, the end, or a lack of bytes.
    pub(crate) fn step(&mut self, buffer: &mut BytesMut) -> Result<Step, Malformed> {
        loop {
            match &mut self.0 {
                State::End | State::Sized(0) => return Ok(Step::End),
                State::Sized(_) | State::UntilClose | State::ChunkData(_) if buffer.is_empty() => {
                    return Ok(Step::More);
                }
                State::UntilClose => return Ok(Step::Data(buffer.len())),
                State::Sized(left) => return Ok(take(left, buffer)),
                State::ChunkData(0) => self.0 = State::ChunkEnd,
                State::ChunkData(left) => return Ok(take(left, buffer)),
                State::ChunkSize => match chunk_size(buffer)? {
                    None => return Ok(Step::More),
                    Some(0) => self.0 = State::Trailers(Scanner::default()),
                    Some(size) => self.0 = State::ChunkData(size),
                },
                State::ChunkEnd => {
                    if !b"\r\n".starts_with(&buffer[..buffer.len().min(2)]) {
                        return Err(Malformed::Chunk);
                    }
                    if buffer.len() < 2 {
                        return Ok(Step::More);
                    }
                    buffer.advance(2);
                    self.0 = State::ChunkSize;
                }
                State::Trailers(scanner) => match trailers_end(scanner, buffer)? {
                    None => return Ok(Step::More),
                    Some(end) => {
                        buffer.advance(end);
                        self.0 = State::End;
                    }
                },
            }
        }
    }
}

fn take(left: &mut u64, buffer: &BytesMut) -> Step {
    let here = usize::try_from(*left).map_or(buffer.len(), |left| left.min(buffer.len()));
    *left -= here as u64;
    Step::Data(here)
}

/// Takes a chunk-size line off the buffer. Extensions are dropped (RFC 9112 §7.1.1).
fn chunk_size(buffer: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    let Some(end) = buffer.iter().take(MAX_CHUNK_LINE).position(|&b| b == b'\n') else {
        return if buffer.len() < MAX_CHUNK_LINE { Ok(None) } else { Err(Malformed::Chunk) };
    };
    let line = buffer[..end].strip_suffix(b"\r").ok_or(Malformed::Chunk)?;
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (size, extension) = line.split_at(digits);
    let extension_is_plain = extension.is_empty()
        || extension[0] == b';'
            && extension.iter().all(|&b| b == b'\t' || (0x20..0x7f).contains(&b));
    if !(1..=15).contains(&digits) || !extension_is_plain {
        return Err(Malformed::Chunk);
    }
    let size = size.iter().fold(0, |sum, &digit| {
        sum * 16 + u64::from(char::from(digit).to_digit(16).unwrap_or_default())
    });
    buffer.advance(end + 1);
    Ok(Some(size))
}

/// The length of the trailer section with its empty line, once that is there.
fn trailers_end(scanner: &mut Scanner, buffer: &[u8]) -> Result<Option<usize>, Malformed> {
    if buffer.starts_with(b"\r\n") {
        return Ok(Some(2));
    }
    if b"\r\n".starts_with(buffer) {
        return Ok(None);
    }
    // However many bytes came at once: the section is bounded, what follows it is not.
    let section = &buffer[..buffer.len().min(MAX_TRAILERS)];
    let Some(end) = scanner.advance(section)? else {
        return if buffer.len() < MAX_TRAILERS { Ok(None) } else { Err(Malformed::Chunk) };
    };
    head::fields(&buffer[..end], MAX_TRAILER_FIELDS)?;
    Ok(Some(end))
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
