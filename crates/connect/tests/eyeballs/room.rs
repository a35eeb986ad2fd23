//! A network namespace with a loopback interface alone, on which addresses live and die.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// What this program is told when it is started inside.
pub(crate) const INSIDE: &str = "--inside";

/// Addresses that are there.
pub(crate) const SIX: &str = "2600:1::1";
pub(crate) const FOUR: &str = "1.0.0.1";
/// One that is there, and of a class that policy denies.
pub(crate) const PRIVATE: &str = "fd00::1";
/// Black holes: routed to a place where nobody has them, which drops every packet.
pub(crate) const LOST_SIX: &str = "2600:dead::1";
pub(crate) const LOST_FOUR: &str = "1.0.0.99";
/// Addresses to which the kernel refuses to send, each in its own way.
pub(crate) const ROUTELESS: [&str; 4] =
    ["2600:dead:1::1", "2600:dead:2::1", "2600:dead:3::1", "2600:dead:4::1"];

/// Makes the namespace what the cases expect. The last of `ROUTELESS` has no route at all.
pub(crate) fn furnish() -> Result<(), String> {
    for words in [
        "link set lo up",
        "address add 1.0.0.1/32 dev lo",
        "route add 1.0.0.99/32 dev lo",
        "-6 address add 2600:1::1/128 dev lo nodad",
        "-6 address add fd00::1/128 dev lo nodad",
        "-6 route add 2600:dead::/64 dev lo",
        "-6 route add unreachable 2600:dead:1::/64",
        "-6 route add blackhole 2600:dead:2::/64",
        "-6 route add prohibit 2600:dead:3::/64",
    ] {
        ip(words)?;
    }
    [FOUR, SIX, PRIVATE].into_iter().try_for_each(reachable)
}

/// Waits until the kernel has a route to an address of its own: for IPv6 it makes them on the side.
fn reachable(address: &str) -> Result<(), String> {
    let until = Instant::now() + Duration::from_secs(30);
    let place = SocketAddr::new(address.parse().expect("an address"), 9);
    let any = if place.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    loop {
        // Connecting a UDP socket looks for a route, and sends nothing.
        match UdpSocket::bind(any).and_then(|socket| socket.connect(place)) {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > until => return Err(format!("{address}: {error}")),
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// Runs `ip` with these words.
pub(crate) fn ip(words: &str) -> Result<(), String> {
    let done = Command::new("ip").args(words.split(' ')).output();
    succeeded(&format!("ip {words}"), done)
}

/// Whether a namespace can be had here; or why not.
pub(crate) fn permitted() -> Result<(), String> {
    enter("nothing but the furniture").map_err(|why| why.trim().replace('\n', "; "))
}

/// Runs a case in a namespace of its own, which ends with it.
pub(crate) fn enter(case: &str) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--"]).arg(program).args([INSIDE, case]);
    succeeded("unshare --net", command.output())
}

fn succeeded(what: &str, done: io::Result<Output>) -> Result<(), String> {
    let done = done.map_err(|error| format!("{what}: {error}"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("{what}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// How many connections were tried in this namespace so far: how many times a first SYN was sent.
pub(crate) fn attempts() -> usize {
    let table = std::fs::read_to_string("/proc/net/snmp").expect("Linux");
    let mut rows = table.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, counts) = (rows.next().expect("names"), rows.next().expect("counts"));
    let at = names.split(' ').position(|name| name == "ActiveOpens").expect("a count");
    counts.split(' ').nth(at).and_then(|count| count.parse().ok()).expect("a number")
}

/// How many sockets of this namespace are connecting now (state SYN_SENT).
pub(crate) fn half_open() -> usize {
    let count = |file: &str| {
        let table = std::fs::read_to_string(file).expect("Linux");
        table.lines().filter(|line| line.split_whitespace().nth(3) == Some("02")).count()
    };
    count("/proc/net/tcp") + count("/proc/net/tcp6")
}
