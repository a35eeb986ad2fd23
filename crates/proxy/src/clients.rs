//! The configuration's clients: who asks, and how much of the proxy each has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::gauge;
use policy::{Policy, Who};

use crate::credentials::{Basic, Credentials, NotLoggedIn};
use crate::refusal::Refusal;
use crate::tally::Tally;

/// What holds for clients besides their rules.
#[derive(Debug, Default)]
pub struct Clients {
    /// The users that clients may log in as.
    pub credentials: Option<Arc<Credentials>>,
    /// The limits of each, in the order of the policy's clients.
    pub limits: Vec<ClientLimits>,
}

/// How much of the proxy one client has at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Most connections, from all its addresses.
    pub connections: usize,
    /// Most connections from one address.
    pub connections_per_address: usize,
}

/// Somebody who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    pub(crate) who: Who,
    /// Whom its credentials name, where they were looked at.
    pub(crate) user: Option<Arc<str>>,
    /// What is wrong with its credentials, if anything is.
    pub(crate) fault: Option<NotLoggedIn>,
}

impl Clients {
    /// Finds out who asks. Credentials are looked at only where who it is depends on them.
    pub(crate) async fn who(
        &self,
        policy: &Policy,
        ip: IpAddr,
        shown: &Result<Option<Basic>, NotLoggedIn>,
        patience: Duration,
    ) -> Asker {
        let without = Asker { who: policy.who(ip, None), ..Asker::default() };
        let Some(credentials) = self.credentials.as_ref().filter(|_| policy.depends_on_user(ip))
        else {
            return without;
        };
        let checked = match shown {
            Ok(None) => return without,
            Ok(Some(basic)) => credentials.check(basic, ip, patience).await,
            Err(fault) => Err(*fault),
        };
        match checked {
            Ok(user) => {
                let who = policy.who(ip, Some(&user));
                Asker { who, user: Some(user), fault: None }
            }
            Err(fault) => Asker { fault: Some(fault), ..without },
        }
    }

    pub(crate) fn limits(&self, who: Who) -> Option<ClientLimits> {
        self.limits.get(who.index()?).copied()
    }
}

const OPEN: &str = "pinhole_client_connections_open";

/// The open connections of each client, counted by its name, which outlasts a reload.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// Bounded by `limits.connections`: a client without a connection has no entry.
    open: Mutex<HashMap<Arc<str>, Open>>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: Tally,
}

/// One connection of a client, until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    holds: Arc<Holds>,
    pub(crate) name: Arc<str>,
    address: IpAddr,
}

impl Holds {
    /// Counts one connection more, or says what to tell the client.
    pub(crate) fn take(
        self: &Arc<Self>,
        name: &Arc<str>,
        address: IpAddr,
        limits: Option<ClientLimits>,
    ) -> Result<Box<Hold>, Refusal> {
        let (all, here) = limits.map_or((usize::MAX, usize::MAX), |limits| {
            (limits.connections, limits.connections_per_address)
        });
        let mut open = self.lock();
        // Who is refused has an entry already: no limit is below one.
        let counts = open.entry(Arc::clone(name)).or_default();
        if counts.all >= all || !counts.by_address.add(address, here) {
            return Err(Refusal::NamedClientConnections(Arc::clone(name)));
        }
        counts.all += 1;
        gauge!(OPEN, "client" => Arc::clone(name)).increment(1.0);
        Ok(Box::new(Hold { holds: Arc::clone(self), name: Arc::clone(name), address }))
    }

    /// The counts are whole whenever the lock is free, whatever its last holder did.
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut open = self.holds.lock();
        let Some(counts) = open.get_mut(&self.name) else { return };
        counts.all -= 1;
        counts.by_address.remove(self.address);
        if counts.all == 0 {
            open.remove(&self.name);
        }
        gauge!(OPEN, "client" => Arc::clone(&self.name)).decrement(1.0);
    }
}

#[cfg(test)]
#[path = "clients_tests.rs"]
mod tests;
