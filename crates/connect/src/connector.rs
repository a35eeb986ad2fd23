//! A granted target, resolved, judged and reached.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use policy::{Candidate, Denial, Grant, Host, Judged, PermittedAddrs, Policy};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::dead::Dead;
use crate::names::{DnsOptions, Late, Names};
use crate::{Failure, SetupError, dial, own};

/// How targets are dialled.
#[derive(Clone, Debug)]
pub struct DialOptions {
    /// How long connecting may take in all, over every address.
    pub timeout: Duration,
    /// How long a target may leave what is sent to it unacknowledged.
    pub unacknowledged: Duration,
    /// The ports of the proxy's own listeners: no address of this machine is dialled on them.
    pub own_ports: Vec<u16>,
}

/// Reaches granted targets. What it remembers of names and addresses is its own: one with other
/// options starts empty.
pub struct Connector {
    pub(crate) names: Names,
    pub(crate) dial: DialOptions,
    pub(crate) dead: Dead,
}

/// What a granted target leads to.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What may be dialled; empty if everything is denied.
    pub permitted: PermittedAddrs,
    /// The judgement on each address, IPv6 first, else in the servers' order.
    pub judged: Vec<Judged>,
    /// How long resolving took; none for an IP literal.
    pub dns: Option<Duration>,
}

/// A target that was reached.
#[derive(Debug)]
pub struct Reached {
    /// The connection, its `TCP_NODELAY` set.
    pub stream: TcpStream,
    /// The address at its other end, one that policy permitted for this grant.
    pub addr: SocketAddr,
    /// How long resolving took; none for an IP literal.
    pub dns: Option<Duration>,
    /// How long connecting took.
    pub connect: Duration,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("dial", &self.dial).finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads the hosts file and resolv.conf where the options say so. Asks nothing yet.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(dns: &DnsOptions, dial: DialOptions) -> Result<Self, SetupError> {
        Ok(Self { names: Names::new(dns)?, dial, dead: Dead::default() })
    }

    /// Resolves a granted target, once, and has its addresses judged. An IP literal is judged
    /// without a lookup.
    ///
    /// A family that is slow to answer is left out unless nothing is permitted without it.
    ///
    /// # Errors
    /// Those of the lookup: [`Failure::NotFound`], [`Failure::DnsTimeout`],
    /// [`Failure::DnsFailed`], [`Failure::NoDescriptors`]. Addresses that are all denied are no
    /// error here.
    pub async fn judge(&self, policy: &Policy, grant: &Grant) -> Result<Judgement, Failure> {
        let (mut judgement, late) = self.resolve(policy, grant).await?;
        if let Some(late) = late {
            let more = match judgement.permitted.as_slice() {
                [] => late.addrs().await,
                _ => late.soon().await,
            };
            let mut addrs: Vec<IpAddr> = judgement.judged.iter().map(|one| one.ip).collect();
            addrs.extend(more);
            addrs.sort_by_key(IpAddr::is_ipv4);
            (judgement.permitted, judgement.judged) = self.permit(policy, grant, &addrs);
        }
        Ok(judgement)
    }

    /// Resolves a granted target, once, has its addresses judged, and connects to the first of
    /// the permitted ones that accepts (Happy Eyeballs, RFC 8305).
    ///
    /// A family whose answer comes late (RFC 8305 §3) joins the race when it comes, its addresses
    /// judged as well. Dropping the future gives up every attempt.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn reach(&self, policy: &Policy, grant: &Grant) -> Result<Reached, Failure> {
        let (judgement, late) = self.resolve(policy, grant).await?;
        let late = late.map(|late| async { self.permit(policy, grant, &late.addrs().await).0 });
        self.race(grant, judgement, late).await
    }

    /// Connects to the first that accepts of the addresses that a judgement permits, and of those
    /// that come late.
    pub(crate) async fn race(
        &self,
        grant: &Grant,
        judgement: Judgement,
        late: Option<impl Future<Output = PermittedAddrs>>,
    ) -> Result<Reached, Failure> {
        let Judgement { permitted, judged, dns } = judgement;
        let started = Instant::now();
        match dial::dial(permitted, late, &self.dial, &self.dead).await {
            Ok((stream, addr)) => Ok(Reached { stream, addr, dns, connect: started.elapsed() }),
            Err(Some(failure)) => Err(failure),
            Err(None) => Err(denied(grant, &judged)),
        }
    }

    async fn resolve(
        &self,
        policy: &Policy,
        grant: &Grant,
    ) -> Result<(Judgement, Option<Late>), Failure> {
        let started = Instant::now();
        let (addrs, late, dns) = match grant.target().host() {
            Host::Ip(ip) => (vec![*ip], None, None),
            Host::Name(name) => {
                let found = self.names.lookup(name).await?;
                (found.addrs, found.late, Some(started.elapsed()))
            }
        };
        let (permitted, judged) = self.permit(policy, grant, &addrs);
        Ok((Judgement { permitted, judged, dns }, late))
    }

    fn permit(
        &self,
        policy: &Policy,
        grant: &Grant,
        addrs: &[IpAddr],
    ) -> (PermittedAddrs, Vec<Judged>) {
        policy.permit(grant, &self.candidates(grant.target().port(), addrs))
    }

    /// Addresses on a port, and which of them are the proxy's own listeners.
    pub(crate) fn candidates(&self, port: u16, addrs: &[IpAddr]) -> Vec<Candidate> {
        let on_own_port = self.dial.own_ports.contains(&port);
        let candidate = |&ip| Candidate { ip, own: on_own_port && own::is_local(ip) };
        addrs.iter().map(candidate).collect()
    }
}

pub(crate) fn denied(grant: &Grant, judged: &[Judged]) -> Failure {
    judged
        .iter()
        .find_map(|one| {
            let why = one.verdict.as_ref().err()?;
            let denial = Denial::of_address(grant.target(), why);
            Some(Failure::Denied { denial, address: one.ip })
        })
        .unwrap_or(Failure::NotFound)
}
