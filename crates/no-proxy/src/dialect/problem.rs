//! What can be wrong with an entry, and what to write instead.

use std::fmt;

use ipnet::IpNet;
use policy::NameError;

/// An entry that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    entry: Box<str>,
    flaw: Flaw,
    kept: bool,
}

/// Why an entry is nonsense, or is not read as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// `"x"`: most shells remove quotation marks, configuration files may not.
    #[error("a quotation mark is part of it: remove it")]
    Quoted,
    /// `http://x`.
    #[error("it is a URL: write its host name alone")]
    Url,
    /// `user@x`.
    #[error("it holds `@`: write the host name alone")]
    Userinfo,
    /// `*x`, `x*`, `a.*.b`.
    #[error("`*` stands alone or as the whole first label, `*.`, and nowhere else")]
    Wildcard,
    /// `10.0.0.0/8:80`.
    #[error("a block of addresses takes no port")]
    BlockPort,
    /// `10.0.0.0/33`, `x/8`.
    #[error("what stands before `/` must be an address, and after it the length of its prefix")]
    Block,
    /// `10.1.2.3/8`, read as the block it lies in.
    #[error("bits are set behind the prefix; it is read as `{0}`")]
    HostBits(IpNet),
    /// `[x]`, `[::1`.
    #[error("brackets hold an address and nothing else, without a zone")]
    Brackets,
    /// `x:`, `x:0`, `x:http`.
    #[error("a port is 1 to 65535, in digits")]
    Port,
    /// Not a name in any other way.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No A-label form exists.
    #[error("it is not ASCII and has no ASCII form (A-label)")]
    NotAscii,
}

impl Problem {
    /// A problem of the entry written `entry`.
    pub(super) fn new(entry: &str, flaw: Flaw, kept: bool) -> Self {
        Self { entry: entry.into(), flaw, kept }
    }

    /// The entry, as written.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// What is wrong with it.
    #[must_use]
    pub fn flaw(&self) -> &Flaw {
        &self.flaw
    }

    /// Whether the entry holds all the same, in a corrected reading. Otherwise it is left out.
    #[must_use]
    pub fn kept(&self) -> bool {
        self.kept
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = if self.kept { "" } else { "ignored: " };
        write!(f, "`{}`: {fate}{}", self.entry.escape_debug(), self.flaw)
    }
}
