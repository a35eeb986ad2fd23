//! What every socket of a tunnel is set to, whichever side it is on.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// An idle tunnel's first probe comes before the entry of a NAT or a load balancer on the way is
/// forgotten; the shortest of the common limits is about a minute (RFC 5382 REQ-5 wants two hours).
const KEEPALIVE_AFTER: Duration = Duration::from_secs(45);
/// A peer that has vanished is found out after as many more.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 4;

/// Sets a socket to notice a peer that has vanished, and to lose nothing of one that is there.
/// Connections that a listening socket accepts inherit what it is set to.
///
/// Keepalive (RFC 9293 §3.8.4) finds out about idle peers. It is silent while data waits to be
/// acknowledged; there `unacknowledged` is the limit (`TCP_USER_TIMEOUT`, RFC 5482), which without
/// it is some fifteen minutes. It counts for a peer that acknowledges but takes nothing as well.
///
/// A byte that the peer sends as urgent stays where it is in the stream (RFC 6093 §6): by default
/// the kernel takes it out, and nobody here would ask for it.
///
/// # Errors
/// The socket is gone.
pub fn watch_peer(socket: SockRef<'_>, unacknowledged: Duration) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_out_of_band_inline(true)?;
    // Linux's own; elsewhere the system's limit holds.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(unacknowledged))?;
    #[cfg(not(target_os = "linux"))]
    let _systems_own = unacknowledged;
    Ok(())
}
