//! Why a target could not be reached, each reason with a stable label.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use policy::Denial;
use rustix::io::Errno;

/// Why a granted target was not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Policy permits none of the addresses that the target leads to.
    #[error("{denial}")]
    Denied {
        /// Why the first of them is denied.
        denial: Denial,
        /// The address that this is about.
        address: IpAddr,
    },
    /// The name does not exist, or has neither A nor AAAA records.
    #[error("the name does not exist or has no address")]
    NotFound,
    /// No name server answered in time.
    #[error("no name server answered in time")]
    DnsTimeout,
    /// Every name server refused, failed (SERVFAIL), or sent what cannot be used.
    #[error("the name servers could not resolve the name")]
    DnsFailed,
    /// Connecting took longer than [`DialOptions::timeout`](crate::DialOptions::timeout), or
    /// than the kernel waits.
    #[error("the target did not accept the connection in time")]
    ConnectTimeout,
    /// The target refused the connection.
    #[error("the target refused the connection")]
    Refused,
    /// The target closed the connection while it was being made.
    #[error("the target reset the connection")]
    Reset,
    /// No route leads to the target.
    #[error("no route leads to the target")]
    Unreachable,
    /// This machine is out of descriptors, ports or memory: nothing is known of the target.
    #[error("the proxy is out of sockets")]
    NoDescriptors,
    /// Connecting failed in another way.
    #[error("connecting failed: {0}")]
    ConnectFailed(io::ErrorKind),
}

impl Failure {
    /// A stable label for logs and metrics, from a fixed set.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Denied { denial, .. } => denial.reason.label(),
            Self::NotFound => "dns_not_found",
            Self::DnsTimeout => "dns_timeout",
            Self::DnsFailed => "dns_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::Refused => "connect_refused",
            Self::Reset => "connect_reset",
            Self::Unreachable => "connect_unreachable",
            Self::NoDescriptors => "no_descriptors",
            Self::ConnectFailed(_) => "connect_failed",
        }
    }

    /// What an error of `socket` or `connect` towards `addr` says.
    pub(crate) fn of_connect(error: &io::Error, addr: SocketAddr) -> Self {
        use io::ErrorKind as Kind;
        if is_exhaustion(error) {
            return Self::NoDescriptors;
        }
        match error.kind() {
            Kind::ConnectionRefused => Self::Refused,
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Self::Reset,
            Kind::TimedOut => Self::ConnectTimeout,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
                Self::Unreachable
            }
            // To an IPv4 address, that local ports have run out; to an IPv6 address far more
            // often, that this machine has no IPv6 (a container with `disable_ipv6`).
            Kind::AddrNotAvailable if addr.is_ipv4() => Self::NoDescriptors,
            Kind::AddrNotAvailable => Self::Unreachable,
            kind => match errno(error) {
                // No such family on this machine; a route of type `blackhole`.
                Some(Errno::AFNOSUPPORT | Errno::INVAL) => Self::Unreachable,
                _ => Self::ConnectFailed(kind),
            },
        }
    }

    /// Which of two failed attempts tells more: a host that answered, even with a refusal, more
    /// than a route that is missing (an IPv6 address on a machine without IPv6).
    pub(crate) fn more_telling(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    fn weight(&self) -> u8 {
        match self {
            Self::NoDescriptors => 9,
            Self::Refused => 8,
            Self::Reset => 7,
            Self::ConnectTimeout => 6,
            Self::ConnectFailed(_) => 5,
            Self::Unreachable => 4,
            Self::Denied { .. } => 3,
            Self::DnsFailed => 2,
            Self::DnsTimeout => 1,
            Self::NotFound => 0,
        }
    }
}

/// Whether an error is about this machine's own limits.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    matches!(errno(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw_os_error)
}

/// Why a [`Connector`](crate::Connector) could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A lower bound lies above its upper bound.
    #[error("the minimum TTL ({min:?}) is above the maximum ({max:?})")]
    TtlBounds {
        /// The lower bound.
        min: Duration,
        /// The upper bound.
        max: Duration,
    },
    /// The system names no name server, and none is configured. No public one is ever assumed.
    #[error("/etc/resolv.conf gives no name server ({0}); list some in the configuration")]
    NoServers(String),
    /// The system's hosts file cannot be read. That there is none is not an error.
    #[error("cannot read the hosts file {path}: {error}")]
    HostsFile {
        /// The file.
        path: &'static str,
        /// What failed.
        error: io::Error,
    },
    /// The resolver could not be set up.
    #[error("cannot set up the resolver: {0}")]
    Resolver(String),
    /// The system has no CA certificates, and none are configured.
    #[error("a parent within TLS needs CAs, and this system has none: name a parent.ca_file")]
    NoRoots,
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
