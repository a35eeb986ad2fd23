//! Dialling: Happy Eyeballs against listeners, closed ports and a full backlog.

use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use pinhole_connect::{Connector, DialOptions, Failure, Reached};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{dial_options, dns_options, grant, policy};

/// Dials `host.test`, whose addresses these are, on one port.
async fn reach<const N: usize>(
    addrs: [&str; N],
    port: u16,
    timeout: Duration,
) -> Result<Reached, Failure> {
    let server = FakeDns::start();
    for (kind, v4) in [(Kind::A, true), (Kind::Aaaa, false)] {
        let own = addrs.iter().filter(|a| a.parse::<IpAddr>().expect("an address").is_ipv4() == v4);
        let reply = own.fold(Reply::nodata(60), |reply, addr| reply.addr(None, 60, addr));
        server.on("host.test", kind, [reply]);
    }
    let policy = policy(["host.test", "127.0.0.0/8", "::1/128"]);
    let grant = grant(&policy, &format!("host.test:{port}"));
    let options = DialOptions { timeout, ..dial_options() };
    let connector = Connector::new(&dns_options(server.addr()), options).expect("a connector");
    connector.reach(&policy, &grant).await
}

/// A port on which nobody listens.
fn closed_port() -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

/// A listener whose queue is full, so that the kernel drops every further SYN.
struct BlackHole {
    addr: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    async fn at(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(addr).expect("a port");
        let listener = socket.listen(1).expect("a listener");
        let addr = listener.local_addr().expect("bound");
        let mut queued = Vec::new();
        let patience = Duration::from_millis(100);
        while let Ok(stream) = tokio::time::timeout(patience, TcpStream::connect(addr)).await {
            queued.push(stream.expect("queued"));
        }
        Self { addr, _listener: listener, _queued: queued }
    }
}

#[tokio::test]
async fn refusals_are_passed_by() {
    let good = TcpListener::bind("127.0.0.9:0").await.expect("a port");
    let target = good.local_addr().expect("bound");
    let addrs = ["::1", "127.0.0.5", "127.0.0.6", "127.0.0.7", "127.0.0.8", "127.0.0.9"];
    let reached = reach(addrs, target.port(), Duration::from_secs(5)).await.expect("reached");
    assert_eq!(reached.addr, target);
    assert_eq!(reached.stream.peer_addr().expect("a peer"), target);
}

#[tokio::test]
async fn all_refused_is_refused() {
    let reached = reach(["::1", "127.0.0.1"], closed_port(), Duration::from_secs(5)).await;
    assert!(matches!(reached, Err(Failure::Refused)), "{reached:?}");
}

#[tokio::test]
async fn the_deadline_is_a_connect_timeout() {
    let hole = BlackHole::at(([127, 0, 0, 1], 0).into()).await;
    let reached = reach(["127.0.0.1"], hole.addr.port(), Duration::from_millis(100)).await;
    assert!(matches!(reached, Err(Failure::ConnectTimeout)), "{reached:?}");
    assert_eq!(half_open(hole.addr), 0);
}

#[tokio::test]
async fn a_black_hole_is_passed_by_and_its_socket_is_closed() {
    let hole = BlackHole::at(([127, 0, 0, 2], 0).into()).await;
    let target = SocketAddr::new(IpAddr::from([127, 0, 0, 3]), hole.addr.port());
    let _good = TcpListener::bind(target).await.expect("the same port");
    let reached = reach(["127.0.0.2", "127.0.0.3"], target.port(), Duration::from_secs(5));
    let reached = reached.await.expect("reached");
    assert_eq!(reached.addr, target);
    assert_eq!(half_open(hole.addr), 0);
}

#[tokio::test]
async fn giving_up_closes_every_attempt() {
    let hole = BlackHole::at(([127, 0, 0, 4], 0).into()).await;
    let port = hole.addr.port();
    let mut dialling = Box::pin(sendable(reach(["127.0.0.4"], port, Duration::from_secs(60))));
    while half_open(hole.addr) == 0 {
        let waited = tokio::time::timeout(Duration::from_millis(5), &mut dialling).await;
        assert!(waited.is_err(), "{waited:?}");
    }
    drop(dialling);
    assert_eq!(half_open(hole.addr), 0);
}

/// How many sockets of this machine are still connecting to an address (state SYN_SENT).
fn half_open(to: SocketAddr) -> usize {
    let IpAddr::V4(ip) = to.ip() else { panic!("IPv4 only") };
    let remote = format!("{:08X}:{:04X}", u32::from_le_bytes(ip.octets()), to.port());
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    table.lines().map(fields).filter(|f| f.len() > 3 && f[2] == remote && f[3] == "02").count()
}

/// Requests are spawned, so what they wait for must be able to change threads.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}
