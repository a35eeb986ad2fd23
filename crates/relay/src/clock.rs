//! When something last moved.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The last moment at which bytes moved, shared by the directions of one task. Atomic only
/// because tasks may move between threads: nobody waits on it.
#[derive(Debug)]
pub struct Activity {
    start: Instant,
    /// Nanoseconds after `start`; they last for 584 years.
    last: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Activity {
    /// Notes that bytes moved just now.
    pub fn touch(&self) {
        self.last.store(self.now(), Relaxed);
    }

    /// Resolves once nothing has moved for so long.
    pub async fn silent_for(&self, limit: Duration) {
        loop {
            let due = self.moment(self.last() + limit);
            if Instant::now() >= due {
                return;
            }
            sleep_until(due).await;
        }
    }

    /// The time since the start, in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The last moment at which bytes moved, counted from the start.
    pub(crate) fn last(&self) -> Duration {
        Duration::from_nanos(self.last.load(Relaxed))
    }

    /// A moment that is counted from the start.
    pub(crate) fn moment(&self, after_start: Duration) -> Instant {
        self.start + after_start
    }
}
