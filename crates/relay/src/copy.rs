//! One read and one write, through the worker's buffer.

use std::cell::RefCell;
use std::io;

use tokio::io::Interest;
use tokio::net::TcpStream;

/// How much is read at once, in bytes. What the sink does not take has to be kept, once per
/// direction, so this bounds the memory of a stalled tunnel.
pub(crate) const CHUNK: usize = 16 * 1024;

thread_local! {
    /// One buffer per worker thread: it is never held over a wait.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

/// What one read and one write did.
#[derive(Debug)]
pub(crate) struct Copied {
    /// What was read; 0 is the source's end.
    pub(crate) read: usize,
    /// What the sink took of it, or its failure.
    pub(crate) written: io::Result<usize>,
    /// What it did not take.
    pub(crate) rest: Vec<u8>,
}

/// Reads once and writes once.
///
/// # Errors
/// The source's; `WouldBlock` when it has nothing.
pub(crate) fn copy(source: &TcpStream, sink: &TcpStream) -> io::Result<Copied> {
    with_buffer(|buffer| {
        let read = read(source, buffer)?;
        if read == 0 {
            return Ok(Copied { read, written: Ok(0), rest: Vec::new() });
        }
        let written = match sink.try_write(&buffer[..read]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            written => written,
        };
        let taken = *written.as_ref().unwrap_or(&read);
        Ok(Copied { read, rest: buffer[taken..read].to_vec(), written })
    })
}

/// Reads once; nothing at the source's end.
///
/// # Errors
/// The source's; `WouldBlock` when it has nothing.
pub(crate) fn take(source: &TcpStream) -> io::Result<Vec<u8>> {
    with_buffer(|buffer| read(source, buffer).map(|read| buffer[..read].to_vec()))
}

/// Lends out the worker's buffer.
pub(crate) fn with_buffer<T>(use_it: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| use_it(buffer))
}

/// A read that fills less than the buffer and leaves nothing behind has emptied the socket: its
/// readiness is cleared as if the next read had said `WouldBlock`, which spares that read. (An end
/// that has arrived already stays ready.)
fn read(source: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut short = None;
    let result = source.try_io(Interest::READABLE, || {
        let (read, _) = rustix::net::recv(source, &mut *buffer, rustix::net::RecvFlags::empty())?;
        if (1..buffer.len()).contains(&read) && !has_more(source) {
            short = Some(read);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(read)
    });
    short.map_or(result, Ok)
}

/// Whether bytes are left in the socket. A read stops short before a byte that was sent as urgent,
/// and no event tells of what lies from there on.
pub(crate) fn has_more(source: &TcpStream) -> bool {
    // What cannot be asked has failed: that is an event.
    rustix::io::ioctl_fionread(source).is_ok_and(|left| left > 0)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
