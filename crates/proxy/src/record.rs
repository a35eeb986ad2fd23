//! What is said of a request when it has ended.

mod judged;

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use policy::Place;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use self::judged::WouldDeny;
use crate::refusal::Refusal;
use crate::stray::Stray;

/// Names one request in the log and in what its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    instance: u32,
    serial: u64,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.instance, self.serial)
    }
}

/// Hands out request ids. Two processes start from different random numbers, so that the logs of
/// several replicas can be read together.
#[derive(Debug)]
pub(crate) struct RequestIds {
    instance: u32,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        let random = RandomState::new().build_hasher().finish();
        Self { instance: (random >> 32) as u32, next: AtomicU64::new(1) }
    }
}

impl RequestIds {
    pub(crate) fn next(&self) -> RequestId {
        RequestId { instance: self.instance, serial: self.next.fetch_add(1, Relaxed) }
    }
}

/// What policy said of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may go.
    Allow,
    /// It may go in audit mode, and may not otherwise.
    Audit,
    /// It may not.
    Deny,
    /// There was no telling what it asks for.
    Malformed,
}

impl Decision {
    /// As the log has it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Audit => "audit",
            Self::Deny => "deny",
            Self::Malformed => "malformed",
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// A request has ended.
    Request(Box<Record>),
    /// The program says something of itself.
    Notice(Notice),
    /// The program says something that its operator should look at.
    Warning(Notice),
    /// Clients are served at an address.
    Listening(Address),
    /// The admin pages are served at an address.
    Admin(Address),
}

/// Something that the program says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// When.
    #[serde(serialize_with = "timestamp")]
    pub time: SystemTime,
    /// What, in one line.
    pub message: String,
}

impl Notice {
    /// Says something now.
    #[must_use]
    pub fn now(message: impl Into<String>) -> Self {
        Self { time: SystemTime::now(), message: message.into() }
    }
}

/// An address that is listened on.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Address {
    /// The address, its port as bound.
    pub address: SocketAddr,
}

/// What the SNI check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sni {
    /// The ClientHello fits the target.
    Match,
    /// It does not. Boxed: a tunnel keeps its record, and few tunnels that last are of this kind.
    Fault(Box<Misfit>),
}

/// A ClientHello that does not fit its tunnel's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The stable label of what is wrong with it.
    pub label: &'static str,
    /// The name that it gives, if there is one, escaped and cut.
    pub name: Option<String>,
}

impl Sni {
    pub(crate) fn fault(label: &'static str, name: Option<String>) -> Self {
        Self::Fault(Box::new(Misfit { label, name }))
    }
}

impl Serialize for Sni {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (check, name) = match self {
            Self::Match => ("match", None),
            Self::Fault(misfit) => (misfit.label, misfit.name.as_deref()),
        };
        let mut fields = serializer.serialize_struct("Sni", 2)?;
        fields.serialize_field("check", check)?;
        fields.serialize_field("sni", &name)?;
        fields.end()
    }
}

/// One request, at its end.
///
/// Durations are in milliseconds, absent where the stage was not reached. `up` counts what the
/// target's socket took, `down` what the client's did (for plain HTTP: bytes of bodies).
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// When its head was complete.
    #[serde(skip)]
    asked: Instant,
    /// When the request ended.
    #[serde(serialize_with = "timestamp")]
    pub time: SystemTime,
    /// The request's id, which a refusal carries too.
    #[serde(serialize_with = "displayed")]
    pub id: RequestId,
    /// The client's address and port.
    pub client: SocketAddr,
    /// What the configuration calls the client.
    pub client_name: Option<Arc<str>>,
    /// The user whom the client's credentials name, where who it is depends on them.
    pub user: Option<Arc<str>>,
    /// The method: one that is known here, or absent.
    pub method: Option<&'static str>,
    /// The target in its one spelling, or what stood in its place, escaped and cut.
    pub target: Option<String>,
    /// What policy said, where it was asked.
    pub decision: Option<Decision>,
    /// The stable label of the refusal, or of how the tunnel failed its SNI check.
    pub reason: Option<&'static str>,
    /// A line for a person: the refusal's text, or what is wrong with the ClientHello.
    pub detail: Option<String>,
    /// The place of the rule that decided.
    #[serde(serialize_with = "displayed_if")]
    pub rule: Option<Place>,
    /// Why it would be denied, were it not for audit mode.
    pub would_deny: Option<Box<WouldDeny>>,
    /// The place of the network entry that opened the target's address.
    #[serde(serialize_with = "displayed_if")]
    pub address_rule: Option<Place>,
    /// That its client was to reach the target without the proxy.
    pub stray: Option<Box<Stray>>,
    /// The target's address: the one dialled, or that a parent was asked for; for a denied
    /// address, that one. Absent where a parent resolves the name.
    pub address: Option<IpAddr>,
    /// The last parent proxy tried, where the target is not reached directly.
    pub parent: Option<String>,
    /// The status that the client was sent.
    pub status: Option<u16>,
    /// Why the tunnel ended.
    pub end: Option<&'static str>,
    /// What the SNI check found, where there was one.
    pub tls: Option<Sni>,
    /// From the head's first byte to its end; a connection's first: from when it was accepted.
    #[serde(rename = "head_ms", serialize_with = "millis")]
    pub head: Option<Duration>,
    /// Resolving the name.
    #[serde(rename = "dns_ms", serialize_with = "millis")]
    pub dns: Option<Duration>,
    /// Connecting.
    #[serde(rename = "connect_ms", serialize_with = "millis")]
    pub connect: Option<Duration>,
    /// From the end of the head to the end of the request.
    #[serde(rename = "total_ms", serialize_with = "millis")]
    pub total: Option<Duration>,
    /// Bytes to the target.
    pub up: u64,
    /// Bytes to the client.
    pub down: u64,
}

impl Record {
    /// A request of which nothing is known but its client, whose head began at `began` and has
    /// just ended.
    pub(crate) fn new(id: RequestId, client: SocketAddr, began: Instant) -> Box<Self> {
        let asked = Instant::now();
        Box::new(Self {
            asked,
            time: SystemTime::UNIX_EPOCH,
            id,
            client,
            client_name: None,
            user: None,
            method: None,
            target: None,
            decision: None,
            reason: None,
            detail: None,
            rule: None,
            would_deny: None,
            address_rule: None,
            stray: None,
            address: None,
            parent: None,
            status: None,
            end: None,
            tls: None,
            head: Some(asked - began),
            dns: None,
            connect: None,
            total: None,
            up: 0,
            down: 0,
        })
    }

    /// Notes the refusal, and makes the response that tells the client the same.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> Vec<u8> {
        let row = refusal.row();
        self.decision = match refusal.decision() {
            Some(Decision::Allow) if self.would_deny.is_some() => Some(Decision::Audit),
            decision => decision,
        };
        self.reason = Some(row.label);
        self.detail = Some(refusal.text());
        self.status = Some(row.status);
        if let Some(rule) = refusal.denial().and_then(|denial| denial.rule.as_ref()) {
            self.rule = Some(rule.place);
        }
        // A target that is not well-formed is never echoed.
        let well_formed = self.decision != Some(Decision::Malformed);
        let target = self.target.as_deref().filter(|_| well_formed);
        refusal.response(self.id, target, self.method == Some("HEAD"))
    }

    /// Closes the record.
    pub(crate) fn ended(mut self: Box<Self>) -> Box<Self> {
        self.time = SystemTime::now();
        self.total = Some(self.asked.elapsed());
        self
    }
}

pub(crate) fn timestamp<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

fn displayed_if<S: Serializer>(place: &Option<Place>, serializer: S) -> Result<S::Ok, S::Error> {
    match place {
        Some(place) => serializer.collect_str(place),
        None => serializer.serialize_none(),
    }
}

fn displayed<S: Serializer>(id: &RequestId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn millis<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    // Rounded to microseconds: more digits than that are noise.
    time.map(|time| time.as_micros() as f64 / 1e3).serialize(serializer)
}

/// Longest text from the wire that a record holds, in bytes.
const MAX_WIRE_TEXT: usize = 256;

/// Bytes from the wire in visible ASCII, cut: a log line must not be made by its client. What
/// stands before an `@` may be a password.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let at = bytes.iter().rposition(|&b| b == b'@');
    let (hidden, shown) = at.map_or(("", bytes), |at| ("***", &bytes[at..]));
    let cut = &shown[..shown.len().min(MAX_WIRE_TEXT)];
    let more = if cut.len() < shown.len() { "..." } else { "" };
    format!("{hidden}{}{more}", cut.escape_ascii())
}
