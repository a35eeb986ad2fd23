//! Which targets were denied, or would have been: a table of bounded size, for those who write the
//! rules.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

use crate::record::{Record, timestamp};

/// Most targets that are remembered. Whoever asks for more of them pushes out those that were
/// asked for least, its own first.
const MAX_TARGETS: usize = 4096;
/// Most addresses, names and reasons that are remembered of one target.
const MAX_EACH: usize = 8;

/// The table.
#[derive(Debug)]
pub(crate) struct Denials {
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    since: SystemTime,
    forgotten: u64,
    serial: u64,
    entries: HashMap<Key, Entry>,
    /// By how often and when last: the first is the next to be forgotten.
    order: BTreeMap<(u64, u64), Key>,
}

/// A target, and how it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
struct Key {
    target: Arc<str>,
    /// `connect` or `forward`.
    method: &'static str,
}

/// What is remembered of it.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    count: u64,
    /// When it was noted last, among all.
    #[serde(skip)]
    serial: u64,
    #[serde(serialize_with = "timestamp")]
    first: SystemTime,
    #[serde(serialize_with = "timestamp")]
    last: SystemTime,
    reasons: Vec<&'static str>,
    clients: Vec<IpAddr>,
    /// Whether there were more clients than are named.
    more_clients: bool,
    names: Vec<Arc<str>>,
    /// Those addresses of a name that were denied.
    addresses: Vec<IpAddr>,
}

/// One target, as the admin page has it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    entry: Entry,
}

/// The whole table, as the admin page has it.
#[derive(Debug, Serialize)]
pub(crate) struct Rows {
    #[serde(serialize_with = "timestamp")]
    pub(crate) since: SystemTime,
    /// How often a target was forgotten to make room for another.
    pub(crate) forgotten: u64,
    pub(crate) targets: Vec<Row>,
}

impl Default for Denials {
    fn default() -> Self {
        let table = Table {
            since: SystemTime::now(),
            forgotten: 0,
            serial: 0,
            entries: HashMap::new(),
            order: BTreeMap::new(),
        };
        Self { table: Mutex::new(table) }
    }
}

impl Denials {
    /// Notes a request, if policy denied it or would have done so.
    pub(crate) fn note(&self, record: &Record) {
        let reasons = record.denials();
        let (false, Some(target)) = (reasons.is_empty(), record.target.as_deref()) else { return };
        let method = if record.method == Some("CONNECT") { "connect" } else { "forward" };
        self.lock().note(Key { target: target.into(), method }, &reasons, record);
    }

    /// The table, the target that was asked for most often first.
    pub(crate) fn rows(&self) -> Rows {
        let table = self.lock();
        let row = |key: &Key| Row { key: key.clone(), entry: table.entries[key].clone() };
        let targets = table.order.values().rev().map(row).collect();
        Rows { since: table.since, forgotten: table.forgotten, targets }
    }

    /// The table is whole whenever the lock is free, whatever its last holder did.
    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn note(&mut self, key: Key, reasons: &[&'static str], record: &Record) {
        self.serial += 1;
        let (serial, now) = (self.serial, record.time);
        if !self.entries.contains_key(&key) {
            if self.entries.len() == MAX_TARGETS
                && let Some((_, least)) = self.order.pop_first()
            {
                self.entries.remove(&least);
                self.forgotten += 1;
            }
            let entry = Entry {
                count: 0,
                serial,
                first: now,
                last: now,
                reasons: Vec::new(),
                clients: Vec::new(),
                more_clients: false,
                names: Vec::new(),
                addresses: Vec::new(),
            };
            self.entries.insert(key.clone(), entry);
        }
        let Some(entry) = self.entries.get_mut(&key) else { return };
        self.order.remove(&(entry.count, entry.serial));
        entry.count += 1;
        (entry.serial, entry.last) = (serial, now);
        for reason in reasons {
            add(&mut entry.reasons, *reason);
        }
        entry.more_clients |= !add(&mut entry.clients, record.client.ip());
        if let Some(name) = &record.client_name {
            add(&mut entry.names, Arc::clone(name));
        }
        let of_address = |reason: &&str| matches!(*reason, "address_class" | "address_denied");
        if let Some(address) = record.address.filter(|_| reasons.iter().any(of_address)) {
            add(&mut entry.addresses, address);
        }
        self.order.insert((entry.count, serial), key);
    }
}

/// Whether there was room for it, or it is there already.
fn add<T: PartialEq>(to: &mut Vec<T>, one: T) -> bool {
    let known = to.contains(&one);
    if !known && to.len() < MAX_EACH {
        to.push(one);
        return true;
    }
    known
}

#[cfg(test)]
#[path = "denials_tests.rs"]
mod tests;
