//! What the kernel says about a running proxy: its whole process tree, because some fork.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::Pid;

use crate::cores;

/// A process and whatever it started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree {
    root: u32,
}

/// Open descriptors of a tree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Descriptors {
    /// All of them.
    pub(crate) all: usize,
    /// Those of pipes: two a pipe.
    pub(crate) pipes: usize,
}

/// The fields of `/proc/PID/stat` that matter here.
struct Stat {
    parent: u32,
    group: u32,
    ticks: u64,
}

impl Tree {
    /// The tree of a process that leads its own process group.
    pub(crate) fn new(root: u32) -> Self {
        Self { root }
    }

    /// Children count, and so does what left the tree but not the process group.
    fn members(self) -> Vec<(u32, Stat)> {
        let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut others: Vec<(u32, Stat)> = numbers
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, stat(pid)?)))
            .collect();
        let mut known = HashSet::from([self.root]);
        let mut members = Vec::new();
        loop {
            let belongs = |(pid, stat): &(u32, Stat)| {
                known.contains(pid) || known.contains(&stat.parent) || stat.group == self.root
            };
            let (found, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(belongs);
            if found.is_empty() {
                return members;
            }
            known.extend(found.iter().map(|(pid, _)| *pid));
            members.extend(found);
            others = rest;
        }
    }

    /// User and system time so far, that of ended and waited-for children included.
    pub(crate) fn cpu(self) -> Duration {
        let ticks: u64 = self.members().iter().map(|(_, stat)| stat.ticks).sum();
        let per_second = rustix::param::clock_ticks_per_second();
        Duration::from_nanos(ticks * (1_000_000_000 / per_second))
    }

    /// Memory in KiB: shared pages are divided among those who share them.
    pub(crate) fn pss_kib(self) -> u64 {
        self.members().iter().filter_map(|(pid, _)| pss_kib(*pid)).sum()
    }

    /// Moves every thread to one core: a process may well move its threads elsewhere when it
    /// starts (trafficserver does, whatever it is told).
    pub(crate) fn pin(self, core: usize) -> io::Result<()> {
        for (pid, _) in self.members() {
            for entry in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
                let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
                let thread = number.and_then(Pid::from_raw);
                if let Some(thread) = thread {
                    cores::pin_thread(Some(thread), core)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn descriptors(self) -> Descriptors {
        let mut count = Descriptors::default();
        for (pid, _) in self.members() {
            for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
                count.all += 1;
                let link = fs::read_link(entry.path()).unwrap_or_default();
                count.pipes += usize::from(link.to_string_lossy().starts_with("pipe:"));
            }
        }
        count
    }
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; behind the last bracket are numbers only.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    Some(Stat {
        parent: number(1)? as u32,
        group: number(2)? as u32,
        ticks: number(11)? + number(12)? + number(13)? + number(14)?,
    })
}

fn pss_kib(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}
