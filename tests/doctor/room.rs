//! Two network namespaces with a cable between them: the world, in which a case runs, and a pod.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// What this program is told when it is started inside.
pub(crate) const INSIDE: &str = "--inside";

/// The proxy's and the name server's addresses, on the cable's end in the world.
pub(crate) const PROXY: &str = "10.77.0.1";
pub(crate) const CLUSTER_DNS: &str = "10.77.0.53";
/// The API server's.
pub(crate) const API: &str = "10.96.0.1";
/// Addresses of the world.
const WORLD: [&str; 9] = [
    "8.8.8.8/32",
    "1.1.1.1/32",
    "5.6.7.8/32",
    "5.6.7.9/32",
    "5.6.7.10/32",
    "10.96.0.1/32",
    "10.77.0.53/32",
    "169.254.169.254/32",
    "127.0.0.1/8",
];
const WORLD_SIX: &str = "2606:4700:4700::1111/128";

/// What of the world the pod's packets reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cable {
    /// The proxy, the API server and the name server: there is no route to anything else.
    Enforced,
    /// The same; everything else is dropped on its way, as most NetworkPolicies have it.
    Dropping,
    /// These, and the hole for the managed jobs' check.
    WithHole,
    /// Everything.
    Open,
}

/// The pod. It ends with this.
pub(crate) struct Pod {
    holder: Child,
    _dir: TempDir,
}

/// Whether namespaces can be had here; or why not.
pub(crate) fn permitted() -> Result<(), String> {
    let tried = ["nsenter", "ip", "mount"].iter().find(|name| {
        Command::new(name).arg("--version").output().is_err()
            && Command::new(name).arg("-V").output().is_err()
    });
    if let Some(name) = tried {
        return Err(format!("{name} is not installed"));
    }
    let cable = "ip link set lo up && ip link add v0 type veth peer name v1";
    let done = unshare().args(["sh", "-c", cable]).output();
    succeeded("a namespace", done).map(drop).map_err(|why| why.trim().replace('\n', "; "))
}

/// Runs a case in a world of its own, which ends with it.
pub(crate) fn enter(case: &str) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let done = unshare().arg(program).args([INSIDE, case]).output();
    succeeded(case, done).map(drop)
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    // With its PID namespace everything in a world ends.
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    command
}

impl Pod {
    /// Furnishes the world, and makes a pod.
    pub(crate) fn new(cable: Cable) -> Self {
        for address in WORLD {
            // The loopback address comes by itself with some kernels.
            let _there = ip(&format!("address add {address} dev lo"));
        }
        furnish("link set lo up");
        furnish(&format!("-6 address add {WORLD_SIX} dev lo nodad"));
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let search = "search egress.svc.cluster.local svc.cluster.local cluster.local\n";
        let resolv = format!("nameserver {CLUSTER_DNS}\n{search}options ndots:5\n");
        let resolv = file("resolv.conf", &resolv);
        let hosts = file("hosts", "127.0.0.1 localhost\n");
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "--", "sh", "-c"])
            .arg(format!(
                "{} && {} && echo up && exec cat",
                lay(&resolv, "/etc/resolv.conf"),
                lay(&hosts, "/etc/hosts")
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let mut line = String::new();
        let mut said = BufReader::new(holder.stdout.as_mut().expect("piped"));
        said.read_line(&mut line).expect("a line");
        assert_eq!(line, "up\n", "the pod does not begin");
        let pod = Self { holder, _dir: dir };
        pod.plug(cable);
        pod
    }

    fn plug(&self, cable: Cable) {
        let pid = self.holder.id();
        furnish(&format!("link add world type veth peer name pod netns {pid}"));
        furnish("address add 10.77.0.1/24 dev world");
        furnish("-6 address add fd77::1/64 dev world nodad");
        furnish("link set world up");
        self.ip("link set lo up");
        self.ip("address add 10.77.0.2/24 dev pod");
        self.ip("-6 address add fd77::2/64 dev pod nodad");
        self.ip("link set pod up");
        match cable {
            Cable::Enforced => self.ip(&format!("route add {API}/32 via {PROXY}")),
            Cable::WithHole => {
                self.ip(&format!("route add {API}/32 via {PROXY}"));
                self.ip(&format!("route add 8.8.8.8/32 via {PROXY}"));
            }
            Cable::Open | Cable::Dropping => {
                self.ip(&format!("route add default via {PROXY}"));
                self.ip("-6 route add default via fd77::1");
            }
        }
        if cable == Cable::Dropping {
            for words in [
                "rule add pref 10 iif world to 10.0.0.0/8 lookup local",
                "rule add pref 11 iif world blackhole",
                "rule add pref 20 lookup local",
                "rule del pref 0",
                "-6 rule add pref 10 iif world to fd77::/64 lookup local",
                "-6 rule add pref 11 iif world blackhole",
                "-6 rule add pref 20 lookup local",
                "-6 rule del pref 0",
            ] {
                furnish(words);
            }
        }
    }

    fn ip(&self, words: &str) {
        let done = self.command("ip").args(words.split(' ')).output();
        if let Err(why) = succeeded(words, done) {
            panic!("in the pod, {why}");
        }
    }

    /// A command in the pod.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        let pid = self.holder.id();
        command.arg(format!("--net=/proc/{pid}/ns/net")).arg(format!("--mount=/proc/{pid}/ns/mnt"));
        command.arg("--").arg(program.as_ref());
        command
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ended_already = self.holder.kill();
        let _status = self.holder.wait();
    }
}

fn lay(file: &Path, over: &str) -> String {
    format!("mount --bind {} {over}", file.display())
}

fn furnish(words: &str) {
    if let Err(why) = ip(words) {
        panic!("{why}");
    }
}

fn ip(words: &str) -> Result<(), String> {
    let done = Command::new("ip").args(words.split(' ')).output();
    succeeded(&format!("ip {words}"), done).map(drop)
}

fn succeeded(what: &str, done: io::Result<Output>) -> Result<String, String> {
    let done = done.map_err(|error| format!("{what}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    match done.status.success() {
        true => Ok(said),
        false => Err(format!("{what}: {said}{}", String::from_utf8_lossy(&done.stderr))),
    }
}
