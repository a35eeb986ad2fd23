//! The configuration: from text to values that are ready for use, or to a list of problems.

use std::net::SocketAddr;
use std::time::Duration;

use connect::{DialOptions, DnsOptions};
use policy::{Entry, List, Mode, OwnTarget, Policy, SniRules};
use proxy::{ConnectionLimits, HeadLimits, ProxyProtocol, StrayMode, Strays, Timeouts};

use crate::clients::Clients;
use crate::log::Format;
use crate::reader::{Problem, Reader, Value, document};
use crate::yaml::Node;
use crate::{clients, doubts, entries, hosts, parent, proxy_protocol, tls};

/// The configuration that holds where no file is named.
pub(crate) const DEFAULT: &str = include_str!("../../../config/default.yaml");

/// A whole configuration, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) proxy_protocol: ProxyProtocol,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) own: Vec<OwnTarget>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) mode: Mode,
    pub(crate) clients: Clients,
    pub(crate) sni: SniRules,
    pub(crate) parent: parent::Section,
    pub(crate) strays: Strays,
    pub(crate) timeouts: Timeouts,
    pub(crate) connect_timeout: Duration,
    pub(crate) drain: Duration,
    pub(crate) connections: ConnectionLimits,
    pub(crate) pipes: usize,
    pub(crate) head: HeadLimits,
    pub(crate) dns: DnsOptions,
    pub(crate) log: Option<Format>,
    /// What is doubtful in it, but no error.
    pub(crate) warnings: Vec<Problem>,
}

impl Default for Config {
    /// What holds for every key that is left out. `config/default.yaml` writes it down; a test
    /// compares the two.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 3128))],
            proxy_protocol: ProxyProtocol::default(),
            admin: Some(SocketAddr::from(([127, 0, 0, 1], 9128))),
            own: Vec::new(),
            entries: Vec::new(),
            mode: Mode::default(),
            clients: Clients::default(),
            sni: SniRules::default(),
            parent: parent::Section::default(),
            strays: Strays::default(),
            timeouts: Timeouts {
                header: seconds(10),
                keep_alive: seconds(60),
                forward_idle: seconds(300),
                idle: seconds(3600),
                half_close: seconds(60),
                stall: seconds(300),
            },
            connect_timeout: seconds(10),
            drain: seconds(30),
            connections: ConnectionLimits { connections: 8192, per_client: 2048 },
            pipes: 128,
            head: HeadLimits { head_bytes: 32 * 1024, target_bytes: 8 * 1024, fields: 128 },
            dns: DnsOptions {
                servers: Vec::new(),
                hosts: Vec::new(),
                hosts_file: true,
                timeout: seconds(5),
                query_timeout: seconds(2),
                min_ttl: seconds(1),
                max_ttl: seconds(3600),
                max_negative_ttl: seconds(30),
                cache_entries: 4096,
            },
            log: None,
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// The rules, compiled.
    pub(crate) fn policy(&self) -> Policy {
        Policy::new(self.entries.clone(), self.own.clone())
            .with_clients(self.clients.list.clone())
            .with_mode(self.mode)
            .with_sni(self.sni.clone())
    }

    /// Every rule: those for all, then those of each client.
    pub(crate) fn all_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().chain(self.clients.list.iter().flat_map(|client| &client.entries))
    }

    /// How targets are dialled by a proxy that listens on `own_ports`.
    pub(crate) fn dial_options(&self, own_ports: Vec<u16>) -> DialOptions {
        let unacknowledged = self.unacknowledged();
        DialOptions { timeout: self.connect_timeout, unacknowledged, own_ports }
    }

    /// How long the kernel lets a peer leave bytes unacknowledged. Longer than the relay's own
    /// limit, which tells the log what happened; the kernel's is for what the relay cannot see.
    pub(crate) fn unacknowledged(&self) -> Duration {
        self.timeouts.stall + Duration::from_secs(30)
    }

    /// Whether what changed since `old` takes more than a reload.
    pub(crate) fn needs_restart(&self, old: &Self) -> bool {
        let fixed = |config: &Self| {
            let ConnectionLimits { connections, per_client } = config.connections;
            let limits = (connections, per_client, config.pipes);
            (config.listen.clone(), config.admin, config.log, limits, config.drain)
        };
        fixed(self) != fixed(old)
    }
}

/// Reads a configuration.
///
/// # Errors
/// Every problem that it has; a syntax error alone stops at the first.
pub(crate) fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    document(text, |reader, root| {
        let mut config = read(reader, root);
        config.warnings = std::mem::take(&mut reader.warnings);
        if reader.problems.is_empty() {
            config.warnings.extend(doubts::of(text, &config.entries, &config.clients.list));
        }
        config
    })
}

fn read(reader: &mut Reader<'_>, root: &Value<'_>) -> Config {
    let mut config = Config::default();
    let keys = [
        "listen",
        "proxy_protocol",
        "admin",
        "self",
        "mode",
        "allow",
        "deny",
        "clients",
        "credentials_file",
        "tls",
        "parent",
        "client_no_proxy",
        "strays",
        "timeouts",
        "limits",
        "dns",
        "log",
    ];
    let [
        listen,
        balancers,
        admin,
        own,
        mode,
        allow,
        deny,
        clients,
        credentials_file,
        tls,
        parent,
        told,
        strays,
        timeouts,
        limits,
        dns,
        log,
    ] = reader.map(root, keys);
    if let Some(value) = &listen {
        config.listen = addresses(reader, value);
        if config.listen.is_empty() && reader.problems.is_empty() {
            reader.problem(value, "name at least one address, such as 127.0.0.1:3128");
        }
    }
    if let Some(value) = &balancers {
        config.proxy_protocol = proxy_protocol::read(reader, value);
    }
    if let Some(value) = &admin {
        config.admin = match value.node {
            Node::Text(text) if text == "off" => None,
            _ => address(reader, value),
        };
    }
    if let Some(value) = &own {
        let values = reader.list(value, true);
        config.own = values.iter().filter_map(|v| reader.parsed(v, OwnTarget::parse)).collect();
    }
    for (list, value) in [(List::Allow, &allow), (List::Deny, &deny)] {
        if let Some(value) = value {
            config.entries.extend(entries::read(reader, value, list, None));
        }
    }
    if let Some(mode) = mode.and_then(|value| reader.parsed(&value, Mode::parse)) {
        config.mode = mode;
    }
    config.clients = clients::read(reader, clients.as_ref(), credentials_file.as_ref());
    if let Some(value) = &tls {
        tls::read(reader, value, &mut config.sni);
    }
    if let Some(value) = &parent {
        config.parent = parent::read(reader, value);
    }
    if let Some(value) = &told {
        config.strays.exempt = parent::no_proxy(reader, value);
    }
    if let Some(mode) = strays.and_then(|value| reader.parsed(&value, StrayMode::parse)) {
        config.strays.mode = mode;
    }
    if let Some(value) = &timeouts {
        read_timeouts(reader, value, &mut config);
    }
    if let Some(value) = &limits {
        read_limits(reader, value, &mut config);
    }
    if let Some(value) = &dns {
        read_dns(reader, value, &mut config.dns);
    }
    if let Some(value) = &log {
        config.log = reader.parsed(value, Format::parse).flatten();
    }
    config
}

fn addresses(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<SocketAddr> {
    let values = reader.list(value, true);
    values.iter().filter_map(|value| address(reader, value)).collect()
}

fn address(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<SocketAddr> {
    let text = match value.node {
        Node::Text(text) => text.as_str(),
        _ => "",
    };
    let parsed = text.parse().ok();
    if parsed.is_none() {
        reader.problem(value, "write an address with its port, such as 0.0.0.0:3128 or [::]:3128");
    }
    parsed
}

fn read_timeouts(reader: &mut Reader<'_>, value: &Value<'_>, config: &mut Config) {
    let keys = [
        "header",
        "keep_alive",
        "dns",
        "connect",
        "idle",
        "half_close",
        "stall",
        "forward_idle",
        "drain",
    ];
    let values = reader.map(value, keys);
    let timeouts = &mut config.timeouts;
    let fields = [
        &mut timeouts.header,
        &mut timeouts.keep_alive,
        &mut config.dns.timeout,
        &mut config.connect_timeout,
        &mut timeouts.idle,
        &mut timeouts.half_close,
        &mut timeouts.stall,
        &mut timeouts.forward_idle,
        &mut config.drain,
    ];
    read_each(values, fields, |value| reader.duration(value));
}

fn read_limits(reader: &mut Reader<'_>, value: &Value<'_>, config: &mut Config) {
    let keys =
        ["connections", "connections_per_client", "pipes", "head_bytes", "target_bytes", "fields"];
    let [all, per_client, pipes, head, target, fields] = reader.map(value, keys);
    let connections = &mut config.connections;
    let counts = [&mut connections.connections, &mut connections.per_client];
    read_each([all, per_client], counts, |value| reader.number(value, 1..=1_000_000));
    read_each([pipes], [&mut config.pipes], |value| reader.number(value, 0..=100_000));
    let sizes = [&mut config.head.head_bytes, &mut config.head.target_bytes];
    read_each([head, target], sizes, |value| reader.number(value, 512..=1024 * 1024));
    read_each([fields], [&mut config.head.fields], |value| reader.number(value, 8..=10_000));
}

fn read_dns(reader: &mut Reader<'_>, value: &Value<'_>, dns: &mut DnsOptions) {
    let keys = [
        "servers",
        "hosts",
        "hosts_file",
        "query_timeout",
        "min_ttl",
        "max_ttl",
        "max_negative_ttl",
        "cache_entries",
    ];
    let [servers, hosts, hosts_file, query_timeout, min_ttl, max_ttl, negative, entries] =
        reader.map(value, keys);
    if let Some(value) = &servers {
        dns.servers = name_servers(reader, value);
    }
    if let Some(value) = &hosts {
        dns.hosts = hosts::read(reader, value);
    }
    read_each([hosts_file], [&mut dns.hosts_file], |value| reader.bool(value));
    let times =
        [&mut dns.query_timeout, &mut dns.min_ttl, &mut dns.max_ttl, &mut dns.max_negative_ttl];
    let values = [query_timeout, min_ttl, max_ttl.clone(), negative];
    read_each(values, times, |value| reader.duration(value));
    let number = |value: &Value<'_>| reader.number(value, 16..=10_000_000).map(|n| n as u64);
    read_each([entries], [&mut dns.cache_entries], number);
    if dns.min_ttl > dns.max_ttl {
        reader.problem(max_ttl.as_ref().unwrap_or(value), "`max_ttl` is below `min_ttl`");
    }
}

/// Name servers, port 53 unless they say otherwise.
fn name_servers(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<SocketAddr> {
    let values = reader.list(value, true);
    let server = |text: &str| {
        let alone = text.parse().map(|ip| SocketAddr::new(ip, 53));
        text.parse().or(alone).map_err(|_| {
            let shown = text.escape_debug();
            format!("`{shown}` is not a name server's address, such as 10.0.0.2 or [fd00::2]:53")
        })
    };
    values.iter().filter_map(|value| reader.parsed(value, server)).collect()
}

/// Reads each value that is there into its field.
fn read_each<T, const N: usize>(
    values: [Option<Value<'_>>; N],
    fields: [&mut T; N],
    mut read: impl FnMut(&Value<'_>) -> Option<T>,
) {
    for (value, field) in values.into_iter().zip(fields) {
        if let Some(read) = value.and_then(|value| read(&value)) {
            *field = read;
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
