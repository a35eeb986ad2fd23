//! pinhole's own log, its JSON lines, from whatever stands between and around them.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use policy::{Authority, Host, Reason as Denial};
use serde::Deserialize;

use super::reason::{Reason, place};
use super::seen::{Seen, Sighting, escaped};

/// Longest line. Those of pinhole's are far shorter, for what comes from the wire is cut.
const MAX_LINE: usize = 64 * 1024;

/// What the lines of requests are called.
const REQUEST: &str = "request";

/// What matters of a request's line.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    event: Cow<'l, str>,
    #[serde(borrow)]
    time: Option<Cow<'l, str>>,
    client: Option<SocketAddr>,
    #[serde(borrow)]
    client_name: Option<Cow<'l, str>>,
    #[serde(borrow)]
    target: Option<Cow<'l, str>>,
    #[serde(borrow)]
    decision: Option<Cow<'l, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'l, str>>,
    #[serde(borrow)]
    rule: Option<Cow<'l, str>>,
    #[serde(borrow)]
    would_deny: Option<WouldDeny<'l>>,
    address: Option<IpAddr>,
}

/// What every line of pinhole's has.
#[derive(Deserialize)]
struct Event<'l> {
    #[serde(borrow)]
    event: Cow<'l, str>,
}

/// What would have been denied but for audit mode.
#[derive(Deserialize)]
struct WouldDeny<'l> {
    #[serde(borrow)]
    reason: Cow<'l, str>,
    #[serde(borrow)]
    rule: Option<Cow<'l, str>>,
    /// Further reasons.
    #[serde(default, borrow)]
    also: Vec<Cow<'l, str>>,
}

/// Reads all lines. What is none of pinhole's is counted.
///
/// # Errors
/// Those of the source.
pub(crate) fn read(mut source: impl BufRead, seen: &mut Seen) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if until_newline(&mut source, &mut line)? == 0 {
            return Ok(());
        }
        if line.len() > MAX_LINE {
            while line.last() != Some(&b'\n') {
                line.clear();
                if until_newline(&mut source, &mut line)? == 0 {
                    break;
                }
            }
            seen.strange_lines += 1;
        } else if !line.trim_ascii().is_empty() && take(&line, seen).is_none() {
            seen.strange_lines += 1;
        }
    }
}

fn until_newline(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    source.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', line)
}

/// Takes in one line; none where it is not one of pinhole's.
fn take(line: &[u8], seen: &mut Seen) -> Option<()> {
    let line: Line<'_> = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(_) => {
            // Of another event, whose keys are its own.
            let Event { event } = serde_json::from_slice(line).ok()?;
            return (event != REQUEST).then_some(());
        }
    };
    if line.event != REQUEST {
        return Some(());
    }
    let time = line.time.as_deref().and_then(parse_time);
    let (denied, allowed) = match line.decision.as_deref() {
        Some("deny") => (true, false),
        Some("allow" | "audit") => (false, true),
        // What it asks for cannot be told, or was not looked at.
        Some("malformed") | None => return Some(()),
        Some(_) => return None,
    };
    let reason = line.reason.as_deref().and_then(Reason::parse);
    let target = Authority::parse(line.target.as_deref()?.as_bytes()).ok()?;
    seen.at(time);
    if let Some(rules) = &mut seen.rules {
        let missed = denied && reason == Some(Reason::Rules(Denial::PortNotAllowed));
        line.rule.as_deref().filter(|_| !missed).into_iter().for_each(|at| rules.used_at(at));
        let addresses: Vec<IpAddr> = line.address.into_iter().collect();
        rules.used_by(line.client_name.as_deref(), &target, &addresses);
    }
    let mut sighting = Sighting { count: 1, first: time, last: time, ..Sighting::default() };
    let address = line.address.filter(|_| matches!(target.host(), Host::Name(_)));
    let mut denied_for = |reason: Reason, rule: Option<&str>| {
        let rule = rule.filter(|_| reason.by_rule()).and_then(place);
        if let Some(ip) = address.filter(|_| reason.of_address()) {
            sighting.led_to(ip, reason.clone());
        }
        sighting.denied_for(reason, rule);
    };
    if let Some(WouldDeny { reason, rule, also }) = &line.would_deny {
        denied_for(Reason::parse(reason)?, rule.as_deref());
        also.iter()
            .filter_map(|reason| Reason::parse(reason))
            .for_each(|one| denied_for(one, None));
    }
    match reason {
        Some(reason) if denied => denied_for(reason, line.rule.as_deref()),
        // A tunnel that was opened, and ended for what its ClientHello said.
        Some(reason @ Reason::Sni(_)) if allowed => denied_for(reason, None),
        None if denied => return None,
        _ => {}
    }
    if sighting.reasons.is_empty() {
        return Some(());
    }
    let name = line.client_name.as_deref().map(escaped);
    sighting.asked_by(line.client.map(|client| client.ip()), name.as_deref());
    seen.add(target, &sighting);
    Some(())
}

/// A time as the log and the admin page write it.
pub(crate) fn parse_time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
