//! The proxies themselves: whether each is there, and speaks as a proxy does.

use std::net::SocketAddr;

use futures_util::future::join_all;
use policy::Host;

use super::answer::Kind;
use super::ask::{Met, Outcome};
use super::check::Check;
use super::hello::Shaker;
use super::net::Net;
use super::plan::Facts;
use super::proxies::Proxy;

/// What came of meeting a proxy.
pub(super) struct Meeting<'p> {
    pub(super) met: Result<Met<'p>, String>,
    pub(super) check: Check,
}

/// Connects to each of them.
pub(super) async fn meet_all<'p>(
    net: &Net,
    shaker: &Shaker,
    proxies: &'p [Proxy],
) -> Vec<Meeting<'p>> {
    join_all(proxies.iter().map(|proxy| meet(net, shaker, proxy))).await
}

async fn meet<'p>(net: &Net, shaker: &Shaker, proxy: &'p Proxy) -> Meeting<'p> {
    let authority = proxy.url.authority();
    let url = proxy.url.to_string();
    let missing = |id, finding: String, advice: &str| Meeting {
        met: Err(format!("the proxy is not reached (see {id})")),
        check: Check::fail(id, finding, advice).about(&url),
    };
    let addrs = match net.addresses(authority.host(), false).await {
        Ok(addrs) => addrs,
        Err(why) => {
            let finding = format!("its name leads nowhere: {why}");
            let advice = "name it in full, or have this machine's name servers know it";
            return missing("proxy.name", finding, advice);
        }
    };
    let addrs: Vec<_> = addrs.iter().map(|ip| SocketAddr::new(*ip, authority.port())).collect();
    let (stream, addr) = match net.connect(&addrs).await {
        Ok(connected) => connected,
        Err(why) => {
            let tried: Vec<String> = addrs.iter().map(ToString::to_string).collect();
            let finding = format!("no connection to {}: {why}", tried.join(", "));
            let advice = "see that it runs, and that the NetworkPolicy or the firewall lets this \
             machine reach it";
            return missing("proxy.connect", finding, advice);
        }
    };
    if proxy.url.is_tls()
        && let Err(hello) = shaker.shake(authority.host(), stream).await
    {
        let finding = format!("no TLS with it: {hello:?}");
        return missing(
            "proxy.tls",
            finding,
            "write http:// unless it serves TLS; else add its CA",
        );
    }
    let finding = match authority.host() {
        Host::Ip(_) => "it accepts connections".to_owned(),
        Host::Name(_) => format!("it accepts connections at {addr}"),
    };
    let check = Check::ok("proxy.connect", finding).about(&url);
    Meeting { met: Ok(Met { proxy, addr }), check }
}

/// Whether the proxy for tunnels answers as one: what came of all the tunnels that were asked of
/// it tells.
pub(super) fn speaks(url: &str, outcomes: &[&Outcome]) -> Vec<Check> {
    let tried: Vec<&Outcome> =
        outcomes.iter().copied().filter(|one| !matches!(one, Outcome::NotTried(_))).collect();
    let id = "proxy.tunnel";
    if tried.is_empty() {
        return vec![Check::skipped(id, "nothing was asked of it").about(url)];
    }
    let is_http = |one: &&&Outcome| matches!(one, Outcome::Open(_) | Outcome::Answered(_));
    let kinds: Vec<Kind> = tried.iter().filter_map(|one| kind(one)).collect();
    let check = if !tried.iter().any(|one| is_http(&one)) {
        let finding = match tried[0] {
            Outcome::NotHttp => "what answers there is no HTTP proxy",
            Outcome::Closed => "it closes connections without an answer",
            Outcome::Unreached(_) => "it accepts no more connections",
            _ => "it does not answer in time",
        };
        let advice = "see that host and port are the proxy's own, and what its log says";
        Check::fail(id, finding, advice)
    } else if kinds.len() == tried.len() && kinds.iter().all(|kind| *kind == Kind::NoConnect) {
        let advice = "name a forward proxy that tunnels: https:// needs CONNECT";
        Check::fail(id, "it does not know the method CONNECT", advice)
    } else {
        Check::ok(id, "it answers to CONNECT")
    };
    let mut checks = vec![check.about(url)];
    if kinds.contains(&Kind::Auth) {
        let finding = "it wants credentials (407), or others than those in the variables";
        let advice = "put user:password into the proxy variables from a Secret, or let it know \
         its clients by address";
        checks.push(Check::fail("proxy.auth", finding, advice).about(url));
    }
    checks
}

fn kind(outcome: &Outcome) -> Option<Kind> {
    match outcome {
        Outcome::Answered(answer) => Some(answer.kind()),
        _ => None,
    }
}

/// Whether enforcement can be had in this shape, and whether the variables name the site's proxy.
pub(super) fn shape(facts: &Facts, tunnels: Option<&Proxy>, is_pod: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    let is_local = tunnels.is_some_and(|proxy| match proxy.url.authority().host() {
        Host::Ip(ip) => ip.to_canonical().is_loopback(),
        Host::Name(name) => name.as_str() == "localhost",
    });
    if facts.sidecar || (is_pod && is_local) {
        checks.push(Check::warn(
            "enforcement.sidecar",
            "the proxy is a sidecar: it shares the pod's network, so nothing can keep the other \
             containers from going past it",
            "take it for advice, or use the shape deployment, daemonset or bastion where it must \
             hold",
        ));
    }
    if let (Some(site), Some(proxy)) = (&facts.proxy, tunnels) {
        let here = proxy.url.to_string();
        checks.push(match *site == here {
            true => Check::ok("env.site", "the variables name the site's proxy"),
            false => Check::warn(
                "env.site",
                format!("the variables name {here}, the site's proxy is {site}"),
                "emit the configuration anew, and apply it",
            ),
        });
    }
    checks
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
