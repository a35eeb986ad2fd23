//! The section `parent`: the proxies that targets are reached by.

use std::time::Duration;

use ::no_proxy::dialect::NoProxy;
use connect::{CaFile, Credentials, ParentUrl};
use proxy::{MAX_PARENTS, Resolve};

use crate::file::{Contents, contents};
use crate::reader::{Reader, Value};
use crate::yaml::Node;

/// Largest credentials file, in bytes: a line.
const MAX_CREDENTIALS: u64 = 4096;
/// Largest CA file, in bytes: all the CAs that there are take a fraction of it.
const MAX_CA_FILE: u64 = 16 * 1024 * 1024;

/// What the configuration says of parents.
#[derive(Clone, Debug, Default)]
pub(crate) enum Section {
    /// What the environment says, holds.
    #[default]
    Environment,
    /// There is none.
    None,
    /// There are these.
    Listed(Box<Listed>),
}

/// Parents as the configuration lists them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    pub(crate) urls: Vec<ParentUrl>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) ca_file: Option<CaFile>,
    pub(crate) no_proxy: NoProxy,
    /// None: as long as connecting to a target may take.
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) resolve: Resolve,
}

pub(crate) fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> Section {
    match value.node {
        Node::Text(text) if text == "none" => return Section::None,
        Node::Text(text) if text == "environment" => return Section::Environment,
        // What stands there may have a password in it, so it is not repeated.
        Node::Map(_) => {}
        _ => {
            reader.problem(value, "write `none`, `environment`, or a map with `urls`");
            return Section::None;
        }
    }
    let keys = ["urls", "credentials_file", "ca_file", "no_proxy", "connect_timeout", "resolve"];
    let [urls, credentials, ca_file, no_proxy, connect_timeout, resolve] = reader.map(value, keys);
    let mut listed = Listed::default();
    match &urls {
        Some(value) => listed.urls = self::urls(reader, value),
        None => reader.problem(value, NO_URLS),
    }
    listed.credentials = credentials.and_then(|value| self::credentials(reader, &value));
    listed.ca_file = ca_file.and_then(|value| {
        let pem = contents(reader, &value, MAX_CA_FILE)?.bytes;
        reader.parsed(&value, |path| {
            CaFile::parse(&pem).map_err(|error| format!("{}: {error}", path.escape_debug()))
        })
    });
    if let Some(value) = &no_proxy {
        listed.no_proxy = self::no_proxy(reader, value);
    }
    listed.connect_timeout = connect_timeout.and_then(|value| reader.duration(&value));
    let resolve = resolve.and_then(|value| reader.parsed(&value, self::resolve));
    listed.resolve = resolve.unwrap_or_default();
    Section::Listed(Box::new(listed))
}

const NO_URLS: &str = "name at least one parent, such as `urls: [http://proxy.example:3128]`, or write `parent: none`";

fn urls(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<ParentUrl> {
    let values = reader.list(value, true);
    if values.is_empty() {
        reader.problem(value, NO_URLS);
    }
    if values.len() > MAX_PARENTS {
        reader.problem(value, format!("{MAX_PARENTS} parents are the most"));
    }
    values.iter().filter_map(|value| reader.parsed(value, ParentUrl::parse)).collect()
}

fn resolve(text: &str) -> Result<Resolve, String> {
    match text {
        "parent" => Ok(Resolve::Parent),
        "local" => Ok(Resolve::Local),
        _ => Err(format!("`{}`: write parent or local", text.escape_debug())),
    }
}

fn credentials(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Credentials> {
    let Contents { bytes: text, mode } = contents(reader, value, MAX_CREDENTIALS)?;
    if mode & 0o004 != 0 {
        // No error: that is how Kubernetes mounts a Secret unless it is told otherwise.
        reader.warn(value, "every user of this machine can read this file: chmod o-r");
    }
    reader.parsed(value, |path| {
        let text = std::str::from_utf8(&text).map_err(|_| "not UTF-8".to_owned());
        let parsed = text.and_then(|text| Credentials::parse(text).map_err(|e| e.to_string()));
        parsed.map_err(|error| format!("{}: {error}", path.escape_debug()))
    })
}

/// One text with separators, or a list. What is nonsense in it is named, and the rest holds.
pub(crate) fn no_proxy(reader: &mut Reader<'_>, value: &Value<'_>) -> NoProxy {
    let mut whole = String::new();
    for value in reader.list(value, true) {
        let Some(text) = reader.text(&value) else { continue };
        for problem in NoProxy::parse(text).1 {
            reader.warn(&value, problem.to_string());
        }
        whole.push_str(text);
        whole.push(',');
    }
    NoProxy::parse(&whole).0
}

#[cfg(test)]
#[path = "parent_tests.rs"]
mod tests;
