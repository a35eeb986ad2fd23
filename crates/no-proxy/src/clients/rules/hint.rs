//! Why a list that was meant to exempt a target does not.

use crate::clients::Case;
use crate::dialect::{Entry, NoProxy};

use super::{By, Pass, Rules};

/// One line, to stand behind the variable's name.
pub(super) fn of(rules: &Rules, value: &str, case: &Case<'_>) -> String {
    let (list, _) = NoProxy::parse(value);
    let Some(entry) = list.exempts(case.target.authority(), &[]) else {
        let resolves =
            |pass: &Pass| pass.tests.iter().any(|test| matches!(test.by, By::Resolved(_)));
        let unknown = case.target.ip().is_none() && case.addrs.is_empty();
        return if unknown && rules.passes.iter().any(resolves) {
            "no entry covers its name, but it looks the name up, and the address counts, too"
                .to_owned()
        } else {
            "no entry covers it".to_owned()
        };
    };
    let text = entry.to_string();
    if super::exempts(rules, &text, case).is_some() {
        return format!("`{text}` would cover it, but not in this list: {}", blame(value));
    }
    format!("`{text}` does not cover it here: {}", form(entry, case))
}

/// What in the list's syntax hides an entry.
fn blame(value: &str) -> &'static str {
    if value.contains(['\n', '\r']) {
        "a line break becomes part of an entry"
    } else if value.contains(char::is_whitespace) {
        "white space ends the list or becomes part of an entry"
    } else {
        "only the last entry of a list is read as it should be"
    }
}

/// What an entry is that a client does not read.
fn form(entry: &Entry, case: &Case<'_>) -> &'static str {
    use crate::dialect::Cover;
    let text = entry.to_string();
    match entry.cover() {
        _ if entry.port().is_some() => "an entry with a port is not read so",
        Cover::Everything => "`*` is no wildcard",
        Cover::Net(_) if text.contains('/') => "a block of addresses is not read so",
        Cover::Net(_) => "the address is compared as text, in another spelling",
        _ if text.ends_with('.') || case.target.host().ends_with('.') => {
            "a final dot makes another name"
        }
        _ if text.chars().any(char::is_uppercase) => "upper case is not folded",
        _ if !text.is_ascii() => "a name that is not ASCII is not converted",
        Cover::Below(_) => "`*.` is no wildcard",
        Cover::Name(name) if case.target.authority().host().to_string() == name.as_str() => {
            "a dot in front leaves the name itself out"
        }
        Cover::Name(_) if text.starts_with('.') => "a dot in front means nothing",
        Cover::Name(_) => "a name covers nothing below it",
    }
}
