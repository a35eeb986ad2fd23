//! The ways past the proxy: where one of them leads out, nothing is enforced.

use std::net::{IpAddr, SocketAddr};

use futures_util::future::join3;
use futures_util::stream::{self, StreamExt};
use policy::{AddressClass, Authority, Host};

use super::check::{Check, Verdict};
use super::net::{Net, Tried};
use super::plan::{NETWORK_CHECK, Plan};

/// How many attempts are under way at once.
const AT_ONCE: usize = 32;
const HTTPS: u16 = 443;
const DNS: u16 = 53;

/// What came of all attempts.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    /// To addresses outside, at port 443.
    pub(super) outside: Vec<(IpAddr, Tried)>,
    /// To name servers outside.
    dns: Vec<(IpAddr, Tried)>,
    /// To what is needed, by the addresses that this machine's name servers tell.
    targets: Vec<(Authority, Found)>,
}

/// What a name led to.
#[derive(Clone, Debug)]
enum Found {
    Addresses(Vec<(IpAddr, Tried)>),
    /// Nothing outside: why.
    Nothing(String),
    NoTime,
    /// An address that is tried elsewhere, or lies inside.
    Elsewhere,
}

/// Tries all of them.
pub(super) async fn try_all(net: &Net, plan: &Plan) -> Ways {
    let mut names: Vec<&Authority> = Vec::new();
    for need in &plan.needs {
        if !names.contains(&&need.ask.target) {
            names.push(&need.ask.target);
        }
    }
    let found = names
        .iter()
        .map(|target| async { ((*target).clone(), one(net, target, &plan.outside).await) });
    let outside = || plan.outside.iter().copied();
    let (outside, dns, targets) = join3(
        each(outside(), |ip| net.try_tcp(SocketAddr::new(ip, HTTPS))),
        each(outside(), |ip| net.try_dns(SocketAddr::new(ip, DNS))),
        stream::iter(found).buffered(AT_ONCE).collect(),
    )
    .await;
    Ways { outside, dns, targets }
}

async fn each<F>(
    ips: impl Iterator<Item = IpAddr>,
    attempt: impl Fn(IpAddr) -> F,
) -> Vec<(IpAddr, Tried)>
where
    F: Future<Output = Tried>,
{
    let all = ips.map(|ip| {
        let attempt = attempt(ip);
        async move { (ip, attempt.await) }
    });
    stream::iter(all).buffered(AT_ONCE).collect().await
}

/// The first address of each family that a name leads to.
async fn one(net: &Net, target: &Authority, outside: &[IpAddr]) -> Found {
    let addrs = match target.host() {
        Host::Ip(ip) if outside.contains(ip) || is_checked(*ip) => return Found::Elsewhere,
        Host::Ip(ip) => vec![*ip],
        Host::Name(name) => match net.lookup(name, true).await {
            Ok(addrs) => addrs,
            Err(_) if net.is_over() => return Found::NoTime,
            Err(why) => return Found::Nothing(why),
        },
    };
    let global = |ip: &&IpAddr| AddressClass::of(**ip) == AddressClass::Global;
    let of = |six: bool| addrs.iter().filter(global).find(|ip| ip.is_ipv6() == six).copied();
    let tried: Vec<IpAddr> = [of(true), of(false)].into_iter().flatten().collect();
    if tried.is_empty() {
        return Found::Nothing("it leads to no address outside".to_owned());
    }
    let attempt = |ip| net.try_tcp(SocketAddr::new(ip, target.port()));
    Found::Addresses(each(tried.into_iter(), attempt).await)
}

impl Ways {
    /// Judges them.
    pub(super) fn checks(&self, plan: &Plan) -> Vec<Check> {
        let open = match (plan.enforced, plan.facts.sidecar) {
            (true, false) => Verdict::Fail,
            // Nobody expects it to be enforced.
            _ => Verdict::Warn,
        };
        let mut checks: Vec<Check> =
            self.outside.iter().map(|(ip, tried)| self.outside(plan, open, *ip, tried)).collect();
        checks.extend(self.dns.iter().map(|(ip, tried)| {
            let at = SocketAddr::new(*ip, DNS);
            of("direct.dns", open, tried, "a name server outside answers: DNS carries data out")
                .about(at.to_string())
        }));
        checks.extend(self.targets.iter().map(|(target, found)| of_target(open, target, found)));
        checks.push(self.names(plan));
        checks
    }

    fn outside(&self, plan: &Plan, open: Verdict, ip: IpAddr, tried: &Tried) -> Check {
        let id = "direct.outside";
        let at = SocketAddr::new(ip, HTTPS).to_string();
        let check = match tried {
            Tried::Reached if plan.facts.hole.map(IpAddr::V4) == Some(ip) => {
                Check::ok(id, "open, as the site wants it for the managed jobs' check")
            }
            Tried::Reached
                if is_checked(ip) && !plan.facts.of_site && self.is_no_more_than_a_hole() =>
            {
                Check::warn(
                    id,
                    "open, and nothing else is: as a hole for the managed jobs' check would be",
                    "leave it if managed jobs run here, close it if not",
                )
            }
            tried => of(id, open, tried, "it is reached without the proxy"),
        };
        check.about(at)
    }

    /// Whether all that is open is what managed jobs need.
    fn is_no_more_than_a_hole(&self) -> bool {
        let more = |(ip, tried): &(IpAddr, Tried)| *tried == Tried::Reached && !is_checked(*ip);
        let more = self.outside.iter().any(more);
        let dns = self.dns.iter().any(|(_, tried)| *tried == Tried::Reached);
        let targets = self.targets.iter().any(|(_, found)| found.is_open());
        !(more || dns || targets)
    }

    /// Whether this machine's own name servers know names outside, by which data can get out.
    fn names(&self, plan: &Plan) -> Check {
        let id = "direct.names";
        let mut names =
            self.targets.iter().filter(|(target, _)| matches!(target.host(), Host::Name(_)));
        let is_known = |(_, found): &&(Authority, Found)| matches!(found, Found::Addresses(_));
        let known = names.clone().find(is_known).map(|(target, _)| target.host());
        match known {
            _ if names.next().is_none() => Check::skipped(id, "no name outside is needed"),
            None => Check::ok(id, "this machine's name servers know no name outside"),
            Some(_) if !plan.enforced => {
                Check::ok(id, "this machine's name servers know names outside")
            }
            Some(name) => Check::warn(
                id,
                format!(
                    "this machine's name servers look up names outside, such as {name}: DNS \
                     carries data out"
                ),
                "let them answer for the cluster alone: the proxy resolves for its clients",
            ),
        }
    }

    /// What came of trying an address outside.
    pub(super) fn of(&self, ip: IpAddr) -> Option<&Tried> {
        self.outside.iter().find(|(known, _)| *known == ip).map(|(_, tried)| tried)
    }
}

impl Found {
    fn is_open(&self) -> bool {
        match self {
            Self::Addresses(tried) => tried.iter().any(|(_, tried)| *tried == Tried::Reached),
            Self::Nothing(_) | Self::NoTime | Self::Elsewhere => false,
        }
    }
}

fn of_target(open: Verdict, target: &Authority, found: &Found) -> Check {
    let id = "direct.targets";
    let check = match found {
        Found::NoTime => Check::no_time(id),
        Found::Elsewhere => Check::skipped(id, "see direct.outside"),
        Found::Nothing(why) => Check::ok(id, format!("no way past the proxy: {why}")),
        Found::Addresses(tried) => {
            let reached = tried.iter().find(|(_, tried)| *tried == Tried::Reached);
            match reached.or(tried.first()) {
                Some((ip, Tried::Reached)) => {
                    of(id, open, &Tried::Reached, &format!("{ip} is reached without the proxy"))
                }
                Some((_, tried)) => of(id, open, tried, ""),
                None => Check::skipped(id, "it has no address"),
            }
        }
    };
    check.about(target.to_string())
}

/// Whether it is one of the addresses of SkyPilot's network check.
fn is_checked(ip: IpAddr) -> bool {
    NETWORK_CHECK.iter().any(|check| IpAddr::V4(*check) == ip)
}

fn of(id: &'static str, open: Verdict, tried: &Tried, finding: &str) -> Check {
    match tried {
        Tried::Reached => Check::bad(
            id,
            open,
            format!("{finding}: nothing is enforced"),
            "let the NetworkPolicy or the firewall permit the proxy, the API server and cluster \
             DNS alone (or --no-enforcement, where that is meant)",
        ),
        Tried::Closed(how) => Check::ok(id, format!("closed ({how})")),
        Tried::NoTime => Check::no_time(id),
    }
}

#[cfg(test)]
#[path = "direct_tests.rs"]
mod tests;
