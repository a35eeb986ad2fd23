//! What the scripted name server says.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The type of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    A = 1,
    Aaaa = 28,
}

/// One scripted reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(super) rcode: u8,
    pub(super) records: Vec<(Option<String>, Data, u32)>,
    pub(super) soa: Option<u32>,
    pub(super) truncated: bool,
    pub(super) silent: bool,
    pub(super) after: Duration,
    pub(super) forged: Option<Box<Reply>>,
    pub(super) question: Option<String>,
    pub(super) raw: Option<Vec<u8>>,
    pub(super) gate: Option<Gate>,
}

/// Holds replies back until it is opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        let (open, opened) = &*self.0;
        *open.lock().expect("no panic") = true;
        opened.notify_all();
    }

    /// Waits until it is open, or the server stops.
    pub(super) fn wait(&self, stop: &AtomicBool) {
        let (open, opened) = &*self.0;
        let mut is_open = open.lock().expect("no panic");
        while !*is_open && !stop.load(Ordering::SeqCst) {
            let look_again = Duration::from_millis(20);
            is_open = opened.wait_timeout(is_open, look_again).expect("no panic").0;
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    Addr(IpAddr),
    Cname(String),
}

impl Reply {
    /// Addresses of the name asked for, each with this TTL in seconds.
    pub(crate) fn addrs<const N: usize>(ttl: u32, addrs: [&str; N]) -> Self {
        addrs.into_iter().fold(Self::default(), |reply, addr| reply.addr(None, ttl, addr))
    }

    /// NOERROR without an answer; with a SOA record of this TTL, if one is given.
    pub(crate) fn nodata(soa: impl Into<Option<u32>>) -> Self {
        Self { soa: soa.into(), ..Self::default() }
    }

    /// Only a response code: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    pub(crate) fn rcode(rcode: u8) -> Self {
        Self { rcode, ..Self::default() }
    }

    /// No reply at all.
    pub(crate) fn silence() -> Self {
        Self { silent: true, ..Self::default() }
    }

    /// A CNAME record from the name asked for to another.
    pub(crate) fn cname(ttl: u32, target: &str) -> Self {
        Self { records: vec![(None, Data::Cname(target.to_owned()), ttl)], ..Self::default() }
    }

    /// The question's identifier, and these bytes behind it, whatever they mean.
    pub(crate) fn raw(bytes: &[u8]) -> Self {
        Self { raw: Some(bytes.to_vec()), ..Self::default() }
    }

    /// With an address record, of another name if one is given.
    pub(crate) fn addr(mut self, owner: Option<&str>, ttl: u32, addr: &str) -> Self {
        let addr = addr.parse().expect("an address");
        self.records.push((owner.map(str::to_owned), Data::Addr(addr), ttl));
        self
    }

    /// With a SOA record of this TTL, as negative answers have (RFC 2308).
    pub(crate) fn soa(mut self, ttl: u32) -> Self {
        self.soa = Some(ttl);
        self
    }

    /// By UDP only the truncation flag; the records by TCP.
    pub(crate) fn truncated(mut self) -> Self {
        self.truncated = true;
        self
    }

    /// Not before this time has passed.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// Not before the gate is open.
    pub(crate) fn held(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// By UDP after a forged reply with another identifier.
    pub(crate) fn behind_forged(mut self, forged: Self) -> Self {
        self.forged = Some(Box::new(forged));
        self
    }

    /// By TCP as the answer to a question that was not asked.
    pub(crate) fn answering_for(mut self, name: &str) -> Self {
        self.question = Some(name.to_owned());
        self
    }
}
