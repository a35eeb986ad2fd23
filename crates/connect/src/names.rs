//! A name's addresses: those that are known without asking, the cache, then both families at once.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, Ready, ready};
use hickory_resolver::proto::rr::Name;
use policy::HostName;
use tokio::time::timeout;

use crate::answer::{Answer, Family};
use crate::cache::{Bounds, Cache};
use crate::flights::{Flight, Flights};
use crate::hosts::Hosts;
use crate::servers::Servers;
use crate::{Failure, SetupError, families};

/// How names are looked up. Names are absolute: no search list, no `ndots`.
#[derive(Clone, Debug)]
pub struct DnsOptions {
    /// The name servers, asked in this order; empty: those of /etc/resolv.conf, as it is now.
    pub servers: Vec<SocketAddr>,
    /// Names with addresses of their own, instead of what the hosts file and DNS say of them. A
    /// name without addresses is looked up like any other.
    pub hosts: Vec<(HostName, Vec<IpAddr>)>,
    /// Whether the system's hosts file, as it is now, is looked into before DNS.
    pub hosts_file: bool,
    /// How long one name may take in all.
    pub timeout: Duration,
    /// How long one server may take for one question, in which UDP repeats it; less where there
    /// are so many servers that one of them would never be asked within `timeout`.
    pub query_timeout: Duration,
    /// How long an answer is kept at least, whatever its TTL. At most a day.
    pub min_ttl: Duration,
    /// How long an answer is kept at most. At most a day.
    pub max_ttl: Duration,
    /// How long a negative answer is kept at most; never longer than its SOA record says, and
    /// not at all without one (RFC 2308 §5). At most a day.
    pub max_negative_ttl: Duration,
    /// How many answers are kept, one per name and family; 0 keeps none.
    pub cache_entries: u64,
}

/// Looks names up.
pub(crate) struct Names {
    hosts: Hosts,
    asking: Arc<Asking>,
    under_way: Arc<Flights<(HostName, Family), Looked>>,
}

/// What a lookup needs, whoever it is that still waits for it.
struct Asking {
    cache: Cache,
    servers: Servers,
    timeout: Duration,
}

type Looked = Result<Answer, Failure>;

/// The answer of one family: one that was kept, or one that is awaited.
pub(crate) type Asked = Either<Ready<Looked>, Flight<Looked>>;

/// What a name leads to.
pub(crate) type Found = families::Found<Asked>;

/// A family whose answer has yet to come.
pub(crate) type Late = families::Late<Asked>;

impl Names {
    pub(crate) fn new(options: &DnsOptions) -> Result<Self, SetupError> {
        let bounds = Bounds::new(options.min_ttl, options.max_ttl, options.max_negative_ttl)?;
        let mut hosts = match options.hosts_file {
            true => Hosts::of_system()?,
            false => Hosts::default(),
        };
        hosts.replace(&options.hosts);
        let asking = Asking {
            cache: Cache::new(options.cache_entries, bounds),
            servers: Servers::new(&options.servers, options.query_timeout, options.timeout)?,
            timeout: options.timeout,
        };
        Ok(Self { hosts, asking: Arc::new(asking), under_way: Flights::new() })
    }

    /// Resolves a name: one question per family, both at once, each shared by all who ask it.
    ///
    /// What is known or kept is there at the first poll. For the rest see [`families::both`].
    pub(crate) async fn lookup(&self, host: &HostName) -> Result<Found, Failure> {
        if let Some(addrs) = self.hosts.get(host) {
            return Ok(Found { addrs: addrs.to_vec(), late: None });
        }
        families::both(self.ask(host, Family::V6), self.ask(host, Family::V4)).await
    }

    fn ask(&self, host: &HostName, family: Family) -> Asked {
        if let Some(answer) = self.asking.cache.get(host, family) {
            return Either::Left(ready(Ok(answer)));
        }
        let lookup = Arc::clone(&self.asking).look_up(host.clone(), family);
        Either::Right(self.under_way.join((host.clone(), family), lookup))
    }
}

impl Asking {
    async fn look_up(self: Arc<Self>, host: HostName, family: Family) -> Looked {
        // Between a look into the cache and this, another's lookup may have ended.
        if let Some(answer) = self.cache.get(&host, family) {
            return Ok(answer);
        }
        let name = absolute(&host)?;
        let answer = timeout(self.timeout, self.servers.lookup(&name, family))
            .await
            .unwrap_or(Err(Failure::DnsTimeout))?;
        self.cache.put(&host, family, &answer);
        Ok(answer)
    }
}

/// A name as DNS has it, absolute whatever its number of labels.
fn absolute(host: &HostName) -> Result<Name, Failure> {
    let mut name = Name::from_labels(host.as_str().split('.').map(str::as_bytes))
        .map_err(|_| Failure::NotFound)?;
    name.set_fqdn(true);
    Ok(name)
}
