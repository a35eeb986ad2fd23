//! Accepting clients, and the end of the service.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::Connection;
use crate::gate::{Gate, Snapshot};
use crate::listen::Listeners;
use crate::metrics::Metrics;
use crate::permits::{ConnectionLimits, Permit, Permits};
use crate::record::{Line, Record, RequestIds};
use crate::refusal::Refusal;
use crate::{admin, closing};

/// How long accepting rests when the machine has no descriptor left.
const BACKOFF: Duration = Duration::from_millis(100);
/// How many clients may be told at once that there is no room for them.
const MAX_TURNED_AWAY: usize = 64;
/// How often metrics are condensed, scraped or not: unread samples take memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long tunnels that were cut may take to be accounted for.
const CUTTING: Duration = Duration::from_secs(2);

/// A proxy that serves on its listeners.
#[derive(Debug)]
pub struct Server {
    listeners: Listeners,
    gate: Arc<Gate>,
    permits: Arc<Permits>,
    turned_away: Arc<Semaphore>,
    tasks: TaskTracker,
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
    /// Makes a server, which accepts from [`Server::run`] on. Records of ended requests go to
    /// `log`, and are dropped and counted when it is full.
    #[must_use]
    pub fn new(
        listeners: Listeners,
        snapshot: Snapshot,
        limits: ConnectionLimits,
        log: SyncSender<Line>,
        prometheus: PrometheusHandle,
    ) -> Self {
        let gate = Gate {
            snapshot: ArcSwap::from_pointee(snapshot),
            ids: RequestIds::default(),
            metrics: Metrics::new(),
            log,
            draining: CancellationToken::new(),
            cutting: CancellationToken::new(),
        };
        Self {
            listeners,
            gate: Arc::new(gate),
            permits: Permits::new(limits),
            turned_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
            tasks: TaskTracker::new(),
            prometheus,
        }
    }

    /// A handle to replace the configuration with.
    #[must_use]
    pub fn reload(&self) -> Reload {
        Reload(Arc::clone(&self.gate))
    }

    /// Serves until `stop` resolves. Then nothing more is accepted, `/readyz` says so, idle
    /// connections end, and what is under way may end by itself until `drained` resolves, which
    /// is handed what `stop` gave. After that it is cut.
    pub async fn run<T>(self, stop: impl Future<Output = T>, drained: impl AsyncFnOnce(T)) {
        let Self { listeners, gate, permits, turned_away, tasks, prometheus } = self;
        let stopping = CancellationToken::new();
        for listener in listeners.proxy {
            let accepting = Accepting {
                gate: Arc::clone(&gate),
                permits: Arc::clone(&permits),
                turned_away: Arc::clone(&turned_away),
                tasks: tasks.clone(),
            };
            let draining = gate.draining.clone();
            spawn(&tasks, async move {
                draining.run_until_cancelled(accepting.accept(listener)).await;
            });
        }
        // The admin pages answer until the end: they say that the proxy is draining.
        let background = TaskTracker::new();
        if let Some(listener) = listeners.admin {
            let pages = admin::serve(listener, gate.draining.clone(), prometheus.clone());
            let stopping = stopping.clone();
            spawn(&background, async move {
                stopping.run_until_cancelled(pages).await;
            });
        }
        let mut stop = pin!(stop);
        let mut upkeep = interval(UPKEEP);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = loop {
            tokio::select! {
                stopped = &mut stop => break stopped,
                _ = upkeep.tick() => prometheus.run_upkeep(),
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
        stopping.cancel();
    }
}

struct Accepting {
    gate: Arc<Gate>,
    permits: Arc<Permits>,
    turned_away: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Accepting {
    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(_) => {
                    // Out of descriptors, or the client has gone already. Either way what is
                    // open is served on, and the loop must not spin.
                    self.gate.metrics.accept_errors.increment(1);
                    sleep(BACKOFF).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        // An IPv4 client of a dual-stack listener is known by its IPv4 address.
        let client = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        match self.permits.take(client.ip()) {
            Ok(permit) => {
                let gate = Arc::clone(&self.gate);
                spawn(&self.tasks, serve(gate, stream, client, permit));
            }
            Err(refusal) => self.turn_away(stream, client, &refusal),
        }
    }

    fn turn_away(&self, mut stream: TcpStream, client: SocketAddr, refusal: &Refusal) {
        let mut record = Record::new(self.gate.ids.next(), client, Instant::now());
        let response = record.refuse(refusal);
        self.gate.finish(record.ended());
        match Arc::clone(&self.turned_away).try_acquire_owned() {
            Ok(place) => spawn(&self.tasks, async move {
                closing::after(&mut stream, &response).await;
                drop(place);
            }),
            Err(_) => {
                self.gate.metrics.turned_away.increment(1);
                closing::reset(&stream);
            }
        }
    }
}

async fn serve(gate: Arc<Gate>, stream: TcpStream, client: SocketAddr, permit: Permit) {
    // A client that is gone already has no address, and nothing to be told.
    let Ok(local) = stream.local_addr() else { return };
    let local = SocketAddr::new(local.ip().to_canonical(), local.port());
    // Small answers must not wait for the client's acknowledgement of the ones before.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    gate.metrics.connections.increment(1.0);
    // Boxed, so that an idle tunnel does not keep the room that the HTTP phase needed.
    let tunnel = Box::pin(Connection::new(&gate, stream, client, local).serve()).await;
    if let Some(tunnel) = tunnel {
        tunnel.run(&gate).await;
    }
    gate.metrics.connections.decrement(1.0);
    drop(permit);
}

#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
fn spawn(tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(task);
}
