//! What is reached without the proxy on purpose: the site's mirrors, and the package indexes whose
//! own clients find them in NO_PROXY.

use std::net::SocketAddr;

use futures_util::stream::{self, StreamExt};
use no_proxy::Environment;
use policy::Authority;

use super::ask::{Ask, Way};
use super::check::Check;
use super::clients::Ways;
use super::indexes::Index;
use super::need::{Need, entry_for};
use super::net::Net;
use super::plan::Plan;

const AT_ONCE: usize = 8;

/// A target that is reached directly, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Direct {
    target: Authority,
    from: String,
}

/// Parts the indexes by the way that their clients take: those that go to the proxy are needed
/// there, the others are tried without it.
pub(super) fn sort(plan: &mut Plan, indexes: &[Index], environment: &Environment) -> Vec<Direct> {
    let site = plan.facts.mirrors.iter();
    let mut direct: Vec<Direct> =
        site.map(|one| Direct { target: one.clone(), from: "the site".to_owned() }).collect();
    for Index { client, target, secure, from } in indexes {
        let scheme = if *secure { "https" } else { "http" };
        let ways = Ways::of(environment, &format!("{scheme}://{target}/"), &[client]);
        if ways.proxied.is_empty() {
            if !direct.iter().any(|known| known.target == *target) {
                direct.push(Direct { target: target.clone(), from: from.clone() });
            }
            continue;
        }
        let way = if *secure { Way::Tls } else { Way::Forward };
        let ask = Ask { target: target.clone(), way };
        if !plan.needs.iter().any(|known| known.ask == ask) {
            let why = format!("the index in {from}");
            plan.needs.push(Need { ask, why, entry: entry_for(target) });
        }
    }
    direct
}

/// Tries them.
pub(super) async fn try_all(net: &Net, direct: &[Direct]) -> Vec<Check> {
    stream::iter(direct.iter().map(|one| attempt(net, one))).buffered(AT_ONCE).collect().await
}

async fn attempt(net: &Net, Direct { target, from }: &Direct) -> Check {
    let id = "mirrors";
    let connected = match net.addresses(target.host(), false).await {
        Err(why) => Err(why),
        Ok(addrs) => {
            let addrs: Vec<_> =
                addrs.iter().map(|ip| SocketAddr::new(*ip, target.port())).collect();
            net.connect(&addrs).await.map(|(_, addr)| addr)
        }
    };
    let check = match connected {
        Ok(addr) => {
            Check::ok(id, format!("reached without the proxy, at {addr}, as {from} has it"))
        }
        Err(_) if net.is_over() => Check::no_time(id),
        Err(why) => Check::fail(
            id,
            format!("{from} names it, and it is not reached without the proxy: {why}"),
            "let the NetworkPolicy or the firewall permit it, or take it out of NO_PROXY",
        ),
    };
    check.about(target.to_string())
}

#[cfg(test)]
#[path = "mirrors_tests.rs"]
mod tests;
