//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// How many connections may wait to be accepted. The kernel cuts this to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Bound sockets, for clients and for the admin pages.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) proxy: Vec<TcpListener>,
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
    /// Binds every address. An IPv6 wildcard takes IPv4 clients as well, unless an IPv4 address
    /// with its port is listed too. Needs a tokio runtime.
    ///
    /// # Errors
    /// The first address that cannot be bound.
    pub fn bind(listen: &[SocketAddr], admin: Option<SocketAddr>) -> Result<Self, BindError> {
        let bind = |&addr: &SocketAddr| {
            let shared = listen.iter().any(|other| other.is_ipv4() && other.port() == addr.port());
            bound(addr, shared).map_err(|error| BindError { addr, error })
        };
        let proxy = listen.iter().map(bind).collect::<Result<_, _>>()?;
        let admin = admin.as_ref().map(bind).transpose()?;
        Ok(Self { proxy, admin })
    }

    /// The addresses at which clients are served, their real ports included.
    #[must_use]
    pub fn proxy_addrs(&self) -> Vec<SocketAddr> {
        self.proxy.iter().filter_map(|listener| listener.local_addr().ok()).collect()
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

fn bound(addr: SocketAddr, v4_has_its_own: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(v4_has_its_own)?;
    }
    // A restart must not wait for the old process's closed connections to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
