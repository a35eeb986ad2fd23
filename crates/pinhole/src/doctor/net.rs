//! The network as this machine sees it, without any proxy: names, connections, one DNS question.
//!
//! It is the only part of the program that dials what no policy has permitted: that is what is to
//! be found out. Nothing is sent on a connection that was made here but by `ask` and `hello`.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use connect::{Connector, DialOptions, DnsOptions, Failure};
use policy::{
    Authority, Entry, Host, HostName, HostPattern, List, Matcher, Overrides, Place, Policy,
    PortSet, Who,
};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

use super::machine::Machine;

/// How long one name may take.
const NAME: Duration = Duration::from_secs(5);
/// How long a connection may take: a first SYN that is lost is repeated after a second.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a DNS answer may take.
const DNS: Duration = Duration::from_secs(3);
/// How many domains of a search list are tried.
const MAX_SEARCH: usize = 8;

pub(super) struct Net {
    /// Or why no name can be looked up here.
    names: Result<Connector, String>,
    search: Search,
    /// When everything must be done.
    pub(super) until: Instant,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    Reached,
    /// Nobody there, or kept from it: how it showed.
    Closed(String),
    /// There was no time left for it.
    NoTime,
}

impl Net {
    pub(super) fn new(machine: &Machine, until: Instant) -> Self {
        let dns = DnsOptions {
            servers: Vec::new(),
            hosts: Vec::new(),
            hosts_file: true,
            timeout: NAME,
            query_timeout: NAME,
            min_ttl: Duration::ZERO,
            max_ttl: NAME,
            max_negative_ttl: NAME,
            cache_entries: 1024,
        };
        let dial = DialOptions { timeout: CONNECT, unacknowledged: CONNECT, own_ports: Vec::new() };
        let names = Connector::new(&dns, dial).map_err(|error| error.to_string());
        let search = Search::parse(&machine.text("/etc/resolv.conf").unwrap_or_default());
        Self { names, search, until }
    }

    /// What a name leads to, IPv6 first: as it is where `absolute`, else by the search list, too,
    /// as the C library of this machine's clients does it.
    pub(super) async fn lookup(
        &self,
        name: &HostName,
        absolute: bool,
    ) -> Result<Vec<IpAddr>, String> {
        let names = match absolute {
            true => vec![name.as_str().to_owned()],
            false => self.search.names(name.as_str()),
        };
        let mut failure = Failure::NotFound;
        for name in names {
            let Ok(name) = HostName::parse(name.as_bytes()) else { continue };
            match self.ask(&name).await? {
                Ok(addrs) if !addrs.is_empty() => return Ok(addrs),
                Ok(_) => failure = Failure::NotFound,
                // Who kept silent would do so for the other names, too.
                Err(Failure::DnsTimeout) => return Err(Failure::DnsTimeout.to_string()),
                Err(why) => failure = why,
            }
        }
        Err(failure.to_string())
    }

    /// One absolute name. The outer error is this machine's.
    async fn ask(&self, name: &HostName) -> Result<Result<Vec<IpAddr>, Failure>, String> {
        let connector = self.names.as_ref().map_err(Clone::clone)?;
        let target = Authority::parse(format!("{name}:443").as_bytes());
        let target = target.map_err(|error| error.to_string())?;
        let policy = all_of(name);
        let grant = policy.decide(Who::OTHER, &target).map_err(|denial| denial.to_string())?;
        Ok(match timeout_at(self.until, connector.judge(&policy, &grant)).await {
            // Whatever the judgement is: nothing here is a proxy's client.
            Ok(Ok(judgement)) => Ok(judgement.judged.iter().map(|one| one.ip).collect()),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::DnsTimeout),
        })
    }

    /// What a host leads to, as [`Net::lookup`] has it.
    pub(super) async fn addresses(
        &self,
        host: &Host,
        absolute: bool,
    ) -> Result<Vec<IpAddr>, String> {
        match host {
            Host::Ip(ip) => Ok(vec![*ip]),
            Host::Name(name) => self.lookup(name, absolute).await,
        }
    }

    /// A connection to one of the addresses, tried in turn.
    pub(super) async fn connect(
        &self,
        addrs: &[SocketAddr],
    ) -> Result<(TcpStream, SocketAddr), String> {
        let mut failure = String::from("there is no address to try");
        for &addr in addrs {
            match self.dial(addr).await {
                Ok(stream) => return Ok((stream, addr)),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    async fn dial(&self, addr: SocketAddr) -> Result<TcpStream, String> {
        #[expect(clippy::disallowed_methods, reason = "what no policy permits is tried on purpose")]
        let connecting = TcpStream::connect(addr);
        match timeout_at(self.deadline(CONNECT), connecting).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(|error| said(&error))?;
                Ok(stream)
            }
            Ok(Err(error)) => Err(said(&error)),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// Whether a connection can be made past every proxy.
    pub(super) async fn try_tcp(&self, addr: SocketAddr) -> Tried {
        if self.is_over() {
            return Tried::NoTime;
        }
        match self.dial(addr).await {
            Ok(_) => Tried::Reached,
            Err(why) => self.closed(why),
        }
    }

    /// What was given up for want of time says nothing of the way.
    pub(super) fn closed(&self, why: String) -> Tried {
        if self.is_over() { Tried::NoTime } else { Tried::Closed(why) }
    }

    /// Whether a name server answers there: one question for the root's own, which says nothing of
    /// who asks.
    pub(super) async fn try_dns(&self, server: SocketAddr) -> Tried {
        if self.is_over() {
            return Tried::NoTime;
        }
        match timeout_at(self.deadline(DNS), question(server)).await {
            Ok(Ok(())) => Tried::Reached,
            Ok(Err(error)) => Tried::Closed(said(&error)),
            Err(_) => self.closed("no answer".to_owned()),
        }
    }

    /// The address of this machine that packets to another would have. Nothing is sent.
    pub(super) async fn own_address(&self, towards: SocketAddr) -> Option<IpAddr> {
        let socket = UdpSocket::bind(any(towards)).await.ok()?;
        socket.connect(towards).await.ok()?;
        Some(socket.local_addr().ok()?.ip())
    }

    /// So long from now, but no longer than everything may take.
    pub(super) fn deadline(&self, after: Duration) -> Instant {
        self.until.min(Instant::now() + after)
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

async fn question(server: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind(any(server)).await?;
    socket.connect(server).await?;
    // The keys of a hash map's hasher are the one source of randomness that std has.
    let id = RandomState::new().hash_one(server).to_be_bytes();
    // One question, recursion desired: the root, NS, IN.
    let query = [id[0], id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];
    socket.send(&query).await?;
    let mut answer = [0; 512];
    loop {
        let length = socket.recv(&mut answer).await?;
        // A response to this, whatever it says.
        if length >= 12 && answer[..2] == id[..2] && answer[2] & 0x80 != 0 {
            return Ok(());
        }
    }
}

fn any(towards: SocketAddr) -> SocketAddr {
    let ip = match towards {
        SocketAddr::V4(_) => IpAddr::from([0; 4]),
        SocketAddr::V6(_) => IpAddr::from([0; 16]),
    };
    SocketAddr::new(ip, 0)
}

/// A policy that grants one name, so that it is looked up.
fn all_of(name: &HostName) -> Policy {
    let entry = Entry {
        place: Place { client: None, list: List::Allow, index: 0 },
        matcher: Matcher::Host(HostPattern::Exact(name.clone())),
        ports: Some(PortSet::all()),
        overrides: Overrides::default(),
    };
    Policy::new(vec![entry], Vec::new())
}

fn said(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => "refused".to_owned(),
        Kind::ConnectionReset | Kind::ConnectionAborted => "reset".to_owned(),
        Kind::TimedOut => "no answer".to_owned(),
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
            "no route".to_owned()
        }
        Kind::PermissionDenied => "forbidden by this machine".to_owned(),
        Kind::AddrNotAvailable | Kind::Unsupported => "no such network here".to_owned(),
        kind => kind.to_string(),
    }
}

/// The search list of a resolv.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    domains: Vec<String>,
    ndots: usize,
}

impl Search {
    /// Reads it as resolv.conf(5) has it: the last list holds.
    pub(super) fn parse(text: &str) -> Self {
        let mut this = Self { domains: Vec::new(), ndots: 1 };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("search" | "domain") => {
                    this.domains = words.take(MAX_SEARCH).map(str::to_owned).collect();
                }
                Some("options") => {
                    let mut ndots =
                        words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok());
                    this.ndots = ndots.next_back().unwrap_or(this.ndots);
                }
                _ => {}
            }
        }
        this
    }

    /// The absolute names that a name may stand for, in the order in which they are tried.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let below = |domain: &String| format!("{name}.{}", domain.trim_matches('.'));
        let searched = self.domains.iter().filter(|domain| *domain != ".").map(below);
        let is_full = name.matches('.').count() >= self.ndots;
        let itself = [name.to_owned()];
        match is_full {
            true => itself.into_iter().chain(searched).collect(),
            false => searched.chain(itself).collect(),
        }
    }
}

#[cfg(test)]
#[path = "net_tests.rs"]
mod tests;
