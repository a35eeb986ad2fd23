//! Who saw what, in the order in which it came.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long connections are waited for that nobody closes.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seer {
    Proxy,
    /// Whatever else listens.
    Direct,
}

/// All that was seen, and how many connections are open.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    open: usize,
}

/// A connection that is open.
pub(crate) struct Open(Seen);

impl Seen {
    /// Must be called before the client is answered, so that it is in when the client is done.
    pub(crate) fn add(&self, line: String) {
        self.state().lines.push(line);
    }

    pub(crate) fn open(&self) -> Open {
        self.state().open += 1;
        Open(self.clone())
    }

    /// Takes what has been seen so far, once all connections are closed: what comes later is about
    /// what is asked later. Those that stay open have nothing more to say.
    pub(crate) fn take(&self) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        while state.open > 0 {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { break };
            let waited = self.0.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut state.lines)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.state().open -= 1;
        self.0.0.1.notify_all();
    }
}
