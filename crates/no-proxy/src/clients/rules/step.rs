//! What a client does to an entry, or asks of it, before it compares it.

use crate::clients::Case;

use super::list::Raw;
use super::ports::{Cut, Ports};

/// A step: a condition, or a rewriting. The first condition that fails ends the test.
#[derive(Clone, Copy, Debug)]
pub(in crate::clients) enum Step {
    /// Only for hosts that are names.
    HostIsName,
    /// Only for hosts that are IPv4 addresses.
    HostIsV4,
    /// Only for hosts that are not IPv4 addresses.
    HostIsNotV4,
    /// Only entries that start with a dot.
    Dotted,
    /// Only entries that do not start with a dot.
    NotDotted,
    /// Only entries that start with neither a dot nor `*`.
    Plain,
    /// Only entries that start with `*`.
    Starred,
    /// Only entries that do not start with `*`.
    NotStarred,
    /// Only entries that end so.
    Ends(&'static str),
    /// Only entries that hold this.
    Holds(char),
    /// Only entries that do not hold this.
    HoldsNot(char),
    /// Only entries that are this.
    Is(&'static str),
    /// Only the end of the value.
    Last,
    /// With all of the value that follows.
    Onward,
    /// Not if nothing is left.
    NotEmpty,
    /// White space at both ends is cut off.
    Trim,
    /// All spaces are deleted.
    DropSpaces,
    /// In lower case.
    Lower,
    /// What stands in front is cut off, where it is there.
    CutFront(&'static str),
    /// What stands at the end is cut off, where it is there.
    CutEnd(&'static str),
    /// All dots in front are cut off.
    CutDots,
    /// `*.x` becomes `.x`.
    StarDotToDot,
    /// The port is cut off; only if it is the target's, or there is none.
    Port(Ports),
    /// A name that is not ASCII becomes its A-label.
    Ascii,
}

/// What is left of an entry, or nothing if a condition fails.
pub(super) fn apply(steps: &[Step], raw: Raw<'_>, case: &Case<'_>) -> Option<String> {
    steps.iter().try_fold(raw.text.to_owned(), |text, step| step.apply(text, raw, case))
}

impl Step {
    fn apply(self, text: String, raw: Raw<'_>, case: &Case<'_>) -> Option<String> {
        let holds = match self {
            Self::HostIsName => case.target.ip().is_none(),
            Self::HostIsV4 => case.target.ip().is_some_and(|ip| ip.is_ipv4()),
            Self::HostIsNotV4 => !case.target.ip().is_some_and(|ip| ip.is_ipv4()),
            Self::Dotted => text.starts_with('.'),
            Self::NotDotted => !text.starts_with('.'),
            Self::Plain => !text.starts_with(['.', '*']),
            Self::Starred => text.starts_with('*'),
            Self::NotStarred => !text.starts_with('*'),
            Self::Ends(end) => text.ends_with(end),
            Self::Holds(c) => text.contains(c),
            Self::HoldsNot(c) => !text.contains(c),
            Self::Is(what) => text == what,
            Self::Last => raw.text.len() == raw.onward.len(),
            Self::NotEmpty => !text.is_empty(),
            Self::Port(ports) => return port(ports, &text, case),
            Self::Onward => return Some(raw.onward.to_owned()),
            _ => return Some(self.rewrite(text)),
        };
        holds.then_some(text)
    }

    fn rewrite(self, text: String) -> String {
        let cut = match self {
            Self::Lower => return text.to_lowercase(),
            Self::DropSpaces => return text.replace(' ', ""),
            Self::Ascii if !text.is_ascii() => return ascii(&text),
            Self::Trim => text.trim(),
            Self::CutFront(front) => text.strip_prefix(front).unwrap_or(&text),
            Self::CutEnd(end) => text.strip_suffix(end).unwrap_or(&text),
            Self::CutDots => text.trim_start_matches('.'),
            Self::StarDotToDot if text.starts_with("*.") => &text[1..],
            _ => &text,
        };
        cut.to_owned()
    }
}

fn port(ports: Ports, text: &str, case: &Case<'_>) -> Option<String> {
    match ports.cut(text) {
        Cut::Hidden => None,
        Cut::Host(host, None) => Some(host.to_owned()),
        Cut::Host(host, Some(written)) => {
            ports.is(written, case.target.authority().port()).then(|| host.to_owned())
        }
    }
}

/// The A-label form of a name, which may have a dot in front.
fn ascii(text: &str) -> String {
    let (dot, name) = match text.strip_prefix('.') {
        Some(name) => (".", name),
        None => ("", text),
    };
    idna::domain_to_ascii(name).map_or_else(|_| text.to_owned(), |ascii| format!("{dot}{ascii}"))
}
