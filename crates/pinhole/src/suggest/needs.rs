//! What it would take to allow what was denied, and what no entry of `allow` cures.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use policy::{AddressClass, Authority, Denial, Host, HostName, Reason as Why};

use super::closed::{closed, literal};
use super::reason::Reason;
use super::rules::Rules;
use super::seen::{Seen, Sighting};

/// All of it, in order.
#[derive(Debug, Default)]
pub(crate) struct Needs<'s> {
    /// Names that no entry covers, on these ports.
    pub(crate) names: BTreeMap<&'s HostName, BTreeMap<u16, &'s Sighting>>,
    /// Addresses that no entry opens, on these ports, and by which targets each was come to.
    pub(crate) addresses: BTreeMap<IpAddr, BTreeMap<u16, Vec<Asked<'s>>>>,
    /// Addresses of names that stay closed, with the reason.
    pub(crate) closed: BTreeMap<&'s HostName, Vec<String>>,
    /// What no entry cures, with the reason.
    pub(crate) incurable: Vec<(Asked<'s>, String)>,
    /// Targets whose tunnels failed the SNI check.
    pub(crate) sni: Vec<Asked<'s>>,
    /// How many the configuration allows by now.
    pub(crate) allowed: usize,
}

/// A target, and what was seen of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'s> {
    pub(crate) target: &'s Authority,
    pub(crate) sighting: &'s Sighting,
}

/// What becomes of an address.
enum Address {
    /// It takes no entry, or has one.
    Open,
    /// It takes an entry of its own.
    Needed,
    /// It is not to be opened, and why.
    Closed(String),
}

/// Finds all of it.
pub(crate) fn of(seen: &Seen) -> Needs<'_> {
    let mut targets: Vec<Asked<'_>> =
        seen.targets.iter().map(|(target, sighting)| Asked { target, sighting }).collect();
    targets.sort_by_key(|asked| rank(asked.target));
    let judge = Judge { rules: seen.rules.as_ref(), shut: shut(&targets) };
    let mut needs = Needs::default();
    for asked in targets {
        judge.add(asked, &mut needs);
    }
    needs
}

/// Names first, then addresses; then by port.
fn rank(target: &Authority) -> (Option<IpAddr>, Option<&HostName>, u16) {
    match target.host() {
        Host::Name(name) => (None, Some(name), target.port()),
        Host::Ip(ip) => (Some(*ip), None, target.port()),
    }
}

/// Addresses with their ports, and why no entry opens them.
type Shut = HashMap<(IpAddr, u16), (Why, Option<String>)>;

/// The addresses that were met as the proxy's own, or as denied by an entry of `deny`: whatever
/// else led there, they stay shut.
fn shut(targets: &[Asked<'_>]) -> Shut {
    let mut shut = Shut::new();
    for Asked { target, sighting } in targets {
        // What is the proxy itself is that, whatever else holds.
        for why in [Why::Own, Why::AddressDenied] {
            let reason = Reason::Rules(why);
            let by = sighting.was(&reason).flatten().map(str::to_owned);
            let led = sighting.addresses.iter().filter(|(_, led)| *led == reason);
            let itself = match target.host() {
                Host::Ip(ip) if sighting.was(&reason).is_some() => Some(*ip),
                _ => None,
            };
            for ip in led.map(|(ip, _)| *ip).chain(itself) {
                let known = shut.entry((ip, target.port())).or_insert((why, by.clone()));
                if why == Why::Own {
                    known.0 = why;
                }
            }
        }
    }
    shut
}

struct Judge<'s> {
    rules: Option<&'s Rules>,
    shut: Shut,
}

impl Judge<'_> {
    fn add<'s>(&self, asked: Asked<'s>, needs: &mut Needs<'s>) {
        let Asked { target, sighting } = asked;
        let before = needs.incurable.len() + needs.sni.len();
        let denied = self.denied(asked);
        let mut takes_entry = false;
        match (target.host(), denied) {
            (_, Some((why @ (Why::Denied | Why::AddressDenied | Why::Own), by))) => {
                needs.incurable.push((asked, said(why, by.as_deref())));
            }
            (Host::Ip(_), None) => {}
            (Host::Ip(ip), Some(_)) => match self.address(*ip, target.port(), false) {
                Address::Open => {}
                Address::Needed => {
                    takes_entry = true;
                    needed(asked, *ip, needs);
                }
                Address::Closed(why) => needs.incurable.push((asked, why)),
            },
            (Host::Name(name), denied) => {
                takes_entry = matches!(denied, Some((Why::NotAllowed | Why::PortNotAllowed, _)));
                if takes_entry {
                    needs.names.entry(name).or_default().insert(target.port(), sighting);
                }
                takes_entry |= self.add_addresses(asked, name, needs);
            }
        }
        for (reason, _) in &sighting.reasons {
            let why = match reason {
                Reason::Stray => "its client was told to reach it without the proxy \
                     (`client_no_proxy`, and `strays: refuse`)"
                    .to_owned(),
                Reason::Other(label) => format!("denied for another reason ({label})"),
                Reason::Rules(_) | Reason::Sni(_) => continue,
            };
            needs.incurable.push((asked, why));
        }
        if sighting.reasons.iter().any(|(reason, _)| matches!(reason, Reason::Sni(_))) {
            needs.sni.push(asked);
        }
        let left_out = !takes_entry && before == needs.incurable.len() + needs.sni.len();
        needs.allowed += usize::from(left_out && self.rules.is_some());
    }

    /// Why the target itself is denied, and by which rule. What it was denied for holds, but for
    /// what the configuration allows or denies by now.
    fn denied(&self, asked: Asked<'_>) -> Option<(Why, Option<String>)> {
        use Why::{AddressDenied, Denied, Own};
        let was = was_denied(asked);
        let Some(rules) = self.rules else { return was };
        match rules.decide(asked.target) {
            Ok(_) => was.filter(|(why, _)| *why == Own),
            Err(denial) => {
                let is_final = matches!(denial.reason, Denied | AddressDenied | Own);
                let was_final = matches!(was, Some((Denied | AddressDenied | Own, _)));
                // It was let through by its name, and an address or a ClientHello did not fit.
                let was_allowed = asked
                    .sighting
                    .reasons
                    .iter()
                    .any(|(reason, _)| reason.of_address() || matches!(reason, Reason::Sni(_)));
                let by = denial.rule.as_ref().map(|rule| rules.shown(rule));
                match was {
                    was if was_final && !is_final => was,
                    None if !is_final && !was_allowed => None,
                    _ => Some((denial.reason, by)),
                }
            }
        }
    }

    /// Adds the addresses to which a name leads. Whether any of them takes an entry.
    fn add_addresses<'s>(
        &self,
        asked: Asked<'s>,
        name: &'s HostName,
        needs: &mut Needs<'s>,
    ) -> bool {
        let Asked { target, sighting } = asked;
        let mut ips: Vec<IpAddr> = sighting.addresses.iter().map(|(ip, _)| *ip).collect();
        ips.sort_unstable();
        ips.dedup();
        let mut takes_entry = false;
        for &ip in &ips {
            match self.address(ip, target.port(), true) {
                Address::Open => {}
                Address::Needed => {
                    takes_entry = true;
                    needed(asked, ip, needs);
                }
                Address::Closed(why) => {
                    let why = format!("it leads to {ip}: {why}");
                    needs.incurable.push((asked, why.clone()));
                    let closed = needs.closed.entry(name).or_default();
                    if !closed.contains(&why) {
                        closed.push(why);
                    }
                }
            }
        }
        let was = |why| sighting.was(&Reason::Rules(why)).is_some();
        let untold = ips.is_empty() && (was(Why::AddressClass) || was(Why::AddressDenied));
        if untold || sighting.more_addresses {
            let why = "it leads to other addresses, which are not known here: ask `pinhole explain --resolve`";
            needs.incurable.push((asked, why.to_owned()));
        }
        takes_entry
    }

    /// What becomes of an address: of a name's, or of one that was asked for.
    fn address(&self, ip: IpAddr, port: u16, of_name: bool) -> Address {
        let shut = self.shut.get(&(ip, port));
        let close = |why, by: Option<&str>| Address::Closed(said(why, by));
        match (self.rules, shut) {
            (_, Some((Why::Own, _))) => return close(Why::Own, None),
            (None, Some((why, by))) => return close(*why, by.as_deref()),
            (None, None) => {}
            (Some(rules), _) => match rules.decide(&literal(ip, port)) {
                Ok(_) => return Address::Open,
                Err(Denial { reason: why @ (Why::AddressDenied | Why::Own), rule, .. }) => {
                    return close(why, rule.as_ref().map(|rule| rules.shown(rule)).as_deref());
                }
                Err(_) if rules.listens(ip, port) => return close(Why::Own, None),
                Err(_) => {}
            },
        }
        match AddressClass::of(ip) {
            // A name's global addresses take no entry.
            AddressClass::Global if of_name => Address::Open,
            _ => closed(ip, port).map_or(Address::Needed, Address::Closed),
        }
    }
}

/// Why the target itself was denied; what cannot be cured goes before what can.
fn was_denied(asked: Asked<'_>) -> Option<(Why, Option<String>)> {
    let Asked { target, sighting } = asked;
    let order: &[Why] = match target.host() {
        Host::Name(_) => &[Why::Denied, Why::Own, Why::NotAllowed, Why::PortNotAllowed],
        Host::Ip(_) => &[
            Why::AddressDenied,
            Why::Own,
            Why::LiteralNotAllowed,
            Why::PortNotAllowed,
            Why::AddressClass,
        ],
    };
    order.iter().find_map(|&why| {
        // What is said of an address that a name leads to is not said of the name.
        let led = sighting.addresses.iter().any(|(_, reason)| *reason == Reason::Rules(why));
        let by = sighting.was(&Reason::Rules(why)).filter(|_| !led)?;
        Some((why, by.map(str::to_owned)))
    })
}

fn needed<'s>(asked: Asked<'s>, ip: IpAddr, needs: &mut Needs<'s>) {
    let ports = needs.addresses.entry(ip).or_default();
    ports.entry(asked.target.port()).or_default().push(asked);
}

/// Why no entry cures it.
fn said(why: Why, by: Option<&str>) -> String {
    match (why, by) {
        (Why::Own, _) => "it is this proxy itself".to_owned(),
        (_, Some(by)) => format!("denied by {by}; `deny` always wins"),
        (_, None) => "denied by a `deny` entry; `deny` always wins".to_owned(),
    }
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;
