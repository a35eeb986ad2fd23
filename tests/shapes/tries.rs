//! What is tried, and what comes of it.

use std::process::{Command, Output, Stdio};
use std::thread;

use crate::knock::KNOCK;
use crate::outside::{DENIED, PAGE, REGISTRY};
use crate::room::within;
use crate::shapes::Shape;
use crate::site::{HOST_A, OUTSIDE, OUTSIDE_SIX};

/// Somebody who tries something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    pub(crate) name: &'static str,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// A URL by the proxy, from a namespace.
    Proxied(&'static str, &'static str, &'static str),
    /// The registry without it.
    Direct(&'static str, &'static str, &'static str),
    Knock(&'static str, &'static str),
    Ping(&'static str),
    /// The proxy's admin pages, for the pod.
    Admin,
    /// The same, for whoever watches the proxy.
    Watch,
}

const fn of(name: &'static str, how: How) -> Try {
    Try { name, how }
}

/// What a pod without a proxy would do.
pub(crate) const DIRECT: [Try; 8] = [
    of("directly: https", How::Direct("pod", "https", OUTSIDE)),
    of("directly: https by IPv6", How::Direct("pod", "https", "[2600:1::1]")),
    of("directly: http", How::Direct("pod", "http", OUTSIDE)),
    of("directly: DNS by UDP", How::Knock("udp", "1.0.0.1:53")),
    of("directly: DNS by TCP", How::Knock("tcp", "1.0.0.1:53")),
    of("directly: UDP 443, as QUIC", How::Knock("udp", "1.0.0.1:443")),
    of("directly: ping", How::Ping(OUTSIDE)),
    of("directly: ping by IPv6", How::Ping(OUTSIDE_SIX)),
];

/// What it does with one.
pub(crate) const PROXIED: [Try; 6] = [
    of("by the proxy: https, allowed", How::Proxied("pod", "https", REGISTRY)),
    of("by the proxy: http, allowed", How::Proxied("pod", "http", REGISTRY)),
    of("by the proxy: https, not allowed", How::Proxied("pod", "https", DENIED)),
    of("by the proxy: http, not allowed", How::Proxied("pod", "http", DENIED)),
    of("by the proxy: the node", How::Proxied("pod", "https", HOST_A)),
    of("the proxy's admin pages", How::Admin),
];

/// What others do.
pub(crate) const OTHERS: [Try; 4] = [
    of("a pod without a policy, by the proxy", How::Proxied("other", "https", REGISTRY)),
    of("a pod without a policy, directly", How::Direct("other", "https", OUTSIDE)),
    of("the node itself, directly", How::Direct("host-a", "https", OUTSIDE)),
    of("who watches it: its admin pages", How::Watch),
];

/// All are tried at once. Each comes out as `200` or `403`, as the proxy says; `yes` or `no`.
pub(crate) fn all<'a>(
    shape: &Shape,
    ca: &str,
    tries: impl IntoIterator<Item = (Try, &'a str)>,
) -> Vec<(&'static str, String)> {
    thread::scope(|scope| {
        let tries: Vec<_> = tries
            .into_iter()
            .map(|(one, expected)| {
                // What is expected is waited for; what is not expected would come soon.
                let seconds = if expected == "no" { "2" } else { "20" };
                (one.name, scope.spawn(move || one.outcome(shape, ca, seconds)))
            })
            .collect();
        tries.into_iter().map(|(name, one)| (name, one.join().expect("no panic"))).collect()
    })
}

impl Try {
    fn outcome(&self, shape: &Shape, ca: &str, seconds: &str) -> String {
        match self.how {
            How::Proxied(from, scheme, host) => {
                let mut command = curl(from, ca, seconds);
                command.args(["--proxy", &format!("http://{}:3128", shape.address)]);
                command.args(["--write-out", "%{stderr}%{http_connect} %{http_code}"]);
                by_proxy(scheme, &ran(command.arg(format!("{scheme}://{host}/"))))
            }
            How::Direct(from, scheme, address) => {
                let mut command = curl(from, ca, seconds);
                let port = if scheme == "https" { 443 } else { 80 };
                command.args(["--resolve", &format!("{REGISTRY}:{port}:{address}")]);
                let ran = ran(command.arg(format!("{scheme}://{REGISTRY}/")));
                yes(ran.status.success() && ran.stdout == PAGE.as_bytes())
            }
            How::Knock(how, at) => {
                let program = std::env::current_exe().expect("a path");
                let mut command = within("pod", program);
                yes(ran(command.args([KNOCK, how, at, seconds])).status.success())
            }
            How::Ping(address) => {
                let mut command = within("pod", "ping");
                command.args(["-n", "-c", "1", "-W", seconds, address]);
                yes(ran(&mut command).status.success())
            }
            How::Admin => admin("pod", shape.admin, ca, seconds),
            How::Watch => admin(shape.watch.0, shape.watch.1, ca, seconds),
        }
    }
}

fn admin(from: &str, address: &str, ca: &str, seconds: &str) -> String {
    let mut command = curl(from, ca, seconds);
    let ran = ran(command.arg("--fail").arg(format!("http://{address}:9128/metrics")));
    yes(ran.status.success() && ran.stdout.starts_with(b"#"))
}

/// A real client. Nothing of the machine's, of which the room is no part, is to matter to it.
fn curl(from: &str, ca: &str, seconds: &str) -> Command {
    let mut command = within(from, "curl");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.args(["-q", "--silent", "--max-time", seconds, "--cacert", ca]);
    command
}

/// Whether it was served, or what the proxy has said instead.
fn by_proxy(scheme: &str, ran: &Output) -> String {
    let said = String::from_utf8_lossy(&ran.stderr);
    let (connect, code) = said.split_once(' ').unwrap_or_default();
    match (scheme, connect, code) {
        ("https", "200", "200") | ("http", _, "200") if ran.stdout == PAGE.as_bytes() => "200",
        ("https", "403", _) | ("http", _, "403") => "403",
        _ => "no",
    }
    .to_owned()
}

fn yes(reached: bool) -> String {
    if reached { "yes" } else { "no" }.to_owned()
}

fn ran(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("a program")
}
