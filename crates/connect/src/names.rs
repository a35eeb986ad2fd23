//! A name's addresses: the hosts file, the cache, then both families at once.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use hickory_resolver::proto::rr::Name;
use policy::HostName;
use tokio::time::timeout;

use crate::answer::{Answer, Family};
use crate::cache::{Bounds, Cache};
use crate::hosts::HostsFile;
use crate::servers::Servers;
use crate::{Failure, SetupError};

/// How long an answer waits for that of the other family (RFC 8305 §3, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// How long it may come late and still be of use. A question that was lost has been repeated by
/// then; a server that never answers for one family must not hold up a refusal for longer.
const LATE: Duration = Duration::from_secs(1);

const NO_ANSWER: Result<Answer, Failure> = Err(Failure::DnsTimeout);

/// How names are looked up. Names are absolute: no search list, no `ndots`.
#[derive(Clone, Debug)]
pub struct DnsOptions {
    /// The name servers, asked in this order; empty: those of /etc/resolv.conf, as it is now.
    pub servers: Vec<SocketAddr>,
    /// Whether the system's hosts file, as it is now, is looked into before DNS.
    pub hosts_file: bool,
    /// How long one name may take in all.
    pub timeout: Duration,
    /// How long one server may take for one question, in which UDP repeats it.
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
    hosts: HostsFile,
    cache: Cache,
    servers: Servers,
    timeout: Duration,
}

/// A family's answer that has yet to come.
pub(crate) type Late<'a> = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;

/// What a name leads to.
pub(crate) struct Found<'a> {
    /// Its addresses so far, IPv6 first; never empty.
    pub(crate) addrs: Vec<IpAddr>,
    /// The family that did not answer in time to be waited for.
    pub(crate) late: Option<Late<'a>>,
}

impl Names {
    pub(crate) fn new(options: &DnsOptions) -> Result<Self, SetupError> {
        let bounds = Bounds::new(options.min_ttl, options.max_ttl, options.max_negative_ttl)?;
        let hosts = match options.hosts_file {
            true => HostsFile::of_system()?,
            false => HostsFile::default(),
        };
        Ok(Self {
            hosts,
            cache: Cache::new(options.cache_entries, bounds),
            servers: Servers::new(&options.servers, options.query_timeout)?,
            timeout: options.timeout,
        })
    }

    /// Resolves a name: one question per family, both at once.
    ///
    /// A family that fails does not fail a name whose other family has addresses. Once one
    /// family has, the other is waited for no longer than the resolution delay; its answer is
    /// then [`Found::late`], which may be awaited, and is cached if it is.
    pub(crate) async fn lookup(&self, host: &HostName) -> Result<Found<'_>, Failure> {
        let name = absolute(host)?;
        let listed = self.hosts.get(&name);
        if !listed.is_empty() {
            return Ok(Found { addrs: listed, late: None });
        }
        let v6 = self.family(host.clone(), name.clone(), Family::V6);
        let v4 = self.family(host.clone(), name, Family::V4);
        let (first, mut other) = match select(v6, v4).await {
            Either::Left((v6, v4)) => (v6, v4),
            Either::Right((v4, v6)) => (v4, v6),
        };
        let second = match &first {
            Ok(Answer::Found { addrs, .. }) => match timeout(RESOLUTION_DELAY, &mut other).await {
                Ok(second) => second,
                Err(_) => {
                    let late = async { timeout(LATE, other).await.unwrap_or(NO_ANSWER) };
                    return Ok(Found { addrs: addrs.to_vec(), late: Some(Box::pin(late)) });
                }
            },
            // A negative answer is about one family, whatever its code: some servers say NXDOMAIN
            // to AAAA when they mean that there is none (RFC 4074 §4.2).
            _ => other.await,
        };
        merge(first, second)
    }

    fn family(&self, host: HostName, name: Name, family: Family) -> Late<'_> {
        Box::pin(async move {
            if let Some(answer) = self.cache.get(&host, family) {
                return Ok(answer);
            }
            let answer = timeout(self.timeout, self.servers.lookup(&name, family))
                .await
                .unwrap_or(NO_ANSWER)?;
            self.cache.put(&host, family, &answer);
            Ok(answer)
        })
    }
}

/// Both families' answers as one, IPv6 first (RFC 8305 §4).
fn merge<'a>(
    one: Result<Answer, Failure>,
    other: Result<Answer, Failure>,
) -> Result<Found<'a>, Failure> {
    let mut addrs = Vec::new();
    let mut failure = Failure::NotFound;
    for answer in [one, other] {
        match answer {
            Ok(Answer::Found { addrs: some, .. }) => addrs.extend_from_slice(&some),
            Ok(Answer::Nothing { .. }) => {}
            Err(error) => failure = failure.more_telling(error),
        }
    }
    match addrs.is_empty() {
        true => Err(failure),
        false => {
            addrs.sort_by_key(IpAddr::is_ipv4);
            Ok(Found { addrs, late: None })
        }
    }
}

/// A name as DNS has it, absolute whatever its number of labels.
fn absolute(host: &HostName) -> Result<Name, Failure> {
    let mut name = Name::from_labels(host.as_str().split('.').map(str::as_bytes))
        .map_err(|_| Failure::NotFound)?;
    name.set_fqdn(true);
    Ok(name)
}
