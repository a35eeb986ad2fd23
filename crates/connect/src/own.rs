//! Whether an address is this machine's own.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Whether a connection to `ip` would end on this machine.
///
/// The kernel is asked by binding a UDP socket there, which only a local address allows. A list
/// of the interfaces' addresses would go stale, and would miss the rest of 127.0.0.0/8 and
/// addresses that are local by a route alone. Any doubt counts as local: the caller asks only
/// where the port is one of the proxy's own.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    let embedded = match ip {
        // Mapped (::ffff:a.b.c.d) and compatible (::a.b.c.d, which covers :: and ::1, each local
        // in its own right).
        IpAddr::V6(v6) => v6.to_ipv4(),
        IpAddr::V4(_) => None,
    };
    binds(ip) || embedded.is_some_and(|v4| v4 != Ipv4Addr::UNSPECIFIED && binds(IpAddr::V4(v4)))
}

fn binds(ip: IpAddr) -> bool {
    // A socket bound to the unspecified address says nothing, and a connection to it goes to
    // this machine.
    if ip.is_unspecified() || ip.is_loopback() {
        return true;
    }
    match UdpSocket::bind(SocketAddr::new(ip, 0)) {
        Ok(_) => true,
        Err(error) => !no_such_address(&error),
    }
}

/// The two answers that mean "not here": not an address of this machine, or no such family.
fn no_such_address(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
