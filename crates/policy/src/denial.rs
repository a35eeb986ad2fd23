//! Why a target or an address is denied.

use std::fmt;

use crate::class::AddressClass;
use crate::{Authority, Host, PortSet, Rule};

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
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Denied,
        Self::NotAllowed,
        Self::PortNotAllowed,
        Self::LiteralNotAllowed,
        Self::AddressDenied,
        Self::AddressClass,
        Self::Own,
    ];

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
    pub(crate) text: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Denial {}

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

    pub(crate) fn by_rule(reason: Reason, target: &Authority, rule: &Rule) -> Self {
        let text = format!("{target} is denied by {} ({})", rule.place, rule.text);
        Self { reason, rule: Some(rule.clone()), text }
    }

    /// No entry covers the target, or only one that does so on other ports: that is worth naming.
    pub(crate) fn by_default(target: &Authority, elsewhere: Option<(&Rule, &PortSet)>) -> Self {
        let host = target.host();
        if let Some((rule, ports)) = elsewhere {
            let (place, covers, port) = (rule.place, &rule.text, target.port());
            let text =
                format!("{place} ({covers}) covers {host}, but not port {port}; it opens {ports}");
            return Self { reason: Reason::PortNotAllowed, rule: Some(rule.clone()), text };
        }
        let (reason, with) = match host {
            Host::Name(_) => (Reason::NotAllowed, ""),
            Host::Ip(_) => (Reason::LiteralNotAllowed, "with a network "),
        };
        Self { reason, rule: None, text: format!("no allow entry {with}covers {host}") }
    }

    fn own() -> Self {
        Self { reason: Reason::Own, rule: None, text: "the target is this proxy itself".to_owned() }
    }
}
