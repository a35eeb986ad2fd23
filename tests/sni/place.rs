//! The program between a client and a target, both of which are the test itself.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::SockRef;

use crate::dns::FakeDns;
use crate::support::client::{Client, Ending};
use crate::support::proxy::Proxy;
use crate::support::site::config;
use crate::support::{PATIENCE, ensure, shown, until};

/// A running program, and a target on a port that is one of `tls.ports`.
pub(crate) struct Place {
    pub(crate) proxy: Proxy,
    /// The target's.
    pub(crate) port: u16,
    config: Value,
    listener: Mutex<TcpListener>,
    _dns: FakeDns,
}

/// Both ends of an open tunnel.
pub(crate) struct Ends {
    pub(crate) client: Client,
    pub(crate) target: Target,
    /// Whether a write of the client's has failed: a socket tells of a reset once.
    told: bool,
}

/// A tunnel's target.
pub(crate) struct Target(pub(crate) TcpStream);

/// How a tunnel that failed was closed to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// By an alert with this description, and an end.
    Alert(u8),
    /// By a reset.
    Reset,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// With changes to the usual configuration. The target's port is known by then.
    pub(crate) fn with(change: impl FnOnce(&mut Value, u16)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let dns = FakeDns::start();
        let mut config = config(&dns);
        config["tls"] = json!({"ports": port});
        change(&mut config, port);
        let proxy = Proxy::start(&config);
        Self { proxy, port, config, listener: Mutex::new(listener), _dns: dns }
    }

    /// With this in the section `tls`, beside its port.
    pub(crate) fn checking(key: &str, value: &str) -> Self {
        Self::with(|config, _| config["tls"][key] = json!(value))
    }

    /// The CONNECT for a host at the target's port.
    pub(crate) fn connect(&self, host: &str) -> Vec<u8> {
        let port = self.port;
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").into_bytes()
    }

    /// A tunnel to `ok.test`.
    pub(crate) fn open(&self) -> Ends {
        self.open_to("ok.test", &[])
    }

    /// A tunnel with bytes that come along with its CONNECT.
    pub(crate) fn open_to(&self, host: &str, early: &[u8]) -> Ends {
        // One at a time, so that each client's target is its own.
        let listener = self.listener.lock().expect("no panic");
        let mut client = self.proxy.client();
        client.send([&self.connect(host), early].concat());
        // With the 200, the target's connection is there.
        assert_eq!(client.head().expect("a response").status, 200);
        let target = listener.accept().expect("accept").0;
        target.set_read_timeout(Some(PATIENCE)).expect("a socket");
        target.set_nodelay(true).expect("a socket");
        Ends { client, target: Target(target), told: false }
    }

    /// The log line of the tunnel from this address.
    pub(crate) fn record(&self, from: SocketAddr) -> Value {
        let from = json!(from.to_string());
        self.proxy.record("the tunnel's end", |line| line["client"] == from)
    }

    /// Takes another configuration, the usual one with this section `tls`.
    pub(crate) fn reload(&self, tls: Value) {
        let mut config = self.config.clone();
        config["tls"] = tls;
        assert_eq!(self.proxy.reload(&config.to_string()), "configuration reloaded");
    }

    /// How many checks came to what, as the metrics have it: beginnings of both labels will do.
    pub(crate) fn checks(&self, mode: &str, outcome: &str) -> f64 {
        let labels = [format!("mode=\"{mode}"), format!("outcome=\"{outcome}")];
        let fits = |name: &str| {
            name.starts_with("pinhole_sni_checks_total{") && labels.iter().all(|l| name.contains(l))
        };
        let metrics = self.proxy.metrics().into_iter();
        metrics.filter(|(name, _)| fits(name)).map(|(_, count)| count).sum()
    }

    /// Nothing is left of any tunnel.
    pub(crate) fn is_empty(&self) {
        self.is_empty_but(0);
    }

    /// Nothing is left but so many.
    pub(crate) fn is_empty_but(&self, tunnels: usize) {
        for gauge in ["pinhole_tunnels_open", "pinhole_connections_open"] {
            until(gauge, || self.proxy.metric(gauge) == tunnels as f64);
        }
    }

    /// Answers one request as a web server would, whatever it is.
    pub(crate) fn answer(&self, response: &[u8]) {
        let mut target = self.listener.lock().expect("no panic").accept().expect("accept").0;
        assert!(target.read(&mut [0; 1024]).expect("a request") > 0);
        target.write_all(response).expect("send");
    }
}

impl Ends {
    pub(crate) fn address(&self) -> SocketAddr {
        self.client.stream.local_addr().expect("a socket")
    }

    /// Sends in pieces of this size, to a program that may have ended the tunnel by then.
    pub(crate) fn send(&mut self, bytes: &[u8], size: usize) -> &mut Self {
        for piece in bytes.chunks(size) {
            self.told = self.told || self.client.stream.write_all(piece).is_err();
        }
        self
    }

    /// The tunnel carries: the target has seen exactly these bytes, and bytes go both ways.
    pub(crate) fn carries(&mut self, seen: &[u8]) -> Result<(), String> {
        let got = self.target.bytes(seen.len());
        ensure!(got == seen, "the target saw {}, not {}", shown(&got), shown(seen));
        self.target.send(b"\x16\x03\x03answer");
        ensure!(self.client.bytes(9) == b"\x16\x03\x03answer", "another answer");
        self.client.send(b"\x17\x03\x03more");
        ensure!(self.target.bytes(7) == b"\x17\x03\x03more", "something else than more");
        Ok(())
    }

    /// The tunnel ends: the client is told so, and the target, which has not seen a byte, is reset.
    pub(crate) fn fails(&mut self, told: Told) -> Result<(), String> {
        let (said, ending) = self.client.rest();
        let found = match (&said[..], ending) {
            ([21, 3, 3, 0, 2, 2, description], Ending::Fin) => Told::Alert(*description),
            ([], Ending::Reset) => Told::Reset,
            ([], Ending::Fin) if self.told => Told::Reset,
            _ => return Err(format!("the client was told {} and {ending:?}", shown(&said))),
        };
        ensure!(found == told, "the client was told {found:?}, not {told:?}");
        self.target.is_reset_unspoken()
    }
}

impl Target {
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("send");
    }

    pub(crate) fn fin(&mut self) {
        self.0.shutdown(Shutdown::Write).expect("shutdown");
    }

    pub(crate) fn reset(self) {
        SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).expect("a socket");
    }

    /// Its connection is reset, and not a byte came before that.
    pub(crate) fn is_reset_unspoken(&mut self) -> Result<(), String> {
        let mut room = [0; 64];
        match self.0.read(&mut room) {
            Ok(0) => Err("the target got a clean end".to_owned()),
            Ok(read) => Err(format!("the target saw {}", shown(&room[..read]))),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(format!("the target's connection: {error}")),
        }
    }

    /// Its connection ends, and not a byte came before that.
    pub(crate) fn ends_unspoken(&mut self) {
        assert_eq!(self.0.read(&mut [0; 64]).expect("an end"), 0);
    }
}
