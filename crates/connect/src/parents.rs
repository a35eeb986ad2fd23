//! Parent proxies: in which order they are tried, and how one is reached.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use policy::{Host, Policy};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::tls::{self, CaFile, TlsFailure};
use crate::{Connector, Credentials, DialOptions, Failure, ParentUrl, SetupError, Stream, dial};

/// How long a parent that failed is tried last. Then one request tries it in its place again, so
/// that its recovery is noticed; the others do not wait for what may still be down.
const LAST_FOR: Duration = Duration::from_secs(3);

/// A parent proxy.
#[derive(Debug)]
pub struct Parent {
    url: ParentUrl,
    credentials: Option<Credentials>,
    /// Until when it is tried last, in nanoseconds after the list's start; 0: it is well.
    ill_until: AtomicU64,
}

/// Parent proxies, in order of preference.
pub struct Parents {
    list: Vec<Parent>,
    /// None if none of them is within TLS.
    tls: Option<TlsConnector>,
    start: Instant,
    /// How long reaching a target by them may take in all.
    pub connect_timeout: Duration,
}

/// Why a parent was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParentFailure {
    /// It is this proxy itself.
    Own,
    /// Its name was not resolved, or it did not accept a connection.
    Unreached(Failure),
    /// It took too long.
    Timeout,
    /// There is no TLS with it.
    Tls(TlsFailure),
}

impl Parent {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &ParentUrl {
        &self.url
    }

    /// What it is shown.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }
}

impl std::fmt::Debug for Parents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl Parents {
    /// Parents, the preferred ones first. The system's CAs vouch for those within TLS, and those
    /// of the file.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(
        list: Vec<(ParentUrl, Option<Credentials>)>,
        ca_file: Option<&CaFile>,
        connect_timeout: Duration,
    ) -> Result<Self, SetupError> {
        let any_tls = list.iter().any(|(url, _)| url.is_tls());
        let tls = any_tls.then(|| tls::connector(ca_file)).transpose()?;
        let parent = |(url, credentials)| Parent { url, credentials, ill_until: AtomicU64::new(0) };
        let list = list.into_iter().map(parent).collect();
        Ok(Self { list, tls, start: Instant::now(), connect_timeout })
    }

    /// The parents, in the order of the configuration.
    #[must_use]
    pub fn as_slice(&self) -> &[Parent] {
        &self.list
    }

    /// In which order one request tries them: as configured, but last those that failed a short
    /// time ago. One whose time has come again is in its place for this request alone, until
    /// [`Parents::answered`] says that it is well.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let now = self.now();
        let (mut order, mut last) = (Vec::with_capacity(self.list.len()), Vec::new());
        for (i, parent) in self.list.iter().enumerate() {
            let until = parent.ill_until.load(Relaxed);
            let mine = || {
                let again = now + nanos(LAST_FOR);
                parent.ill_until.compare_exchange(until, again, Relaxed, Relaxed).is_ok()
            };
            let in_place = until == 0 || until <= now && mine();
            if in_place { &mut order } else { &mut last }.push(i);
        }
        order.append(&mut last);
        order
    }

    /// Notes that a parent answers, whatever its answer is.
    pub fn answered(&self, index: usize) {
        if let Some(parent) = self.list.get(index) {
            parent.ill_until.store(0, Relaxed);
        }
    }

    /// Notes that a parent was of no use.
    pub fn failed(&self, index: usize) {
        if let Some(parent) = self.list.get(index) {
            parent.ill_until.store(self.now() + nanos(LAST_FOR), Relaxed);
        }
    }

    /// Never zero, which means that a parent is well.
    fn now(&self) -> u64 {
        nanos(self.start.elapsed()).max(1)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Connector {
    /// Connects to a parent, at the address that accepts first, and makes the TLS handshake where
    /// its URL says so. Its host is looked up as targets' are.
    ///
    /// # Errors
    /// See [`ParentFailure`].
    pub async fn reach_parent(
        &self,
        policy: &Policy,
        parents: &Parents,
        index: usize,
        until: Instant,
    ) -> Result<Stream, ParentFailure> {
        let Some(parent) = parents.list.get(index) else { return Err(ParentFailure::Own) };
        match timeout_at(until, self.connect_parent(policy, parents, &parent.url)).await {
            Ok(reached) => reached,
            Err(_) => Err(ParentFailure::Timeout),
        }
    }

    async fn connect_parent(
        &self,
        policy: &Policy,
        parents: &Parents,
        url: &ParentUrl,
    ) -> Result<Stream, ParentFailure> {
        let authority = url.authority();
        let permit = |addrs: &[std::net::IpAddr]| {
            policy.permit_parent(authority, &self.candidates(authority.port(), addrs))
        };
        let (addrs, late) = match authority.host() {
            Host::Ip(ip) => (vec![*ip], None),
            Host::Name(name) => {
                let found = self.names.lookup(name).await.map_err(ParentFailure::Unreached)?;
                (found.addrs, found.late)
            }
        };
        let options = DialOptions { timeout: parents.connect_timeout, ..self.dial.clone() };
        let late = late.map(|late| async move { permit(&late.addrs().await) });
        let (stream, _) = dial::dial(permit(&addrs), late, &options, &self.dead)
            .await
            .map_err(|failure| failure.map_or(ParentFailure::Own, ParentFailure::Unreached))?;
        match parents.tls.as_ref().filter(|_| url.is_tls()) {
            None => Ok(Stream::Plain(stream)),
            Some(tls) => tls::handshake(tls, authority.host(), stream)
                .await
                .map(Stream::Tls)
                .map_err(ParentFailure::Tls),
        }
    }
}

#[cfg(test)]
#[path = "parents_tests.rs"]
mod tests;
