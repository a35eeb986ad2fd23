//! Both directions of a tunnel, and its end.

use std::io;
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::Activity;
use crate::pump::{Failure, pump};

/// One end of a tunnel.
#[derive(Debug)]
pub struct Side {
    /// The connected socket.
    pub stream: TcpStream,
    /// What was read from it before the relay took over, not yet delivered to the other side.
    pub early: Bytes,
}

/// How long a tunnel may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// While both directions are open.
    pub idle: Duration,
    /// Once one side has sent its FIN: how long the other may be silent.
    pub half_close: Duration,
}

/// Why a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Both sides sent their FIN, and everything was delivered.
    Closed,
    /// Nothing moved for as long as the idle limit says.
    Idle,
    /// One side sent its FIN, and the other was silent for as long as the half-close limit says.
    HalfClose,
    /// The client reset the connection, or it failed.
    ClientReset,
    /// The target reset the connection, or it failed.
    TargetReset,
    /// The proxy was told to end the tunnel.
    Stopped,
}

impl End {
    /// A stable label for logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle_timeout",
            Self::HalfClose => "half_close_timeout",
            Self::ClientReset => "client_reset",
            Self::TargetReset => "target_reset",
            Self::Stopped => "stopped",
        }
    }
}

/// What a tunnel carried, and why it ended.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Bytes that the target's socket took.
    pub up: u64,
    /// Bytes that the client's socket took.
    pub down: u64,
    /// Why it ended.
    pub end: End,
}

/// Relays until both sides are done, one fails, a limit passes, or `stop` resolves.
///
/// A FIN is passed on after everything before it, and the other direction goes on. Every other
/// end is passed on as a reset, at once: what was cut short must never look like a clean end.
pub async fn relay(
    mut client: Side,
    mut target: Side,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Report {
    let (up, down) = (AtomicU64::new(0), AtomicU64::new(0));
    let activity = Activity::default();
    let end = {
        let (client_read, client_write) = client.stream.split();
        let (target_read, target_write) = target.stream.split();
        let mut upward = pin!(pump(client_read, target_write, client.early, &up, &activity));
        let mut downward = pin!(pump(target_read, client_write, target.early, &down, &activity));
        let mut silence = pin!(activity.silent_for(limits.idle));
        let mut stop = pin!(stop);
        let (mut up_open, mut down_open) = (true, true);
        loop {
            if !up_open && !down_open {
                break End::Closed;
            }
            tokio::select! {
                done = &mut upward, if up_open => match done {
                    Ok(()) => up_open = false,
                    Err(failure) => break end_of(failure, End::ClientReset, End::TargetReset),
                },
                done = &mut downward, if down_open => match done {
                    Ok(()) => down_open = false,
                    Err(failure) => break end_of(failure, End::TargetReset, End::ClientReset),
                },
                () = &mut silence => {
                    break if up_open && down_open { End::Idle } else { End::HalfClose };
                }
                () = &mut stop => break End::Stopped,
            }
            // One direction has ended: from here on the other's limit holds.
            silence.set(activity.silent_for(limits.half_close));
        }
    };
    if end != End::Closed {
        reset(&client.stream);
        reset(&target.stream);
    }
    Report { up: up.into_inner(), down: down.into_inner(), end }
}

fn end_of(failure: Failure, source: End, sink: End) -> End {
    match failure {
        Failure::Source => source,
        Failure::Sink => sink,
    }
}

/// Makes the coming close of the socket a reset. On a socket that is already gone there is
/// nothing left to reset.
fn reset(stream: &TcpStream) {
    let _: io::Result<()> = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
#[path = "tunnel_tests.rs"]
mod tests;
