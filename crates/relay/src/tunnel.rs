//! Both directions of a tunnel, and its end.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::flow::{Failure, Flow, Progress, Watch, watch};
use crate::{Activity, Pipes};

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
    /// While a side does not take what there is for it.
    pub stall: Duration,
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
    /// A side took nothing of what there was for it for as long as the stall limit says.
    Stalled,
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
            Self::Stalled => "stall_timeout",
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
/// end is passed on as a reset as soon as the caller closes the sockets: what was cut short must
/// never look like a clean end.
///
/// Everything is borrowed, for the future of an idle tunnel is most of what that costs.
pub async fn relay(
    client: &mut Side,
    target: &mut Side,
    limits: &Limits,
    pipes: &Pipes,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Report {
    let (up, down) = (Progress::default(), Progress::default());
    let end = until_end(client, target, [&up, &down], limits, pipes, stop).await;
    if end != End::Closed {
        reset(&client.stream);
        reset(&target.stream);
    }
    Report { up: up.moved.into_inner(), down: down.moved.into_inner(), end }
}

async fn until_end(
    Side { stream: client, early: early_up }: &mut Side,
    Side { stream: target, early: early_down }: &mut Side,
    progress: [&Progress; 2],
    limits: &Limits,
    pipes: &Pipes,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> End {
    let (client, target) = (&*client, &*target);
    let activity = &Activity::default();
    let flow = |source, sink, progress| Flow { source, sink, pipes, activity, progress };
    let upward = &flow(client, target, progress[0]);
    let downward = &flow(target, client, progress[1]);
    let mut upward = pin!(upward.run(early_up));
    let mut downward = pin!(downward.run(early_down));
    let (mut up_open, mut down_open) = (true, true);
    // A side that has sent its FIN is read no more, but may still reset.
    let mut quiet_side: Option<Watch<'_>> = None;
    let mut alarm = pin!(sleep_until(activity.moment(limits.idle)));
    while up_open || down_open {
        tokio::select! {
            biased;
            done = &mut upward, if up_open => {
                match done {
                    Ok(()) => up_open = false,
                    Err(Failure::Source) => return End::ClientReset,
                    Err(Failure::Sink) => return End::TargetReset,
                }
                if down_open && finish(target).is_err() {
                    return End::TargetReset;
                }
                quiet_side = Some(watch(client));
            }
            done = &mut downward, if down_open => {
                match done {
                    Ok(()) => down_open = false,
                    Err(Failure::Source) => return End::TargetReset,
                    Err(Failure::Sink) => return End::ClientReset,
                }
                if up_open && finish(client).is_err() {
                    return End::ClientReset;
                }
                quiet_side = Some(watch(target));
            }
            () = gone(&mut quiet_side), if quiet_side.is_some() => {
                return if up_open { End::TargetReset } else { End::ClientReset };
            }
            end = poll_fn(|cx| {
                let open = up_open && down_open;
                rings(alarm.as_mut(), cx, || due(activity, progress, limits, open))
            }) => return end,
            () = &mut stop => return End::Stopped,
        }
        // One direction has ended, just now: from here on the other's limit holds.
        activity.touch();
    }
    End::Closed
}

/// Which limit comes next, and when. Both directions are open or, after a FIN, one.
pub(crate) fn due(
    activity: &Activity,
    [up, down]: [&Progress; 2],
    limits: &Limits,
    open: bool,
) -> (Instant, End) {
    // A direction that waits for its sink is stalled, whatever the other one moves.
    let stalled = up.stalled_since().into_iter().chain(down.stalled_since()).min();
    let (since, limit, end) = match stalled {
        Some(since) => (since, limits.stall, End::Stalled),
        None if open => (activity.last(), limits.idle, End::Idle),
        None => (activity.last(), limits.half_close, End::HalfClose),
    };
    (activity.moment(since + limit), end)
}

/// Resolves once `due` has passed. Movement puts it off without touching the timer, which is set
/// anew when it fires too early, or when `due` has come closer.
pub(crate) fn rings(
    mut alarm: Pin<&mut Sleep>,
    cx: &mut Context<'_>,
    due: impl Fn() -> (Instant, End),
) -> Poll<End> {
    let (at, end) = due();
    if alarm.deadline() > at {
        alarm.as_mut().reset(at);
    }
    while alarm.as_mut().poll(cx).is_ready() {
        if Instant::now() >= at {
            return Poll::Ready(end);
        }
        alarm.as_mut().reset(at);
    }
    Poll::Pending
}

pub(crate) async fn gone(side: &mut Option<Watch<'_>>) {
    if let Some(watch) = side {
        watch.await;
    }
}

/// Passes a FIN on. That of the second direction needs no call: closing the socket sends it.
pub(crate) fn finish(sink: &TcpStream) -> io::Result<()> {
    SockRef::from(sink).shutdown(Shutdown::Write)
}

/// Makes the coming close of the socket a reset: its peer must not take what it has for the whole.
pub fn reset(stream: &TcpStream) {
    // Fails only on a socket that is gone already.
    let _gone = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
#[path = "tunnel_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "tunnel_properties.rs"]
mod properties;
