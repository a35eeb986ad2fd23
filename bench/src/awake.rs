//! A runtime that never sleeps.
//!
//! Waking a sleeping neighbour is charged to whoever wakes it, and on a virtual machine it can
//! cost more than everything else a proxy does. So load and origins poll instead, and leave their
//! core to each other when there is nothing to do: what a proxy is charged is then its own work.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::Failure;

/// Whether to sleep all the same, to see what that changes.
pub(crate) fn sleepy() -> bool {
    std::env::var_os("PINHOLE_BENCH_SLEEPY").is_some()
}

/// Runs a future on this thread, awake until it is done.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, Failure>>,
    limit: Duration,
) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().event_interval(1).build()?;
    runtime.block_on(async {
        if !sleepy() {
            tokio::spawn(stay_awake());
        }
        tokio::time::timeout(limit, work).await.map_err(|_| "took too long")?
    })
}

async fn stay_awake() {
    loop {
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
}
