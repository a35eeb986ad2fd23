//! Happy Eyeballs version 2 (RFC 8305): which permitted address is tried when.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use policy::PermittedAddrs;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Failure;
use crate::dead::Dead;

/// How long one attempt has before the next starts (RFC 8305 §5, "Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How many addresses are tried at most, so that an answer's length is no lever.
const MAX_ATTEMPTS: usize = 16;

/// Connects to one of the permitted addresses, by `connect`: the families in turn, IPv6 first
/// (RFC 8305 §4), each attempt [`ATTEMPT_DELAY`] after the one before, or as soon as that one
/// failed. The first connection wins and the other attempts are dropped, which must end them.
///
/// `late` are the addresses of a family whose answer had not come yet (RFC 8305 §3); they join
/// when they come. Addresses that `dead` has are tried after all others.
///
/// # Errors
/// The most telling failure; none if there was no address to try.
pub(crate) async fn race<S, A: Future<Output = Result<S, Failure>>>(
    permitted: PermittedAddrs,
    late: Option<impl Future<Output = PermittedAddrs>>,
    limit: Duration,
    dead: &Dead,
    connect: impl Fn(SocketAddr) -> A,
) -> Result<(S, SocketAddr), Option<Failure>> {
    let mut race = Race::new(dead);
    race.join(&permitted);
    let result = timeout(limit, race.run(late, connect)).await;
    race.remember_overtaken();
    match result {
        Ok(result) => result,
        // With nothing in flight, only the late family was waited for.
        Err(_) if race.running.is_empty() => Err(race.failure),
        Err(_) => Err(Some(Failure::ConnectTimeout)),
    }
}

struct Race<'d> {
    dead: &'d Dead,
    /// What has not been tried, in the order it came.
    untried: VecDeque<SocketAddr>,
    /// The same, of those that were found dead before.
    last_resort: VecDeque<SocketAddr>,
    /// How often an address was tried.
    attempts: usize,
    /// The last address tried, and whether it was a last resort.
    tried: Option<(SocketAddr, bool)>,
    /// Since when which attempt runs.
    running: Vec<(SocketAddr, Instant)>,
    /// The most telling failure so far.
    failure: Option<Failure>,
}

impl<'d> Race<'d> {
    fn new(dead: &'d Dead) -> Self {
        Self {
            dead,
            untried: VecDeque::new(),
            last_resort: VecDeque::new(),
            attempts: 0,
            tried: None,
            running: Vec::new(),
            failure: None,
        }
    }

    fn join(&mut self, permitted: &PermittedAddrs) {
        for addr in permitted.as_slice() {
            let queue = if self.dead.has(addr) { &mut self.last_resort } else { &mut self.untried };
            queue.push_back(*addr);
        }
    }

    async fn run<S, A: Future<Output = Result<S, Failure>>>(
        &mut self,
        late: Option<impl Future<Output = PermittedAddrs>>,
        connect: impl Fn(SocketAddr) -> A,
    ) -> Result<(S, SocketAddr), Option<Failure>> {
        let mut awaits_late = late.is_some();
        let mut late = pin!(async {
            match late {
                Some(late) => late.await,
                None => std::future::pending().await,
            }
        });
        let attempt = |addr| {
            let connecting = connect(addr);
            async move { (addr, connecting.await) }
        };
        // The first attempt takes no timer, and often it is the only one.
        let mut attempts: FuturesUnordered<_> = self.next().map(attempt).into_iter().collect();
        let mut next_at = pin!(sleep_until(Instant::now() + ATTEMPT_DELAY));
        loop {
            if attempts.is_empty() && !self.has_next() && !awaits_late {
                return Err(self.failure.take());
            }
            tokio::select! {
                biased;
                Some((addr, result)) = attempts.next(), if !attempts.is_empty() => {
                    self.running.retain(|(running, _)| *running != addr);
                    match result {
                        Ok(stream) => {
                            self.dead.forget(&addr);
                            return Ok((stream, addr));
                        }
                        Err(failure) => {
                            self.fail(addr, failure);
                            next_at.as_mut().reset(Instant::now());
                        }
                    }
                }
                more = &mut late, if awaits_late => {
                    awaits_late = false;
                    self.join(&more);
                    if self.hopes_for_nothing_else() {
                        next_at.as_mut().reset(Instant::now());
                    }
                }
                () = &mut next_at, if self.has_next() => {
                    attempts.extend(self.next().map(attempt));
                    next_at.as_mut().reset(Instant::now() + ATTEMPT_DELAY);
                }
            }
        }
    }

    fn has_next(&self) -> bool {
        self.attempts < MAX_ATTEMPTS && (!self.untried.is_empty() || !self.last_resort.is_empty())
    }

    /// Whether the next attempt need not wait for those that run: there are none, or the last of
    /// them was at an address that was found dead before, and the next is not.
    fn hopes_for_nothing_else(&self) -> bool {
        let on_last_resort = self.tried.is_some_and(|(_, last_resort)| last_resort);
        self.running.is_empty() || (on_last_resort && !self.untried.is_empty())
    }

    /// The next address to try, of the other family than the one before, if there is one.
    fn next(&mut self) -> Option<SocketAddr> {
        if !self.has_next() {
            return None;
        }
        let last_resort = self.untried.is_empty();
        let queue = if last_resort { &mut self.last_resort } else { &mut self.untried };
        let want_v6 = self.tried.is_none_or(|(last, _)| last.is_ipv4());
        let at = queue.iter().position(|addr| addr.is_ipv6() == want_v6).unwrap_or(0);
        let addr = queue.remove(at)?;
        self.attempts += 1;
        self.tried = Some((addr, last_resort));
        self.running.push((addr, Instant::now()));
        Some(addr)
    }

    fn fail(&mut self, addr: SocketAddr, failure: Failure) {
        // That this machine is out of sockets says nothing of the address.
        if failure != Failure::NoDescriptors {
            self.dead.remember(addr);
        }
        self.failure = Some(match self.failure.take() {
            Some(before) => before.more_telling(failure),
            None => failure,
        });
    }

    /// A black hole fails no attempt: all there is to see is that it had its time, and that
    /// another address won, or the time was up.
    fn remember_overtaken(&self) {
        let now = Instant::now();
        for (addr, since) in &self.running {
            if now.duration_since(*since) >= ATTEMPT_DELAY {
                self.dead.remember(*addr);
            }
        }
    }
}

#[cfg(test)]
#[path = "race_tests.rs"]
mod tests;
