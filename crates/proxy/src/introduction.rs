//! Who a connection's client is: its peer, or whom a trusted peer's PROXY protocol header names.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::BytesMut;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::closing;
use crate::gate::Gate;
use crate::proxy_protocol::{Fault, Header, parse};
use crate::read::read_some;
use crate::record::{Decision, Record};

/// Whose connections begin with a PROXY protocol header.
///
/// From these peers the header is mandatory, and from any other it is never looked for: a receiver
/// must not guess (HAProxy's proxy-protocol.txt, section 2), for whoever may choose could claim any
/// address.
#[derive(Clone, Debug, Default)]
pub struct ProxyProtocol {
    /// The peers' networks. An IPv4 peer of a dual-stack listener is known by its IPv4 address.
    pub from: Vec<IpNet>,
}

impl ProxyProtocol {
    /// Whether connections of this peer begin with a header.
    pub(crate) fn expects(&self, peer: IpAddr) -> bool {
        self.from.iter().any(|network| network.contains(&peer))
    }
}

/// A connection whose client is known.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    /// The client.
    pub(crate) client: SocketAddr,
    /// What it has sent and nobody has looked at.
    pub(crate) buffer: BytesMut,
    /// When it was accepted.
    pub(crate) accepted: Instant,
}

impl Arrival {
    /// A connection that was accepted just now. Its client is its peer, until a header says more.
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr) -> Self {
        // An IPv4 client of a dual-stack listener is known by its IPv4 address.
        let client = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        Self { stream, client, buffer: BytesMut::new(), accepted: Instant::now() }
    }

    /// Reads the header that the connection must begin with. None where there is none that holds:
    /// the connection has then ended without a word, for no HTTP is spoken yet.
    pub(crate) async fn introduced(mut self, gate: &Gate) -> Option<Self> {
        let deadline = self.accepted + gate.snapshot().timeouts.header;
        let read = match timeout_at(deadline.into(), self.header(gate)).await {
            Ok(read) => read?,
            Err(_) => Err(Fault::Timeout),
        };
        match read {
            Ok(Header { source, len }) => {
                self.client = source.unwrap_or(self.client);
                drop(self.buffer.split_to(len));
                Some(self)
            }
            Err(fault) => {
                self.fail(gate, fault);
                None
            }
        }
    }

    /// None where the peer has closed, or may go, before its first byte: load balancers try in this
    /// way whether anybody listens.
    async fn header(&mut self, gate: &Gate) -> Option<Result<Header, Fault>> {
        let (mut source, _) = self.stream.split();
        loop {
            match parse(&self.buffer) {
                Ok(Some(header)) => return Some(Ok(header)),
                Ok(None) => {}
                Err(fault) => return Some(Err(fault)),
            }
            let silent = self.buffer.is_empty();
            let read = tokio::select! {
                read = read_some(&mut source, &mut self.buffer) => read,
                () = gate.draining.cancelled(), if silent => return None,
            };
            match read {
                Ok(1..) => {}
                _ if silent => return None,
                _ => return Some(Err(Fault::Cut)),
            }
        }
    }

    /// Counts and logs the fault. Who has said nothing has no log line, here as elsewhere.
    fn fail(self, gate: &Gate, fault: Fault) {
        gate.metrics.proxy_protocol(fault);
        if self.buffer.is_empty() {
            return;
        }
        let mut record = Record::new(gate.ids.next(), self.client, self.accepted);
        record.decision = Some(Decision::Malformed);
        record.reason = Some("proxy_protocol");
        record.detail = Some(fault.text().to_owned());
        gate.finish(record.ended());
        closing::reset(&self.stream);
    }
}
