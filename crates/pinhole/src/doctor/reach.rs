//! What is needed, asked for by way of the proxy: what is denied is named with its rule.

use super::answer::{Answer, Kind};
use super::ask::{Outcome, Way};
use super::check::Check;
use super::hello::Hello;
use super::need::{Need, entry_for};

const ID: &str = "reach";

/// Judges one of them.
pub(super) fn judge(need: &Need, outcome: &Outcome) -> Check {
    let target = need.ask.target.to_string();
    let check = match outcome {
        Outcome::Open(None) => Check::ok(ID, "the proxy opens a tunnel"),
        Outcome::Open(Some(hello)) if hello.is_well() => Check::ok(ID, hello.text()),
        Outcome::Open(Some(hello)) => Check::fail(ID, hello.text(), within(hello)),
        Outcome::Answered(answer) if need.ask.way != Way::Forward => refused(need, answer),
        Outcome::Answered(answer) if answer.is_the_proxys_own() => refused(need, answer),
        Outcome::Answered(answer) => forwarded(need, answer),
        Outcome::NotHttp => Check::fail(ID, "the proxy's answer is not HTTP", SEE_LOG),
        Outcome::Closed => {
            Check::fail(ID, "the proxy closed the connection without an answer", SEE_LOG)
        }
        Outcome::Silent => Check::fail(ID, "the proxy gave no answer in time", SEE_LOG),
        Outcome::Unreached(why) => {
            Check::fail(ID, format!("the proxy was not reached: {why}"), SEE_LOG)
        }
        Outcome::NotTried(why) => Check::skipped(ID, why),
    };
    check.about(target)
}

const SEE_LOG: &str = "see the proxy's log, and what stands between it and this machine";

/// What to do about a tunnel that is open, and of no use.
fn within(hello: &Hello) -> &'static str {
    match hello {
        Hello::Untrusted => {
            "somebody on the way intercepts TLS, or a CA is missing here: add it to \
             SSL_CERT_FILE, REQUESTS_CA_BUNDLE and the others (see ca.bundle)"
        }
        Hello::Certificate(_) => "see who answers there: somebody on the way may intercept TLS",
        _ => "see the proxy's log: an SNI check or a firewall behind it cuts such tunnels",
    }
}

/// A refusal, by what it means.
fn refused(need: &Need, answer: &Answer) -> Check {
    let (target, words) = (&need.ask.target, answer.words());
    match answer.kind() {
        Kind::Denied => denied(need, answer),
        Kind::Auth => Check::skipped(ID, "the proxy wants credentials (see proxy.auth)"),
        Kind::NoConnect => Check::fail(
            ID,
            format!("the proxy refuses to tunnel: {words}"),
            "name a forward proxy that tunnels: https:// needs CONNECT",
        ),
        Kind::Name => Check::fail(
            ID,
            format!("allowed, but the proxy cannot resolve the name: {words}"),
            "see the proxy's name servers (pinhole: dns.servers), or let its parent resolve \
             (parent.resolve)",
        ),
        Kind::Unreachable => Check::fail(
            ID,
            format!("allowed, but the proxy does not reach the target: {words}"),
            "see the firewall behind the proxy, or name the proxy behind it (pinhole: parent.urls)",
        ),
        Kind::Parent => Check::fail(
            ID,
            format!("allowed, but a proxy behind the proxy refuses: {words}"),
            format!("have that one's owner allow {target}, or accept this proxy's credentials"),
        ),
        Kind::Busy => Check::fail(
            ID,
            format!("the proxy has no room: {words}"),
            "see its limits (pinhole: limits.connections, limits.connections_per_client)",
        ),
        Kind::Other => Check::fail(ID, format!("the proxy refuses: {words}"), SEE_LOG),
    }
}

/// A denial, with the entry that would open the target.
fn denied(need: &Need, answer: &Answer) -> Check {
    let target = &need.ask.target;
    let (advice, rule) = match answer.label().as_deref() {
        Some("denied" | "address_denied") => {
            ("take that deny entry out: it wins over every allow".to_owned(), None)
        }
        Some("address_class") => (
            format!(
                "its name leads to a private or special address: `pinhole explain --resolve \
                 {target}` at the proxy tells which, and a network entry of exactly that opens it"
            ),
            None,
        ),
        Some("own_address") => {
            ("the target is the proxy itself: reach it directly".to_owned(), None)
        }
        Some("stray") => (format!("list {} in this environment's NO_PROXY", target.host()), None),
        Some("port_not_allowed") => add(&entry_for(target), &need.why),
        Some(_) => add(&need.entry, &need.why),
        None => {
            let entry = &need.entry;
            let advice = format!(
                "have the proxy's owner allow {target} (in pinhole's allow: `- {entry}`), for {}",
                need.why
            );
            (advice, Some(entry.clone()))
        }
    };
    let check = Check::fail(ID, format!("denied: {}", answer.words()), advice);
    check.denied(rule.as_deref())
}

fn add(entry: &str, why: &str) -> (String, Option<String>) {
    (format!("add `- {entry}` to the proxy's allow, for {why}"), Some(entry.to_owned()))
}

/// An answer to a HEAD that may be the target's own.
fn forwarded(need: &Need, answer: &Answer) -> Check {
    match answer.status {
        403 | 451 | 502..=504 => Check::warn(
            ID,
            format!("{}, which may be the proxy's or the target's own answer", answer.words()),
            format!("see the proxy's log; its allow needs `- {}`", need.entry),
        ),
        status => Check::ok(ID, format!("the target answers with {status}")),
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
