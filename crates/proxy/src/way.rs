//! The way to a granted target: by itself, or by a parent.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use connect::{Failure, Judgement, Parents, Reached, Stream};
use policy::{Grant, Host, PermittedAddrs};

use crate::exchange::{Hop, Target};
use crate::fault::Fault;
use crate::gate::Snapshot;
use crate::parent::{self, Asking, Attempt, Attempts};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::response::{Answered, Interrupted};
use crate::route::{Asked, Route};

/// A way, on which nothing was dialled yet.
#[derive(Debug)]
pub(crate) enum Way {
    /// The target itself, which was resolved if the way could not be told without that.
    Direct(Option<Judgement>),
    /// These parents, who are asked for one of these addresses; else for the target as it is.
    Parent(Arc<Parents>, Option<PermittedAddrs>),
}

impl Way {
    /// Finds the way. A name is looked up only if it is resolved here, whichever way it goes.
    pub(crate) async fn find(
        snapshot: &Snapshot,
        asked: Asked,
        grant: &Grant,
        record: &mut Record,
    ) -> Result<Self, Refusal> {
        let (routes, target) = (&snapshot.routes, grant.target());
        let parents = match routes.of(asked, target, &[]) {
            // An address that is exempt, or a name: the usual way, with all that belongs to it.
            Route::Direct(_) => return Ok(Self::Direct(None)),
            Route::Parent(parents) if routes.judges(grant) => parents,
            Route::Parent(parents) => return Ok(Self::Parent(Arc::clone(parents), None)),
        };
        let judged = snapshot.connector.judge(&snapshot.policy, grant).await;
        let judgement = judged.map_err(|failure| unreached(failure, record))?;
        record.dns = judgement.dns;
        if let Some(failure) = judgement.denial(grant) {
            return Err(unreached(failure, record));
        }
        match routes.of(asked, target, &judgement.addrs()) {
            Route::Direct(_) => Ok(Self::Direct(Some(judgement))),
            Route::Parent(_) if matches!(target.host(), Host::Ip(_)) => {
                record.address = judgement.addrs().first().copied();
                Ok(Self::Parent(Arc::clone(parents), None))
            }
            Route::Parent(_) => Ok(Self::Parent(Arc::clone(parents), Some(judgement.permitted))),
        }
    }
}

/// Reaches the target itself.
pub(crate) async fn direct(
    snapshot: &Snapshot,
    grant: &Grant,
    judgement: Option<Judgement>,
    record: &mut Record,
) -> Result<Reached, Refusal> {
    let reached = match judgement {
        None => snapshot.connector.reach(&snapshot.policy, grant).await,
        Some(judgement) => snapshot.connector.reach_judged(grant, judgement).await,
    };
    let reached = reached.map_err(|failure| unreached(failure, record))?;
    record.address = Some(reached.addr.ip());
    record.dns = reached.dns;
    record.connect = Some(reached.connect);
    Ok(reached)
}

/// Reaches the target of a CONNECT, by itself or through a parent that has opened a tunnel to it:
/// the connection, and what a parent has sent of the tunnel already.
pub(crate) async fn tunnel(
    snapshot: &Snapshot,
    grant: &Grant,
    asking: &Asking<'_>,
    record: &mut Record,
) -> Result<(Stream, Bytes), Refusal> {
    match Way::find(snapshot, Asked::Tunnel, grant, record).await? {
        Way::Direct(judgement) => {
            let reached = direct(snapshot, grant, judgement, record).await?;
            Ok((Stream::Plain(reached.stream), Bytes::new()))
        }
        // Boxed: most tunnels go another way, and would carry its room.
        Way::Parent(parents, addrs) => {
            let target = grant.target();
            Box::pin(parent::tunnel(snapshot, &parents, addrs, target, asking, record)).await
        }
    }
}

/// Opens connections for one plain-HTTP request, to one parent after the other where it goes by
/// parents.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    by_parents: Option<(Attempts, Option<PermittedAddrs>)>,
}

impl Opening {
    /// Opens the next connection.
    pub(crate) async fn open(
        &mut self,
        snapshot: &Snapshot,
        grant: &Grant,
        record: &mut Record,
    ) -> Result<Target, Refusal> {
        let (attempts, addrs) = match &mut self.by_parents {
            Some(by_parents) => by_parents,
            none => match Way::find(snapshot, Asked::Forward, grant, record).await? {
                Way::Direct(judgement) => {
                    let reached = direct(snapshot, grant, judgement, record).await?;
                    let (stream, hop) = (Stream::Plain(reached.stream), Hop::Target(reached.addr));
                    return Ok(Target::new(stream, grant.target().clone(), hop));
                }
                Way::Parent(parents, addrs) => none.insert((Attempts::new(parents), addrs)),
            },
        };
        let Attempt { index, stream, .. } = Box::pin(attempts.next(snapshot, record)).await?;
        // One that is reached by IPv4 has IPv4, whatever else it has.
        let of_family = |addr: &&SocketAddr| {
            stream.socket().peer_addr().is_ok_and(|peer| peer.is_ipv4() == addr.is_ipv4())
        };
        let addrs = addrs.as_ref().map_or(&[][..], PermittedAddrs::as_slice);
        let addr = addrs.iter().find(of_family).or(addrs.first()).copied();
        let hop = Hop::Parent { parents: Arc::clone(&attempts.parents), index, addr };
        Ok(Target::new(stream, grant.target().clone(), hop))
    }

    /// Notes what came of an exchange with a hop that was opened here. Whether that was a parent
    /// which closed without an answer: another one may have more to say.
    pub(crate) fn note(&mut self, hop: &Hop, came: &Result<Answered, Interrupted>) -> bool {
        let (Hop::Parent { index, .. }, Some((attempts, _))) = (hop, &mut self.by_parents) else {
            return false;
        };
        match came {
            Err(Interrupted::Unanswered) => attempts.failed(*index, Fault::Closed),
            Err(Interrupted::Before(Refusal::ParentRefused(_))) => {
                attempts.answered(*index, "unauthorized");
            }
            _ => attempts.answered(*index, "ok"),
        }
        matches!(came, Err(Interrupted::Unanswered))
    }
}

fn unreached(failure: Failure, record: &mut Record) -> Refusal {
    if let Failure::Denied { address, .. } = failure {
        record.address = Some(address);
    }
    Refusal::Unreached(failure)
}
