//! Where it was measured.

use std::fs;
use std::process::Command;

use rustix::process::{Resource, getrlimit};

use crate::awake;

/// Facts about this machine, as lines of a list.
pub(crate) fn facts() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let field = |path: &str, name: &str| {
        let text = read(path);
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
    };
    let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    let date = date.map(|date| String::from_utf8_lossy(&date.stdout).trim().to_owned());
    let files = getrlimit(Resource::Nofile).current.map_or_else(String::new, |n| n.to_string());
    let cores = thread_count();
    vec![
        format!("Date: {}", date.unwrap_or_default()),
        format!("Kernel: Linux {}", read("/proc/sys/kernel/osrelease")),
        format!("Processor: {}, {cores} cores", field("/proc/cpuinfo", "model name")),
        format!("Memory: {}", field("/proc/meminfo", "MemTotal")),
        format!(
            "Limits: {files} descriptors, `fs.pipe-user-pages-soft` {}",
            read("/proc/sys/fs/pipe-user-pages-soft")
        ),
        format!(
            "TCP: congestion control {}, `tcp_rmem` {}, `tcp_wmem` {}",
            read("/proc/sys/net/ipv4/tcp_congestion_control"),
            read("/proc/sys/net/ipv4/tcp_rmem"),
            read("/proc/sys/net/ipv4/tcp_wmem")
        ),
        format!(
            "Load and origins: {}",
            if awake::sleepy() { "sleep when idle" } else { "never sleep" }
        ),
        format!("Load average when it began: {}", read("/proc/loadavg")),
    ]
}

fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
