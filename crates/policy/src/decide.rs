//! The decisions: a target's name first, then the addresses that it leads to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::class::{self, AddressClass};
use crate::client::Clients;
use crate::compiled::{InForce, Lists, NetRule};
use crate::{
    AddressDenial, Authority, Client, Denial, Entry, Host, Mode, Overrides, OwnTarget, Reason,
    Rule, SniCheck, SniRules, Who,
};

/// The rules of one configuration, compiled. Immutable.
#[derive(Debug)]
pub struct Policy {
    shared: Lists,
    clients: Clients,
    mode: Mode,
    own: Vec<OwnTarget>,
    sni: SniRules,
}

/// A target whose name may be reached. Made by [`Policy::decide`] alone.
#[derive(Clone, Debug)]
pub struct Grant {
    target: Authority,
    who: Who,
    /// The rule that granted it, with what it sets; or why it would be denied, were it not for
    /// audit mode.
    by: Result<(Rule, Overrides), Box<Denial>>,
}

impl Grant {
    /// What was granted.
    #[must_use]
    pub fn target(&self) -> &Authority {
        &self.target
    }

    /// The rule that granted it; none where audit mode did.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.by.as_ref().ok().map(|(rule, _)| rule)
    }

    /// Why it would be denied, were it not for audit mode.
    #[must_use]
    pub fn would_deny(&self) -> Option<&Denial> {
        self.by.as_ref().err().map(|denial| &**denial)
    }

    /// What that rule sets for its tunnels.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        self.by.as_ref().map_or_else(|_| Overrides::default(), |(_, overrides)| *overrides)
    }
}

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
    /// Whether it is permitted all the same, since audit mode passes over the entry that denies it.
    pub audited: bool,
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
    /// Compiles the rules that hold for all clients. Neither the order of `entries` nor the order
    /// of `own` matters. No client has rules of its own, the mode is `enforce` and the SNI check
    /// the usual one, unless [`Policy::with_clients`], [`Policy::with_mode`] and
    /// [`Policy::with_sni`] say otherwise.
    #[must_use]
    pub fn new(entries: Vec<Entry>, own: Vec<OwnTarget>) -> Self {
        Self {
            shared: Lists::new(entries),
            clients: Clients::new(Vec::new()),
            mode: Mode::Enforce,
            own,
            sni: SniRules::default(),
        }
    }

    /// The same with another SNI check.
    #[must_use]
    pub fn with_sni(self, sni: SniRules) -> Self {
        Self { sni, ..self }
    }

    /// The same with clients that have something of their own. The first that fits counts.
    ///
    /// # Panics
    /// With more than [`MAX_CLIENTS`](crate::MAX_CLIENTS).
    #[must_use]
    pub fn with_clients(self, clients: Vec<Client>) -> Self {
        Self { clients: Clients::new(clients), ..self }
    }

    /// The same in another mode, for all clients that have none of their own.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Which SNI check a granted target's tunnel has to pass.
    #[must_use]
    pub fn sni_check(&self, grant: &Grant) -> SniCheck {
        let entry = match &grant.by {
            Ok((rule, Overrides { tls: Some(mode), .. })) => Some((*mode, rule.place)),
            _ => None,
        };
        self.sni.check(grant.target.port(), entry).in_mode(self.mode(grant.who))
    }

    /// Whether nothing at all is allowed to anybody.
    #[must_use]
    pub fn allows_nothing(&self) -> bool {
        self.shared.allow.is_empty() && self.clients.allow_nothing()
    }

    /// Who somebody is who comes from that address and has logged in as that user, if as any.
    #[must_use]
    pub fn who(&self, ip: IpAddr, user: Option<&str>) -> Who {
        self.clients.who(ip, user)
    }

    /// Whether it depends on the user who somebody is that comes from there.
    #[must_use]
    pub fn depends_on_user(&self, ip: IpAddr) -> bool {
        self.clients.depends_on_user(ip)
    }

    /// Whether somebody from there could reach the target by logging in.
    #[must_use]
    pub fn login_may_help(&self, ip: IpAddr, target: &Authority) -> bool {
        self.clients.login_leads_to(ip, |who| self.grants(who, target))
    }

    /// What a client is called; nothing where it is none of the configuration's.
    #[must_use]
    pub fn client(&self, who: Who) -> Option<&Arc<str>> {
        self.clients.name(who)
    }

    /// The client that is called so.
    #[must_use]
    pub fn client_named(&self, name: &str) -> Option<Who> {
        self.clients.named(name)
    }

    /// The first client that somebody may be who logs in as that user, wherever that is.
    #[must_use]
    pub fn client_of_user(&self, user: &str) -> Option<Who> {
        self.clients.of_user(user)
    }

    /// What clients are called and as whom they log in, in no order.
    pub fn client_words(&self) -> impl Iterator<Item = &str> {
        self.clients.names()
    }

    /// The mode that holds for a client.
    #[must_use]
    pub fn mode(&self, who: Who) -> Mode {
        self.clients.mode(who).unwrap_or(self.mode)
    }

    fn in_force(&self, who: Who) -> InForce<'_> {
        InForce([self.clients.lists(who), Some(&self.shared)])
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
    pub fn decide(&self, who: Who, target: &Authority) -> Result<Grant, Denial> {
        if let Some(own) = self.own(target.host(), Some(target.port())) {
            let text = format!("the target is this proxy itself: `self` lists {own}");
            return Err(Denial { reason: Reason::Own, rule: None, text });
        }
        let (rules, port) = (self.in_force(who), target.port());
        let judged = match target.host() {
            Host::Name(name) => match rules.judge_host(name, port) {
                Ok(hit) => Ok((hit.rule.clone(), hit.overrides)),
                Err(Some(hit)) => Err(Denial::by_rule(Reason::Denied, target, &hit.rule)),
                Err(None) => Err(deny_by_default(rules, target)),
            },
            Host::Ip(ip) => {
                let hit = self.judge_literal(rules, *ip, target);
                hit.map(|hit| (hit.rule.clone(), hit.overrides))
            }
        };
        let by = match judged {
            Err(denial) if !self.audits(who, target) => return Err(denial),
            judged => judged.map_err(Box::new),
        };
        Ok(Grant { target: target.clone(), who, by })
    }

    /// Whether [`Policy::decide`] grants it, without the words that it has for a denial of a name.
    fn grants(&self, who: Who, target: &Authority) -> bool {
        let Host::Name(name) = target.host() else { return self.decide(who, target).is_ok() };
        let port = target.port();
        !self.is_own(target.host(), Some(port))
            && (self.in_force(who).judge_host(name, port).is_ok() || self.audits(who, target))
    }

    /// Whether audit mode lets this client try a target that no rule lets through.
    fn audits(&self, who: Who, target: &Authority) -> bool {
        self.mode(who) == Mode::Audit
            && match target.host() {
                Host::Name(_) => true,
                Host::Ip(ip) => self.is_harmless(*ip, target.port()),
            }
    }

    /// Whether an address is of no class that is denied by default, and not this proxy.
    fn is_harmless(&self, ip: IpAddr, port: u16) -> bool {
        let embedded = class::embedded(ip).into_iter().map(IpAddr::V4);
        embedded.chain([ip]).all(|ip| {
            class::classify(ip) == AddressClass::Global && !self.is_own(&Host::Ip(ip), Some(port))
        })
    }

    /// Judges what a granted target resolved to: the permitted addresses, and the judgement on
    /// each candidate. In audit mode those that only an entry denies are permitted all the same
    /// where there are no others: with others, the target would be reached by these.
    #[must_use]
    pub fn permit(&self, grant: &Grant, found: &[Candidate]) -> (PermittedAddrs, Vec<Judged>) {
        let port = grant.target.port();
        let mut judged: Vec<Judged> =
            found.iter().map(|candidate| self.judge_candidate(grant, *candidate)).collect();
        if judged.iter().any(|one| one.verdict.is_ok()) {
            judged.iter_mut().for_each(|one| one.audited = false);
        }
        let permitted = judged
            .iter()
            .filter(|one| one.verdict.is_ok() || one.audited)
            .map(|one| SocketAddr::new(one.ip, port))
            .collect();
        (PermittedAddrs(permitted), judged)
    }

    /// Judges an address that was permitted for the grant once more: the entry that opens it, where
    /// it needs one.
    ///
    /// # Errors
    /// Why it would be denied, were it not for audit mode.
    pub fn judge_address(&self, grant: &Grant, ip: IpAddr) -> Result<Option<Rule>, Denial> {
        let judged = self.judge_candidate(grant, Candidate { ip, own: false });
        judged.verdict.map_err(|denial| Denial::of_address(&grant.target, &denial))
    }

    fn judge_candidate(&self, grant: &Grant, Candidate { ip, own }: Candidate) -> Judged {
        let (class, port) = (class::classify(ip), grant.target.port());
        let verdict = match own {
            true => Err(AddressDenial { reason: Reason::Own, class, rule: None }),
            false => self.judge(self.in_force(grant.who), ip, port),
        };
        let by_entry = matches!(&verdict, Err(denial) if denial.reason == Reason::AddressDenied);
        let audits = self.mode(grant.who) == Mode::Audit;
        Judged { ip, class, verdict, audited: by_entry && audits && self.is_harmless(ip, port) }
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
    fn judge(
        &self,
        rules: InForce<'_>,
        ip: IpAddr,
        port: u16,
    ) -> Result<Option<Rule>, AddressDenial> {
        let opened = self.judge_one(rules, ip, port)?;
        for inner in class::embedded(ip) {
            self.judge_one(rules, IpAddr::V4(inner), port)?;
        }
        Ok(opened)
    }

    fn judge_one(
        &self,
        rules: InForce<'_>,
        ip: IpAddr,
        port: u16,
    ) -> Result<Option<Rule>, AddressDenial> {
        let class = class::classify(ip);
        let denial = |reason, rule| AddressDenial { reason, class, rule };
        if self.is_own(&Host::Ip(ip), Some(port)) {
            return Err(denial(Reason::Own, None));
        }
        if let Some(hit) = rules.denies_ip(ip, port) {
            return Err(denial(Reason::AddressDenied, Some(hit.rule.clone())));
        }
        if class == AddressClass::Global {
            return Ok(None);
        }
        match rules.opens_ip(ip, port) {
            Some(hit) => Ok(Some(hit.rule.clone())),
            None => Err(denial(Reason::AddressClass, None)),
        }
    }

    fn judge_literal<'p>(
        &self,
        rules: InForce<'p>,
        ip: IpAddr,
        target: &Authority,
    ) -> Result<&'p NetRule, Denial> {
        let port = target.port();
        match (self.judge(rules, ip, port), rules.opens_ip(ip, port)) {
            (Ok(_), Some(hit)) => Ok(hit),
            (Ok(_), None) => Err(deny_by_default(rules, target)),
            // The class denies it, but an entry opens it on other ports: name that entry.
            (Err(AddressDenial { reason: Reason::AddressClass, .. }), None)
                if rules.opens_ip_elsewhere(ip).is_some() =>
            {
                Err(deny_by_default(rules, target))
            }
            (Err(denial), _) => Err(Denial::of_address(target, &denial)),
        }
    }
}

fn deny_by_default(rules: InForce<'_>, target: &Authority) -> Denial {
    let elsewhere = match target.host() {
        Host::Name(name) => rules.allows_host_elsewhere(name).map(|hit| (&hit.rule, &hit.ports)),
        Host::Ip(ip) => rules.opens_ip_elsewhere(*ip).map(|hit| (&hit.rule, &hit.ports)),
    };
    Denial::by_default(target, elsewhere)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "decide_properties.rs"]
mod properties;
