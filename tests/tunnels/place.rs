//! The program between a client and a target, both of which are the test itself.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, SockRef, Socket, Type};

use crate::dns::FakeDns;
use crate::machine::{self, Pipe, until};
use crate::pattern::{KIB, MIB, Pace, Pattern};
use crate::support::proxy::{Proxy, program};
use crate::support::site::config;
use crate::support::{PATIENCE, shown};

/// What goes up and what goes down, unless a test says otherwise.
pub(crate) const UP: Pattern = Pattern(1);
pub(crate) const DOWN: Pattern = Pattern(2);

/// A running program, and where its targets listen.
pub(crate) struct Place {
    pub(crate) proxy: Proxy,
    listener: TcpListener,
    /// How many pipes it may have.
    pub(crate) most_pipes: usize,
    /// The pipes that it was born with.
    inherited: Vec<String>,
    _dns: FakeDns,
}

/// Both ends of an open tunnel.
pub(crate) struct Ends {
    pub(crate) client: TcpStream,
    pub(crate) target: TcpStream,
}

/// One direction of a tunnel: how much, and at which pace it is sent and received.
pub(crate) struct Flow {
    pub(crate) bytes: u64,
    pub(crate) sent: Pace,
    pub(crate) received: Pace,
}

impl Flow {
    pub(crate) fn full(bytes: u64) -> Self {
        Self { bytes, sent: Pace::full(), received: Pace::full() }
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With changes to the usual configuration.
    pub(crate) fn with(change: impl FnOnce(&mut Value)) -> Self {
        Self::run(change, |file| serve(program(), file))
    }

    /// With these times; the others are the usual ones.
    pub(crate) fn timed(timeouts: Value) -> Self {
        Self::with(|config| config["timeouts"] = timeouts)
    }

    /// With so many pipes at most.
    pub(crate) fn piped(pipes: usize) -> Self {
        Self::with(|config| config["limits"] = json!({"pipes": pipes}))
    }

    /// By a command of one's own, which is given the configuration's file.
    pub(crate) fn run(
        change: impl FnOnce(&mut Value),
        command: impl FnOnce(&Path) -> Command,
    ) -> Self {
        let dns = FakeDns::start();
        let mut config = config(&dns);
        change(&mut config);
        let most_pipes =
            config["limits"]["pipes"].as_u64().map_or(usize::MAX, |most| most as usize);
        let proxy = Proxy::spawn(&config, command);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let inherited = machine::pipes(proxy.id()).into_keys().collect();
        Self { proxy, listener, most_pipes, inherited, _dns: dns }
    }

    /// The CONNECT for the target.
    pub(crate) fn connect(&self) -> Vec<u8> {
        let port = self.listener.local_addr().expect("bound").port();
        format!("CONNECT ok.test:{port} HTTP/1.1\r\nHost: ok.test:{port}\r\n\r\n").into_bytes()
    }

    /// Where the target listens.
    pub(crate) fn listener(&self) -> &TcpListener {
        &self.listener
    }

    pub(crate) fn open(&self) -> Ends {
        self.open_with(&[], None)
    }

    /// A tunnel with bytes that come along with CONNECT, and with buffers of this size at both
    /// ends.
    pub(crate) fn open_with(&self, early: &[u8], window: Option<usize>) -> Ends {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let narrow = |socket: SockRef| {
            if let Some(size) = window {
                socket.set_recv_buffer_size(size).expect("a socket");
                socket.set_send_buffer_size(size).expect("a socket");
            }
        };
        narrow(SockRef::from(&client));
        client.connect(&self.proxy.addr.into()).expect("connect");
        let mut client = ready(client.into());
        // Early bytes may be more than anyone takes before the target reads.
        let mut sending = client.try_clone().expect("a socket");
        let request = [&self.connect(), early].concat();
        let sent = std::thread::spawn(move || sending.write_all(&request));
        // With the 200, the target's connection is there.
        head(&mut client);
        let target = ready(self.listener.accept().expect("accept").0);
        narrow(SockRef::from(&target));
        if early.len() < 16 * 1024 {
            sent.join().expect("no panic").expect("send");
        }
        Ends { client, target }
    }

    /// Pipes that hold, or held, bytes of tunnels.
    pub(crate) fn pipes(&self) -> BTreeMap<String, Pipe> {
        let mut pipes = machine::pipes(self.proxy.id());
        pipes.retain(|name, _| !self.inherited.contains(name));
        pipes
    }

    /// How many bytes lie in pipes.
    pub(crate) fn held(&self) -> u64 {
        self.pipes().values().map(|pipe| pipe.held).sum()
    }

    /// Receives a stream from its start, as far as it takes for some of it to rest in a pipe; hands
    /// out how far that is.
    ///
    /// Where the way is full is chance: a direction that copies just then, as it does near an urgent
    /// byte or behind a slow source, has nothing in a pipe until it is read on.
    pub(crate) fn spliced(&self, pattern: Pattern, from: &mut TcpStream, start: u64) -> u64 {
        // Buffers alone may take what proves it a stream, so it is read for a while first.
        let mut at = start + MIB;
        pattern.receive(from, start..at, &Pace::full());
        let (mut waiting, mut still) = (0, 0);
        until("bytes lie in a pipe", || {
            let before = waiting;
            waiting = rustix::io::ioctl_fionread(&*from).expect("a socket");
            still = if waiting == before { still + 1 } else { 0 };
            if still == 100 {
                let more = at + 256 * KIB;
                pattern.receive(from, at..more, &Pace::full());
                (at, still) = (more, 0);
            }
            still >= 5 && self.held() > 0
        });
        at
    }

    /// The log line of the tunnel from this address.
    pub(crate) fn record(&self, client: SocketAddr) -> Value {
        let client = json!(client.to_string());
        self.proxy.record("the tunnel's end", |line| line["client"] == client)
    }

    /// Sends both streams at once, each with its end behind it, and compares every byte. The log
    /// must count them exactly.
    pub(crate) fn carry(&self, ends: Ends, up: Flow, down: Flow) {
        let from = ends.address();
        let (sent_up, sent_down) = (up.bytes, down.bytes);
        ends.carry(up, down);
        self.counted(from, "closed", sent_up, sent_down);
    }

    /// The tunnel from this address ended in this way, and this is what it carried.
    pub(crate) fn counted(&self, from: SocketAddr, end: &str, up: u64, down: u64) {
        let line = self.record(from);
        let found = (line["end"].as_str(), line["up"].as_u64(), line["down"].as_u64());
        assert_eq!(found, (Some(end), Some(up), Some(down)), "{line}");
    }
}

impl Ends {
    /// The client's address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.client.local_addr().expect("a socket")
    }

    pub(crate) fn carry(self, up: Flow, down: Flow) {
        self.carry_behind(0, up, down);
    }

    /// Sends both streams, of whose upward one so much is on its way already.
    pub(crate) fn carry_behind(self, early: u64, up: Flow, down: Flow) {
        let clone = |stream: &TcpStream| stream.try_clone().expect("a socket");
        let (client, target) = (clone(&self.client), clone(&self.target));
        std::thread::scope(|scope| {
            let (up_bytes, down_bytes) = (up.bytes, down.bytes);
            scope.spawn(move || send_all(self.client, UP, early..up_bytes, &up.sent));
            scope.spawn(move || send_all(self.target, DOWN, 0..down_bytes, &down.sent));
            scope.spawn(move || receive_all(target, UP, up_bytes, &up.received));
            scope.spawn(move || receive_all(client, DOWN, down_bytes, &down.received));
        });
    }

    /// Whether the tunnel still carries bytes both ways.
    pub(crate) fn echo(&self) {
        let (client, target) = (&self.client, &self.target);
        for (mut from, mut to) in [(client, target), (target, client)] {
            let mut got = [0; 4];
            from.write_all(b"ping").expect("send");
            to.read_exact(&mut got).expect("receive");
            assert_eq!(&got, b"ping");
        }
    }
}

/// `serve` with this configuration, as an argument of the command.
pub(crate) fn serve(mut command: Command, file: &Path) -> Command {
    command.args(["serve", "--config"]).arg(file);
    command
}

/// A stream on which nothing waits for ever.
pub(crate) fn ready(stream: TcpStream) -> TcpStream {
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

/// Reads the 200, and not a byte more.
pub(crate) fn head(client: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut room = [0; 256];
        let peeked = client.peek(&mut room).expect("a head");
        assert!(peeked > 0, "the end within a head: {}", shown(&head));
        let have = head.len();
        head.extend_from_slice(&room[..peeked]);
        let end = crate::support::find(&head, b"\r\n\r\n").map_or(head.len(), |at| at + 4);
        head.truncate(end);
        client.read_exact(&mut room[..end - have]).expect("a head");
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", shown(&head));
}

fn send_all(mut to: TcpStream, pattern: Pattern, range: std::ops::Range<u64>, pace: &Pace) {
    pattern.send(&mut to, range, pace);
    to.shutdown(Shutdown::Write).expect("shutdown");
}

fn receive_all(mut from: TcpStream, pattern: Pattern, bytes: u64, pace: &Pace) {
    pattern.receive(&mut from, 0..bytes, pace);
    ends(&mut from);
}

/// The other side's FIN is next.
pub(crate) fn ends(from: &mut TcpStream) {
    assert_eq!(from.read(&mut [0; 64]).expect("an end"), 0, "more than was sent");
}

/// The close of this socket will be a reset.
pub(crate) fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
}
