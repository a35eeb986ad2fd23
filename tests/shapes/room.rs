//! A place for one shape: namespaces of its own, which end with everything in them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What this program is told when it is started inside.
pub(crate) const INSIDE: &str = "--inside";

/// How long one may take, in seconds: many times what it needs.
const PATIENCE: &str = "300";
const TOOLS: [&str; 9] =
    ["unshare", "timeout", "mount", "sh", "ip", "nft", "nsenter", "curl", "ping"];

/// What a kernel or a sandbox may not permit, each once.
const PROBE: &str = "mount -t tmpfs tmpfs /run && ip netns add a && ip netns add b &&
ip link add name b netns a type veth peer name up netns b &&
ip netns exec a sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' &&
ip netns exec a nft 'add table inet t;
add chain inet t c { type filter hook forward priority 0; };
add set inet t s { type ipv4_addr; size 8; flags dynamic; };
add rule inet t c ct state new add @s { ip saddr };
add table ip n;
add chain ip n c { type nat hook prerouting priority -100; };
add rule ip n c tcp dport 1 dnat to 10.0.0.1'";

/// Why no room can be had here, if so.
pub(crate) fn closed() -> Option<String> {
    if let Some(name) = TOOLS.into_iter().find(|name| on_path(name).is_none()) {
        return Some(format!("{name} is not installed"));
    }
    let why = output(unshare().args(["sh", "-c", PROBE])).err()?;
    Some(format!("no namespaces with nftables are permitted: {}", why.trim().replace('\n', "; ")))
}

/// Runs this program inside, on a shape. Hands out what it printed.
pub(crate) fn enter(shape: &str) -> Result<String, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    output(unshare().arg(program).args([INSIDE, shape]))
}

fn unshare() -> Command {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", PATIENCE, "unshare"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    // Whoever is killed leaves nothing behind: this is the room's own.
    command.env("TMPDIR", "/run").stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Result<String, String> {
    let ran = command.output().map_err(|error| format!("timeout: {error}"))?;
    match ran.status.success() {
        true => Ok(String::from_utf8_lossy(&ran.stdout).into_owned()),
        false => Err(format!("{}: {}", ran.status, String::from_utf8_lossy(&ran.stderr))),
    }
}

/// A program on the machine.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// A command in one of the namespaces.
pub(crate) fn within(namespace: &str, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{namespace}")).arg("--").arg(program.as_ref());
    command.stdin(Stdio::null());
    command
}

/// Runs a command, which must succeed.
pub(crate) fn run(command: &mut Command) -> String {
    let ran = command.output().expect("a program");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}: {said}");
    String::from_utf8(ran.stdout).expect("UTF-8")
}
