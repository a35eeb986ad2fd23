//! How many connections may be open, in all and for one client.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::refusal::Refusal;
use crate::tally::Tally;

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
    by_client: Tally,
}

/// The right to one open connection, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Arc<Permits>,
    /// Whose connection it is; none until that is known.
    client: Option<IpAddr>,
}

impl Permits {
    pub(crate) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    /// A permit for one more connection of the client, or what to tell it.
    pub(crate) fn take(self: &Arc<Self>, client: IpAddr) -> Result<Permit, Refusal> {
        let mut open = self.lock();
        self.has_room(&open)?;
        open.add(client, self.limits.per_client)?;
        open.all += 1;
        Ok(Permit { permits: Arc::clone(self), client: Some(client) })
    }

    /// A permit for one more connection whose client is not known yet: it counts in all alone.
    pub(crate) fn take_unnamed(self: &Arc<Self>) -> Result<Permit, Refusal> {
        let mut open = self.lock();
        self.has_room(&open)?;
        open.all += 1;
        Ok(Permit { permits: Arc::clone(self), client: None })
    }

    fn has_room(&self, open: &Open) -> Result<(), Refusal> {
        if open.all < self.limits.connections { Ok(()) } else { Err(Refusal::Connections) }
    }

    /// The counts are whole whenever the lock is free, whatever its last holder did.
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn add(&mut self, client: IpAddr, most: usize) -> Result<(), Refusal> {
        if self.by_client.add(client, most) { Ok(()) } else { Err(Refusal::ClientConnections) }
    }
}

impl Permit {
    /// Counts the connection as this client's from now on, or says what to tell it.
    pub(crate) fn name(&mut self, client: IpAddr) -> Result<(), Refusal> {
        debug_assert!(self.client.is_none(), "a permit is named once");
        self.permits.lock().add(client, self.permits.limits.per_client)?;
        self.client = Some(client);
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.permits.lock();
        open.all -= 1;
        if let Some(client) = self.client {
            open.by_client.remove(client);
        }
    }
}

#[cfg(test)]
#[path = "permits_tests.rs"]
mod tests;
