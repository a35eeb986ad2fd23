//! The checked transfer: pattern bytes both ways at once, each compared with what it should be.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::ready;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::wire::{Patterned, STEP};

/// What the origin says when all that it took was right.
pub(crate) const RIGHT: u8 = b'k';

thread_local! {
    /// One buffer for all tunnels: what is read is compared before another task runs.
    static BUFFER: RefCell<[u8; STEP]> = const { RefCell::new([0; STEP]) };
}

/// Reads a seed and a length, swaps that many bytes, then says that what it took was right. What
/// is not right is answered with the tunnel's end.
pub(super) async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let seed = stream.read_u64().await?;
    let length = stream.read_u64().await? as usize;
    swap(&mut stream, Patterned::new(!seed, length), Patterned::new(seed, length)).await?;
    stream.write_u8(RIGHT).await?;
    // The client ends first.
    stream.read_u8().await?;
    Ok(())
}

/// Sends one pattern and takes another of the same length, a step at a time.
pub(crate) async fn swap(
    stream: &mut TcpStream,
    mut sent: Patterned,
    mut taken: Patterned,
) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    loop {
        let (out, expected) = (sent.step(), taken.step());
        if out.is_empty() {
            return Ok(());
        }
        tokio::try_join!(writer.write_all(out), take(&mut reader, expected))?;
    }
}

/// Takes as many bytes as are expected, and compares them.
async fn take(reader: &mut (impl AsyncRead + Unpin), mut expected: &[u8]) -> io::Result<()> {
    while !expected.is_empty() {
        let count = poll_fn(|context| {
            BUFFER.with_borrow_mut(|buffer| {
                let mut read = ReadBuf::new(&mut buffer[..expected.len()]);
                ready!(Pin::new(&mut *reader).poll_read(context, &mut read))?;
                match read.filled() {
                    [] => Err(io::Error::other("the tunnel ended early")),
                    bytes if *bytes == expected[..bytes.len()] => Ok(bytes.len()),
                    _ => Err(io::Error::other("bytes differ from what was sent")),
                }
                .into()
            })
        })
        .await?;
        expected = &expected[count..];
    }
    Ok(())
}
