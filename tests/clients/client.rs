//! What the tests know of a client.

use std::fmt;
use std::path::PathBuf;

use crate::git::Repository;
use crate::machine;
use crate::room::{Ran, Room};
use crate::tools::Tool;

/// A client.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// What must be installed.
    pub(crate) needs: &'static [Tool],
    /// What it is tried with.
    pub(crate) ways: &'static [Way],
    /// Where its small package is.
    pub(crate) source: fn(Scheme) -> Result<Source, String>,
    /// Fetches the small package.
    pub(crate) fetch: fn(&Room, &Source) -> Result<Package, Ran>,
    /// Whether it makes several plain requests over one connection.
    pub(crate) reuses: bool,
}

/// A scheme that a client knows, and what it makes of a refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) scheme: Scheme,
    /// Whether a package is fetched by it. A refusal is tried by each.
    pub(crate) fetches: bool,
    /// Whether the client prints the status code when it is refused.
    pub(crate) prints_code: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Forwarded.
    Http,
    /// Tunnelled.
    Https,
}

impl Scheme {
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// What a client asks for: a host and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Where a client is sent.
pub(crate) struct Source {
    /// The registry's address, with a slash at its end; none: the client's own default.
    pub(crate) url: Option<String>,
    /// Everything that it may lead to.
    pub(crate) targets: Vec<Target>,
    /// The CA that vouches for it, where that is not the machine's.
    pub(crate) ca: Option<PathBuf>,
    /// What serves it, where that is the test.
    pub(crate) served: Option<Repository>,
}

impl Source {
    /// The client's own default registry, whose hosts are those of a preset.
    pub(crate) fn ordinary(preset: &str) -> Result<Self, String> {
        Ok(Self { url: None, targets: machine::preset(preset)?, ca: None, served: None })
    }

    /// The first host of a preset, by name.
    pub(crate) fn first_of(preset: &str, scheme: Scheme) -> Result<Self, String> {
        let targets = machine::preset(preset)?;
        let of_scheme = targets.iter().find(|target| target.port == scheme.port());
        let host = &of_scheme.ok_or("the preset has no host for this scheme")?.host;
        Ok(Self { url: Some(format!("{scheme}://{host}/")), targets, ca: None, served: None })
    }

    /// A host that no configuration covers. Its name can never exist (RFC 6761).
    pub(crate) fn outside(scheme: Scheme) -> Self {
        let target = Target { host: "denied.example".to_owned(), port: scheme.port() };
        let url = Some(format!("{scheme}://{}/", target.host));
        Self { url, targets: vec![target], ca: None, served: None }
    }
}

/// What a client has fetched.
pub(crate) struct Package {
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes its transfer took at least.
    pub(crate) transferred: u64,
}

impl Package {
    /// A file that is stored as it was transferred.
    pub(crate) fn stored(bytes: Vec<u8>) -> Self {
        Self { transferred: bytes.len() as u64, bytes }
    }
}
