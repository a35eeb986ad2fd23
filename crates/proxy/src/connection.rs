//! One client connection: heads are read and judged, requests carried out, until it ends or
//! becomes a tunnel.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use policy::{Authority, Grant, Host, Mode, SniMode, Who};
use relay::{Limits, Side};
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;
use tokio::time::{timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::clients::{Asker, Hold};
use crate::closing;
use crate::credentials::{self, Basic, NotLoggedIn};
use crate::exchange::{Bounds, Target, exchange};
use crate::gate::{Gate, Snapshot, Timeouts};
use crate::head::RequestHead;
use crate::introduction::Arrival;
use crate::parent::Asking;
use crate::read::{NoHead, read_head, read_some};
use crate::record::{Record, escaped};
use crate::refusal::Refusal;
use crate::request::{Forward, METHODS, Request};
use crate::response::Interrupted;
use crate::sni::Sni;
use crate::stray;
use crate::transfer::Progress;
use crate::tunnel::{Far, Tunnel};
use crate::via;
use crate::way::{self, Opening};

/// A client's connection, until it ends or becomes a tunnel.
#[derive(Debug)]
pub(crate) struct Connection<'g> {
    gate: &'g Gate,
    stream: TcpStream,
    /// The client.
    client: SocketAddr,
    /// When it was accepted.
    accepted: Instant,
    /// What was read and not yet used.
    buffer: BytesMut,
    /// What it takes of its client's limits: of those of the client that its last request was of.
    hold: Option<Box<Hold>>,
    /// Who made the last request.
    asker: (Who, Option<Arc<str>>),
    /// The connection that its request went over, if that was plain HTTP.
    kept: Option<Target>,
}

/// What is to be done after a request.
enum Next {
    Another,
    Close,
    /// The target of a CONNECT is in hand.
    Tunnel {
        target: Far,
        limits: Limits,
        sni: Option<Sni>,
    },
}

/// A request that could not be carried out.
enum Failed {
    /// The client can be told why.
    Refused(Refusal),
    /// It has a part of the response, or is gone.
    Aborted,
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<'g> Connection<'g> {
    pub(crate) fn new(gate: &'g Gate, arrival: Arrival) -> Self {
        let Arrival { stream, client, buffer, accepted } = arrival;
        Self {
            gate,
            stream,
            client,
            accepted,
            buffer,
            hold: None,
            asker: (Who::OTHER, None),
            kept: None,
        }
    }

    /// Serves requests until the connection ends, or hands out the tunnel that it has become.
    pub(crate) async fn serve(mut self) -> Option<Tunnel> {
        let mut first = true;
        loop {
            let (next, record) = self.request(first).await?;
            first = false;
            match next {
                Next::Another => self.gate.finish(record.ended()),
                Next::Close => {
                    self.gate.finish(record.ended());
                    self.hold = None;
                    closing::after(&mut self.stream, &[]).await;
                    return None;
                }
                // The tunnel takes the record along, and closes it at its own end.
                Next::Tunnel { target, limits, sni } => {
                    let client = Side { stream: self.stream, early: self.buffer.freeze() };
                    let tunnel = Tunnel { client, target, limits, record, hold: self.hold };
                    return tunnel.open(sni, self.gate).await;
                }
            }
        }
    }

    /// Carries out one request, and accounts for it if that fails: the connection then ends.
    async fn request(&mut self, first: bool) -> Option<(Next, Box<Record>)> {
        let mut began = if first { self.accepted } else { Instant::now() };
        let head = self.head(first, &mut began).await.transpose()?;
        let mut record = Record::new(self.gate.ids.next(), self.client, began);
        let done = match head {
            Ok(head) => self.carry_out(&head, &mut record).await,
            Err(refusal) => Err(refusal.into()),
        };
        match done {
            Ok(next) => return Some((next, record)),
            Err(Failed::Refused(refusal)) => {
                let response = record.refuse(&refusal);
                self.gate.finish(record.ended());
                self.hold = None;
                closing::after(&mut self.stream, &response).await;
            }
            Err(Failed::Aborted) => {
                record.end = Some("aborted");
                self.gate.finish(record.ended());
                closing::reset(&self.stream);
            }
        }
        None
    }

    /// The next head. None where the client has closed, or may go because it asks for nothing.
    /// `began` is moved to its first byte where the wait before that is not its own.
    async fn head(&mut self, first: bool, began: &mut Instant) -> Result<Option<Bytes>, Refusal> {
        let snapshot = self.gate.snapshot();
        let draining = &self.gate.draining;
        let (mut source, _) = self.stream.split();
        let mut silent = self.buffer.is_empty();
        if silent && !first {
            let patience = snapshot.timeouts.keep_alive;
            if !timeout(patience, first_bytes(&mut source, &mut self.buffer, draining))
                .await
                .unwrap_or(false)
            {
                return Ok(None);
            }
            *began = Instant::now();
            silent = false;
        }
        let head = async {
            if silent && !first_bytes(&mut source, &mut self.buffer, draining).await {
                return Err(NoHead::Closed);
            }
            read_head(&mut source, &mut self.buffer, snapshot.head).await
        };
        match timeout_at((*began + snapshot.timeouts.header).into(), head).await {
            Ok(Ok(head)) => Ok(Some(head)),
            Ok(Err(NoHead::Closed | NoHead::Cut)) => Ok(None),
            Ok(Err(NoHead::Malformed(malformed))) => Err(malformed.into()),
            Ok(Err(NoHead::StartLine)) => Err(Refusal::TargetTooLong),
            Ok(Err(NoHead::Head)) => Err(Refusal::HeadTooLarge),
            Err(_) if self.buffer.is_empty() => Ok(None),
            Err(_) => Err(Refusal::HeadTimeout),
        }
    }

    /// Whether the client names the address at which it has reached the proxy.
    fn is_reached_by(&self, host: &Host, port: Option<u16>) -> bool {
        // A client that is gone by now has no address, and gets no answer either.
        let Ok(local) = self.stream.local_addr() else { return false };
        let ip = local.ip().to_canonical();
        let here = match host {
            Host::Ip(named) => *named == ip,
            Host::Name(name) => ip.is_loopback() && name.as_str() == "localhost",
        };
        here && port.is_none_or(|port| port == local.port())
    }

    async fn carry_out(&mut self, head: &[u8], record: &mut Record) -> Result<Next, Failed> {
        // The rules in force are those of the moment at which the request is there.
        let snapshot = self.gate.snapshot();
        let done = self.carry_out_by(&snapshot, head, record).await;
        if let Err(Failed::Refused(refusal)) = &done {
            snapshot.usage.denied(refusal.denial());
        }
        done
    }

    async fn carry_out_by(
        &mut self,
        snapshot: &Snapshot,
        head: &[u8],
        record: &mut Record,
    ) -> Result<Next, Failed> {
        let (policy, ip) = (&snapshot.policy, self.client.ip());
        if !policy.depends_on_user(ip) {
            record.client_name = policy.client(policy.who(ip, None)).cloned();
        }
        let head = RequestHead::parse(head, snapshot.head.fields).map_err(Refusal::from)?;
        let known = METHODS.into_iter().chain(["CONNECT"]);
        record.method = known.into_iter().find(|method| method.as_bytes() == head.method);
        record.target = Some(escaped(head.target));
        let is_proxy = |host: &Host, port: Option<u16>| {
            self.is_reached_by(host, port) || snapshot.policy.is_own(host, port)
        };
        let via = &self.gate.via;
        let (has_passed, version) = (via.has_passed(&head.fields), head.version);
        let received = via::values(&head.fields).collect();
        let agent = stray::agent(&head.fields);
        let shown = credentials::authorization(&head.fields);
        let request = Request::judge(head, is_proxy)?;
        record.target = Some(request.target().to_string());
        if self.gate.draining.is_cancelled() {
            return Err(Refusal::Draining.into());
        }
        if has_passed {
            return Err(Refusal::Loop.into());
        }
        if let Some(stray) = snapshot.strays.stray(request.target(), agent) {
            let judged = snapshot.strays.judge(&stray);
            record.stray = Some(stray);
            judged?;
        }
        let grant = self.decide(snapshot, request.target(), &shown, record).await?;
        match request {
            Request::Connect(_) => {
                let asking = Asking { via, received, version };
                let (stream, early) = way::tunnel(snapshot, &grant, &asking, record).await?;
                record.reached(snapshot, &grant);
                let target = Far::new(stream, early);
                let idle = grant.overrides().idle.unwrap_or(snapshot.timeouts.idle);
                let Timeouts { half_close, stall, .. } = snapshot.timeouts;
                let limits = Limits { idle, half_close, stall };
                Ok(Next::Tunnel { target, limits, sni: sni(snapshot, &grant) })
            }
            Request::Forward(forward) => self.forward(snapshot, &forward, &grant, record).await,
        }
    }

    /// Finds out who asks, and judges the target's name.
    async fn decide(
        &mut self,
        snapshot: &Snapshot,
        target: &Authority,
        shown: &Result<Option<Basic>, NotLoggedIn>,
        record: &mut Record,
    ) -> Result<Grant, Refusal> {
        let (policy, ip) = (&snapshot.policy, self.client.ip());
        let patience = snapshot.timeouts.header;
        let asker = snapshot.clients.who(policy, ip, shown, patience).await;
        let Asker { who, user, fault } = asker;
        record.client_name = policy.client(who).cloned();
        record.user.clone_from(&user);
        let now = (who, user);
        if self.asker != now {
            // What one has opened is none of another's: a target may know its client by it.
            self.kept = None;
            self.asker = now;
        }
        self.hold(snapshot, who)?;
        let decided = policy.decide(who, target);
        let login_helps = || policy.login_may_help(ip, target);
        match (decided, fault) {
            // What it was, is not known: no rule decides that.
            (_, Some(NotLoggedIn::Busy)) => Err(Refusal::NotLoggedIn(NotLoggedIn::Busy)),
            (Ok(_), Some(fault)) if policy.mode(who) == Mode::Enforce => {
                Err(Refusal::NotLoggedIn(fault))
            }
            (Ok(grant), fault) => {
                snapshot.usage.granted(&grant);
                record.granted(&grant, fault);
                Ok(grant)
            }
            (Err(_), Some(fault)) if login_helps() => Err(Refusal::NotLoggedIn(fault)),
            (Err(_), None) if *shown == Ok(None) && login_helps() => {
                Err(Refusal::NotLoggedIn(NotLoggedIn::Missing))
            }
            (Err(denial), _) => Err(Refusal::Denied(denial)),
        }
    }

    /// Counts the connection as this client's, and as nobody else's.
    fn hold(&mut self, snapshot: &Snapshot, who: Who) -> Result<(), Refusal> {
        let name = snapshot.policy.client(who);
        if self.hold.as_ref().map(|hold| &hold.name) != name {
            // What it held under another name is given back first.
            self.hold = None;
        }
        if let (Some(name), None) = (name, &self.hold) {
            let limits = snapshot.clients.limits(who);
            self.hold = Some(self.gate.holds.take(name, self.client.ip(), limits)?);
        }
        Ok(())
    }

    async fn forward(
        &mut self,
        snapshot: &Snapshot,
        forward: &Forward<'_>,
        grant: &Grant,
        record: &mut Record,
    ) -> Result<Next, Failed> {
        let mut kept = self.kept.take();
        kept.take_if(|kept| !kept.serves(snapshot, grant));
        let mut opening = Opening::default();
        loop {
            let reused = kept.is_some();
            let mut target = match kept.take() {
                Some(target) => target,
                None => opening.open(snapshot, grant, record).await?,
            };
            record.address = target.hop.addr().map(|addr| addr.ip()).or(record.address);
            record.reached(snapshot, grant);
            record.parent = target.hop.parent().map(|parent| parent.url().to_string());
            let bounds = Bounds {
                head: snapshot.head,
                idle: snapshot.timeouts.forward_idle,
                draining: self.gate.draining.is_cancelled(),
                by_parent: target.hop.parent().is_some(),
                via: &self.gate.via,
            };
            let progress = Progress::default();
            let answered = exchange(
                &mut self.stream,
                &mut self.buffer,
                &mut target,
                forward,
                bounds,
                &progress,
            )
            .await;
            record.up = progress.up.load(Relaxed);
            record.down = progress.down.load(Relaxed);
            let another_parent = opening.note(&target.hop, &answered);
            match answered {
                Ok(answered) => {
                    record.status = Some(answered.status);
                    self.kept = answered.keeps_target.then_some(target);
                    return Ok(if answered.closes_client { Next::Close } else { Next::Another });
                }
                // A kept connection that the target closed just now: the request is sent anew,
                // once, on a connection of its own.
                Err(Interrupted::Unanswered) if reused && forward.may_repeat() => {}
                // A parent that closes at once may have nothing behind it: the next one may.
                Err(Interrupted::Unanswered) if another_parent && forward.may_repeat() => {}
                Err(Interrupted::Unanswered) => return Err(Refusal::ResponseIncomplete.into()),
                Err(Interrupted::Before(refusal)) => return Err(refusal.into()),
                Err(Interrupted::Midway) => return Err(Failed::Aborted),
            }
        }
    }
}

/// The SNI check that holds for a target, if one does.
fn sni(snapshot: &Snapshot, grant: &Grant) -> Option<Sni> {
    let check = snapshot.policy.sni_check(grant);
    let patience = snapshot.timeouts.header;
    let host = || grant.target().host().clone();
    (check.mode != SniMode::Off).then(|| Sni { check, host: host(), patience })
}

/// Waits for the client to send something. False if it ends, or the proxy stops, before that.
async fn first_bytes(
    source: &mut ReadHalf<'_>,
    buffer: &mut BytesMut,
    draining: &CancellationToken,
) -> bool {
    tokio::select! {
        read = read_some(source, buffer) => matches!(read, Ok(1..)),
        () = draining.cancelled() => false,
    }
}
