//! A name with addresses, the connector that is asked for it, and its listeners.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::task::Poll;
use std::time::Duration;

use pinhole_connect::{Connector, DialOptions, Failure};

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{dial_options, dns_options, grant, policy};

/// `host.test`, on one port.
pub(crate) struct Site {
    pub(crate) dns: FakeDns,
    connector: Connector,
    port: u16,
}

impl Site {
    pub(crate) fn new(port: u16, aaaa: Reply, a: Reply) -> Self {
        Self::within(Duration::from_secs(30), port, aaaa, a)
    }

    /// With a limit to connecting.
    pub(crate) fn within(timeout: Duration, port: u16, aaaa: Reply, a: Reply) -> Self {
        let dns = FakeDns::start();
        dns.on("host.test", Kind::Aaaa, [aaaa]);
        dns.on("host.test", Kind::A, [a]);
        let options = DialOptions { timeout, ..dial_options() };
        let connector = Connector::new(&dns_options(dns.addr()), options).expect("a connector");
        Self { dns, connector, port }
    }

    /// Who is reached.
    pub(crate) async fn reach(&self) -> Result<String, Failure> {
        let policy = policy(["host.test"]);
        let grant = grant(&policy, &format!("host.test:{}", self.port));
        let reached = self.connector.reach(&policy, &grant).await?;
        assert_eq!(reached.stream.peer_addr().expect("a peer"), reached.addr);
        Ok(reached.addr.ip().to_string())
    }
}

/// One address, which answers to its own family alone.
pub(crate) fn leads_to(ip: &str) -> Reply {
    Reply::addrs(60, [ip])
}

/// Listens on an address; on any port if it is 0.
pub(crate) fn listen(ip: &str, port: u16) -> TcpListener {
    let ip: IpAddr = ip.parse().expect("an address");
    let listener = TcpListener::bind((ip, port)).expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    listener
}

pub(crate) fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().map(|addr: SocketAddr| addr.port()).expect("bound")
}

/// Whether nobody has connected: the kernel completes handshakes by itself.
pub(crate) fn nobody_came(listener: &TcpListener) -> bool {
    listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Waits until something is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if is_so() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
