//! One direction of a tunnel.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::copy::{CHUNK, Copied, copy};
use crate::{Activity, Pipes};

/// After so many reads that filled the buffer, a direction is a stream, unless a wake-up in between
/// brought less than a buffer.
const STREAM_READS: u32 = 3;
/// After so many wake-ups in a row that brought less than a buffer, it no longer is.
const QUIET_WAKEUPS: u32 = 4;
/// How many bytes are moved before other tunnels get their turn.
const TURN: usize = 512 * 1024;

/// One direction: from where, to where, and what is noted of it.
#[derive(Debug)]
pub(crate) struct Flow<'t> {
    pub(crate) source: &'t TcpStream,
    pub(crate) sink: &'t TcpStream,
    pub(crate) pipes: &'t Pipes,
    pub(crate) activity: &'t Activity,
    pub(crate) progress: &'t Progress,
}

/// What is noted of one direction.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// What the sink's socket took, in bytes. Exact whenever the direction is cut.
    pub(crate) moved: AtomicU64,
    /// Since when the sink is waited for, by the tunnel's [`Activity`]; 0 while it is not.
    stalled: AtomicU64,
}

impl Progress {
    /// Since when the sink is waited for, if it is.
    pub(crate) fn stalled_since(&self) -> Option<Duration> {
        match self.stalled.load(Relaxed) {
            0 => None,
            since => Some(Duration::from_nanos(since)),
        }
    }

    /// Notes that the sink is waited for, from now on.
    pub(crate) fn stall(&self, activity: &Activity) {
        self.stalled.store(activity.now().max(1), Relaxed);
    }

    /// Notes that the sink is no longer waited for.
    pub(crate) fn unstall(&self) {
        self.stalled.store(0, Relaxed);
    }
}

/// Which socket failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The one that bytes come from.
    Source,
    /// The one that bytes go to.
    Sink,
}

/// What a stretch of copying or splicing came to.
enum Stretch {
    /// The other way would serve better from here on.
    Switch,
    /// The source has ended, and everything of it is delivered.
    End,
}

impl Flow<'_> {
    /// Delivers `early`, then everything from the source, until its end.
    pub(crate) async fn run(&self, early: &mut Bytes) -> Result<(), Failure> {
        if !early.is_empty() {
            Box::pin(self.deliver(early)).await?;
        }
        // An idle tunnel keeps no buffer.
        *early = Bytes::new();
        let mut turn = 0;
        while !matches!(self.copying(&mut turn).await?, Stretch::End)
            && !matches!(self.splicing(&mut turn).await?, Stretch::End)
        {}
        Ok(())
    }

    async fn copying(&self, turn: &mut usize) -> Result<Stretch, Failure> {
        let (mut full_reads, mut filled) = (0, false);
        loop {
            self.readable().await?;
            let copied = match copy(self.source, self.sink) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                copied => copied.map_err(|_| Failure::Source)?,
            };
            if copied.read == 0 {
                return Ok(Stretch::End);
            }
            let Copied { read, written, rest } = copied;
            self.note(written.map_err(|_| Failure::Sink)?);
            if !rest.is_empty() {
                // Boxed: an idle tunnel would carry its room.
                Box::pin(self.deliver(&rest)).await?;
            }
            give_way(turn, read).await;
            // A read that falls short ends what its wake-up brought.
            full_reads = match read {
                CHUNK => full_reads + 1,
                _ if filled => full_reads,
                _ => 0,
            };
            filled = read == CHUNK;
            if full_reads == STREAM_READS {
                return Ok(Stretch::Switch);
            }
        }
    }

    async fn splicing(&self, turn: &mut usize) -> Result<Stretch, Failure> {
        let mut quiet = 0;
        loop {
            self.readable().await?;
            let Some(mut pipe) = self.pipes.take() else {
                return Ok(Stretch::Switch);
            };
            let mut brought = 0;
            loop {
                let filled = match pipe.fill(self.source) {
                    Ok(0) => return Ok(Stretch::End),
                    Ok(filled) => filled,
                    Err(error) => match error.kind() {
                        io::ErrorKind::WouldBlock => break,
                        // A socket that cannot be spliced, or not past an urgent byte.
                        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
                            return Ok(Stretch::Switch);
                        }
                        _ => return Err(Failure::Source),
                    },
                };
                while pipe.held() > 0 {
                    let full = match pipe.drain(self.sink) {
                        Ok(0) => return Err(Failure::Sink),
                        Ok(moved) => {
                            self.note(moved);
                            false
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
                        Err(_) => return Err(Failure::Sink),
                    };
                    if full {
                        self.writable().await?;
                    }
                }
                brought += filled;
                give_way(turn, filled).await;
            }
            quiet = if brought < CHUNK { quiet + 1 } else { 0 };
            if quiet == QUIET_WAKEUPS {
                return Ok(Stretch::Switch);
            }
        }
    }

    async fn deliver(&self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            match self.sink.try_write(bytes) {
                Ok(0) => return Err(Failure::Sink),
                Ok(written) => {
                    self.note(written);
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                Err(_) => return Err(Failure::Sink),
            }
        }
        Ok(())
    }

    fn note(&self, moved: usize) {
        self.progress.moved.fetch_add(moved as u64, Relaxed);
        self.activity.touch();
    }

    async fn readable(&self) -> Result<(), Failure> {
        poll_fn(|cx| self.source.poll_read_ready(cx)).await.map_err(|_| Failure::Source)
    }

    /// Waits until the sink takes more. The source is not read meanwhile, so its reset would go
    /// unnoticed: that is waited for as well.
    async fn writable(&self) -> Result<(), Failure> {
        self.progress.stall(self.activity);
        let done = tokio::select! {
            biased;
            ready = poll_fn(|cx| self.sink.poll_write_ready(cx)) => {
                ready.map_err(|_| Failure::Sink)
            }
            () = watch(self.source) => Err(Failure::Source),
        };
        self.progress.unstall();
        done
    }
}

/// Lets other tunnels have their turn when this direction has had its own. What was moved counts
/// from turn to turn, through waits and switches: a source that is always ready again by the time
/// it is waited for would never end its turn.
pub(crate) async fn give_way(turn: &mut usize, moved: usize) {
    *turn += moved;
    if *turn >= TURN {
        *turn = 0;
        yield_now().await;
    }
}

/// Resolves when a socket that nobody reads from has failed.
pub(crate) type Watch<'s> = Pin<Box<dyn Future<Output = ()> + Send + 's>>;

/// Watches for a failure of the socket, such as a reset. Boxed: few tunnels at a time need one,
/// and all of them would carry its room.
pub(crate) fn watch(socket: &TcpStream) -> Watch<'_> {
    Box::pin(async move {
        while socket.ready(Interest::ERROR).await.is_ok_and(|ready| !ready.is_error()) {}
    })
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
