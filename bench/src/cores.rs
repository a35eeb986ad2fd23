//! Who runs where: the proxy has one core for itself, load and origins share another.

use std::io;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The core of the proxy that is measured.
pub(crate) const PROXY: usize = 0;
/// The core of the load and of the origins.
pub(crate) const LOAD: usize = 1;

/// Moves this thread, and every thread and process it starts from now on, to one core.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    pin_thread(None, core)
}

/// Moves another thread to one core, or this one.
pub(crate) fn pin_thread(thread: Option<Pid>, core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(thread, &set)?)
}

/// How many cores this thread may use.
pub(crate) fn available() -> u32 {
    sched_getaffinity(None).map_or(1, |set| set.count())
}
