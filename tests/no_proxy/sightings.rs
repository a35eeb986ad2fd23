//! Who saw which request.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::case;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seer {
    Proxy,
    /// Whatever else listens.
    Origin,
}

/// What one of them saw.
#[derive(Clone, Debug)]
struct Sighting {
    seer: Seer,
    /// None: it was not to be seen, for the request is ciphertext, or only wants a tunnel.
    path: Option<String>,
}

/// All that was seen, and how many connections are open.
#[derive(Clone, Default)]
pub(crate) struct Sightings(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    seen: Vec<Sighting>,
    open: usize,
}

/// A connection that is open.
pub(crate) struct Open(Sightings);

impl Sightings {
    /// Must be called before the client is answered, so that it is in when the client is done.
    pub(crate) fn add(&self, seer: Seer, path: Option<String>) {
        self.state().seen.push(Sighting { seer, path });
    }

    pub(crate) fn open(&self) -> Open {
        self.state().open += 1;
        Open(self.clone())
    }

    /// A place in the list, once all connections that belong before it are closed: what comes
    /// later is about what is asked later. Those that stay open have nothing more to say.
    pub(crate) fn mark(&self) -> usize {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut state = self.state();
        while state.open > 0 {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { break };
            let waited = self.0.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.seen.len()
    }

    /// Who saw the case that was asked after the mark. Its path tells; where there is none to be
    /// seen, the time does.
    pub(crate) fn of(&self, number: usize, mark: usize) -> Vec<Seer> {
        let state = self.state();
        let path = format!("/{}", case::path(number));
        let named =
            state.seen.iter().filter(|one| one.path.as_ref().is_some_and(|of| of.contains(&path)));
        let mut seers: Vec<Seer> = named.map(|one| one.seer).collect();
        if seers.is_empty() {
            let unnamed = state.seen[mark..].iter().filter(|one| one.path.is_none());
            seers = unnamed.map(|one| one.seer).collect();
        }
        seers.dedup();
        seers
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
