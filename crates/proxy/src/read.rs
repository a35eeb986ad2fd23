//! Reading a message head from a socket.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::tcp::ReadHalf;

use crate::malformed::Malformed;
use crate::scan::Scanner;

/// Bounds of a message head.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// The whole head, in bytes.
    pub head_bytes: usize,
    /// A request's line, in bytes.
    pub target_bytes: usize,
    /// Field lines.
    pub fields: usize,
}

/// Why there is no head.
#[derive(Debug)]
pub(crate) enum NoHead {
    /// The peer closed before its first byte.
    Closed,
    /// The peer closed within the head, or the socket failed.
    Cut,
    /// No head holds what came.
    Malformed(Malformed),
    /// The start line is too long.
    StartLine,
    /// The head is too long.
    Head,
}

/// Reads until the head in `buffer` is complete, and takes it off; what follows stays there.
pub(crate) async fn read_head(
    source: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    limits: HeadLimits,
) -> Result<Bytes, NoHead> {
    let mut scanner = Scanner::default();
    loop {
        // A TLS record of the type handshake.
        if buffer.first() == Some(&0x16) {
            return Err(NoHead::Malformed(Malformed::Tls));
        }
        // What follows the head may be a body of any size: only the head is bounded.
        let head = &buffer[..buffer.len().min(limits.head_bytes)];
        match scanner.advance(head).map_err(NoHead::Malformed)? {
            Some(end) => {
                let head = buffer.split_to(end).freeze();
                let line = head.iter().position(|&b| b == b'\n').unwrap_or_default();
                return if line > limits.target_bytes { Err(NoHead::StartLine) } else { Ok(head) };
            }
            None if scanner.in_start_line(head) && head.len() > limits.target_bytes => {
                return Err(NoHead::StartLine);
            }
            None if head.len() == limits.head_bytes => return Err(NoHead::Head),
            None => {}
        }
        if buffer.capacity() - buffer.len() < 512 {
            buffer.reserve(READ_AHEAD);
        }
        match source.read_buf(buffer).await {
            Ok(0) if buffer.is_empty() => return Err(NoHead::Closed),
            Ok(0) | Err(_) => return Err(NoHead::Cut),
            Ok(_) => {}
        }
    }
}

/// Waits for bytes and puts them into `buffer`; zero at the end. Readiness alone is no sign of
/// them: tokio takes a new socket for readable until it has been tried.
pub(crate) async fn read_some(
    source: &mut ReadHalf<'_>,
    buffer: &mut BytesMut,
) -> io::Result<usize> {
    loop {
        source.readable().await?;
        buffer.reserve(READ_AHEAD);
        match source.try_read_buf(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

/// How much a head's buffer grows by, in bytes: most heads fit in one.
const READ_AHEAD: usize = 2 * 1024;
