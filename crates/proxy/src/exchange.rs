//! One plain-HTTP request and its response, between a client and a target.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::BytesMut;
use connect::{Parent, Parents, ReadHalf, Stream, WriteHalf};
use policy::{Authority, Candidate, Grant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::decode::Decoder;
use crate::framing::Length;
use crate::gate::Snapshot;
use crate::read::HeadLimits;
use crate::refusal::Refusal;
use crate::request::Forward;
use crate::response::{Answered, Interrupted, respond};
use crate::route::{Asked, Route};
use crate::transfer::{Broken, Progress, transfer};
use crate::via::Via;

/// A connection to the next hop of plain HTTP. It belongs to one client connection, and to one
/// target, also where the next hop is a parent.
#[derive(Debug)]
pub(crate) struct Target {
    stream: Stream,
    /// What was read behind the last response: nothing, or the connection is not kept.
    buffer: BytesMut,
    authority: Authority,
    pub(crate) hop: Hop,
}

/// The next hop.
#[derive(Debug)]
pub(crate) enum Hop {
    /// The target, at this address.
    Target(SocketAddr),
    /// A parent.
    Parent {
        parents: Arc<Parents>,
        index: usize,
        /// The target's address that it is asked for, where that was judged here.
        addr: Option<SocketAddr>,
    },
}

impl Hop {
    /// The target's address, where it is known here.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Target(addr) => Some(*addr),
            Self::Parent { addr, .. } => *addr,
        }
    }

    /// The parent, if it is one.
    pub(crate) fn parent(&self) -> Option<&Parent> {
        match self {
            Self::Target(_) => None,
            Self::Parent { parents, index, .. } => parents.as_slice().get(*index),
        }
    }
}

impl Target {
    pub(crate) fn new(stream: Stream, authority: Authority, hop: Hop) -> Self {
        Self { stream, buffer: BytesMut::new(), authority, hop }
    }

    /// Whether another request may go this way: the same target, by the same route, at an address
    /// that the policy of this request permits as well, on a connection that looks alive.
    pub(crate) fn serves(&mut self, snapshot: &Snapshot, grant: &Grant) -> bool {
        let addr = self.hop.addr().map(|addr| addr.ip());
        let permitted = addr.is_none_or(|ip| {
            let candidate = Candidate { ip, own: false };
            !snapshot.policy.permit(grant, &[candidate]).0.as_slice().is_empty()
        });
        let route = snapshot.routes.of(Asked::Forward, grant.target(), addr.as_slice());
        let same_route = match (&self.hop, route) {
            (Hop::Target(_), Route::Direct(_)) => true,
            // Those of another configuration are others, though they may look the same.
            (Hop::Parent { parents, .. }, Route::Parent(now)) => Arc::ptr_eq(parents, now),
            _ => false,
        };
        self.authority == *grant.target() && permitted && same_route && self.stream.is_quiet()
    }
}

/// How the exchange is bounded, and what it has to know besides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<'g> {
    pub(crate) head: HeadLimits,
    /// How long nothing may move.
    pub(crate) idle: Duration,
    /// Whether the proxy is shutting down, so that the client's connection is not kept.
    pub(crate) draining: bool,
    /// Whether the next hop is a parent.
    pub(crate) by_parent: bool,
    /// What this proxy calls itself.
    pub(crate) via: &'g Via,
}

/// Sends the request and its body, and passes the response on, both at the same time: a target
/// may answer before it has the whole body, and a client may wait for 100 Continue.
pub(crate) async fn exchange(
    client: &mut TcpStream,
    client_buffer: &mut BytesMut,
    target: &mut Target,
    forward: &Forward<'_>,
    bounds: Bounds<'_>,
    progress: &Progress,
) -> Result<Answered, Interrupted> {
    let (client_read, client_write) = client.split();
    let mut client_read = ReadHalf::Plain(client_read);
    let mut client_write = WriteHalf::Plain(client_write);
    let (mut target_read, mut target_write) = target.stream.split();
    let mut upload = pin!(async {
        let head = forward.head_for(&target.hop, bounds.via);
        target_write.write_all(&head).await.map_err(|_| Broken::Sink)?;
        target_write.flush().await.map_err(|_| Broken::Sink)?;
        progress.activity.touch();
        let chunked = forward.length == Length::Chunked;
        let Progress { activity, up, .. } = progress;
        let decoder = Decoder::new(forward.length);
        let (from, to) = (&mut client_read, &mut target_write);
        transfer(from, client_buffer, decoder, to, chunked, up, activity).await
    });
    let mut download = pin!(respond(
        forward,
        &mut target_read,
        &mut target.buffer,
        &mut client_write,
        bounds,
        progress,
    ));
    let mut silence = pin!(progress.activity.silent_for(bounds.idle));
    let mut upload_state = Upload::Running;
    let ended = loop {
        tokio::select! {
            sent = &mut upload, if upload_state == Upload::Running => match sent {
                Ok(()) => upload_state = Upload::Done,
                // The target may have closed because it has answered: the answer decides.
                Err(Broken::Sink) => upload_state = Upload::Failed,
                Err(Broken::Source) => break Err(Interrupted::Midway),
                Err(Broken::Malformed(malformed)) => {
                    break Err(Interrupted::Before(malformed.into()));
                }
            },
            answered = &mut download => break answered,
            () = &mut silence => break Err(Interrupted::Before(Refusal::ResponseTimeout)),
        }
    };
    match ended {
        Ok(answered) if upload_state == Upload::Done => Ok(answered),
        // The rest of the request's body is not wanted: neither connection can go on.
        Ok(answered) => Ok(Answered { closes_client: true, keeps_target: false, ..answered }),
        Err(_) if progress.answering.load(Relaxed) => Err(Interrupted::Midway),
        Err(interrupted) => Err(interrupted),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Upload {
    Running,
    Done,
    Failed,
}
