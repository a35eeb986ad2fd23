//! Moving one message body from socket to socket.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use bytes::{Buf, BytesMut};
use connect::{ReadHalf, WriteHalf};
use relay::Activity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::decode::{Decoder, Step};
use crate::malformed::Malformed;

/// How much of a body is read at once, in bytes.
const BUFFER: usize = 16 * 1024;

/// How far an exchange has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) activity: Activity,
    /// Bytes of the request's body that the target's socket took.
    pub(crate) up: AtomicU64,
    /// Bytes of the response's body that the client's socket took.
    pub(crate) down: AtomicU64,
    /// Whether the client may have a part of the final response.
    pub(crate) answering: AtomicBool,
}

/// Why a body did not arrive whole.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The sender closed too early, or its socket failed.
    Source,
    /// The sender's framing is wrong.
    Malformed(Malformed),
    /// The receiver's socket failed.
    Sink,
}

/// Moves the rest of a body, whose first bytes may stand in `buffer`, to `sink`. What follows
/// the body stays in `buffer`.
pub(crate) async fn transfer(
    source: &mut ReadHalf<'_>,
    buffer: &mut BytesMut,
    mut decoder: Decoder,
    sink: &mut WriteHalf<'_>,
    chunked: bool,
    moved: &AtomicU64,
    activity: &Activity,
) -> Result<(), Broken> {
    loop {
        match decoder.step(buffer).map_err(Broken::Malformed)? {
            Step::Data(size) => {
                deliver(sink, buffer, size, chunked).await?;
                moved.fetch_add(size as u64, Relaxed);
                activity.touch();
            }
            Step::More => {
                buffer.reserve(BUFFER);
                match source.read_buf(buffer).await.map_err(|_| Broken::Source)? {
                    0 if decoder.may_end_by_close() => break,
                    0 => return Err(Broken::Source),
                    _ => activity.touch(),
                }
            }
            Step::End => break,
        }
    }
    if chunked {
        sink.write_all(b"0\r\n\r\n").await.map_err(|_| Broken::Sink)?;
    }
    // What is within TLS may wait there for more; a socket has it already.
    sink.flush().await.map_err(|_| Broken::Sink)
}

/// Writes the next `size` bytes of the body, as one chunk where the sink takes chunks.
async fn deliver(
    sink: &mut WriteHalf<'_>,
    buffer: &mut BytesMut,
    size: usize,
    chunked: bool,
) -> Result<(), Broken> {
    let written = if chunked {
        let line = format!("{size:x}\r\n");
        let body = Buf::chain(line.as_bytes(), &buffer[..size]);
        let mut chunk = Buf::chain(body, &b"\r\n"[..]);
        sink.write_all_buf(&mut chunk).await
    } else {
        sink.write_all(&buffer[..size]).await
    };
    written.map_err(|_| Broken::Sink)?;
    sink.flush().await.map_err(|_| Broken::Sink)?;
    buffer.advance(size);
    Ok(())
}
