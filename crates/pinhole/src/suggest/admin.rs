//! The admin page `/denials`.

use std::net::IpAddr;
use std::time::SystemTime;

use anyhow::{Context, Result};
use policy::{Authority, Host};
use serde::Deserialize;

use super::lines::parse_time;
use super::reason::Reason;
use super::seen::{Seen, Sighting, escaped};

/// The page. What else a newer pinhole says there is left aside.
#[derive(Deserialize)]
struct Page {
    since: String,
    #[serde(default)]
    forgotten: u64,
    targets: Vec<Target>,
    #[serde(default)]
    rules: Vec<Used>,
}

#[derive(Deserialize)]
struct Target {
    target: String,
    count: u64,
    first: String,
    last: String,
    reasons: Vec<String>,
    #[serde(default)]
    clients: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    more_clients: bool,
    #[serde(default)]
    addresses: Vec<String>,
}

#[derive(Deserialize)]
struct Used {
    rule: String,
}

/// Reads the page.
///
/// # Errors
/// It is not JSON, or of another shape.
pub(crate) fn read(page: &[u8], seen: &mut Seen) -> Result<()> {
    let Page { since, forgotten, targets, rules } =
        serde_json::from_slice(page).context("its page /denials is not what pinhole writes")?;
    seen.at(parse_time(&since));
    seen.forgotten = forgotten;
    if let Some(known) = &mut seen.rules {
        rules.iter().for_each(|used| known.used_at(&used.rule));
    }
    for target in &targets {
        if take(target, seen).is_none() {
            seen.strange_targets += 1;
        }
    }
    Ok(())
}

fn take(row: &Target, seen: &mut Seen) -> Option<()> {
    let target = Authority::parse(row.target.as_bytes()).ok()?;
    let time = |text: &str| -> Option<SystemTime> { parse_time(text) };
    let (count, first, last) = (row.count, time(&row.first), time(&row.last));
    let mut sighting = Sighting { count, first, last, ..Sighting::default() };
    let reasons: Vec<Reason> = row.reasons.iter().filter_map(|text| Reason::parse(text)).collect();
    if reasons.is_empty() {
        return None;
    }
    let addresses: Vec<IpAddr> = row.addresses.iter().filter_map(|ip| ip.parse().ok()).collect();
    for reason in reasons {
        // Which of the addresses was denied for which reason is not told.
        if reason.of_address() && matches!(target.host(), Host::Name(_)) {
            addresses.iter().for_each(|ip| sighting.led_to(*ip, reason.clone()));
        }
        sighting.denied_for(reason, None);
    }
    row.names.iter().for_each(|name| sighting.asked_by(None, Some(&escaped(name))));
    for client in row.clients.iter().filter_map(|ip| ip.parse().ok()) {
        sighting.asked_by(Some(client), None);
    }
    sighting.more_clients |= row.more_clients;
    if let Some(rules) = &mut seen.rules {
        match row.names.as_slice() {
            [] => rules.used_by(None, &target, &addresses),
            names => names.iter().for_each(|name| rules.used_by(Some(name), &target, &addresses)),
        }
    }
    seen.add(target, &sighting);
    Some(())
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;
