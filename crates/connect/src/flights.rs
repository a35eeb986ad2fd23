//! Work under way, shared by all who wait for its result.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A result that is worked on. Whoever waits for it drives it, on whatever thread: it needs no
/// task of its own, it goes on while anyone waits, whoever began it, and it is dropped with the
/// last who does.
pub(crate) type Flight<T> = Shared<Work<T>>;

/// What is worked on now, by what it is about.
///
/// There is an entry for as long as somebody waits for it, so there are no more entries than
/// requests.
pub(crate) struct Flights<K, T: Clone> {
    table: Mutex<Table<K, T>>,
}

struct Table<K, T: Clone> {
    /// Each with the number by which its end knows its own entry from a later one's.
    entries: HashMap<K, (u64, WeakShared<Work<T>>)>,
    last: u64,
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { table: Mutex::new(Table { entries: HashMap::new(), last: 0 }) })
    }

    /// Joins what is under way about `key`; where there is nothing, `work` is.
    pub(crate) fn join(
        self: &Arc<Self>,
        key: K,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Flight<T> {
        let mut table = self.table();
        let joined = table.entries.get(&key).and_then(|(_, flight)| flight.upgrade());
        if let Some(flight) = joined {
            return flight;
        }
        table.last += 1;
        let number = table.last;
        let landing = Landing { flights: Arc::clone(self), key: key.clone(), number };
        let flight = async move {
            let _landing = landing;
            work.await
        }
        .boxed()
        .shared();
        // A flight that nobody has polled yet has not ended.
        if let Some(weak) = flight.downgrade() {
            table.entries.insert(key, (number, weak));
        }
        flight
    }

    /// How many are under way.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table().entries.len()
    }
}

impl<K, T: Clone> Flights<K, T> {
    fn table(&self) -> MutexGuard<'_, Table<K, T>> {
        // Nothing that can panic happens between two states of the table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight's entry away when it ends: with its result, by a panic, or because nobody waits
/// for it any more.
struct Landing<K: Eq + Hash, T: Clone> {
    flights: Arc<Flights<K, T>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut table = self.flights.table();
        if table.entries.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            table.entries.remove(&self.key);
        }
    }
}

#[cfg(test)]
#[path = "flights_tests.rs"]
mod tests;
