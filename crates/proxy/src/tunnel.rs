//! A tunnel: from its 2xx to its end.

use std::pin::pin;

use bytes::Bytes;
use connect::Stream;
use relay::{End, Limits, Side, Within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::clients::Hold;
use crate::closing;
use crate::gate::Gate;
use crate::record::Record;
use crate::sni::{Parting, Sni};

/// Both sides of a tunnel, and what will be said of it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// With what the client sent behind its CONNECT.
    pub(crate) client: Side,
    pub(crate) target: Far,
    pub(crate) limits: Limits,
    pub(crate) record: Box<Record>,
    /// What it takes of its client's limits, until the end.
    pub(crate) hold: Option<Box<Hold>>,
}

/// The target's side.
#[derive(Debug)]
pub(crate) enum Far {
    /// A socket.
    Socket(Side),
    /// Within TLS to a parent. Boxed: few tunnels are of this kind.
    Within(Box<Within<Stream>>),
}

impl Far {
    /// With what a parent sent behind its 2xx.
    pub(crate) fn new(stream: Stream, early: Bytes) -> Self {
        match stream {
            Stream::Plain(stream) => Self::Socket(Side { stream, early }),
            tls @ Stream::Tls(_) => {
                Self::Within(Box::new(Within { stream: tls, socket: Stream::socket, early }))
            }
        }
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Socket(side) => &side.stream,
            Self::Within(within) => within.stream.socket(),
        }
    }
}

impl Tunnel {
    /// Tells the client that the target is in hand, and has the tunnel pass its SNI check where
    /// there is one. From here on there is no refusal. None if the tunnel ends at that: it is
    /// accounted for.
    pub(crate) async fn open(mut self, sni: Option<Sni>, gate: &Gate) -> Option<Self> {
        self.record.status = Some(200);
        // RFC 9110 §9.3.6: neither Content-Length nor Transfer-Encoding. The socket's empty
        // buffer holds this line, so that the write cannot wait.
        let told =
            self.client.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        if told.is_err() {
            self.record.end = Some(End::ClientReset.label());
            self.part(Parting::Reset, gate).await;
            return None;
        }
        gate.metrics.tunnels.increment(1.0);
        let Some(sni) = sni else { return Some(self) };
        let client = (&mut self.client.stream, &mut self.client.early);
        let record = &mut self.record;
        let passed = match &mut self.target {
            Far::Socket(Side { stream, early }) => {
                Box::pin(sni.pass(client, (stream, early), record, gate)).await
            }
            Far::Within(within) => {
                let target = (&mut within.stream, &mut within.early);
                Box::pin(sni.pass(client, target, record, gate)).await
            }
        };
        match passed {
            Ok(()) => Some(self),
            Err(parting) => {
                gate.metrics.tunnels.decrement(1.0);
                self.part(parting, gate).await;
                None
            }
        }
    }

    /// Ends a tunnel that has not carried a byte, the target's side first.
    async fn part(self, parting: Parting, gate: &Gate) {
        let Self { mut client, target, record, hold, .. } = self;
        if parting != Parting::Close {
            closing::reset(target.socket());
        }
        drop((target, hold));
        gate.finish(record.ended());
        match parting {
            Parting::Reset => closing::reset(&client.stream),
            Parting::Close => closing::after(&mut client.stream, &[]).await,
            Parting::Alert(alert) => closing::after(&mut client.stream, &alert).await,
        }
    }

    /// Relays until the tunnel ends, and accounts for it.
    pub(crate) async fn run(&mut self, gate: &Gate) {
        let stop = pin!(gate.cutting.cancelled());
        let Self { client, target, limits, .. } = &mut *self;
        let report = match target {
            Far::Socket(target) => relay::relay(client, target, limits, &gate.pipes, stop).await,
            // Boxed: most tunnels go the other way, and would carry its room.
            Far::Within(target) => {
                Box::pin(relay::relay_within(client, target, limits, stop)).await
            }
        };
        gate.metrics.tunnels.decrement(1.0);
        (self.record.up, self.record.down) = (report.up, report.down);
        self.record.end = Some(report.end.label());
    }
}
