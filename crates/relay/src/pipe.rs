//! Pipes for splice(2), pooled: they are what a user may have few of (`fs.pipe-user-pages-soft`).

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::pipe::{
    PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice,
};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::copy::has_more;

/// What a pipe should hold, in bytes. Larger ones save little more.
const WANTED: usize = 256 * 1024;
/// What it must hold to be worth its two system calls. Past its user's budget the kernel hands
/// out pipes of one or two pages.
const ENOUGH: usize = 64 * 1024;
/// How long no new pipe is asked for after one could not be had.
const BACKOFF: Duration = Duration::from_secs(1);

/// A bounded pool of empty pipes.
#[derive(Debug)]
pub struct Pipes {
    max: usize,
    pool: Mutex<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    empty: Vec<Pipe>,
    /// How many pipes there are, in the pool and out of it.
    open: usize,
    /// The fewest in the pool since the last [`Pipes::trim`]: nobody needed these.
    unneeded: usize,
    /// When a new pipe may be asked for again.
    retry: Option<Instant>,
}

#[derive(Debug)]
struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

/// A pipe taken from the pool. Back it goes when it is empty; one that still holds bytes is
/// closed, since they belong to nobody else.
#[derive(Debug)]
pub(crate) struct Lease<'p> {
    pipes: &'p Pipes,
    pipe: Option<Pipe>,
    held: usize,
}

impl Pipes {
    /// A pool of at most `max` pipes of up to 256 KiB; none are made before they are needed.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, pool: Mutex::default() }
    }

    /// Closes the pipes that lay in the pool ever since the last call. To be called every second
    /// or so, so that a proxy at rest holds none.
    pub fn trim(&self) {
        let mut pool = self.pool();
        // The last one given back is the first to be taken: the coldest lie in front.
        let unneeded = pool.unneeded;
        pool.empty.drain(..unneeded);
        pool.open -= unneeded;
        pool.unneeded = pool.empty.len();
    }

    /// A pipe, if there is one to be had: without one, a direction copies.
    pub(crate) fn take(&self) -> Option<Lease<'_>> {
        let mut pool = self.pool();
        let pipe = match pool.empty.pop() {
            Some(pipe) => pipe,
            None => {
                if pool.open >= self.max || pool.retry.is_some_and(|at| Instant::now() < at) {
                    return None;
                }
                let Ok(pipe) = Pipe::new() else {
                    pool.retry = Some(Instant::now() + BACKOFF);
                    return None;
                };
                pool.open += 1;
                pipe
            }
        };
        pool.unneeded = pool.unneeded.min(pool.empty.len());
        Some(Lease { pipes: self, pipe: Some(pipe), held: 0 })
    }

    /// The pool is whole whenever its lock is free, whatever the last holder did.
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Growing fails past the budget; what there is may be enough.
        let size = match fcntl_setpipe_size(&writer, WANTED) {
            Ok(size) => size,
            Err(_) => fcntl_getpipe_size(&writer)?,
        };
        if size < ENOUGH {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        Ok(Self { reader, writer })
    }
}

impl Lease<'_> {
    /// How many bytes the pipe holds.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Moves what the socket has into the pipe; 0 is its end. The pipe must be empty: only then
    /// does `WouldBlock` speak of the socket.
    ///
    /// A byte that was sent as urgent is not moved, nor what lies behind it: the kernel says there
    /// that there is nothing, or even that this is the end. Here it is `Unsupported`.
    pub(crate) fn fill(&mut self, source: &TcpStream) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0);
        let Some(pipe) = &self.pipe else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let moved = source.try_io(Interest::READABLE, || {
            match splice(source, None, &pipe.writer, None, WANTED, FLAGS) {
                Ok(0) | Err(Errno::AGAIN) if has_more(source) => {
                    Err(io::ErrorKind::Unsupported.into())
                }
                moved => Ok(moved?),
            }
        })?;
        self.held = moved;
        Ok(moved)
    }

    /// Moves what the pipe holds into the socket, as far as it takes it.
    pub(crate) fn drain(&mut self, sink: &TcpStream) -> io::Result<usize> {
        let Some(pipe) = &self.pipe else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let moved = sink.try_io(Interest::WRITABLE, || {
            Ok(splice(&pipe.reader, None, sink, None, self.held, FLAGS)?)
        })?;
        self.held -= moved;
        Ok(moved)
    }
}

const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut pool = self.pipes.pool();
        match self.pipe.take() {
            Some(pipe) if self.held == 0 => pool.empty.push(pipe),
            _ => pool.open -= 1,
        }
    }
}

#[cfg(test)]
#[path = "pipe_tests.rs"]
mod tests;
