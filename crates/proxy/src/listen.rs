//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use connect::watch_peer;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// How many connections may wait to be accepted. The kernel cuts this to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Bound sockets, for clients and for the admin pages.
#[derive(Debug)]
pub struct Listeners {
    /// For each worker, a socket at each address. The kernel deals connections out among the
    /// sockets of one address (`SO_REUSEPORT`).
    pub(crate) proxy: Vec<Vec<TcpListener>>,
    pub(crate) admin: Option<TcpListener>,
}

/// An address that could not be bound.
#[derive(Debug)]
pub struct BindError {
    /// The address.
    pub addr: SocketAddr,
    /// Why.
    pub error: io::Error,
}

impl Listeners {
    /// Binds every address for so many workers. An IPv6 wildcard takes IPv4 clients as well,
    /// unless an IPv4 address with its port is listed too. A client may leave what is sent to it
    /// `unacknowledged` for so long.
    ///
    /// # Errors
    /// The first address that cannot be bound.
    pub fn bind(
        listen: &[SocketAddr],
        admin: Option<SocketAddr>,
        workers: usize,
        unacknowledged: Duration,
    ) -> Result<Self, BindError> {
        let mut proxy: Vec<Vec<TcpListener>> = (0..workers).map(|_| Vec::new()).collect();
        for &addr in listen {
            let v4_too = listen.iter().any(|other| other.is_ipv4() && other.port() == addr.port());
            for (worker, socket) in proxy.iter_mut().zip(bind_all(addr, v4_too, workers)?) {
                watch_peer(SockRef::from(&socket), unacknowledged)
                    .map_err(|error| BindError { addr, error })?;
                worker.push(socket);
            }
        }
        let admin = admin.map(|addr| bind_all(addr, false, 1)).transpose()?;
        Ok(Self { proxy, admin: admin.and_then(|mut one| one.pop()) })
    }

    /// The addresses at which clients are served, their real ports included.
    #[must_use]
    pub fn proxy_addrs(&self) -> Vec<SocketAddr> {
        let first = self.proxy.first().into_iter().flatten();
        first.filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// The address of the admin pages.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Every port that is listened on: none of them is a target on this machine.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.proxy_addrs().into_iter().chain(self.admin_addr()).map(|addr| addr.port()).collect()
    }
}

fn bind_all(
    addr: SocketAddr,
    v4_has_its_own: bool,
    count: usize,
) -> Result<Vec<TcpListener>, BindError> {
    let failed = |error| BindError { addr, error };
    // Sockets that share a port would share it with another process of this user as well, so
    // that a port in use went unnoticed: the first socket, bound to itself alone, notices.
    let alone = bound(addr, v4_has_its_own, false).map_err(failed)?;
    if count == 1 {
        return Ok(vec![listening(alone).map_err(failed)?]);
    }
    let addr = alone.local_addr().ok().and_then(|addr| addr.as_socket()).unwrap_or(addr);
    drop(alone);
    (0..count)
        .map(|_| bound(addr, v4_has_its_own, true).and_then(listening).map_err(failed))
        .collect()
}

fn bound(addr: SocketAddr, v4_has_its_own: bool, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(v4_has_its_own)?;
    }
    // A restart must not wait for the old process's closed connections to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn listening(socket: Socket) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    // Accepted sockets inherit this: small answers must not wait for acknowledgements.
    socket.set_tcp_nodelay(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
