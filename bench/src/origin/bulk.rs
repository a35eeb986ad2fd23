//! Bulk, as cheap as it gets: large writes from one buffer, and reads that the kernel discards.

use std::cell::RefCell;
use std::io;

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::wire::CHUNK;

static BYTES: [u8; CHUNK] = [0x5a; CHUNK];

thread_local! {
    /// Nothing is ever written to it, so it takes address space and no memory.
    static NOWHERE: RefCell<Vec<u8>> = RefCell::new(vec![0; CHUNK]);
}

/// Reads a length, sends that many bytes, and its end.
pub(super) async fn source(mut stream: TcpStream) -> io::Result<()> {
    let length = stream.read_u64().await?;
    send(&stream, length).await?;
    stream.shutdown().await
}

/// Reads a length, discards that many bytes, and sends back how many they were.
pub(super) async fn sink(mut stream: TcpStream) -> io::Result<()> {
    let length = stream.read_u64().await?;
    let taken = discard(&stream, length).await?;
    stream.write_u64(taken).await
}

/// Sends so many bytes of nothing in particular.
pub(crate) async fn send(stream: &TcpStream, length: u64) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        stream.writable().await?;
        let chunk = left.min(CHUNK as u64) as usize;
        left -= unless_blocked(stream.try_write(&BYTES[..chunk]))?.unwrap_or(0) as u64;
        yield_now().await;
    }
    Ok(())
}

/// Takes so many bytes, or those up to the end if they are fewer, and tells how many they were.
/// `MSG_TRUNC` has the kernel count and drop them, so taking them copies nothing.
pub(crate) async fn discard(stream: &TcpStream, length: u64) -> io::Result<u64> {
    let mut left = length;
    while left > 0 {
        stream.readable().await?;
        let chunk = left.min(CHUNK as u64) as usize;
        let taken = stream.try_io(Interest::READABLE, || {
            NOWHERE.with_borrow_mut(|buffer| {
                let (_, count) = recv(stream, &mut buffer[..chunk], RecvFlags::TRUNC)?;
                Ok(count)
            })
        });
        match unless_blocked(taken)? {
            Some(0) => break,
            taken => left -= taken.unwrap_or(0) as u64,
        }
        yield_now().await;
    }
    Ok(length - left)
}

fn unless_blocked(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        done => done.map(Some),
    }
}
