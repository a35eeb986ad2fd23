//! The proxy variables, as clients would read them.

use no_proxy::Environment;

use super::check::Check;
use super::clients::{Ways, of_all};
use super::machine::Machine;
use super::proxies::{PAIRS, Proxies};

/// URLs that no list exempts: where a client goes direct here, it does not see the proxy at all.
const UNLISTED: [&str; 2] = ["http://unlisted.invalid/", "https://unlisted.invalid/"];

/// Judges them. `plain_http` tells whether the site wants `http://` to go by the proxy at all.
pub(super) fn checks(
    machine: &Machine,
    proxies: &Proxies,
    environment: &Environment,
    plain_http: bool,
) -> Vec<Check> {
    let mut checks = vec![set(proxies, plain_http)];
    checks.extend(
        machine.garbled.iter().filter(|name| is_ours(name)).map(|name| {
            Check::fail("env.url", "its value is not UTF-8", "set it anew").about(name)
        }),
    );
    checks.extend(urls(proxies));
    let lists = [("no_proxy", "NO_PROXY")];
    checks.extend(PAIRS.iter().chain(&lists).filter_map(|pair| cases(machine, *pair)));
    checks.extend(schemes(proxies, plain_http));
    if proxies.tunnels.is_some() || proxies.forwards.is_some() {
        checks.extend(read_by(environment, plain_http));
    }
    if machine.variable("REQUEST_METHOD").is_some() {
        checks.push(Check::warn(
            "env.cgi",
            "REQUEST_METHOD is set, as in a CGI program: many clients ignore HTTP_PROXY then",
            "unset it",
        ));
    }
    checks
}

fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "no_proxy" || PAIRS.iter().any(|(lower, _)| *lower == name)
}

fn set(proxies: &Proxies, plain_http: bool) -> Check {
    let Some(tunnels) = proxies.tunnels.map(|at| &proxies.list[at]) else {
        let finding = match proxies.named.is_empty() {
            true => "no proxy variable is set: every client goes direct".to_owned(),
            false => "no variable names a proxy for https://".to_owned(),
        };
        return Check::fail("env.proxy", finding, "set https_proxy and HTTPS_PROXY, both alike");
    };
    match proxies.forwards.map(|at| &proxies.list[at]) {
        Some(forwards) if forwards.url != tunnels.url => Check::ok(
            "env.proxy",
            format!("https:// goes by {}, http:// by {}", tunnels.url, forwards.url),
        ),
        Some(_) => Check::ok("env.proxy", format!("everything goes by {}", tunnels.url)),
        None if plain_http => Check::warn(
            "env.proxy",
            format!("https:// goes by {}, and http:// by no proxy", tunnels.url),
            "set http_proxy and HTTP_PROXY to the same, unless http:// is to stay inside",
        ),
        None => Check::ok(
            "env.proxy",
            format!("https:// goes by {}; http:// by none, as the site wants it", tunnels.url),
        ),
    }
}

fn urls(proxies: &Proxies) -> impl Iterator<Item = Check> {
    proxies.named.iter().flat_map(|named| {
        named.flaws.iter().map(move |flaw| {
            let id = match flaw {
                super::proxies::Flaw::Credentials => "env.credentials",
                _ => "env.url",
            };
            let check = match named.proxy.is_none() || flaw.is_fatal() {
                true => Check::fail(id, flaw.text(), flaw.advice()),
                false => Check::warn(id, flaw.text(), flaw.advice()),
            };
            check.about(named.variable)
        })
    })
}

/// Whether both spellings of a variable say the same.
fn cases(machine: &Machine, (lower, upper): (&'static str, &'static str)) -> Option<Check> {
    let check = match (machine.variable(lower), machine.variable(upper)) {
        (None, None) => return None,
        (Some(one), Some(other)) if one == other => return None,
        (Some(_), Some(_)) => Check::fail(
            "env.cases",
            format!("{lower} and {upper} differ: which of them holds, clients do not agree"),
            format!("set {upper} to what {lower} says"),
        ),
        (Some(""), None) | (None, Some("")) => return None,
        (one, _) => {
            let (set, unset) = if one.is_some() { (lower, upper) } else { (upper, lower) };
            let finding = format!("{set} is set and {unset} is not: some clients read the other");
            // What these miss is told by `env.clients` and the checks of NO_PROXY.
            Check::warn("env.cases", finding, format!("set {unset} to the same"))
        }
    };
    Some(check.about(lower))
}

/// Whether one proxy stands for both schemes: some clients take one variable for both.
fn schemes(proxies: &Proxies, plain_http: bool) -> Option<Check> {
    let (tunnels, forwards) = (proxies.tunnels?, proxies.forwards?);
    if tunnels != forwards {
        return Some(Check::warn(
            "env.schemes",
            "http_proxy and https_proxy name different proxies: some clients take one for both",
            "set both to the same",
        ));
    }
    let finding = "http_proxy is set, and the site wants http:// to go by no proxy";
    let advice = "unset http_proxy and HTTP_PROXY, as the emitted configuration does";
    (!plain_http).then(|| Check::warn("env.schemes", finding, advice))
}

/// Which of SkyPilot's clients would see no proxy at all.
fn read_by(environment: &Environment, plain_http: bool) -> Vec<Check> {
    let urls = UNLISTED.iter().filter(|url| plain_http || !url.starts_with("http:"));
    let judged = urls.map(|url| {
        let ways = Ways::of_skypilot(environment, url);
        let scheme = url.split("//").next().unwrap_or_default();
        let check = if !ways.failed.is_empty() {
            let who = of_all(&ways.failed, &ways);
            let finding = format!("it fails in {who}");
            Check::fail("env.clients", finding, "see env.url and no-proxy.list")
        } else if !ways.direct.is_empty() {
            let who = of_all(&ways.direct, &ways);
            let finding = format!("it goes past the proxy in {who}");
            let advice = "set every proxy variable in both spellings, and see no-proxy.list";
            Check::warn("env.clients", finding, advice)
        } else {
            Check::ok("env.clients", "all of SkyPilot's clients see the proxy")
        };
        check.about(format!("{scheme}//"))
    });
    judged.collect()
}

#[cfg(test)]
#[path = "variables_tests.rs"]
mod tests;
