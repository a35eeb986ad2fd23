//! Starts one proxy, on its core and as an unprivileged user, and ends it.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::peer::{Kind, Peer};
use crate::load::{Scenario, Via};
use crate::process::Tree;
use crate::{Failure, awake, cores};

/// Root may have as many pipes as it likes, and a proxy is not run as root: `nobody`.
const USER: u32 = 65_534;
/// Below the range that the kernel picks from for outgoing connections.
const FIRST_PORT: u16 = 21_000;
const PORTS: u16 = 2_900;
/// How long a proxy may take to serve.
const START: Duration = Duration::from_secs(20);
/// How long it may take to end before it is killed.
const END: Duration = Duration::from_secs(2);
/// Tunnels that one process of apache2 has descriptors for: each takes three.
const TUNNELS_OF_A_PROCESS: usize = 6_000;
/// Threads that a process of apache2 has beyond one per tunnel.
const SPARE_THREADS: usize = 100;

/// Where proxies are started.
#[derive(Debug)]
pub(crate) struct Yard {
    dir: PathBuf,
    envoy: String,
    next_port: u16,
    keep: bool,
}

impl Yard {
    /// A new temporary directory, with copies of our own programs which anybody may run.
    pub(crate) fn new(envoy: Option<&str>, keep: bool) -> Result<Self, Failure> {
        let dir = std::env::temp_dir().join(format!("pinhole-bench-{}", std::process::id()));
        fs::create_dir(&dir)?;
        let own = std::env::current_exe()?;
        for name in ["pinhole", "pinhole-bench"] {
            fs::copy(own.with_file_name(name), dir.join(name))?;
        }
        let envoy = envoy.unwrap_or("envoy").to_owned();
        Ok(Self { dir, envoy, next_port: FIRST_PORT, keep })
    }

    fn replace(&self, text: &str, site: &Site) -> String {
        let processes = site.scenario.connections().div_ceil(TUNNELS_OF_A_PROCESS);
        let threads = site.scenario.connections().div_ceil(processes) + SPARE_THREADS;
        text.replace("@DIR@", &site.dir.to_string_lossy())
            .replace("@BIN@", &self.dir.to_string_lossy())
            .replace("@ENVOY@", &self.envoy)
            .replace("@PORT@", &site.address.port().to_string())
            .replace("@PARENT_PORT@", &site.parent.port().to_string())
            .replace("@TARGET@", &site.target.to_string())
            .replace("@TLS_PORT@", &site.tls_port().to_string())
            .replace("@PROCESSES@", &processes.to_string())
            .replace("@THREADS@", &threads.to_string())
            .replace("@ALL_THREADS@", &(threads * processes).to_string())
    }

    /// What a proxy says of its version.
    pub(crate) fn version(&self, peer: &Peer) -> Option<String> {
        let program = peer.program.replace("@BIN@", &self.dir.to_string_lossy());
        let program = program.replace("@ENVOY@", &self.envoy);
        let told = Command::new(program).args(peer.version).output().ok()?;
        let text = [told.stdout, told.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        // Programs wrap it in their name, their path, a commit or a date.
        let mut words = text.split(|c: char| c.is_whitespace() || c == '/');
        let number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
        words.find(|word| number(word) && word.contains('.')).map(str::to_owned)
    }

    /// Starts a proxy and waits until it has served a first tunnel.
    pub(crate) fn start(
        &mut self,
        peer: &Peer,
        scenario: Scenario,
        target: SocketAddr,
    ) -> Result<Running, Failure> {
        let dir = self.dir.join(format!("{}.run", peer.name.replace(' ', "-")));
        let _not_there = fs::remove_dir_all(&dir);
        fs::create_dir(&dir)?;
        let (address, parent) = (self.free_port()?, self.free_port()?);
        let site = Site { dir, address, parent, target, scenario };
        for (name, content) in peer.files {
            let path = site.dir.join(name);
            fs::write(&path, self.replace(content, &site))?;
        }
        if rustix::process::geteuid().is_root() {
            give_away(&site.dir)?;
        }
        // Where the load runs, and in a process group of its own: its cost is not what is measured.
        let parent = match peer.kind {
            Kind::Chained => {
                let arguments = ["serve", "--config", "@DIR@/parent.yaml", "--log", "json"];
                Some(Group(self.spawn(peer.program, &arguments, cores::LOAD, &site)?))
            }
            _ => None,
        };
        let process = Group(self.spawn(peer.program, peer.arguments, cores::PROXY, &site)?);
        let via = match peer.kind {
            Kind::Pinhole | Kind::Unchecked | Kind::Chained | Kind::Connect => {
                Via::Connect(site.address)
            }
            Kind::Relay | Kind::Floor => Via::Relay(site.address),
        };
        let mut running = Running { process, _parent: parent, via };
        running.wait_until_it_serves(&site)?;
        Ok(running)
    }

    /// Starts a program on a core, in a process group of its own.
    fn spawn(
        &self,
        program: &str,
        arguments: &[&str],
        core: usize,
        site: &Site,
    ) -> Result<Child, Failure> {
        let errors = site.dir.join("errors");
        let output = File::options().create(true).append(true).open(errors)?;
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &core.to_string(), "setpriv", "--pdeathsig", "KILL"]);
        if rustix::process::geteuid().is_root() {
            let user = USER.to_string();
            command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
        }
        command.arg(self.replace(program, site));
        command.args(arguments.iter().map(|argument| self.replace(argument, site)));
        Ok(command
            .current_dir(&site.dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()?)
    }

    /// An address that nobody listens on, and that no earlier proxy had for a good while.
    fn free_port(&mut self) -> Result<SocketAddr, Failure> {
        for _ in 0..PORTS {
            let address = SocketAddr::from(([127, 0, 0, 1], self.next_port));
            self.next_port = FIRST_PORT + (self.next_port + 1 - FIRST_PORT) % PORTS;
            if TcpListener::bind(address).is_ok() {
                return Ok(address);
            }
        }
        Err("no free port for a proxy".into())
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        if !self.keep {
            let _left_behind = fs::remove_dir_all(&self.dir);
        }
    }
}

/// One start's circumstances.
struct Site {
    dir: PathBuf,
    address: SocketAddr,
    /// Where a parent may listen.
    parent: SocketAddr,
    target: SocketAddr,
    scenario: Scenario,
}

impl Site {
    /// The port on which pinhole expects TLS.
    fn tls_port(&self) -> u16 {
        if self.scenario == Scenario::ShortTls { self.target.port() } else { 443 }
    }
}

fn give_away(dir: &Path) -> io::Result<()> {
    chown(dir, Some(USER), Some(USER))?;
    for entry in fs::read_dir(dir)? {
        chown(entry?.path(), Some(USER), Some(USER))?;
    }
    Ok(())
}

/// A proxy that runs. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    process: Group,
    /// What the proxy needs to run beside it.
    _parent: Option<Group>,
    pub(crate) via: Via,
}

impl Running {
    pub(crate) fn tree(&self) -> Tree {
        Tree::new(self.process.0.id())
    }

    fn wait_until_it_serves(&mut self, site: &Site) -> Result<(), Failure> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.process.0.try_wait()? {
                return Err(format!("does not start ({status}): {}", last_words(site)).into());
            }
            let first = awake::block_on(self.first(site), START);
            match first {
                Ok(_) => break,
                Err(error) if begin.elapsed() > START => {
                    return Err(format!("does not serve: {error}; {}", last_words(site)).into());
                }
                Err(_) => sleep(Duration::from_millis(50)),
            }
        }
        sleep(Duration::from_millis(200));
        self.tree().pin(cores::PROXY)?;
        Ok(())
    }

    /// A first tunnel, or a first connection where the origin speaks HTTP itself.
    async fn first(&self, site: &Site) -> Result<(), Failure> {
        match site.scenario {
            Scenario::Get => drop(tokio::net::TcpStream::connect(self.via.address()).await?),
            Scenario::ShortTls => drop(self.via.open_by_name(site.target).await?),
            _ => drop(self.via.open(site.target).await?),
        }
        Ok(())
    }
}

/// A process that leads its own process group. The group ends when this is dropped.
#[derive(Debug)]
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.0);
        let _ended_already = kill_process_group(group, Signal::TERM);
        let begin = Instant::now();
        while begin.elapsed() < END && matches!(self.0.try_wait(), Ok(None)) {
            sleep(Duration::from_millis(10));
        }
        let _all_gone = kill_process_group(group, Signal::KILL);
        let _status = self.0.wait();
    }
}

/// The end of what a proxy wrote to standard error.
fn last_words(site: &Site) -> String {
    let text = fs::read(site.dir.join("errors")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<&str> = text.lines().rev().take(2).collect();
    lines.reverse();
    lines.join(" / ")
}
