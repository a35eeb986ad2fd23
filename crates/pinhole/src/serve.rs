//! `pinhole serve`.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::SyncSender;
use std::thread::available_parallelism;

use anyhow::{Context, Result, anyhow};
use connect::Connector;
use metrics_exporter_prometheus::PrometheusHandle;
use policy::{Mode, Policy};
use proxy::{Address, BindError, Line, Listeners, Notice, Pipes, Reload, Server, Snapshot, Usage};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::timeout;

use crate::config::Config;
use crate::load;
use crate::log::{Format, Log};
use crate::routes::{self, Planned};
use crate::signals::{Asked, Signals};

/// What the command line says.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ServeArgs {
    /// The configuration file; without one, the built-in default configuration holds
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to serve clients, instead of the configuration's `listen`; may be repeated
    #[arg(long, value_name = "ADDR")]
    listen: Vec<SocketAddr>,
    /// Where to serve the admin pages, or `off`, instead of the configuration's `admin`
    #[arg(long, value_name = "ADDR")]
    admin: Option<Admin>,
    /// How to write the log, instead of the configuration's `log`
    #[arg(long, value_name = "FORMAT")]
    log: Option<Format>,
}

/// An address, or none.
#[derive(Clone, Copy, Debug)]
struct Admin(Option<SocketAddr>);

impl FromStr for Admin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self(None)),
            _ => text
                .parse()
                .map(|addr| Self(Some(addr)))
                .map_err(|_| "write an address with its port, such as 127.0.0.1:9128, or off"),
        }
    }
}

impl ServeArgs {
    /// The configuration as the command line has it.
    fn load(&self) -> Result<Config> {
        let mut config = load::config(self.config.as_deref())?;
        if !self.listen.is_empty() {
            config.listen.clone_from(&self.listen);
        }
        if let Some(Admin(admin)) = self.admin {
            config.admin = admin;
        }
        config.log = self.log.or(config.log);
        Ok(config)
    }
}

/// Serves until SIGTERM or SIGINT, and then until what is under way has ended, the drain limit
/// has passed, or a second signal comes. SIGHUP reads the configuration anew.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    let config = args.load()?;
    let prometheus = proxy::install_recorder().context("cannot set up metrics")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (sender, log) = Log::start(config.log.unwrap_or_else(Format::for_stdout));
    let served = runtime.block_on(serve(args, config, Sender(sender), prometheus));
    log.finish();
    served
}

async fn serve(
    args: &ServeArgs,
    config: Config,
    log: Sender,
    prometheus: PrometheusHandle,
) -> Result<()> {
    // One for each core that this process may use, by its affinity and its cgroup's quota.
    let workers = available_parallelism().map_or(1, NonZero::get);
    let listeners = Listeners::bind(&config.listen, config.admin, workers, config.unacknowledged())
        .map_err(|BindError { addr, error }| anyhow!("cannot listen on {addr}: {error}"))?;
    let ports = listeners.ports();
    let (addrs, admin) = (listeners.proxy_addrs(), listeners.admin_addr());
    let mut signals = Signals::new().context("cannot take over signals")?;
    let (snapshot, said) = snapshot(&config, &ports)?;
    say_of(&snapshot.policy, &config, &log);
    raise_descriptor_limit(&log, config.connections.connections);
    let (limits, drain) = (config.connections, config.drain);
    let pipes = Pipes::new(config.pipes);
    let server = Server::new(listeners, snapshot, limits, pipes, log.0.clone(), prometheus);
    said.say(&log, &config);
    for address in addrs {
        log.say(Line::Listening(Address { address }));
    }
    if let Some(address) = admin {
        log.say(Line::Admin(Address { address }));
    }
    let reload = server.reload();
    let stop = async {
        let mut current = config;
        while signals.next().await == Asked::Reload {
            if let Some(new) = reloaded(args, &current, &ports, &reload, &log) {
                current = new;
            }
        }
        log.note(format!("stopping; what is open has {}s to end", drain.as_secs()));
        signals
    };
    let drained = async |mut signals: Signals| {
        let second = async { while signals.next().await == Asked::Reload {} };
        // Whoever signals twice will not wait.
        let _either = timeout(drain, second).await;
    };
    server.run(stop, drained).await.context("cannot start a worker")?;
    log.note("stopped");
    Ok(())
}

/// What a configuration gives cause to say.
struct Said {
    notes: Vec<String>,
    warnings: Vec<String>,
}

impl Said {
    fn say(self, log: &Sender, config: &Config) {
        for warning in config.warnings.iter().map(ToString::to_string).chain(self.warnings) {
            log.warn(warning);
        }
        for note in self.notes {
            log.note(note);
        }
    }
}

fn snapshot(config: &Config, ports: &[u16]) -> Result<(Snapshot, Said)> {
    let dial = config.dial_options(ports.to_vec());
    let (policy, connector) = (config.policy(), Connector::new(&config.dns, dial)?);
    let Planned { routes, notes, warnings } = routes::plan(config, &connector, &policy)?;
    let snapshot = Snapshot {
        policy,
        connector,
        routes,
        clients: config.clients.terms(),
        usage: Usage::default(),
        strays: config.strays.clone(),
        proxy_protocol: config.proxy_protocol.clone(),
        timeouts: config.timeouts,
        head: config.head,
    };
    Ok((snapshot, Said { notes, warnings }))
}

/// Reads the configuration anew. One with problems changes nothing.
fn reloaded(
    args: &ServeArgs,
    current: &Config,
    ports: &[u16],
    reload: &Reload,
    log: &Sender,
) -> Option<Config> {
    let read = args.load().and_then(|config| Ok((snapshot(&config, ports)?, config)));
    match read {
        Ok(((snapshot, said), config)) => {
            say_of(&snapshot.policy, &config, log);
            reload.apply(snapshot);
            log.note("configuration reloaded");
            said.say(log, &config);
            if config.needs_restart(current) {
                log.warn(
                    "`listen`, `admin`, `log`, `limits.connections`, \
                     `limits.connections_per_client`, `limits.pipes` and `timeouts.drain` change \
                     at a restart only",
                );
            }
            Some(config)
        }
        Err(error) => {
            log.warn(format!("the old configuration stays in force: {error:#}"));
            None
        }
    }
}

/// What nobody should have to find out.
fn say_of(policy: &Policy, config: &Config, log: &Sender) {
    const AUDIT: &str = "what would be denied is let through, and noted; only addresses of denied \
        classes, and the proxy itself, stay denied";
    let audited = config.clients.list.iter().filter(|one| one.mode == Some(Mode::Audit));
    let audited: Vec<&str> = audited.map(|client| &*client.name).collect();
    if config.mode == Mode::Audit {
        log.warn(format!("mode: audit: {AUDIT}"));
    } else if !audited.is_empty() {
        log.warn(format!("mode: audit for {}: {AUDIT}", audited.join(", ")));
    } else if policy.allows_nothing() {
        log.warn("the allowlist is empty: every request is denied");
    }
}

/// Every tunnel takes two descriptors. The soft limit is often far below what the machine gives.
fn raise_descriptor_limit(log: &Sender, connections: usize) {
    let needed = connections as u64 * 2 + 64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if enough(current) {
        return;
    }
    let raised = Rlimit { current: maximum, maximum };
    if setrlimit(Resource::Nofile, raised).is_err() || !enough(maximum) {
        let have = maximum.or(current).unwrap_or_default();
        log.warn(format!(
            "{have} descriptors are too few for {connections} connections, which may need \
             {needed}: raise the limit of open files, or lower limits.connections"
        ));
    }
}

/// Where the program's own lines go. A full queue drops them, as it does records.
struct Sender(SyncSender<Line>);

impl Sender {
    fn say(&self, line: Line) {
        let _dropped_when_full = self.0.try_send(line);
    }

    fn note(&self, message: impl Into<String>) {
        self.say(Line::Notice(Notice::now(message)));
    }

    fn warn(&self, message: impl Into<String>) {
        self.say(Line::Warning(Notice::now(message)));
    }
}
