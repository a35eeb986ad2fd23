//! The name servers, and one family of a name asked of them. The only place that resolves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequestOptions, Query, ResponseCode};
use hickory_resolver::proto::rr::Name;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig, system_conf};

use crate::answer::{self, Answer, Family, Reply};
use crate::{Failure, SetupError};

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// How many CNAMEs are followed from one name, over all replies.
const MAX_CNAMES: usize = 16;
/// How often the list of servers is gone through. Only those that kept silent are asked again.
const ROUNDS: usize = 2;

/// The name servers.
///
/// One pool per server, and not hickory's `Resolver` over all: that one takes SERVFAIL from the
/// quickest server for everybody's answer, answers `localhost`, `.invalid` and `.onion` by
/// itself, and looks into the hosts file for one family at a time.
///
/// hickory spawns a task per connection to a server, on the runtime of the question that made
/// it. That cannot be avoided; the task ends with its pool.
pub(crate) struct Servers {
    pools: Vec<NameServerPool<TokioRuntimeProvider>>,
    /// The last server that answered, which is asked first.
    preferred: AtomicUsize,
}

impl Servers {
    /// The given servers; the system's if none are given. Never any other. Each has so long for
    /// one question that the last of them is still asked within the time of a whole lookup.
    pub(crate) fn new(
        servers: &[SocketAddr],
        per_query: Duration,
        whole: Duration,
    ) -> Result<Self, SetupError> {
        let servers = match servers {
            [] => system_servers()?,
            some => some.iter().copied().map(server).collect(),
        };
        let mut options = ResolverOpts::default();
        options.timeout = per_query.min(share(whole, servers.len()));
        // Of TCP alone, where a full connection would mean that a question waits.
        options.max_active_requests = 1024;
        let pools = servers
            .into_iter()
            .map(|server| {
                let tls = TlsConfig::new().map_err(|e| SetupError::Resolver(e.to_string()))?;
                let context = Arc::new(PoolContext::new(options.clone(), tls));
                Ok(NameServerPool::from_config([server], context, TokioRuntimeProvider::default()))
            })
            .collect::<Result<_, SetupError>>()?;
        Ok(Self { pools, preferred: AtomicUsize::new(0) })
    }

    /// Looks up one family of an absolute name, through its CNAMEs.
    pub(crate) async fn lookup(&self, name: &Name, family: Family) -> Result<Answer, Failure> {
        let mut name = name.clone();
        let mut least = Duration::MAX;
        let mut cnames = 0;
        loop {
            let query = Query::query(name.clone(), family.record_type());
            let reply = match self.ask(query).await? {
                Reply::Records(reply) => reply,
                Reply::Nothing { ttl } => {
                    return Ok(Answer::Nothing { ttl: ttl.map(|ttl| ttl.min(least)) });
                }
            };
            let before = cnames;
            while let Some((target, ttl)) = answer::cname(&reply, &name) {
                cnames += 1;
                if cnames > MAX_CNAMES {
                    return Err(Failure::DnsFailed);
                }
                least = least.min(ttl);
                name = target;
            }
            let (addrs, ttl) = answer::addresses(&reply, &name, family);
            if !addrs.is_empty() {
                return Ok(Answer::Found { addrs: addrs.into(), ttl: least.min(ttl) });
            }
            // A resolver that followed the CNAMEs says by a SOA record that nothing is there;
            // one that did not is asked for what they lead to.
            let ttl = answer::negative_ttl(&reply);
            let ended = ttl.is_some() || reply.response_code == ResponseCode::NXDomain;
            if ended || cnames == before {
                return Ok(Answer::Nothing { ttl: ttl.map(|ttl| ttl.min(least)) });
            }
        }
    }

    /// Asks the servers in turn, until one answers.
    async fn ask(&self, query: Query) -> Result<Reply, Failure> {
        let mut turn: Vec<usize> = (0..self.pools.len()).collect();
        turn.rotate_left(self.preferred.load(Ordering::Relaxed));
        let mut failure = Failure::DnsTimeout;
        for _ in 0..ROUNDS {
            let mut silent = Vec::new();
            for server in turn {
                #[expect(clippy::disallowed_methods, reason = "the one place that resolves")]
                let reply = self.pools[server]
                    .lookup(query.clone(), DnsRequestOptions::default())
                    .first_answer()
                    .await;
                match Reply::read(reply, &query) {
                    Ok(reply) => {
                        self.preferred.store(server, Ordering::Relaxed);
                        return Ok(reply);
                    }
                    Err(Failure::DnsTimeout) => silent.push(server),
                    Err(other) => failure = failure.more_telling(other),
                }
            }
            turn = silent;
        }
        Err(failure)
    }
}

/// What each of the servers may take so that all of them are asked in time.
fn share(whole: Duration, servers: usize) -> Duration {
    whole / u32::try_from(servers.max(1)).unwrap_or(u32::MAX)
}

/// A server at a port of its own, by UDP, and by TCP where its answer is truncated (RFC 7766).
fn server(at: SocketAddr) -> NameServerConfig {
    let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = at.port();
    }
    NameServerConfig::new(at.ip(), true, connections.into())
}

fn system_servers() -> Result<Vec<NameServerConfig>, SetupError> {
    std::fs::read(RESOLV_CONF)
        .map_err(|e| SetupError::NoServers(e.to_string()))
        .and_then(|text| servers_in(&text))
}

/// The servers of a resolv.conf. Its search list and `ndots` are left where they are: every name
/// is absolute here.
fn servers_in(resolv_conf: &[u8]) -> Result<Vec<NameServerConfig>, SetupError> {
    let (config, _) = system_conf::parse_resolv_conf(resolv_conf)
        .map_err(|e| SetupError::NoServers(e.to_string()))?;
    match config.name_servers.is_empty() {
        true => Err(SetupError::NoServers("it lists none".to_owned())),
        false => Ok(config.name_servers),
    }
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
