//! Addresses that did not take a connection a moment ago: they are tried last.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an address stays last. Short, because what it waits for is often a restart or a route,
/// and because nothing else asks whether it is well again where the others suffice.
const REMEMBERED: Duration = Duration::from_secs(30);
/// How many addresses are remembered at most.
const MAX_REMEMBERED: usize = 1024;

/// What is remembered of failed attempts (RFC 8305 §4 leaves the use of history to the client).
///
/// It says in which order permitted addresses are tried, and nothing else: where every address is
/// in here, every one is tried.
#[derive(Debug, Default)]
pub(crate) struct Dead {
    until: Mutex<HashMap<SocketAddr, Instant>>,
}

impl Dead {
    /// Whether a connection to the address has failed of late.
    pub(crate) fn has(&self, addr: &SocketAddr) -> bool {
        self.table().get(addr).is_some_and(|until| Instant::now() < *until)
    }

    pub(crate) fn remember(&self, addr: SocketAddr) {
        let now = Instant::now();
        let mut table = self.table();
        if table.len() >= MAX_REMEMBERED && !table.contains_key(&addr) {
            table.retain(|_, until| now < *until);
            // What failed last is most likely asked for again.
            if table.len() >= MAX_REMEMBERED
                && let Some(oldest) = table.iter().min_by_key(|(_, until)| **until)
            {
                let oldest = *oldest.0;
                table.remove(&oldest);
            }
        }
        table.insert(addr, now + REMEMBERED);
    }

    /// A connection was made: nothing is held against the address any more.
    pub(crate) fn forget(&self, addr: &SocketAddr) {
        self.table().remove(addr);
    }

    fn table(&self) -> MutexGuard<'_, HashMap<SocketAddr, Instant>> {
        // Whatever a panic left behind is an order of attempts, no more.
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "dead_tests.rs"]
mod tests;
