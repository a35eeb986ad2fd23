//! The least of HTTP/2 that a gRPC client is content with: no such method. One that is cut off
//! would try again, and be seen once more in the next case.

use std::io::{self, Read, Write};

/// What follows the head-like part of a client's preface.
const PREFACE_END: usize = 6;
const FRAME_HEADER: usize = 9;
/// More than a request without a body takes.
const MAX_FRAME: usize = 1 << 16;

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
/// END_STREAM and END_HEADERS.
const LAST: u8 = 5;

/// Answers for as long as the client stays.
pub(crate) fn answer(reader: &mut impl Read, writer: &mut impl Write) -> io::Result<()> {
    reader.read_exact(&mut [0; PREFACE_END])?;
    write_frame(writer, SETTINGS, 0, [0; 4], &[])?;
    loop {
        let mut header = [0; FRAME_HEADER];
        reader.read_exact(&mut header)?;
        let [high, middle, low, kind, flags, stream @ ..] = header;
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if length > MAX_FRAME {
            return Ok(());
        }
        let mut payload = vec![0; length];
        reader.read_exact(&mut payload)?;
        match kind {
            HEADERS => write_frame(writer, HEADERS, LAST, stream, &unimplemented())?,
            SETTINGS if flags & ACK == 0 => write_frame(writer, SETTINGS, ACK, stream, &[])?,
            PING if flags & ACK == 0 => write_frame(writer, PING, ACK, stream, &payload)?,
            _ => {}
        }
    }
}

fn write_frame(
    writer: &mut impl Write,
    kind: u8,
    flags: u8,
    stream: [u8; 4],
    payload: &[u8],
) -> io::Result<()> {
    let [.., high, middle, low] = payload.len().to_be_bytes();
    let mut frame = vec![high, middle, low, kind, flags];
    frame.extend(stream);
    frame.extend(payload);
    writer.write_all(&frame)
}

/// The whole of a response, in literals.
fn unimplemented() -> Vec<u8> {
    // `:status: 200`, which stands eighth in the static table.
    let mut block = vec![0x88];
    for (name, value) in [("content-type", "application/grpc"), ("grpc-status", "12")] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("it is short"));
            block.extend(text.as_bytes());
        }
    }
    block
}
