//! Whether a tunnel's ClientHello names the target that was asked for.

use std::fmt;

use crate::{ClientHello, HelloError, Host, Mode, Place, PortSet, ServerName};

/// What becomes of a tunnel whose ClientHello does not name its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SniMode {
    /// It ends before a byte of it reaches the target.
    Enforce,
    /// It goes on, and the log and the metrics say so.
    Log,
    /// Nobody looks.
    Off,
}

/// What becomes of a tunnel whose ClientHello has the Encrypted Client Hello extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EchMode {
    /// The outer name counts.
    Allow,
    /// It is treated like one that names another target: that of GREASE, too.
    Refuse,
}

/// Which tunnels are held to their name, and how strictly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SniRules {
    /// Where TLS is expected, unless an entry says otherwise.
    pub ports: PortSet,
    /// What holds on these ports.
    pub sni: SniMode,
    /// What holds wherever there is a check.
    pub ech: EchMode,
}

impl Default for SniRules {
    fn default() -> Self {
        Self { ports: PortSet::one(443), sni: SniMode::Enforce, ech: EchMode::Allow }
    }
}

/// What holds for one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SniCheck {
    /// What becomes of a tunnel that fails it.
    pub mode: SniMode,
    /// What becomes of Encrypted Client Hello.
    pub ech: EchMode,
    /// What made it so.
    pub why: SniReason,
    /// Whether it would be enforced, were it not for audit mode.
    pub audited: bool,
}

/// What made the SNI check hold, or not, for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SniReason {
    /// The `allow` entry that let the target through says so.
    Entry(Place),
    /// Its port is one of `tls.ports`.
    Listed,
    /// Its port is none of them.
    Unlisted,
}

impl fmt::Display for SniReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(place) => write!(f, "{place} says so"),
            Self::Listed => f.write_str("its port is one of tls.ports"),
            Self::Unlisted => f.write_str("its port is none of tls.ports"),
        }
    }
}

/// How a tunnel fails the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SniFault {
    /// The ClientHello names another host than the client asked for.
    Mismatch,
    /// It names none, and the client asked for a name.
    Absent,
    /// What stands where the name should is no host name.
    NoHost,
    /// It hides its name, and `tls.ech` refuses that.
    Ech,
    /// There is no ClientHello.
    Hello(HelloError),
}

impl SniFault {
    /// A stable label for logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Mismatch => "sni_mismatch",
            Self::Absent => "sni_absent",
            Self::Ech => "sni_ech",
            Self::NoHost | Self::Hello(HelloError::Malformed(_)) => "sni_malformed",
            Self::Hello(HelloError::NotTls) => "sni_not_tls",
            Self::Hello(HelloError::TooLarge) => "sni_too_large",
        }
    }
}

impl fmt::Display for SniFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mismatch => "the ClientHello names another host than the target",
            Self::Absent => "the ClientHello names no host",
            Self::NoHost => "the ClientHello's server_name is no host name",
            Self::Ech => "the ClientHello is encrypted, and `tls.ech` refuses that",
            Self::Hello(HelloError::NotTls) => "the client does not speak TLS",
            Self::Hello(HelloError::Malformed(why)) => why,
            Self::Hello(HelloError::TooLarge) => "the ClientHello is too large",
        })
    }
}

impl SniMode {
    /// Parses `enforce`, `log` or `off`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "log" => Ok(Self::Log),
            "off" => Ok(Self::Off),
            _ => Err(format!("`{}`: write enforce, log or off", text.escape_debug())),
        }
    }

    /// As the configuration has it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Log => "log",
            Self::Off => "off",
        }
    }
}

impl EchMode {
    /// Parses `allow` or `refuse`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "allow" => Ok(Self::Allow),
            "refuse" => Ok(Self::Refuse),
            _ => Err(format!("`{}`: write allow or refuse", text.escape_debug())),
        }
    }

    /// As the configuration has it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Refuse => "refuse",
        }
    }
}

impl SniRules {
    /// What holds for a target on that port, where the entry that let it through says `entry`.
    pub(crate) fn check(&self, port: u16, entry: Option<(SniMode, Place)>) -> SniCheck {
        let (mode, why) = match entry {
            Some((mode, place)) => (mode, SniReason::Entry(place)),
            None if self.ports.contains(port) => (self.sni, SniReason::Listed),
            None => (SniMode::Off, SniReason::Unlisted),
        };
        SniCheck { mode, ech: self.ech, why, audited: false }
    }
}

impl SniCheck {
    /// The same in that mode: in audit mode, a check only logs.
    pub(crate) fn in_mode(self, mode: Mode) -> Self {
        match (mode, self.mode) {
            (Mode::Audit, SniMode::Enforce) => Self { mode: SniMode::Log, audited: true, ..self },
            _ => self,
        }
    }

    /// Holds a ClientHello against the target. Clients name no IP literals (RFC 6066 §3), so for
    /// those a ClientHello without a name is the one that fits.
    ///
    /// # Errors
    /// How it fails.
    pub fn judge(&self, target: &Host, hello: &ClientHello) -> Result<(), SniFault> {
        if hello.ech && self.ech == EchMode::Refuse {
            return Err(SniFault::Ech);
        }
        match (target, &hello.server_name) {
            (Host::Name(asked), ServerName::Host(named)) if asked == named => Ok(()),
            (Host::Ip(_), ServerName::Absent) => Ok(()),
            (Host::Name(_), ServerName::Absent) => Err(SniFault::Absent),
            (_, ServerName::NoHost(_)) => Err(SniFault::NoHost),
            (_, ServerName::Host(_)) => Err(SniFault::Mismatch),
        }
    }
}

#[cfg(test)]
#[path = "sni_tests.rs"]
mod tests;
