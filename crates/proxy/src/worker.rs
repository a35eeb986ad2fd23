//! A worker: one thread with a runtime of its own, which accepts and serves its clients.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::closing;
use crate::connection::Connection;
use crate::gate::Gate;
use crate::introduction::Arrival;
use crate::permits::{Permit, Permits};
use crate::record::Record;
use crate::refusal::Refusal;

/// How long accepting rests when the machine has no descriptor left.
const BACKOFF: Duration = Duration::from_millis(100);

/// What a worker serves with; the same for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) gate: Arc<Gate>,
    pub(crate) permits: Arc<Permits>,
    /// Who may be told at once that there is no room for them.
    pub(crate) turned_away: Arc<Semaphore>,
    pub(crate) tasks: TaskTracker,
}

impl Worker {
    /// Starts a thread that serves on its listeners, until `end` is cancelled.
    pub(crate) fn start(
        self,
        listeners: Vec<std::net::TcpListener>,
        end: CancellationToken,
    ) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listeners = registered(&runtime, listeners)?;
        std::thread::Builder::new().name("worker".to_owned()).spawn(move || {
            runtime.block_on(async {
                for listener in listeners {
                    let worker = self.clone();
                    spawn(&self.tasks, async move {
                        let draining = worker.gate.draining.clone();
                        draining.run_until_cancelled(worker.accept(listener)).await;
                    });
                }
                end.cancelled().await;
            });
        })?;
        Ok(())
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(Arrival::new(stream, peer)),
                Err(_) => {
                    // Out of descriptors, or the client has gone already. Either way what is
                    // open is served on, and the loop must not spin.
                    self.gate.metrics.accept_errors.increment(1);
                    sleep(BACKOFF).await;
                }
            }
        }
    }

    fn admit(&self, arrival: Arrival) {
        let client = arrival.client.ip();
        // Who comes by a load balancer is none of its other clients: until the header is there, the
        // connection counts in all alone.
        let introduces = self.gate.snapshot.load().proxy_protocol.expects(client);
        let permit =
            if introduces { self.permits.take_unnamed() } else { self.permits.take(client) };
        match permit {
            Ok(permit) if introduces => {
                spawn(&self.tasks, self.clone().introduce(arrival, permit));
            }
            Ok(permit) => spawn(&self.tasks, serve(Arc::clone(&self.gate), arrival, permit)),
            Err(refusal) => self.turn_away(arrival, &refusal),
        }
    }

    /// Serves whoever the PROXY protocol header names.
    async fn introduce(self, arrival: Arrival, mut permit: Permit) {
        let waiting = self.gate.metrics.connections.clone();
        waiting.increment(1.0);
        // Boxed apart, as below.
        let introduced = Box::pin(arrival.introduced(&self.gate)).await;
        waiting.decrement(1.0);
        let Some(arrival) = introduced else { return };
        match permit.name(arrival.client.ip()) {
            Ok(()) => serve(Arc::clone(&self.gate), arrival, permit).await,
            Err(refusal) => {
                drop(permit);
                self.turn_away(arrival, &refusal);
            }
        }
    }

    fn turn_away(&self, arrival: Arrival, refusal: &Refusal) {
        let Arrival { mut stream, client, accepted, .. } = arrival;
        let mut record = Record::new(self.gate.ids.next(), client, accepted);
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

fn registered(
    runtime: &Runtime,
    listeners: Vec<std::net::TcpListener>,
) -> io::Result<Vec<TcpListener>> {
    let _entered = runtime.enter();
    listeners.into_iter().map(TcpListener::from_std).collect()
}

async fn serve(gate: Arc<Gate>, arrival: Arrival, permit: Permit) {
    gate.metrics.connections.increment(1.0);
    // Boxed apart, so that an idle tunnel does not keep the room that the HTTP phase needed.
    let tunnel = Box::pin(Connection::new(&gate, arrival).serve()).await;
    if let Some(mut tunnel) = tunnel {
        Box::pin(tunnel.run(&gate)).await;
        gate.finish(tunnel.record.ended());
    }
    gate.metrics.connections.decrement(1.0);
    drop(permit);
}

#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub(crate) fn spawn(tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(task);
}
