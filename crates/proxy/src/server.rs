//! Accepting clients, and the end of the service.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use arc_swap::ArcSwap;
use metrics_exporter_prometheus::PrometheusHandle;
use relay::Pipes;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin;
use crate::denials::Denials;
use crate::gate::{Gate, Snapshot};
use crate::listen::Listeners;
use crate::metrics::Metrics;
use crate::permits::{ConnectionLimits, Permits};
use crate::record::{Line, RequestIds};
use crate::via::Via;
use crate::worker::{Worker, spawn};

/// How many clients may be told at once that there is no room for them.
const MAX_TURNED_AWAY: usize = 64;
/// How often metrics are condensed, scraped or not (unread samples take memory), and pipes that
/// nobody needed are closed.
const UPKEEP: Duration = Duration::from_secs(1);
/// How long tunnels that were cut may take to be accounted for.
const CUTTING: Duration = Duration::from_secs(2);

/// A proxy that serves on its listeners.
#[derive(Debug)]
pub struct Server {
    listeners: Listeners,
    gate: Arc<Gate>,
    permits: Arc<Permits>,
    prometheus: PrometheusHandle,
}

/// Replaces the configuration of a running [`Server`].
#[derive(Clone, Debug)]
pub struct Reload(Arc<Gate>);

impl Reload {
    /// Requests from now on are carried out under the new snapshot; those under way keep theirs.
    pub fn apply(&self, snapshot: Snapshot) {
        self.0.snapshot.store(Arc::new(snapshot));
    }
}

impl Server {
    /// Makes a server, which accepts from [`Server::run`] on. Tunnels are spliced through `pipes`.
    /// Records of ended requests go to `log`, and are dropped and counted when it is full.
    #[must_use]
    pub fn new(
        listeners: Listeners,
        snapshot: Snapshot,
        limits: ConnectionLimits,
        pipes: Pipes,
        log: SyncSender<Line>,
        prometheus: PrometheusHandle,
    ) -> Self {
        let gate = Gate {
            snapshot: ArcSwap::from_pointee(snapshot),
            ids: RequestIds::default(),
            via: Via::default(),
            metrics: Metrics::new(),
            pipes,
            holds: Arc::default(),
            denials: Denials::default(),
            log,
            draining: CancellationToken::new(),
            cutting: CancellationToken::new(),
        };
        Self { listeners, gate: Arc::new(gate), permits: Permits::new(limits), prometheus }
    }

    /// A handle to replace the configuration with.
    #[must_use]
    pub fn reload(&self) -> Reload {
        Reload(Arc::clone(&self.gate))
    }

    /// Serves until `stop` resolves. Then nothing more is accepted, `/readyz` says so, idle
    /// connections end, and what is under way may end by itself until `drained` resolves, which
    /// is handed what `stop` gave. After that it is cut.
    ///
    /// # Errors
    /// A worker could not be started.
    pub async fn run<T>(
        self,
        stop: impl Future<Output = T>,
        drained: impl AsyncFnOnce(T),
    ) -> io::Result<()> {
        let Self { listeners, gate, permits, prometheus } = self;
        let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
        let turned_away = Arc::new(Semaphore::new(MAX_TURNED_AWAY));
        let worker = Worker { gate: Arc::clone(&gate), permits, turned_away, tasks: tasks.clone() };
        for listeners in listeners.proxy {
            worker.clone().start(listeners, end.clone())?;
        }
        // The admin pages answer until the end: they say that the proxy is draining.
        if let Some(listener) = listeners.admin {
            let listener = TcpListener::from_std(listener)?;
            let pages = admin::serve(listener, Arc::clone(&gate), prometheus.clone());
            spawn(&TaskTracker::new(), pages);
        }
        let mut stop = pin!(stop);
        let mut upkeep = interval(UPKEEP);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = loop {
            tokio::select! {
                stopped = &mut stop => break stopped,
                _ = upkeep.tick() => {
                    prometheus.run_upkeep();
                    gate.pipes.trim();
                }
            }
        };
        gate.draining.cancel();
        tasks.close();
        tokio::select! {
            () = tasks.wait() => {}
            () = drained(stopped) => {
                gate.cutting.cancel();
                // What does not end even so ends with the process.
                let _all_ended = timeout(CUTTING, tasks.wait()).await;
            }
        }
        end.cancel();
        Ok(())
    }
}
