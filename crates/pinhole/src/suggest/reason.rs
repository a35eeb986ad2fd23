//! Why a target was denied, as the log and the admin page have it.

use policy::Reason as Denial;

/// Longest label that is taken over from a log.
const MAX_LABEL: usize = 40;

/// Why a target was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// By the rules.
    Rules(Denial),
    /// Its client was to reach it without the proxy.
    Stray,
    /// Its tunnel failed the SNI check, in this way.
    Sni(Box<str>),
    /// By something else that is no rule's affair.
    Other(Box<str>),
}

impl Reason {
    /// Reads a label. What cannot be one is none: a log may come from anywhere.
    pub(crate) fn parse(label: &str) -> Option<Self> {
        const RULES: [Denial; 7] = [
            Denial::Denied,
            Denial::NotAllowed,
            Denial::PortNotAllowed,
            Denial::LiteralNotAllowed,
            Denial::AddressDenied,
            Denial::AddressClass,
            Denial::Own,
        ];
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if label.is_empty() || label.len() > MAX_LABEL || !label.bytes().all(plain) {
            return None;
        }
        if let Some(denial) = RULES.into_iter().find(|denial| denial.label() == label) {
            return Some(Self::Rules(denial));
        }
        Some(match label {
            "stray" => Self::Stray,
            _ if label.starts_with("sni_") => Self::Sni(label.into()),
            _ => Self::Other(label.into()),
        })
    }

    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Rules(denial) => denial.label(),
            Self::Stray => "stray",
            Self::Sni(label) | Self::Other(label) => label,
        }
    }

    /// Whether it is about an address that a name leads to.
    pub(crate) fn of_address(&self) -> bool {
        use Denial::{AddressClass, AddressDenied, Own};
        matches!(self, Self::Rules(AddressClass | AddressDenied | Own))
    }

    /// Whether a rule that stands beside it in the log made the denial.
    pub(crate) fn by_rule(&self) -> bool {
        matches!(self, Self::Rules(Denial::Denied | Denial::AddressDenied))
    }
}

/// A rule's place, `allow[3]` or `clients[1].allow[0]`; none for what is none.
pub(crate) fn place(text: &str) -> Option<&str> {
    let index = |text: &str, list: &str| {
        let digits = text.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']')?;
        let plain = (1..=7).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then_some(())
    };
    let list = match text.split_once('.') {
        Some((client, list)) => {
            index(client, "clients")?;
            list
        }
        None => text,
    };
    index(list, "allow").or_else(|| index(list, "deny")).map(|()| text)
}

#[cfg(test)]
#[path = "reason_tests.rs"]
mod tests;
