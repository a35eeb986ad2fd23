//! The SNI check: a tunnel's ClientHello is read and judged before a byte of it is delivered.

use std::io;
use std::mem::take;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use policy::{ClientHello, HelloReader, Host, Progress, ServerName};
use policy::{SniCheck, SniFault, SniMode};
use relay::End;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::gate::Gate;
use crate::read::read_some;
use crate::record::{Record, Sni as Note, escaped};

/// How long a ClientHello is waited for where the check only logs: a protocol in which the target
/// speaks first, or late, must not wait for longer than that.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// What a tunnel is held to.
#[derive(Debug)]
pub(crate) struct Sni {
    pub(crate) check: SniCheck,
    /// Whom the client asked for.
    pub(crate) host: Host,
    /// How long the ClientHello may take.
    pub(crate) patience: Duration,
}

/// How both sides of a tunnel part that ends here. The target has not seen a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parting {
    /// Both by a reset.
    Reset,
    /// Both by their ends.
    Close,
    /// The client is told by an alert, and the target is reset.
    Alert([u8; 7]),
}

/// Why there is no ClientHello to judge.
enum Halt {
    /// The client has not sent one.
    Fault(Fault),
    /// A side is gone, or all of it has to end.
    Gone(&'static str, Parting),
}

/// How a tunnel fails the check.
#[derive(Clone, Copy)]
enum Fault {
    /// By what the client sent.
    Sent(SniFault),
    /// The ClientHello was not whole in time.
    Timeout,
    /// The client ended before its ClientHello was whole.
    Cut,
    /// The target spoke first, as no TLS server does.
    TargetFirst,
}

impl Fault {
    /// A stable label for logs and metrics.
    fn label(self) -> &'static str {
        match self {
            Self::Sent(fault) => fault.label(),
            Self::Timeout => "sni_timeout",
            Self::Cut => "sni_cut",
            Self::TargetFirst => "sni_target_first",
        }
    }

    fn text(self) -> String {
        match self {
            Self::Sent(fault) => fault.to_string(),
            Self::Timeout => "the ClientHello was not complete in time".to_owned(),
            Self::Cut => "the client ended before its ClientHello was complete".to_owned(),
            Self::TargetFirst => "the target spoke before the client, as no TLS server does; \
                `tls: off` in the allow entry lets it"
                .to_owned(),
        }
    }

    /// What a client that speaks TLS is told (RFC 8446 §6.2), in a record as it is before there
    /// are keys.
    fn alert(self) -> [u8; 7] {
        let description = match self {
            // unrecognized_name (RFC 6066 §3).
            Self::Sent(SniFault::Mismatch) => 112,
            // missing_extension, for a server that insists on server_name (RFC 8446 §9.2).
            Self::Sent(SniFault::Absent) => 109,
            // decode_error.
            Self::Sent(SniFault::NoHost | SniFault::Hello(_)) => 50,
            // access_denied.
            _ => 49,
        };
        [21, 3, 3, 0, 2, 2, description]
    }
}

impl Sni {
    /// Reads the client's ClientHello and judges it. What was read is `early` afterwards, all of
    /// it, for the relay to deliver. Where the check only logs, the tunnel goes on whatever came.
    ///
    /// # Errors
    /// The tunnel ends here, as the record says.
    pub(crate) async fn pass(
        &self,
        client: (&mut TcpStream, &mut Bytes),
        target: (&mut (impl AsyncRead + Unpin), &mut Bytes),
        record: &mut Record,
        gate: &Gate,
    ) -> Result<(), Parting> {
        let (client, early) = client;
        let mut buffer = BytesMut::from(take(early));
        let read = self.hello(client, &mut buffer, target, gate).await;
        let speaks_tls = buffer.first() == Some(&22);
        *early = buffer.freeze();
        let (name, judged) = match read {
            Ok(hello) => {
                let judged = self.check.judge(&self.host, &hello).map_err(Fault::Sent);
                (shown(&hello.server_name), judged)
            }
            Err(Halt::Fault(fault)) => (None, Err(fault)),
            // The relay will see these ends as well.
            Err(Halt::Gone(_, Parting::Close)) if self.logs() => return Ok(()),
            Err(Halt::Gone(end, parting)) => {
                record.end = Some(end);
                return Err(parting);
            }
        };
        let label = judged.map_or_else(Fault::label, |()| "match");
        gate.metrics.sni(self.check.mode, label);
        let Err(fault) = judged else {
            record.tls = Some(Note::Match);
            return Ok(());
        };
        record.tls = Some(Note::fault(label, name));
        if self.check.audited {
            record.would_deny(label, fault.text(), None);
        } else {
            record.detail = Some(fault.text());
        }
        if self.logs() {
            return Ok(());
        }
        record.reason = Some(label);
        record.end = Some(label);
        Err(if speaks_tls { Parting::Alert(fault.alert()) } else { Parting::Reset })
    }

    fn logs(&self) -> bool {
        self.check.mode == SniMode::Log
    }

    /// Waits for a whole ClientHello. What it reads of the target goes to the target's early bytes.
    async fn hello(
        &self,
        client: &mut TcpStream,
        buffer: &mut BytesMut,
        (target, said): (&mut (impl AsyncRead + Unpin), &mut Bytes),
        gate: &Gate,
    ) -> Result<ClientHello, Halt> {
        let patience = if self.logs() { self.patience.min(LOG_PATIENCE) } else { self.patience };
        let mut late = pin!(sleep(patience));
        let mut stop = pin!(gate.cutting.cancelled());
        let (mut source, _) = client.split();
        let mut reader = HelloReader::default();
        loop {
            match reader.read(buffer) {
                Progress::Hello(hello) => return Ok(hello),
                Progress::Refused(error) => {
                    return Err(Halt::Fault(Fault::Sent(SniFault::Hello(error))));
                }
                Progress::More if !said.is_empty() => return Err(Halt::Fault(Fault::TargetFirst)),
                Progress::More => {}
            }
            tokio::select! {
                biased;
                read = read_some(&mut source, buffer) => match read {
                    Ok(1..) => {}
                    Ok(0) if buffer.is_empty() => return Err(Halt::gone(End::Closed)),
                    Ok(0) => return Err(Halt::Fault(Fault::Cut)),
                    Err(_) => return Err(Halt::gone(End::ClientReset)),
                },
                read = first_byte(target) => match read {
                    Ok(Some(byte)) => *said = Bytes::copy_from_slice(&[byte]),
                    Ok(None) => return Err(Halt::Gone("target_closed", Parting::Close)),
                    Err(_) => return Err(Halt::gone(End::TargetReset)),
                },
                () = &mut stop => return Err(Halt::gone(End::Stopped)),
                () = &mut late => return Err(Halt::Fault(Fault::Timeout)),
            }
        }
    }
}

impl Halt {
    /// An end as the relay would have it.
    fn gone(end: End) -> Self {
        let parting = if end == End::Closed { Parting::Close } else { Parting::Reset };
        Self::Gone(end.label(), parting)
    }
}

/// The target's first byte, none at its end. One alone: a read that is filled leaves the socket
/// ready, so that the relay finds whatever else has come.
async fn first_byte(target: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<u8>> {
    let mut byte = [0];
    let read = target.read(&mut byte).await?;
    Ok((read > 0).then_some(byte[0]))
}

/// The name, as a log line may hold it.
fn shown(name: &ServerName) -> Option<String> {
    match name {
        ServerName::Absent => None,
        ServerName::Host(name) => Some(name.to_string()),
        ServerName::NoHost(bytes) => Some(escaped(bytes)),
    }
}
