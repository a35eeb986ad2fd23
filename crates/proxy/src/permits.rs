//! How many connections may be open, in all and for one client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::refusal::Refusal;

/// Most connections open at once.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// In all.
    pub connections: usize,
    /// From one client address.
    pub per_client: usize,
}

/// Counts open connections, exactly.
#[derive(Debug)]
pub(crate) struct Permits {
    limits: ConnectionLimits,
    /// Bounded by `limits.connections`: a client without a connection has no entry.
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// The right to one open connection, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Arc<Permits>,
    client: IpAddr,
}

impl Permits {
    pub(crate) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    /// A permit for one more connection of the client, or what to tell it.
    pub(crate) fn take(self: &Arc<Self>, client: IpAddr) -> Result<Permit, Refusal> {
        let mut open = self.lock();
        if open.all >= self.limits.connections {
            return Err(Refusal::Connections);
        }
        let of_client = open.by_client.get(&client).copied().unwrap_or_default();
        if of_client >= self.limits.per_client {
            return Err(Refusal::ClientConnections);
        }
        open.all += 1;
        open.by_client.insert(client, of_client + 1);
        Ok(Permit { permits: Arc::clone(self), client })
    }

    /// The counts are whole whenever the lock is free, whatever its last holder did.
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.permits.lock();
        open.all -= 1;
        if let Some(count) = open.by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
#[path = "permits_tests.rs"]
mod tests;
