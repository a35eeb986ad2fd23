//! A tunnel: from its 2xx to its end.

use bytes::{Bytes, BytesMut};
use relay::{End, Limits, Side};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::closing;
use crate::gate::Gate;
use crate::record::Record;

/// Both sides of a tunnel, and what will be said of it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) client: TcpStream,
    /// What the client sent behind its CONNECT.
    pub(crate) early: BytesMut,
    pub(crate) target: TcpStream,
    pub(crate) limits: Limits,
    pub(crate) record: Box<Record>,
}

impl Tunnel {
    /// Tells the client that the target is in hand, relays until the tunnel ends, and accounts
    /// for it. From here on there is no refusal.
    pub(crate) async fn run(self, gate: &Gate) {
        let Self { mut client, early, target, limits, mut record } = self;
        record.status = Some(200);
        // RFC 9110 §9.3.6: neither Content-Length nor Transfer-Encoding. The socket's empty
        // buffer holds this line, so that the write cannot wait.
        let told = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        record.end = Some(End::ClientReset.label());
        if told.is_ok() {
            gate.metrics.tunnels.increment(1.0);
            let client = Side { stream: client, early: early.freeze() };
            let target = Side { stream: target, early: Bytes::new() };
            let cut = gate.cutting.cancelled();
            let report = relay::relay(client, target, limits, &gate.pipes, cut).await;
            gate.metrics.tunnels.decrement(1.0);
            (record.up, record.down) = (report.up, report.down);
            record.end = Some(report.end.label());
        } else {
            // The target is told of the reset as well.
            closing::reset(&target);
        }
        gate.finish(record.ended());
    }
}
