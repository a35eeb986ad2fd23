//! The decisions: a target's name first, then the addresses that it leads to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::class::{self, AddressClass};
use crate::compiled::{HostRules, NetRule, NetRules};
use crate::{
    Authority, Entry, Host, List, Overrides, OwnTarget, PortSet, Rule, SniCheck, SniRules,
};

/// The rules of one configuration, compiled. Immutable.
#[derive(Debug)]
pub struct Policy {
    allow: Rules,
    deny: Rules,
    own: Vec<OwnTarget>,
    sni: SniRules,
}

#[derive(Debug)]
struct Rules {
    hosts: HostRules,
    networks: NetRules,
}

/// A target whose name may be reached. Made by [`Policy::decide`] alone.
#[derive(Clone, Debug)]
pub struct Grant {
    target: Authority,
    rule: Rule,
    overrides: Overrides,
}

impl Grant {
    /// What was granted.
    #[must_use]
    pub fn target(&self) -> &Authority {
        &self.target
    }

    /// The rule that granted it.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What that rule sets for its tunnels.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        self.overrides
    }
}

/// Why a target or an address is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A `deny` entry covers the target.
    Denied,
    /// No `allow` entry covers the host.
    NotAllowed,
    /// An `allow` entry covers the host, on other ports.
    PortNotAllowed,
    /// An IP literal that no network entry covers.
    LiteralNotAllowed,
    /// A `deny` entry covers the address.
    AddressDenied,
    /// The address is of a class that is denied by default, and no network entry opens it.
    AddressClass,
    /// The target is this proxy.
    Own,
}

impl Reason {
    /// A stable label for logs, metrics and refusals.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NotAllowed => "not_allowed",
            Self::PortNotAllowed => "port_not_allowed",
            Self::LiteralNotAllowed => "literal_not_allowed",
            Self::AddressDenied => "address_denied",
            Self::AddressClass => "address_class",
            Self::Own => "own_address",
        }
    }
}

/// A denied target. Its text tells a person why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// The rule that denied it, or the one that would have allowed it but for the port.
    pub rule: Option<Rule>,
    text: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Denial {}

/// An address that a granted target leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The address.
    pub ip: IpAddr,
    /// Whether one of the proxy's own listeners answers there on the target's port.
    pub own: bool,
}

/// The judgement on one address.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The address.
    pub ip: IpAddr,
    /// Its class.
    pub class: AddressClass,
    /// The network entry that opens it, where it needs one; or why it is denied.
    pub verdict: Result<Option<Rule>, AddressDenial>,
}

/// Why an address is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressDenial {
    /// Why.
    pub reason: Reason,
    /// The class that denied it: the address's own, or that of an IPv4 address it embeds.
    pub class: AddressClass,
    /// The `deny` entry, where one did it.
    pub rule: Option<Rule>,
}

/// The addresses that may be dialled for one request, in the resolver's order. Made by
/// [`Policy::permit`] and [`Policy::permit_parent`] alone.
#[derive(Clone, Debug)]
pub struct PermittedAddrs(Vec<SocketAddr>);

impl PermittedAddrs {
    /// The addresses, each with the target's port.
    #[must_use]
    pub fn as_slice(&self) -> &[SocketAddr] {
        &self.0
    }
}

impl Policy {
    /// Compiles the rules. Neither the order of `entries` nor the order of `own` matters. The SNI
    /// check is the usual one, unless [`Policy::with_sni`] says otherwise.
    #[must_use]
    pub fn new(entries: Vec<Entry>, own: Vec<OwnTarget>) -> Self {
        let (allow, deny) = entries.into_iter().partition(|e| e.place.list == List::Allow);
        Self {
            allow: Rules::new(allow, None),
            deny: Rules::new(deny, Some(&PortSet::all())),
            own,
            sni: SniRules::default(),
        }
    }

    /// The same with another SNI check.
    #[must_use]
    pub fn with_sni(self, sni: SniRules) -> Self {
        Self { sni, ..self }
    }

    /// Which SNI check a granted target's tunnel has to pass.
    #[must_use]
    pub fn sni_check(&self, grant: &Grant) -> SniCheck {
        let entry = grant.overrides.tls.map(|mode| (mode, grant.rule.place));
        self.sni.check(grant.target.port(), entry)
    }

    /// Whether nothing at all is allowed.
    #[must_use]
    pub fn allows_nothing(&self) -> bool {
        self.allow.hosts.is_empty() && self.allow.networks.is_empty()
    }

    /// Whether a client that names `host` (and `port`, where it names one) names this proxy by
    /// a name that the configuration lists under `self`.
    #[must_use]
    pub fn is_own(&self, host: &Host, port: Option<u16>) -> bool {
        self.own(host, port).is_some()
    }

    fn own(&self, host: &Host, port: Option<u16>) -> Option<&OwnTarget> {
        self.own.iter().find(|own| own.covers(host, port))
    }

    /// Judges a target by its name, before any lookup. For an IP literal that is all there is to
    /// judge but for the proxy's own listeners.
    ///
    /// # Errors
    /// The [`Denial`], which names its rule where one made it.
    pub fn decide(&self, target: &Authority) -> Result<Grant, Denial> {
        if let Some(own) = self.own(target.host(), Some(target.port())) {
            let text = format!("the target is this proxy itself: `self` lists {own}");
            return Err(Denial { reason: Reason::Own, rule: None, text });
        }
        let (rule, overrides) = match target.host() {
            Host::Name(name) => {
                if let Some(hit) = self.deny.hosts.find(name, target.port()) {
                    return Err(Denial::by_rule(Reason::Denied, target, &hit.rule));
                }
                match self.allow.hosts.find(name, target.port()) {
                    Some(hit) => (hit.rule.clone(), hit.overrides),
                    None => return Err(self.deny_by_default(target)),
                }
            }
            Host::Ip(ip) => {
                let hit = self.judge_literal(*ip, target)?;
                (hit.rule.clone(), hit.overrides)
            }
        };
        Ok(Grant { target: target.clone(), rule, overrides })
    }

    /// Judges what a granted target resolved to: the permitted addresses, and the judgement on
    /// each candidate.
    #[must_use]
    pub fn permit(&self, grant: &Grant, found: &[Candidate]) -> (PermittedAddrs, Vec<Judged>) {
        let port = grant.target.port();
        let judged: Vec<Judged> = found
            .iter()
            .map(|candidate| {
                let verdict = match candidate.own {
                    true => Err(AddressDenial {
                        reason: Reason::Own,
                        class: class::classify(candidate.ip),
                        rule: None,
                    }),
                    false => self.judge(candidate.ip, port),
                };
                Judged { ip: candidate.ip, class: class::classify(candidate.ip), verdict }
            })
            .collect();
        let permitted = judged
            .iter()
            .filter(|one| one.verdict.is_ok())
            .map(|one| SocketAddr::new(one.ip, port))
            .collect();
        (PermittedAddrs(permitted), judged)
    }

    /// Judges what a parent proxy's host resolved to. The configuration names the parent, so the
    /// rules for targets do not hold for it; but what is this proxy itself is no parent.
    #[must_use]
    pub fn permit_parent(&self, parent: &Authority, found: &[Candidate]) -> PermittedAddrs {
        let port = parent.port();
        let is_own = |ip: IpAddr| self.is_own(&Host::Ip(ip), Some(port));
        let embeds_own =
            |ip| class::embedded(ip).into_iter().any(|inner| is_own(IpAddr::V4(inner)));
        let is_other = |one: &&Candidate| !one.own && !is_own(one.ip) && !embeds_own(one.ip);
        match self.is_own(parent.host(), Some(port)) {
            true => PermittedAddrs(Vec::new()),
            false => PermittedAddrs(
                found.iter().filter(is_other).map(|one| SocketAddr::new(one.ip, port)).collect(),
            ),
        }
    }

    /// Judges an address by itself: whether it is denied, and by what it is opened where its
    /// class needs that.
    fn judge(&self, ip: IpAddr, port: u16) -> Result<Option<Rule>, AddressDenial> {
        let opened = self.judge_one(ip, port)?;
        for inner in class::embedded(ip) {
            self.judge_one(IpAddr::V4(inner), port)?;
        }
        Ok(opened)
    }

    fn judge_one(&self, ip: IpAddr, port: u16) -> Result<Option<Rule>, AddressDenial> {
        let class = class::classify(ip);
        let denial = |reason, rule| AddressDenial { reason, class, rule };
        if self.is_own(&Host::Ip(ip), Some(port)) {
            return Err(denial(Reason::Own, None));
        }
        if let Some(hit) = self.deny.networks.holding(ip, port) {
            return Err(denial(Reason::AddressDenied, Some(hit.rule.clone())));
        }
        if class == AddressClass::Global {
            return Ok(None);
        }
        match self.allow.networks.opening(ip, port) {
            Some(hit) => Ok(Some(hit.rule.clone())),
            None => Err(denial(Reason::AddressClass, None)),
        }
    }

    fn judge_literal(&self, ip: IpAddr, target: &Authority) -> Result<&NetRule, Denial> {
        let port = target.port();
        let opening = self.allow.networks.opening(ip, port);
        match (self.judge(ip, port), opening) {
            (Ok(_), Some(hit)) => Ok(hit),
            (Ok(_), None) => Err(self.deny_by_default(target)),
            // The class denies it, but an entry opens it on other ports: name that entry.
            (Err(AddressDenial { reason: Reason::AddressClass, .. }), None)
                if self.allow.networks.on_any_port(ip).is_some() =>
            {
                Err(self.deny_by_default(target))
            }
            (Err(denial), _) => Err(Denial::of_address(target, &denial)),
        }
    }

    /// No entry covers the target; one that does so on other ports is worth naming.
    fn deny_by_default(&self, target: &Authority) -> Denial {
        let (elsewhere, reason) = match target.host() {
            Host::Name(name) => (
                self.allow.hosts.on_any_port(name).map(|hit| (&hit.rule, &hit.ports)),
                Reason::NotAllowed,
            ),
            Host::Ip(ip) => (
                self.allow.networks.on_any_port(*ip).map(|hit| (&hit.rule, &hit.ports)),
                Reason::LiteralNotAllowed,
            ),
        };
        if let Some((rule, ports)) = elsewhere {
            let (place, covers) = (rule.place, &rule.text);
            let (host, port) = (target.host(), target.port());
            let text =
                format!("{place} ({covers}) covers {host}, but not port {port}; it opens {ports}");
            return Denial { reason: Reason::PortNotAllowed, rule: Some(rule.clone()), text };
        }
        let text = match reason {
            Reason::LiteralNotAllowed => {
                format!("no allow entry with a network covers {}", target.host())
            }
            _ => format!("no allow entry covers {}", target.host()),
        };
        Denial { reason, rule: None, text }
    }
}

impl Rules {
    fn new(mut entries: Vec<Entry>, default_ports: Option<&PortSet>) -> Self {
        // Of two that fit equally well the first written decides, in whatever order they come.
        entries.sort_by_key(|entry| entry.place.index);
        Self {
            hosts: HostRules::new(&entries, default_ports),
            networks: NetRules::new(&entries, default_ports),
        }
    }
}

impl Denial {
    /// The denial of a granted target for one of its addresses.
    #[must_use]
    pub fn of_address(target: &Authority, denial: &AddressDenial) -> Self {
        let what = match target.host() {
            Host::Name(name) => format!("{name} resolves to an address that"),
            Host::Ip(ip) => ip.to_string(),
        };
        let text = match (denial.reason, &denial.rule) {
            (Reason::Own, _) => return Self::own(),
            (_, Some(rule)) => format!("{what} is denied by {} ({})", rule.place, rule.text),
            (_, None) if denial.class == AddressClass::Metadata => format!(
                "{what} is a metadata service; only a network entry of exactly that address opens it"
            ),
            (_, None) => format!(
                "{what} is of the class {}; only a network entry inside that class's range opens it",
                denial.class.label()
            ),
        };
        Self { reason: denial.reason, rule: denial.rule.clone(), text }
    }

    fn by_rule(reason: Reason, target: &Authority, rule: &Rule) -> Self {
        let text = format!("{target} is denied by {} ({})", rule.place, rule.text);
        Self { reason, rule: Some(rule.clone()), text }
    }

    fn own() -> Self {
        Self { reason: Reason::Own, rule: None, text: "the target is this proxy itself".to_owned() }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "decide_properties.rs"]
mod properties;
