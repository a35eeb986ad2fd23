//! Tunnels whose target's side is no bare socket but a stream within something else, such as TLS.
//! Their bytes pass through the program; their limits, ends and counts are those of every tunnel.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::io::fcntl_dupfd_cloexec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep_until;

use crate::copy::{take, with_buffer};
use crate::flow::{Failure, Progress, Watch, give_way, watch};
use crate::tunnel::{due, finish, gone, reset, rings};
use crate::{Activity, End, Limits, Report, Side};

/// The target's end of such a tunnel.
#[derive(Debug)]
pub struct Within<S> {
    /// The stream.
    pub stream: S,
    /// The socket that it is in.
    pub socket: fn(&S) -> &TcpStream,
    /// What was read from it before the relay took over, not yet delivered to the client.
    pub early: Bytes,
}

/// What [`relay`](crate::relay) does, for a stream within something else. Its own end (with TLS:
/// close_notify) stands for a FIN, both ways; where its socket ends without that, it was cut, and
/// counts as reset.
pub async fn relay_within<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Side,
    target: &mut Within<S>,
    limits: &Limits,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Report {
    let (up, down) = (Progress::default(), Progress::default());
    let end = until_end(client, target, [&up, &down], limits, stop).await;
    if end != End::Closed {
        reset(&client.stream);
        reset((target.socket)(&target.stream));
    }
    Report { up: up.moved.into_inner(), down: down.moved.into_inner(), end }
}

async fn until_end<S: AsyncRead + AsyncWrite + Unpin>(
    Side { stream: client, early: early_up }: &mut Side,
    Within { stream: target, socket, early: early_down }: &mut Within<S>,
    progress: [&Progress; 2],
    limits: &Limits,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> End {
    let (client, activity) = (&*client, &Activity::default());
    let target = &Inner { stream: Mutex::new(target), socket: *socket };
    let way = |progress| Way { client, target, progress, activity };
    let (upward, downward) = (way(progress[0]), way(progress[1]));
    let mut upward = pin!(upward.up(early_up));
    let mut downward = pin!(downward.down(early_down));
    let (mut up_open, mut down_open) = (true, true);
    // A side that has ended is read no more, but may still reset.
    let mut quiet_side: Option<Watch<'_>> = None;
    let mut alarm = pin!(sleep_until(activity.moment(limits.idle)));
    while up_open || down_open {
        tokio::select! {
            biased;
            done = &mut upward, if up_open => {
                match done {
                    Ok(()) => up_open = false,
                    Err(Failure::Source) => return End::ClientReset,
                    Err(Failure::Sink) => return End::TargetReset,
                }
                quiet_side = Some(watch(client));
            }
            done = &mut downward, if down_open => {
                match done {
                    Ok(()) => down_open = false,
                    Err(Failure::Source) => return End::TargetReset,
                    Err(Failure::Sink) => return End::ClientReset,
                }
                if up_open && finish(client).is_err() {
                    return End::ClientReset;
                }
                quiet_side = Some(target.watch());
            }
            () = gone(&mut quiet_side), if quiet_side.is_some() => {
                return if up_open { End::TargetReset } else { End::ClientReset };
            }
            end = poll_fn(|cx| {
                let open = up_open && down_open;
                rings(alarm.as_mut(), cx, || due(activity, progress, limits, open))
            }) => return end,
            () = &mut stop => return End::Stopped,
        }
        // One direction has ended, just now: from here on the other's limit holds.
        activity.touch();
    }
    End::Closed
}

/// The target's stream, shared by both directions. They are polled in turn by one task, so the
/// lock is always free.
struct Inner<'t, S> {
    stream: Mutex<&'t mut S>,
    socket: fn(&S) -> &TcpStream,
}

impl<'t, S: AsyncRead + AsyncWrite + Unpin> Inner<'t, S> {
    fn lock(&self) -> MutexGuard<'_, &'t mut S> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has come, through the worker's buffer; nothing at the end.
    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        with_buffer(|room| {
            let mut room = ReadBuf::new(room);
            ready!(Pin::new(&mut **self.lock()).poll_read(cx, &mut room))?;
            Poll::Ready(Ok(room.filled().to_vec()))
        })
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut **self.lock()).poll_write(cx, bytes)
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.lock()).poll_flush(cx)
    }

    fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.lock()).poll_shutdown(cx)
    }

    /// Watches the socket for a failure, by a descriptor of its own: the stream itself is busy.
    fn watch(&self) -> Watch<'static> {
        let twin = twin((self.socket)(&**self.lock()));
        Box::pin(async move {
            match twin {
                Ok(twin) => watch(&twin).await,
                // Without one, its failure is noticed when it is read from or written to again.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

fn twin(socket: &TcpStream) -> io::Result<TcpStream> {
    let twin = fcntl_dupfd_cloexec(socket.as_fd(), 0)?;
    TcpStream::from_std(std::net::TcpStream::from(twin))
}

/// One direction.
struct Way<'t, S> {
    client: &'t TcpStream,
    target: &'t Inner<'t, S>,
    progress: &'t Progress,
    activity: &'t Activity,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Way<'_, S> {
    /// Delivers `early`, everything that the client sends, and then its end.
    async fn up(&self, early: &mut Bytes) -> Result<(), Failure> {
        let watch_client = || watch(self.client);
        self.waiting(self.to_target(early), watch_client).await?;
        *early = Bytes::new();
        let mut turn = 0;
        loop {
            let readable = poll_fn(|cx| self.client.poll_read_ready(cx)).await;
            readable.map_err(|_| Failure::Source)?;
            let bytes = match take(self.client) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                taken => taken.map_err(|_| Failure::Source)?,
            };
            if bytes.is_empty() {
                let end = poll_fn(|cx| self.target.poll_shutdown(cx));
                return self.waiting(end, watch_client).await;
            }
            self.waiting(self.to_target(&bytes), watch_client).await?;
            give_way(&mut turn, bytes.len()).await;
        }
    }

    /// Delivers `early` and everything that the target sends, until its end.
    async fn down(&self, early: &mut Bytes) -> Result<(), Failure> {
        let watch_target = || self.target.watch();
        self.waiting(self.to_client(early), watch_target).await?;
        *early = Bytes::new();
        let mut turn = 0;
        loop {
            let taken = poll_fn(|cx| self.target.poll_take(cx)).await;
            let bytes = taken.map_err(|_| Failure::Source)?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.waiting(self.to_client(&bytes), watch_target).await?;
            give_way(&mut turn, bytes.len()).await;
        }
    }

    async fn to_target(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = poll_fn(|cx| self.target.poll_write(cx, bytes)).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            // What was written may wait within the stream; what the socket has is what counts.
            poll_fn(|cx| self.target.poll_flush(cx)).await?;
            self.note(written);
            bytes = &bytes[written..];
        }
        Ok(())
    }

    async fn to_client(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.client.try_write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.note(written);
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    poll_fn(|cx| self.client.poll_write_ready(cx)).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn note(&self, moved: usize) {
        self.progress.moved.fetch_add(moved as u64, Relaxed);
        self.activity.touch();
        // A sink that takes something is not stalled, though it is still waited for.
        if self.progress.stalled_since().is_some() {
            self.progress.stall(self.activity);
        }
    }

    /// Does what the sink may have to be waited for. The source is not read meanwhile, so its
    /// reset would go unnoticed: that is waited for as well.
    async fn waiting<'w>(
        &self,
        doing: impl Future<Output = io::Result<()>>,
        watch_source: impl FnOnce() -> Watch<'w>,
    ) -> Result<(), Failure> {
        let mut doing = pin!(doing);
        // Most of the time the sink takes everything at once.
        let at_once = poll_fn(|cx| Poll::Ready(doing.as_mut().poll(cx))).await;
        let done = match at_once {
            Poll::Ready(done) => done.map_err(|_| Failure::Sink),
            Poll::Pending => {
                self.progress.stall(self.activity);
                tokio::select! {
                    biased;
                    done = doing => done.map_err(|_| Failure::Sink),
                    () = watch_source() => Err(Failure::Source),
                }
            }
        };
        self.progress.unstall();
        done
    }
}

#[cfg(test)]
#[path = "within_tests.rs"]
mod tests;
