//! Metadata services, which hand out credentials: the node's where they are reached directly, the
//! proxy's own host's where the proxy lets them through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::future::join_all;
use policy::{Authority, Host};

use super::answer::Kind;
use super::ask::{Ask, Outcome, Way};
use super::check::Check;
use super::net::{Net, Tried};

/// Those of most clouds, and those that give AWS containers credentials.
const ADDRESSES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];
/// Google's, by its name.
const NAME: &str = "metadata.google.internal";
const HTTP: u16 = 80;

/// What the proxy is asked for, as a client asks that does not heed NO_PROXY.
pub(super) fn asks() -> Vec<Ask> {
    let hosts = ADDRESSES.iter().map(|ip| Host::Ip(*ip).to_string()).chain([NAME.to_owned()]);
    let ask = |host: String| {
        let target = Authority::parse(format!("{host}:{HTTP}").as_bytes()).ok()?;
        Some(Ask { target, way: Way::Forward })
    };
    hosts.filter_map(ask).collect()
}

/// Tries them without the proxy.
pub(super) async fn try_all(net: &Net) -> Vec<(IpAddr, Tried)> {
    let each =
        ADDRESSES.map(|ip| async move { (ip, net.try_tcp(SocketAddr::new(ip, HTTP)).await) });
    join_all(each).await
}

/// Judges both ways.
pub(super) fn checks(tried: &[(IpAddr, Tried)], asked: &[(Ask, Outcome)]) -> Vec<Check> {
    let direct = tried.iter().map(|(ip, tried)| direct(tried).about(ip.to_string()));
    let proxied = asked.iter().map(|(ask, outcome)| proxied(outcome).about(subject(ask)));
    direct.chain(proxied).collect()
}

fn subject(ask: &Ask) -> String {
    match ask.target.host() {
        Host::Ip(ip) => ip.to_string(),
        Host::Name(name) => name.to_string(),
    }
}

fn direct(tried: &Tried) -> Check {
    let id = "metadata.direct";
    match tried {
        Tried::Reached => Check::warn(
            id,
            "reached directly: whatever runs here can take the node's credentials",
            "deny it in the NetworkPolicy, unless SkyPilot is to use the node's identity",
        ),
        Tried::Closed(how) => Check::ok(id, format!("closed ({how})")),
        Tried::NoTime => Check::no_time(id),
    }
}

fn proxied(outcome: &Outcome) -> Check {
    let id = "metadata.proxy";
    let answer = match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::NotTried(why) => return Check::skipped(id, why),
        // No answer is none of a metadata service.
        _ => return Check::ok(id, "the proxy does not answer for it"),
    };
    let tried = || {
        let finding = format!("the proxy tried to reach it: {}", answer.words());
        let advice = "deny metadata addresses at the proxy: they hand out its host's credentials";
        Check::warn(id, finding, advice)
    };
    let words = answer.words();
    match (answer.is_the_proxys_own(), answer.kind(), answer.status) {
        (true, Kind::Auth, _) => Check::skipped(id, "the proxy wants credentials (see proxy.auth)"),
        (true, Kind::Denied, _) => Check::ok(id, format!("the proxy denies it: {words}")),
        (true, ..) => tried(),
        // Google's service has this status, too, and says so.
        (false, _, 403) if answer.field("metadata-flavor").is_none() => {
            Check::ok(id, format!("the proxy denies it: {words}"))
        }
        (false, _, 502..=504) => tried(),
        (false, _, status @ (400 | 405 | 501)) => Check::warn(
            id,
            format!("{status}, which may be the proxy's or the metadata service's own answer"),
            "deny metadata addresses at the proxy: they hand out its host's credentials",
        ),
        (false, _, status) => Check::fail(
            id,
            format!(
                "the proxy lets it through ({status}): whoever asks gets the credentials of the \
                 proxy's own host"
            ),
            "deny metadata addresses at the proxy",
        ),
    }
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
