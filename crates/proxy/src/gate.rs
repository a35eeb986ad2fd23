//! What all connections share.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use arc_swap::ArcSwap;
use connect::Connector;
use policy::Policy;
use relay::Pipes;
use tokio_util::sync::CancellationToken;

use crate::clients::{Clients, Holds};
use crate::denials::Denials;
use crate::introduction::ProxyProtocol;
use crate::metrics::Metrics;
use crate::read::HeadLimits;
use crate::record::{Line, Record, RequestIds};
use crate::route::Routes;
use crate::stray::Strays;
use crate::usage::Usage;
use crate::via::Via;

/// One configuration, resolved. Immutable: each request is carried out under one of these.
#[derive(Debug)]
pub struct Snapshot {
    /// What may be reached.
    pub policy: Policy,
    /// How it is reached.
    pub connector: Connector,
    /// By which way.
    pub routes: Routes,
    /// Who the clients are, besides their rules.
    pub clients: Clients,
    /// Which rules have decided anything yet.
    pub usage: Usage,
    /// Who should not have come.
    pub strays: Strays,
    /// Whose word on the client's address counts.
    pub proxy_protocol: ProxyProtocol,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How large heads may be.
    pub head: HeadLimits,
}

/// How long things may take. DNS and connecting have theirs in [`Connector`].
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// A request's head, from its first byte (the first one: from accepting, a PROXY
    /// protocol header included) to its end; and a tunnel's ClientHello, from its 2xx, where the
    /// SNI check holds.
    pub header: Duration,
    /// The wait for another request on a connection.
    pub keep_alive: Duration,
    /// A forwarded exchange without a byte moved.
    pub forward_idle: Duration,
    /// A tunnel without a byte moved, unless its rule says otherwise.
    pub idle: Duration,
    /// The same after one side's FIN.
    pub half_close: Duration,
    /// A tunnel one side of which takes nothing of what there is for it.
    pub stall: Duration,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) ids: RequestIds,
    /// What this proxy calls itself.
    pub(crate) via: Via,
    pub(crate) metrics: Metrics,
    /// What tunnels are spliced through.
    pub(crate) pipes: Pipes,
    /// What the configuration's clients have open.
    pub(crate) holds: Arc<Holds>,
    /// What was denied.
    pub(crate) denials: Denials,
    /// Where records go; full or closed, they are dropped and counted.
    pub(crate) log: SyncSender<Line>,
    /// Cancelled when no new work is taken.
    pub(crate) draining: CancellationToken,
    /// Cancelled when what is still open is to be cut.
    pub(crate) cutting: CancellationToken,
}

impl Gate {
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Counts and logs a request that has ended.
    pub(crate) fn finish(&self, record: Box<Record>) {
        self.metrics.record(&record);
        self.denials.note(&record);
        match self.log.try_send(Line::Request(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.log_dropped.increment(1);
            }
        }
    }
}
