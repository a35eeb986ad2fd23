//! A tunnel: from its 2xx to its end.

use std::pin::pin;

use relay::{End, Limits, Side};
use tokio::io::AsyncWriteExt;

use crate::closing;
use crate::gate::Gate;
use crate::record::Record;

/// Both sides of a tunnel, and what will be said of it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// With what the client sent behind its CONNECT.
    pub(crate) client: Side,
    pub(crate) target: Side,
    pub(crate) limits: Limits,
    pub(crate) record: Box<Record>,
}

impl Tunnel {
    /// Tells the client that the target is in hand, relays until the tunnel ends, and accounts
    /// for it. From here on there is no refusal.
    pub(crate) async fn run(&mut self, gate: &Gate) {
        self.record.status = Some(200);
        // RFC 9110 §9.3.6: neither Content-Length nor Transfer-Encoding. The socket's empty
        // buffer holds this line, so that the write cannot wait.
        let told =
            self.client.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        self.record.end = Some(End::ClientReset.label());
        if told.is_ok() {
            gate.metrics.tunnels.increment(1.0);
            let stop = pin!(gate.cutting.cancelled());
            let Self { client, target, limits, .. } = &mut *self;
            let report = relay::relay(client, target, limits, &gate.pipes, stop).await;
            gate.metrics.tunnels.decrement(1.0);
            (self.record.up, self.record.down) = (report.up, report.down);
            self.record.end = Some(report.end.label());
        } else {
            // The target is told of the reset as well.
            closing::reset(&self.target.stream);
        }
    }
}
