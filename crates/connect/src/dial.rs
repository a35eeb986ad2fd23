//! Happy Eyeballs version 2 (RFC 8305 §5) over permitted addresses. The only place that dials.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use policy::PermittedAddrs;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::socket::watch_peer;
use crate::{DialOptions, Failure};

/// How long one attempt has before the next starts (RFC 8305 §5, "Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How many addresses are tried at most, so that an answer's length is no lever.
const MAX_ATTEMPTS: usize = 16;

/// Connects to one of the permitted addresses: the families in turn, IPv6 first (RFC 8305 §4),
/// each attempt [`ATTEMPT_DELAY`] after the one before, or as soon as that one failed. The first
/// connection wins and the other attempts are dropped, which closes their sockets.
///
/// `late` are the addresses of a family whose answer had not come yet (RFC 8305 §3); they join
/// when they come.
///
/// # Errors
/// The most telling failure; none if there was no address to try.
pub(crate) async fn dial(
    permitted: PermittedAddrs,
    late: Option<impl Future<Output = PermittedAddrs>>,
    options: &DialOptions,
) -> Result<(TcpStream, SocketAddr), Option<Failure>> {
    let mut race = Race { unacknowledged: options.unacknowledged, ..Race::default() };
    match timeout(options.timeout, race.run(permitted, late)).await {
        Ok(result) => result,
        // With nothing in flight, only the late family was waited for.
        Err(_) if race.failed == race.attempts => Err(race.failure),
        Err(_) => Err(Some(Failure::ConnectTimeout)),
    }
}

#[derive(Default)]
struct Race {
    unacknowledged: Duration,
    /// What has not been tried, in no order.
    waiting: VecDeque<SocketAddr>,
    /// How often an address was tried.
    attempts: usize,
    /// How many of these attempts failed, and the most telling failure among them.
    failed: usize,
    failure: Option<Failure>,
    /// The last address tried.
    tried: Option<SocketAddr>,
}

impl Race {
    async fn run(
        &mut self,
        permitted: PermittedAddrs,
        late: Option<impl Future<Output = PermittedAddrs>>,
    ) -> Result<(TcpStream, SocketAddr), Option<Failure>> {
        self.waiting.extend(permitted.as_slice());
        let mut awaits_late = late.is_some();
        let mut late = pin!(async {
            match late {
                Some(late) => late.await,
                None => std::future::pending().await,
            }
        });
        // The first attempt takes no timer, and often it is the only one.
        let mut running: FuturesUnordered<_> = self.attempt().into_iter().collect();
        let mut next_at = pin!(sleep_until(Instant::now() + ATTEMPT_DELAY));
        loop {
            if running.is_empty() && !self.has_next() && !awaits_late {
                return Err(self.failure.take());
            }
            tokio::select! {
                biased;
                Some(result) = running.next(), if !running.is_empty() => match result {
                    Ok(won) => return Ok(won),
                    Err(failure) => {
                        self.fail(failure);
                        next_at.as_mut().reset(Instant::now());
                    }
                },
                more = &mut late, if awaits_late => {
                    awaits_late = false;
                    self.waiting.extend(more.as_slice());
                    if running.is_empty() {
                        next_at.as_mut().reset(Instant::now());
                    }
                }
                () = &mut next_at, if self.has_next() => {
                    if let Some(attempt) = self.attempt() {
                        running.push(attempt);
                        next_at.as_mut().reset(Instant::now() + ATTEMPT_DELAY);
                    }
                }
            }
        }
    }

    fn has_next(&self) -> bool {
        self.attempts < MAX_ATTEMPTS && !self.waiting.is_empty()
    }

    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        self.failure = Some(match self.failure.take() {
            Some(before) => before.more_telling(failure),
            None => failure,
        });
    }

    /// An attempt at the next address.
    fn attempt(&mut self) -> Option<impl Future<Output = Attempt> + use<>> {
        let addr = self.next()?;
        Some(connect(addr, self.unacknowledged))
    }

    /// The next address, of the other family than the one before, if there is one.
    fn next(&mut self) -> Option<SocketAddr> {
        let want_v6 = self.tried.is_none_or(|last| last.is_ipv4());
        let at = self.waiting.iter().position(|addr| addr.is_ipv6() == want_v6).unwrap_or(0);
        let addr = self.waiting.remove(at)?;
        self.attempts += 1;
        self.tried = Some(addr);
        Some(addr)
    }
}

/// What one attempt came to.
type Attempt = Result<(TcpStream, SocketAddr), Failure>;

/// The kernel gives no connection's own end a port below this (`ip_local_port_range`'s least).
const FIRST_EPHEMERAL: u16 = 1024;

async fn connect(addr: SocketAddr, unacknowledged: Duration) -> Attempt {
    let failure = |error: io::Error| Failure::of_connect(&error, addr);
    #[expect(clippy::disallowed_methods, reason = "the one place that dials")]
    let stream = TcpStream::connect(addr).await.map_err(failure)?;
    // A port of this machine on which nobody listens can be given to the connection's own end,
    // which then is connected to itself (RFC 9293 §3.5, simultaneous open).
    if addr.port() >= FIRST_EPHEMERAL && stream.local_addr().map_err(failure)? == addr {
        return Err(Failure::Refused);
    }
    // A tunnel passes on what it is given; to hold small segments back is the ends' choice.
    stream.set_nodelay(true).map_err(failure)?;
    watch_peer(SockRef::from(&stream), unacknowledged).map_err(failure)?;
    Ok((stream, addr))
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
