//! Package indexes and proxies that pip, uv, npm and conda are told of, in files and variables.
//! They are read, and nothing of them is printed but hosts: there may be credentials beside them.

use std::path::PathBuf;

use policy::Authority;

use super::check::Check;
use super::machine::Machine;
use super::proxies::{Proxies, url_of};

/// A tool, and where it looks.
struct Tool {
    id: &'static str,
    /// The simulator's id of it.
    client: &'static str,
    files: &'static [&'static str],
    /// Files below a variable's directory.
    below: &'static [(&'static str, &'static str)],
    /// Variables that name a file.
    named: &'static [&'static str],
    /// Variables that name an index.
    variables: &'static [&'static str],
    /// Variables that name a proxy.
    proxy_variables: &'static [&'static str],
    /// Keys of an index.
    indexes: &'static [&'static str],
    /// Keys of a proxy.
    proxies: &'static [&'static str],
}

const TOOLS: [Tool; 4] = [
    Tool {
        id: "config.pip",
        client: "pip",
        files: &["/etc/pip.conf", "/etc/xdg/pip/pip.conf"],
        below: &[
            ("HOME", ".pip/pip.conf"),
            ("HOME", ".config/pip/pip.conf"),
            ("XDG_CONFIG_HOME", "pip/pip.conf"),
            ("VIRTUAL_ENV", "pip.conf"),
        ],
        named: &["PIP_CONFIG_FILE"],
        variables: &["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"],
        proxy_variables: &["PIP_PROXY"],
        indexes: &["index-url", "extra-index-url", "find-links"],
        proxies: &["proxy"],
    },
    Tool {
        id: "config.uv",
        client: "uv",
        files: &["/etc/uv/uv.toml"],
        below: &[("HOME", ".config/uv/uv.toml"), ("XDG_CONFIG_HOME", "uv/uv.toml")],
        named: &["UV_CONFIG_FILE"],
        variables: &["UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"],
        proxy_variables: &[],
        indexes: &["index-url", "extra-index-url", "default-index", "index", "url"],
        proxies: &[],
    },
    Tool {
        id: "config.npm",
        client: "npm",
        files: &["/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc"],
        below: &[("HOME", ".npmrc")],
        named: &["NPM_CONFIG_USERCONFIG", "npm_config_userconfig"],
        variables: &["npm_config_registry", "NPM_CONFIG_REGISTRY"],
        proxy_variables: &["npm_config_proxy", "npm_config_https_proxy"],
        indexes: &["registry"],
        proxies: &["proxy", "https-proxy"],
    },
    Tool {
        id: "config.conda",
        client: "requests",
        files: &["/etc/conda/.condarc", "/etc/conda/condarc", "/opt/conda/.condarc"],
        below: &[("HOME", ".condarc"), ("HOME", ".conda/.condarc")],
        named: &["CONDARC"],
        variables: &["CONDA_CHANNEL_ALIAS"],
        proxy_variables: &[],
        indexes: &["channel-alias", "channels", "default-channels", "custom-channels"],
        proxies: &["proxy-servers"],
    },
];

/// An index that a tool is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// The simulator's id of the client that asks it.
    pub(super) client: &'static str,
    pub(super) target: Authority,
    pub(super) secure: bool,
    /// The tool and the file or variable.
    pub(super) from: String,
}

/// What the tools are told.
pub(super) struct Told {
    pub(super) checks: Vec<Check>,
    pub(super) indexes: Vec<Index>,
}

/// Reads all of it.
pub(super) fn read(machine: &Machine, proxies: &Proxies) -> Told {
    let (mut checks, mut indexes) = (Vec::new(), Vec::new());
    for tool in &TOOLS {
        let found = tool.read(machine);
        checks.push(tool.judge(&found, proxies));
        for (from, url) in &found.indexes {
            let Some((target, secure)) = target(url) else { continue };
            let index = Index { client: tool.client, target, secure, from: from.clone() };
            if !indexes.contains(&index) {
                indexes.push(index);
            }
        }
    }
    Told { checks, indexes }
}

#[derive(Default)]
struct Found {
    /// Where it stands, and what.
    indexes: Vec<(String, String)>,
    proxies: Vec<(String, String)>,
    unreadable: Vec<String>,
    looked_at: usize,
}

impl Tool {
    fn read(&self, machine: &Machine) -> Found {
        let mut found = Found::default();
        let named = self.named.iter().filter_map(|name| machine.set(name)).map(PathBuf::from);
        let below = self.below.iter().filter_map(|(name, path)| machine.below(name, path));
        let files = self.files.iter().map(PathBuf::from).chain(below).chain(named);
        for file in files {
            if !machine.exists(&file) {
                continue;
            }
            let name = file.display().to_string();
            match machine.text(&file) {
                Err(_) => found.unreadable.push(name),
                Ok(text) => {
                    found.looked_at += 1;
                    for (key, url) in urls(&text) {
                        if self.indexes.contains(&key.as_str()) {
                            found.indexes.push((name.clone(), url));
                        } else if self.proxies.contains(&key.as_str()) {
                            found.proxies.push((name.clone(), url));
                        }
                    }
                }
            }
        }
        let values = |names: &[&'static str]| -> Vec<(String, String)> {
            let set = names.iter().filter_map(|name| Some((*name, machine.set(name)?)));
            let urls = set.flat_map(|(name, value)| {
                let words = value.split_whitespace();
                // uv's may have a name before them: `internal=https://…`.
                words.map(move |word| (name.to_owned(), after_name(word).to_owned()))
            });
            urls.collect()
        };
        found.indexes.extend(values(self.variables));
        found.proxies.extend(values(self.proxy_variables));
        found
    }

    fn judge(&self, found: &Found, proxies: &Proxies) -> Check {
        let known = |url: &str| {
            url_of(url).is_some_and(|url| proxies.list.iter().any(|one| one.url == url))
        };
        if let Some((from, url)) = found.proxies.iter().find(|(_, url)| !known(url)) {
            let shown = url_of(url).map_or("what cannot be read".to_owned(), |url| url.to_string());
            return Check::warn(
                self.id,
                format!("{from} names another proxy than the environment: {shown}"),
                "take it out there, or name the same",
            );
        }
        if let Some(file) = found.unreadable.first() {
            return Check::skipped(self.id, format!("{file} cannot be read by this user"));
        }
        let named: Vec<String> = found
            .indexes
            .iter()
            .filter_map(|(from, url)| Some(format!("{} ({from})", target(url)?.0)))
            .collect();
        match (named.is_empty(), found.looked_at) {
            (false, _) => Check::ok(self.id, format!("it asks {}", named.join(", "))),
            (true, 0) => Check::skipped(self.id, "it has no configuration here"),
            (true, _) => Check::ok(self.id, "its configuration names no index and no proxy"),
        }
    }
}

/// Host and port of a URL, and whether it is `https`.
fn target(url: &str) -> Option<(Authority, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    let secure = scheme.eq_ignore_ascii_case("https");
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let place = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, place)| place);
    let port = if secure { 443 } else { 80 };
    Some((Authority::parse_or_port(place.as_bytes(), port).ok()?, secure))
}

fn after_name(word: &str) -> &str {
    let before_scheme = word.find("://").unwrap_or(word.len());
    word[..before_scheme].rfind('=').map_or(word, |at| &word[at + 1..])
}

/// URLs in a configuration of `key = value` or `key: value` lines, each with the key that it
/// belongs to: a line without one, or one that is indented, continues the key above.
fn urls(text: &str) -> Vec<(String, String)> {
    let (mut urls, mut above) = (Vec::new(), String::new());
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';', '[']) {
            continue;
        }
        let is_indented = line.starts_with([' ', '\t']);
        let key = key_of(content).filter(|_| !is_indented);
        if let Some(key) = key {
            above = key;
        }
        let words = content.split(|c: char| c.is_whitespace() || "\"'[]{},".contains(c));
        for word in words {
            let word = after_name(word);
            let is_url = ["http://", "https://"].iter().any(|scheme| word.starts_with(scheme));
            if is_url {
                urls.push((above.clone(), word.to_owned()));
            }
        }
    }
    urls
}

/// The key of a line, in one spelling; of npm's `@scope:registry`, what stands behind the scope.
fn key_of(line: &str) -> Option<String> {
    let before = line.find("://").unwrap_or(line.len());
    let line = &line[..before];
    let end = line.find('=').or_else(|| line.rfind(':'))?;
    let key = line[..end].trim().trim_matches(['"', '\'']);
    let key = if key.starts_with('@') { key.rsplit(':').next().unwrap_or(key) } else { key };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (!key.is_empty() && key.chars().all(plain)).then(|| key.to_ascii_lowercase().replace('_', "-"))
}

#[cfg(test)]
#[path = "indexes_tests.rs"]
mod tests;
