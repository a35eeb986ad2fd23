//! apt's own settings of a proxy, which hold under sudo as well.

use super::check::Check;
use super::machine::Machine;
use super::proxies::{Proxies, Proxy, url_of};

const DIR: &str = "/etc/apt/apt.conf.d";

/// Judges them. `sudo_keeps` tells whether `sudo apt-get` sees the proxy variables.
pub(super) fn checks(machine: &Machine, proxies: &Proxies, sudo_keeps: bool) -> Vec<Check> {
    let id = "apt.proxy";
    if !machine.exists("/etc/apt") {
        return vec![Check::skipped(id, "there is no apt")];
    }
    let mut settings = Vec::new();
    let mut files = vec!["/etc/apt/apt.conf".to_owned()];
    let names = machine.names_in(DIR).unwrap_or_default();
    files.splice(
        0..0,
        names.iter().filter(|name| is_read(name)).map(|name| format!("{DIR}/{name}")),
    );
    for file in &files {
        settings.extend(machine.text(file).map(|text| parse(&text)).unwrap_or_default());
    }
    let of = |key: &str| {
        let mut found = settings.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        // A later setting replaces an earlier one.
        found.next_back().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let both = [("http", proxies.forwards), ("https", proxies.tunnels)];
    let checks = both.into_iter().filter_map(|(scheme, wanted)| {
        let wanted = wanted.map(|at| &proxies.list[at]);
        let said = of(&format!("Acquire::{scheme}::Proxy"));
        Some(judge(id, scheme, said, wanted, sudo_keeps)?.about(format!("{scheme}://")))
    });
    checks.collect()
}

fn judge(
    id: &'static str,
    scheme: &str,
    said: Option<&str>,
    wanted: Option<&Proxy>,
    sudo_keeps: bool,
) -> Option<Check> {
    let line = |proxy: &Proxy| format!("Acquire::{scheme}::Proxy \"{}\";", proxy.url);
    let check = match (said, wanted) {
        (None, None) => return None,
        (None, Some(_)) if sudo_keeps => {
            Check::ok(id, "apt takes the variables, and sudo keeps them")
        }
        (None, Some(proxy)) => Check::warn(
            id,
            "apt has no proxy of its own, and under sudo no variables",
            format!("write `{}` to {DIR}/95proxy", line(proxy)),
        ),
        (Some(said), Some(proxy)) => match url_of(said) {
            Some(url) if url == proxy.url => Check::ok(id, format!("apt goes by {url}")),
            Some(url) => Check::warn(
                id,
                format!("apt goes by {url}, the environment says {}", proxy.url),
                format!("write `{}`", line(proxy)),
            ),
            None => Check::warn(
                id,
                "apt's own setting names no proxy, and holds over the environment",
                format!("write `{}`", line(proxy)),
            ),
        },
        // Where the environment names none for the scheme, apt's own may be meant.
        (Some(said), None) => match url_of(said) {
            Some(url) => Check::ok(id, format!("apt goes by {url}, the environment says nothing")),
            None => Check::ok(id, "apt goes direct, as the environment says"),
        },
    };
    Some(check)
}

/// Whether apt reads a file of that name (apt.conf(5)).
fn is_read(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.chars().all(plain) && (!name.contains('.') || name.ends_with(".conf"))
}

/// The settings of a file: whole names, and values.
fn parse(text: &str) -> Vec<(String, String)> {
    let (mut scopes, mut words): (Vec<String>, Vec<Word>) = (Vec::new(), Vec::new());
    let mut settings = Vec::new();
    for word in words_of(text) {
        match word {
            Word::Open => {
                let name = words.drain(..).map(Word::text).next().unwrap_or_default();
                scopes.push(name);
            }
            Word::Close => {
                scopes.pop();
                words.clear();
            }
            Word::End => {
                let mut all = words.drain(..).map(Word::text);
                if let (Some(name), Some(value)) = (all.next(), all.next()) {
                    let path: Vec<&str> =
                        scopes.iter().map(String::as_str).chain([name.as_str()]).collect();
                    settings.push((path.join("::"), value));
                }
            }
            word => words.push(word),
        }
    }
    settings
}

enum Word {
    Text(String),
    Open,
    Close,
    /// `;`.
    End,
}

impl Word {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            _ => String::new(),
        }
    }
}

fn words_of(text: &str) -> Vec<Word> {
    let (mut words, mut rest) = (Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        // An address has `//` in it, but only within quotation marks.
        let skip = if rest.starts_with("//") || c == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if c == '"' {
            let end = rest[1..].find('"').map_or(rest.len(), |at| at + 1);
            words.push(Word::Text(rest[1..end.max(1)].to_owned()));
            (end + 1).min(rest.len())
        } else if c.is_whitespace() {
            c.len_utf8()
        } else if let Some(word) = match c {
            '{' => Some(Word::Open),
            '}' => Some(Word::Close),
            ';' => Some(Word::End),
            _ => None,
        } {
            words.push(word);
            1
        } else {
            let ends = |c: char| c.is_whitespace() || "{};\"".contains(c);
            let end = rest.find(ends).unwrap_or(rest.len());
            words.push(Word::Text(rest[..end].to_owned()));
            end
        };
        rest = &rest[skip..];
    }
    words
}

#[cfg(test)]
#[path = "apt_tests.rs"]
mod tests;
