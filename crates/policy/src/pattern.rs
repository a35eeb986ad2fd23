//! Host patterns, as a rule names them.

use std::fmt;

use crate::{HostName, NameError, NetworkError, parse_network};

/// Which host names a rule covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// One name.
    Exact(HostName),
    /// `*.suffix`: every name below the suffix at any depth, never the suffix itself.
    Below(HostName),
    /// A name with stars within its labels.
    Glob(HostGlob),
}

/// A host name in which `*` stands for one or more characters of one label, such as
/// `ec2.*.cloud.example`. Its last two labels have none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostGlob(Box<str>);

impl HostGlob {
    /// Parses a name with stars.
    ///
    /// # Errors
    /// [`PatternError::Glob`] and [`PatternError::Name`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let bad = |why| PatternError::Glob { text: text.to_owned(), why };
        if !text.contains('*') {
            return Err(bad("it has no `*`: write it as `host:`"));
        }
        if text.contains("**") {
            return Err(bad("one `*` stands for any characters of one label"));
        }
        // What is left of it without its stars must be a name, its end one that nobody can choose.
        let name = HostName::parse(text.replace('*', "x").as_bytes())
            .map_err(|error| PatternError::Name { text: text.to_owned(), error })?;
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let mut from_the_end = text.rsplit('.');
        let open = |label: Option<&str>| label.is_none_or(|label| label.contains('*'));
        if open(from_the_end.next()) || open(from_the_end.next()) || name.as_str() == text {
            return Err(bad("its last two labels must be without `*`"));
        }
        Ok(Self(text.into()))
    }

    /// Whether the glob covers the name.
    pub(crate) fn covers(&self, name: &HostName) -> bool {
        let (mut globs, mut labels) = (self.0.split('.'), name.as_str().split('.'));
        loop {
            match (globs.next(), labels.next()) {
                (None, None) => return true,
                (Some(glob), Some(label)) if covers_label(glob, label) => {}
                _ => return false,
            }
        }
    }

    /// The glob, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a label with stars covers a label.
fn covers_label(glob: &str, label: &str) -> bool {
    match glob.split_once('*') {
        None => glob == label,
        Some((before, after)) => label
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|taken| covers_label(after, &rest[taken..]))),
    }
}

/// Why a text is not a host pattern, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `*` alone would open everything.
    #[error("`{0}` would cover every host: name the hosts, or `*.suffix` for what is below one")]
    Everything(String),
    /// `*.com`.
    #[error(
        "`{0}` covers a whole top-level domain: name at least two labels, such as `*.example.com`"
    )]
    TopLevel(String),
    /// `a*.example`, `*b.example`, `a.*.example`.
    #[error("`{0}` has a `*` that is not a whole first label: only a leading `*.` is a wildcard")]
    Wildcard(String),
    /// `.example.com`.
    #[error(
        "`{text}` starts with a dot: write `{apex}` for the name itself, `*.{apex}` for all below it"
    )]
    LeadingDot {
        /// What stood there.
        text: String,
        /// The same without the dot.
        apex: String,
    },
    /// An address, or a block of them, belongs in a network entry.
    #[error("`{text}` is an address: write `network: {network}` instead of `host:`")]
    Address {
        /// What stood there.
        text: String,
        /// The network to write.
        network: String,
    },
    /// `host: name:443`.
    #[error("`{text}` holds a port: write `host: {host}` and `ports: {port}`")]
    Port {
        /// What stood there.
        text: String,
        /// The part before the colon.
        host: String,
        /// The part after the colon.
        port: String,
    },
    /// A URL.
    #[error("`{0}` is a URL: write its host name alone")]
    Url(String),
    /// Not ASCII; names travel as A-labels.
    #[error("`{text}` is not ASCII: {}", a_label_hint(.a_label.as_deref()))]
    NotAscii {
        /// What stood there.
        text: String,
        /// Its A-label, where it has one.
        a_label: Option<String>,
    },
    /// Not a glob.
    #[error("`{text}` is no glob for hosts: {why}")]
    Glob {
        /// What stood there.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a name.
    #[error("`{text}`: {error}")]
    Name {
        /// What stood there.
        text: String,
        /// What is wrong with it.
        error: NameError,
    },
}

fn a_label_hint(a_label: Option<&str>) -> String {
    a_label.map_or_else(
        || "write the host's ASCII form".to_owned(),
        |name| format!("on the wire it is `{name}`; write that"),
    )
}

impl HostPattern {
    /// Parses `name` or `*.suffix`.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let own = || text.to_owned();
        if !text.is_ascii() {
            return Err(PatternError::NotAscii {
                text: own(),
                a_label: idna::domain_to_ascii(text).ok(),
            });
        }
        if matches!(text, "*" | "*." | "**" | ".") {
            return Err(PatternError::Everything(own()));
        }
        if let Some(network) = address(text) {
            return Err(PatternError::Address { text: own(), network });
        }
        if text.contains('/') {
            return Err(PatternError::Url(own()));
        }
        // From the right, for `[::1]:443`.
        if let Some((host, port)) = text.rsplit_once(':') {
            return Err(PatternError::Port {
                text: own(),
                host: host.to_owned(),
                port: port.to_owned(),
            });
        }
        let (name, below) = match text.strip_prefix("*.") {
            Some(suffix) => (suffix, true),
            None => (text, false),
        };
        if name.contains('*') {
            return Err(PatternError::Wildcard(own()));
        }
        if let Some(apex) = name.strip_prefix('.') {
            return Err(PatternError::LeadingDot { text: own(), apex: apex.to_owned() });
        }
        let name = HostName::parse(name.as_bytes())
            .map_err(|error| PatternError::Name { text: own(), error })?;
        if below && !name.as_str().contains('.') {
            return Err(PatternError::TopLevel(own()));
        }
        Ok(if below { Self::Below(name) } else { Self::Exact(name) })
    }

    /// Whether the pattern covers the name. The compiled rules answer the same for many at once.
    #[must_use]
    pub fn covers(&self, name: &HostName) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Below(suffix) => name
                .as_str()
                .strip_suffix(suffix.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            Self::Glob(glob) => glob.covers(name),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Below(suffix) => write!(f, "*.{suffix}"),
            Self::Glob(glob) => f.write_str(glob.as_str()),
        }
    }
}

/// The network entry that an address or a CIDR block should have been.
fn address(text: &str) -> Option<String> {
    match parse_network(text) {
        Ok(network) | Err(NetworkError::HostBits { network, .. }) => Some(network.to_string()),
        Err(NetworkError::NotANetwork(_)) => None,
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
