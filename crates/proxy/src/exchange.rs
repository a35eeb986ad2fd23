//! One plain-HTTP request and its response, between a client and a target.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::BytesMut;
use policy::{Authority, Candidate, Grant, Policy};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::decode::Decoder;
use crate::framing::Length;
use crate::read::HeadLimits;
use crate::refusal::Refusal;
use crate::request::Forward;
use crate::response::{Answered, Interrupted, respond};
use crate::transfer::{Broken, Progress, transfer};

/// A connection to a target that plain HTTP is spoken on. It belongs to one client connection.
#[derive(Debug)]
pub(crate) struct Target {
    stream: TcpStream,
    /// What was read behind the last response: nothing, or the connection is not kept.
    buffer: BytesMut,
    authority: Authority,
    pub(crate) addr: SocketAddr,
}

impl Target {
    pub(crate) fn new(stream: TcpStream, authority: Authority, addr: SocketAddr) -> Self {
        Self { stream, buffer: BytesMut::new(), authority, addr }
    }

    /// Whether another request may go this way: the same target, at an address that the policy
    /// of this request permits as well, on a connection that looks alive.
    pub(crate) fn serves(&self, policy: &Policy, grant: &Grant) -> bool {
        let candidate = Candidate { ip: self.addr.ip(), own: false };
        self.authority == *grant.target()
            && !policy.permit(grant, &[candidate]).0.as_slice().is_empty()
            && matches!(
                self.stream.try_read(&mut [0]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock
            )
    }
}

/// How the exchange is bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) head: HeadLimits,
    /// How long nothing may move.
    pub(crate) idle: Duration,
    /// Whether the proxy is shutting down, so that the client's connection is not kept.
    pub(crate) draining: bool,
}

/// Sends the request and its body, and passes the response on, both at the same time: a target
/// may answer before it has the whole body, and a client may wait for 100 Continue.
pub(crate) async fn exchange(
    client: &mut TcpStream,
    client_buffer: &mut BytesMut,
    target: &mut Target,
    forward: &Forward<'_>,
    bounds: Bounds,
    progress: &Progress,
) -> Result<Answered, Interrupted> {
    let (mut client_read, mut client_write) = client.split();
    let (mut target_read, mut target_write) = target.stream.split();
    let mut upload = pin!(async {
        let head = forward.head_for_target();
        target_write.write_all(&head).await.map_err(|_| Broken::Sink)?;
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
        bounds.head,
        bounds.draining,
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
