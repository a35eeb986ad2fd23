//! Connections to permitted addresses. The only place that dials.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use policy::PermittedAddrs;
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::dead::Dead;
use crate::race::race;
use crate::socket::watch_peer;
use crate::{DialOptions, Failure};

/// Connects to one of the permitted addresses, by Happy Eyeballs (see [`race`]). The attempts that
/// lose are dropped, which closes their sockets.
///
/// # Errors
/// The most telling failure; none if there was no address to try.
pub(crate) async fn dial(
    permitted: PermittedAddrs,
    late: Option<impl Future<Output = PermittedAddrs>>,
    options: &DialOptions,
    dead: &Dead,
) -> Result<(TcpStream, SocketAddr), Option<Failure>> {
    race(permitted, late, options.timeout, dead, |addr| connect(addr, options.unacknowledged)).await
}

/// The kernel gives no connection's own end a port below this (`ip_local_port_range`'s least).
const FIRST_EPHEMERAL: u16 = 1024;

async fn connect(addr: SocketAddr, unacknowledged: Duration) -> Result<TcpStream, Failure> {
    let failure = |error: io::Error| Failure::of_connect(&error, addr);
    #[expect(clippy::disallowed_methods, reason = "the one place that dials")]
    let stream = TcpStream::connect(addr).await.map_err(failure)?;
    // A port of this machine on which nobody listens can be given to the connection's own end,
    // which then is connected to itself (RFC 9293 §3.5, simultaneous open).
    if addr.port() >= FIRST_EPHEMERAL && stream.local_addr().map_err(failure)? == addr {
        return Err(Failure::Refused);
    }
    // A tunnel passes on what it is given; to hold small segments back is the ends' choice.
    stream.set_nodelay(true).map_err(failure)?;
    watch_peer(SockRef::from(&stream), unacknowledged).map_err(failure)?;
    Ok(stream)
}
