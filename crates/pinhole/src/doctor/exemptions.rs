//! NO_PROXY: which of the clients go where, for each kind of target that matters.

use std::net::IpAddr;

use no_proxy::clients::Client;
use no_proxy::lint::{self, Effect};
use no_proxy::{Environment, Spelling};
use policy::Authority;

use super::ask::Way;
use super::check::{Check, Verdict};
use super::clients::{
    OF_METADATA, OF_REPLICAS, OF_THE_API_SERVER, Ways, is_skypilots, named, of_all,
};
use super::machine::Machine;
use super::need::Need;
use super::plan::{Facts, NETWORK_CHECK, Use};

/// The health page of the API server that a jobs' controller asks on its own machine.
const LOCAL: [&str; 2] = ["http://127.0.0.1:46580/api/health", "http://localhost:46580/api/health"];
/// By IPv6 for those that read it: some misread an entry for it, so it is judged by itself.
const METADATA: [&str; 2] = ["http://169.254.169.254/latest/", "http://metadata.google.internal/"];
/// The port of a SkyServe replica, whichever it is.
const REPLICA: u16 = 8080;

/// What is to be reached directly.
struct Wish<'w> {
    id: &'static str,
    /// Where one id stands for several.
    subject: Option<String>,
    what: String,
    urls: Vec<String>,
    /// The clients that matter; none for all of SkyPilot's.
    clients: Option<&'w [&'static str]>,
    /// How bad it is if a client goes to the proxy.
    verdict: Verdict,
    advice: String,
}

/// Judges the list in this environment.
pub(super) fn checks(
    machine: &Machine,
    environment: &Environment,
    facts: &Facts,
    own: Option<IpAddr>,
    needs: &[Need],
) -> Vec<Check> {
    let inside = facts.of_site || machine.is_pod();
    let mut checks = list(machine);
    let mut wishes = vec![local(inside)];
    wishes.extend(api_server(facts));
    if inside {
        wishes.push(services(facts));
        wishes.push(metadata());
    }
    wishes.extend(facts.mirrors.iter().map(mirror));
    let by_pods = own.filter(|_| inside).map(|own| replicas(environment, facts, own));
    checks.extend(wishes.iter().map(|wish| wish.judge(environment)));
    checks.extend(by_pods);
    checks.push(targets(environment, needs));
    checks.push(network_check(environment));
    checks
}

impl Wish<'_> {
    fn judge(&self, environment: &Environment) -> Check {
        let ways = Ways::together(self.urls.iter().map(|url| match self.clients {
            None => Ways::of_skypilot(environment, url),
            Some(ids) => Ways::of(environment, url, ids),
        }));
        if !ways.failed.is_empty() {
            let finding = format!("asking for {} fails in {}", self.what, named(&ways.failed));
            return self.about(Check::fail(self.id, finding, "see no-proxy.list"));
        }
        // Who reads no list at all is told of elsewhere: no entry helps.
        let (deaf, wrong): (Vec<_>, Vec<_>) =
            ways.proxied.iter().partition(|client| !client.heeds());
        let what = &self.what;
        self.about(match (wrong.is_empty(), deaf.is_empty()) {
            (true, true) => Check::ok(self.id, format!("every client reaches {what} directly")),
            (true, false) => Check::ok(
                self.id,
                format!(
                    "every client that reads NO_PROXY reaches {what} directly; {} reads none",
                    named(&deaf)
                ),
            ),
            (false, _) => {
                let finding = format!("the proxy is asked for {what} by {}", of_all(&wrong, &ways));
                Check::bad(self.id, self.verdict, finding, &self.advice)
            }
        })
    }

    fn about(&self, check: Check) -> Check {
        match &self.subject {
            Some(subject) => check.about(subject),
            None => check,
        }
    }
}

/// The lists themselves.
fn list(machine: &Machine) -> Vec<Check> {
    let (lower, upper) = (machine.variable("no_proxy"), machine.variable("NO_PROXY"));
    let values = match (lower, upper) {
        (None, None) => {
            return vec![Check::warn(
                "no-proxy.list",
                "NO_PROXY is not set: everything goes to the proxy, the machine itself included",
                "set no_proxy and NO_PROXY, at least to localhost,127.0.0.1",
            )];
        }
        (Some(lower), Some(upper)) if lower == upper => vec![("no_proxy", lower, Spelling::Both)],
        (lower, upper) => {
            let lower = lower.map(|value| ("no_proxy", value, Spelling::Lower));
            let upper = upper.map(|value| ("NO_PROXY", value, Spelling::Upper));
            lower.into_iter().chain(upper).collect()
        }
    };
    values.into_iter().map(|(name, value, spelling)| of_list(value, spelling).about(name)).collect()
}

fn of_list(value: &str, spelling: Spelling) -> Check {
    let report = lint::lint(value, spelling);
    let safest = format!("write {}", report.portable.value);
    let ours = |clients: &[(&'static Client, String)]| -> Vec<&'static Client> {
        clients.iter().map(|(client, _)| *client).filter(|client| is_skypilots(client)).collect()
    };
    let all = |effect: Effect, whole: bool| -> Vec<(&'static Client, String)> {
        let fits = report
            .findings
            .iter()
            .filter(|one| one.effect == effect && (!whole || one.entry.is_none()));
        fits.flat_map(|one| one.clients.clone()).collect()
    };
    let fails = all(Effect::Fails, false);
    if !fails.is_empty() {
        let finding =
            format!("it breaks {}", named(&fails.iter().map(|one| one.0).collect::<Vec<_>>()));
        let verdict = if ours(&fails).is_empty() { Verdict::Warn } else { Verdict::Fail };
        return Check::bad("no-proxy.list", verdict, finding, safest);
    }
    let open = all(Effect::TooMuch, true);
    let open: Vec<&'static Client> = open.iter().map(|one| one.0).collect();
    // A set and empty value is read so by some; a list that has entries is a slip in it.
    if !open.is_empty() {
        let finding = format!("by it everything goes past the proxy in {}", named(&open));
        return Check::warn(
            "no-proxy.list",
            finding,
            "end the list without a comma, and unset it if empty",
        );
    }
    if let Some(problem) = report.problems.first() {
        // What has an `@` in it may have a password before that.
        let finding = match problem.entry().contains('@') {
            true => format!("an entry of it: {}", problem.flaw()),
            false => problem.to_string(),
        };
        return Check::warn("no-proxy.list", finding, safest);
    }
    // Where some read it otherwise and that matters, the checks below tell.
    let finding = match report.findings.iter().any(|one| one.effect == Effect::Ignored) {
        false => "every client reads it alike",
        true => "well-formed; `pinhole no-proxy --lint` tells who reads it otherwise than meant",
    };
    Check::ok("no-proxy.list", finding)
}

fn local(inside: bool) -> Wish<'static> {
    Wish {
        id: "no-proxy.localhost",
        subject: None,
        what: "the machine itself".to_owned(),
        urls: LOCAL.map(str::to_owned).to_vec(),
        clients: None,
        verdict: if inside { Verdict::Fail } else { Verdict::Warn },
        advice: "list localhost,127.0.0.1 in no_proxy and NO_PROXY".to_owned(),
    }
}

fn api_server(facts: &Facts) -> impl Iterator<Item = Wish<'static>> {
    facts.api_servers.iter().map(|server| {
        let ways = Wish {
            id: "no-proxy.api-server",
            subject: Some(server.to_string()),
            what: "the API server".to_owned(),
            urls: vec![format!("https://{server}/")],
            clients: Some(&OF_THE_API_SERVER),
            verdict: Verdict::Warn,
            advice: String::new(),
        };
        let advice = format!(
            "list {} in no_proxy and NO_PROXY: a block of addresses is not read by all",
            server.host()
        );
        Wish { advice, ..ways }
    })
}

fn services(facts: &Facts) -> Wish<'static> {
    let domain = &facts.domain;
    Wish {
        id: "no-proxy.services",
        subject: None,
        what: "the cluster's Services".to_owned(),
        urls: vec![
            format!("http://service.namespace.svc.{domain}/"),
            "http://service.namespace.svc/".to_owned(),
        ],
        clients: None,
        verdict: Verdict::Warn,
        advice: format!("list .svc,.{domain} in no_proxy and NO_PROXY"),
    }
}

fn metadata() -> Wish<'static> {
    Wish {
        id: "no-proxy.metadata",
        subject: None,
        what: "the metadata services".to_owned(),
        urls: METADATA.map(str::to_owned).to_vec(),
        clients: Some(&OF_METADATA),
        verdict: Verdict::Warn,
        advice: "list 169.254.169.254,169.254.170.2,169.254.170.23,metadata.google.internal in \
         NO_PROXY: the proxy refuses them"
            .to_owned(),
    }
}

fn mirror(mirror: &Authority) -> Wish<'static> {
    Wish {
        id: "no-proxy.mirrors",
        subject: Some(mirror.to_string()),
        what: "the mirror".to_owned(),
        urls: vec![format!("https://{mirror}/")],
        clients: None,
        verdict: Verdict::Warn,
        advice: format!("list {} in no_proxy and NO_PROXY", mirror.host()),
    }
}

/// A pod's address, by its own: SkyServe's check of a replica reads blocks in NO_PROXY, its load
/// balancer does not, so that a service turns ready whose users' requests go to the proxy.
fn replicas(environment: &Environment, facts: &Facts, own: IpAddr) -> Check {
    let host = policy::Host::Ip(own);
    let ways = Ways::of(environment, &format!("http://{host}:{REPLICA}/"), &OF_REPLICAS);
    let id = "no-proxy.pods";
    let verdict = facts.replicas.if_used(Verdict::Fail);
    let unused = "the site has no SkyServe that asks replicas by their addresses";
    let check = match (ways.proxied.is_empty(), ways.direct.is_empty()) {
        _ if facts.replicas == Use::No => Check::skipped(id, unused),
        (true, _) => Check::ok(id, "SkyServe reaches replicas directly"),
        (false, true) if facts.replicas_proxied => {
            Check::ok(id, "SkyServe reaches replicas by the proxy, as the site wants it")
        }
        (false, true) => Check::bad(
            id,
            verdict,
            "SkyServe would ask the proxy for its replicas",
            "unset http_proxy and HTTP_PROXY (replicas are http://), or have the proxy allow the \
             pods' network",
        ),
        (false, false) => Check::bad(
            id,
            verdict,
            format!(
                "SkyServe's check of a replica and its load balancer disagree: {} goes to the \
                 proxy, {} does not",
                named(&ways.proxied),
                named(&ways.direct)
            ),
            "unset http_proxy and HTTP_PROXY (replicas are http://): a block in NO_PROXY is not \
             read by httpx",
        ),
    };
    check.about(own.to_string())
}

/// What is needed from outside must not be exempt.
fn targets(environment: &Environment, needs: &[Need]) -> Check {
    let id = "no-proxy.targets";
    let direct = needs.iter().filter_map(|need| {
        let scheme = if need.ask.way == Way::Forward { "http" } else { "https" };
        let url = format!("{scheme}://{}/", need.ask.target);
        let ways = Ways::of_skypilot(environment, &url);
        let unlisted = Ways::of_skypilot(environment, &format!("{scheme}://unlisted.invalid/"));
        // Those that see no proxy anyway are told of elsewhere.
        let mut exempt = ways.direct;
        exempt.retain(|client| !unlisted.direct.iter().any(|one| std::ptr::eq(*one, *client)));
        (!exempt.is_empty()).then_some((&need.ask.target, exempt))
    });
    let direct: Vec<_> = direct.collect();
    let Some((target, clients)) = direct.first() else {
        return Check::ok(id, format!("no entry exempts any of the {} targets", needs.len()));
    };
    let more =
        if direct.len() > 1 { format!(", and {} more", direct.len() - 1) } else { String::new() };
    let finding = format!("NO_PROXY exempts {target}{more}, for {}", named(clients));
    Check::warn(id, finding, "take the entry out, unless the target is reached directly here")
}

/// The addresses of SkyPilot's check: `sky serve status` asks them by way of the proxy.
fn network_check(environment: &Environment) -> Check {
    let id = "no-proxy.network-check";
    let listed = NETWORK_CHECK.iter().filter(|ip| {
        let ways = Ways::of(environment, &format!("https://{ip}/"), &["requests"]);
        let unlisted = Ways::of(environment, "https://192.0.2.77/", &["requests"]);
        !ways.direct.is_empty() && unlisted.direct.is_empty()
    });
    let listed: Vec<String> = listed.map(ToString::to_string).collect();
    match listed.is_empty() {
        true => Check::ok(id, "the addresses of SkyPilot's network check are not exempt"),
        false => Check::warn(
            id,
            format!("NO_PROXY exempts {}, which `sky serve status` asks", listed.join(" and ")),
            "take them out: the proxy answers for them where it allows skypilot-network-check",
        ),
    }
}

#[cfg(test)]
#[path = "exemptions_tests.rs"]
mod tests;
