//! The proxy variables of the process's own environment, as any tool would read them.

use std::ffi::OsString;

use ::no_proxy::dialect::NoProxy;
use anyhow::{Context, Result, anyhow};
use connect::{Credentials, ParentUrl};

/// What the variables say.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    /// `https_proxy`: for tunnels.
    pub(crate) tunnels: Option<Named>,
    /// `http_proxy`: for plain HTTP.
    pub(crate) forwards: Option<Named>,
    pub(crate) no_proxy: NoProxy,
    /// What is doubtful in them.
    pub(crate) warnings: Vec<String>,
}

/// A proxy, and the variable that names it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) variable: &'static str,
    pub(crate) url: ParentUrl,
    pub(crate) credentials: Option<Credentials>,
}

impl Variables {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// A variable cannot be understood. What stands in it is not repeated: it may be a password.
    pub(crate) fn of_process() -> Result<Self> {
        Self::read(|name| std::env::var_os(name))
    }

    /// An empty variable is one that is not set, and the lower-case spelling wins. `HTTP_PROXY`
    /// counts for nothing in a CGI program, where it is what a client wrote (`Proxy:`).
    fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let set = |name: &'static str| {
            let value = get(name).filter(|value| !value.is_empty())?;
            let text = value.into_string().map_err(|_| anyhow!("not UTF-8"));
            Some((name, text.with_context(|| format!("{name} of the environment"))))
        };
        let first = |names: &[&'static str]| names.iter().copied().find_map(set);
        let is_cgi = get("REQUEST_METHOD").is_some();
        let http = if is_cgi { &["http_proxy"][..] } else { &["http_proxy", "HTTP_PROXY"] };
        let named = |found: Option<(&'static str, Result<String>)>| {
            let Some((variable, text)) = found else { return Ok(None) };
            let parsed = ParentUrl::parse_variable(text?.trim());
            let (url, credentials) =
                parsed.with_context(|| format!("{variable} of the environment"))?;
            Ok::<_, anyhow::Error>(Some(Named { variable, url, credentials }))
        };
        let mut read = Self {
            tunnels: named(first(&["https_proxy", "HTTPS_PROXY"]))?,
            forwards: named(first(http))?,
            ..Self::default()
        };
        let is_used = read.tunnels.is_some() || read.forwards.is_some();
        if let Some((variable, text)) = first(&["no_proxy", "NO_PROXY"]).filter(|_| is_used) {
            let (no_proxy, problems) = NoProxy::parse(&text?);
            read.no_proxy = no_proxy;
            let of_it = |problem| format!("{variable} of the environment: {problem}");
            read.warnings = problems.iter().map(of_it).collect();
        }
        Ok(read)
    }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
