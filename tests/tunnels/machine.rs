//! What a process holds of the machine, as /proc has it.

use std::collections::BTreeMap;
use std::fs::{OpenOptions, read_dir, read_link, read_to_string};
use std::os::unix::fs::OpenOptionsExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::PATIENCE;

/// Waits for what no event tells.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "it does not come to pass that {what}");
        sleep(Duration::from_millis(2));
    }
}

/// A pipe of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pipe {
    /// How much it takes, in bytes.
    pub(crate) size: usize,
    /// How much it holds, in bytes.
    pub(crate) held: u64,
}

/// The pipes of a process, by their inodes, but for its standard streams.
pub(crate) fn pipes(pid: u32) -> BTreeMap<String, Pipe> {
    let entries = read_dir(format!("/proc/{pid}/fd")).expect("a process").flatten();
    let mut pipes = BTreeMap::new();
    for entry in entries {
        let number = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        let Ok(link) = read_link(entry.path()) else { continue };
        let name = link.to_string_lossy().into_owned();
        if number.is_none_or(|number| number <= 2) || !name.starts_with("pipe:") {
            continue;
        }
        // Another reader of the same pipe, for as long as it takes to ask.
        let nonblocking = rustix::pipe::PipeFlags::NONBLOCK.bits() as i32;
        let open = OpenOptions::new().read(true).custom_flags(nonblocking).open(entry.path());
        let Ok(pipe) = open else { continue };
        let size = rustix::pipe::fcntl_getpipe_size(&pipe).expect("a pipe");
        let held = rustix::io::ioctl_fionread(&pipe).expect("a pipe");
        pipes.insert(name, Pipe { size, held });
    }
    pipes
}

/// How many descriptors below a number a process has. Others may be inherited.
pub(crate) fn descriptors(pid: u32, below: u32) -> usize {
    let entries = read_dir(format!("/proc/{pid}/fd")).expect("a process").flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number: &u32| *number < below).count()
}

/// Memory of a process that is its own, in bytes.
pub(crate) fn memory(pid: u32) -> u64 {
    let text = read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("a process");
    let private = ["Private_Clean:", "Private_Dirty:"].map(|name| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib * 1024
    });
    private.iter().sum()
}

/// Time that a process has spent on processors, in all its threads.
pub(crate) fn cpu(pid: u32) -> Duration {
    let text = read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    // Behind the name, which may hold anything: state is the third field, utime the fourteenth.
    let fields = text.rsplit_once(") ").expect("a name").1.split(' ');
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    // A tick is a hundredth of a second wherever Linux runs today.
    Duration::from_millis(10 * ticks)
}
