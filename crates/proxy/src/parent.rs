//! The way by a parent proxy: one after the other is tried, and asked for a tunnel.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use connect::{Failure, Parent, ParentFailure, Parents, Stream};
use policy::{Authority, PermittedAddrs};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

use crate::fault::Fault;
use crate::gate::Snapshot;
use crate::head::{ResponseHead, Version};
use crate::malformed::Malformed;
use crate::metrics::count_parent;
use crate::read::{HeadLimits, NoHead, read_head};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::request::push_field;
use crate::via::Via;

/// How many of a target's addresses a parent is asked for, where they are judged here.
const MAX_ADDRESSES: usize = 3;
/// Most interim responses to a CONNECT; more is an attack or a fault.
const MAX_INTERIM: usize = 16;

/// What is told to a parent besides the target.
#[derive(Debug)]
pub(crate) struct Asking<'h> {
    /// This proxy.
    pub(crate) via: &'h Via,
    /// Whom the request has passed before.
    pub(crate) received: Vec<&'h [u8]>,
    /// In which version.
    pub(crate) version: Version,
}

/// The parents that one request may go by, each tried once.
#[derive(Debug)]
pub(crate) struct Attempts {
    pub(crate) parents: Arc<Parents>,
    untried: std::vec::IntoIter<usize>,
    started: Instant,
    faults: Vec<(usize, Fault)>,
}

/// A parent that was reached.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) index: usize,
    pub(crate) stream: Stream,
    /// How long it may take to answer a CONNECT.
    until: Instant,
}

impl Attempts {
    pub(crate) fn new(parents: Arc<Parents>) -> Self {
        let untried = parents.order().into_iter();
        Self { parents, untried, started: Instant::now(), faults: Vec::new() }
    }

    /// Connects to the next parent that lets it. Each may take its share of the time that is left,
    /// so that the last one has some, and all of them together keep to the limit.
    pub(crate) async fn next(
        &mut self,
        snapshot: &Snapshot,
        record: &mut Record,
    ) -> Result<Attempt, Refusal> {
        let deadline = self.started + self.parents.connect_timeout;
        while let Some(index) = self.untried.next() {
            let now = Instant::now();
            if now >= deadline && !self.faults.is_empty() {
                break;
            }
            let others = u32::try_from(self.untried.len()).unwrap_or(u32::MAX - 1);
            let until = now + deadline.saturating_duration_since(now) / (others + 1);
            record.parent = self.parent(index).map(|parent| parent.url().to_string());
            let reached =
                snapshot.connector.reach_parent(&snapshot.policy, &self.parents, index, until);
            match reached.await {
                Ok(stream) => {
                    record.connect = Some(self.started.elapsed());
                    return Ok(Attempt { index, stream, until });
                }
                // This says nothing of the parent.
                Err(ParentFailure::Unreached(failure @ Failure::NoDescriptors)) => {
                    return Err(Refusal::Unreached(failure));
                }
                Err(failure) => self.failed(index, Fault::Unreached(failure)),
            }
        }
        Err(Refusal::Parents(std::mem::take(&mut self.faults)))
    }

    /// Notes that a parent was of no use.
    pub(crate) fn failed(&mut self, index: usize, fault: Fault) {
        count_parent(index, fault.label());
        self.parents.failed(index);
        self.faults.push((index, fault));
    }

    /// Notes that a parent answers, and what came of it.
    pub(crate) fn answered(&self, index: usize, outcome: &'static str) {
        count_parent(index, outcome);
        self.parents.answered(index);
    }

    pub(crate) fn parent(&self, index: usize) -> Option<&Parent> {
        self.parents.as_slice().get(index)
    }

    /// The same parents for another address, within the same time.
    fn again(&self) -> Self {
        Self { started: self.started, ..Self::new(Arc::clone(&self.parents)) }
    }

    fn left(&self) -> Duration {
        self.parents.connect_timeout.saturating_sub(self.started.elapsed())
    }
}

/// Has a parent open a tunnel to the target, or to one of its judged addresses: the connection,
/// and what of the tunnel came with the parent's 2xx.
pub(crate) async fn tunnel(
    snapshot: &Snapshot,
    parents: &Arc<Parents>,
    addrs: Option<PermittedAddrs>,
    target: &Authority,
    asking: &Asking<'_>,
    record: &mut Record,
) -> Result<(Stream, Bytes), Refusal> {
    let addrs = addrs.as_ref().map_or(&[][..], PermittedAddrs::as_slice);
    let mut addrs = addrs.iter().take(MAX_ADDRESSES).peekable();
    let mut attempts = Attempts::new(Arc::clone(parents));
    loop {
        let addr = addrs.next();
        let asked = addr.map_or_else(|| target.to_string(), ToString::to_string);
        let (stream, index, Answer { status, early }) =
            ask_each(snapshot, &mut attempts, &asked, asking, record).await?;
        record.connect = Some(attempts.started.elapsed());
        record.address = addr.map(|addr| addr.ip()).or(record.address);
        match status {
            200..300 => {
                attempts.answered(index, "ok");
                return Ok((stream, early.freeze()));
            }
            407 => attempts.answered(index, "unauthorized"),
            _ => attempts.answered(index, "refused"),
        }
        let elsewhere = matches!(status, 502..=504) && addrs.peek().is_some();
        if !elsewhere || attempts.left().is_zero() {
            return Err(Refusal::ParentRefused(status));
        }
        attempts = attempts.again();
    }
}

/// What a parent says to a CONNECT.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// What came behind its head.
    early: BytesMut,
}

/// Asks one parent after the other, until one answers.
async fn ask_each(
    snapshot: &Snapshot,
    attempts: &mut Attempts,
    asked: &str,
    asking: &Asking<'_>,
    record: &mut Record,
) -> Result<(Stream, usize, Answer), Refusal> {
    loop {
        let Attempt { index, mut stream, until } = attempts.next(snapshot, record).await?;
        let authorization =
            attempts.parent(index).and_then(Parent::credentials).map(|c| c.authorization());
        let head = connect_head(asked, authorization, asking);
        match timeout_at(until, ask(&mut stream, &head, snapshot.head)).await {
            Ok(Ok(answer)) => return Ok((stream, index, answer)),
            Ok(Err(fault)) => attempts.failed(index, fault),
            Err(_) => attempts.failed(index, Fault::Silent),
        }
    }
}

/// RFC 9110 §9.3.6. The client's credentials for this proxy go no further.
fn connect_head(asked: &str, authorization: Option<&str>, asking: &Asking<'_>) -> Vec<u8> {
    let mut head = format!("CONNECT {asked} HTTP/1.1\r\nHost: {asked}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        push_field(&mut head, b"Proxy-Authorization", authorization.as_bytes());
    }
    for value in &asking.received {
        push_field(&mut head, b"Via", value);
    }
    push_field(&mut head, b"Via", asking.via.entry(asking.version).as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

/// Sends a CONNECT and reads the final answer's head. A 2xx to CONNECT has no body, whatever its
/// fields say (RFC 9110 §9.3.6): what follows it is the tunnel.
async fn ask(stream: &mut Stream, head: &[u8], limits: HeadLimits) -> Result<Answer, Fault> {
    let sent = async {
        stream.write_all(head).await?;
        stream.flush().await
    };
    // Whoever closes without reading may have answered.
    let _sent: std::io::Result<()> = sent.await;
    // A response's first line has no limit of its own.
    let limits = HeadLimits { target_bytes: limits.head_bytes, ..limits };
    let mut early = BytesMut::new();
    for _ in 0..=MAX_INTERIM {
        let bytes = read_head(stream, &mut early, limits).await.map_err(|none| match none {
            NoHead::Closed | NoHead::Cut => Fault::Closed,
            NoHead::Malformed(malformed) => Fault::Malformed(malformed),
            NoHead::StartLine | NoHead::Head => Fault::TooLarge,
        })?;
        let head =
            ResponseHead::parse(&bytes, limits.fields).map_err(|malformed| match malformed {
                Malformed::Fields => Fault::TooLarge,
                other => Fault::Malformed(other),
            })?;
        match head.status {
            // Nobody asked for another protocol.
            101 => return Err(Fault::Malformed(Malformed::StatusLine)),
            100..200 => {}
            status => return Ok(Answer { status, early }),
        }
    }
    Err(Fault::Malformed(Malformed::StatusLine))
}
