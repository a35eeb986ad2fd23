//! What an entry is compared with: the target, in the spelling that a client has made of it.

use std::net::IpAddr;

use crate::Target;
use crate::target::whatwg;

/// A spelling of the target.
#[derive(Clone, Copy, Debug)]
pub(in crate::clients) struct Subject {
    lower: bool,
    canonical: Canonical,
    brackets: bool,
    dots: Dots,
    port: PortPart,
    userinfo: bool,
    unicode: bool,
}

/// What is done to an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Canonical {
    /// Nothing.
    AsWritten,
    /// It is written anew, as `inet_ntop` and RFC 5952 do.
    Shortened,
    /// It is written anew, as the WHATWG URL standard says.
    Whatwg,
    /// The same, and one that holds a mapped IPv4 address becomes that address.
    Unmapped,
}

/// What is done to dots at the end of a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Dots {
    /// Nothing.
    Kept,
    /// One is cut off.
    Folded,
}

/// How the port takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum PortPart {
    /// Not at all.
    Absent,
    /// As `:port` where the URL has it.
    AsWritten,
    /// As `:port` where it is not the scheme's own.
    Other,
    /// Always.
    Always,
}

impl Subject {
    /// The host in lower case, without brackets.
    pub(in crate::clients) const LOWER: Self = Self {
        lower: true,
        canonical: Canonical::AsWritten,
        brackets: false,
        dots: Dots::Kept,
        port: PortPart::Absent,
        userinfo: false,
        unicode: false,
    };
    /// The host as written, without brackets.
    pub(in crate::clients) const WRITTEN: Self = Self { lower: false, ..Self::LOWER };
    /// The host as the WHATWG URL standard has it: lower case, canonical, in brackets.
    pub(in crate::clients) const WHATWG: Self =
        Self { canonical: Canonical::Whatwg, brackets: true, ..Self::LOWER };
    /// What stands between `//` and the path, in lower case.
    pub(in crate::clients) const NETLOC: Self =
        Self { brackets: true, port: PortPart::AsWritten, userinfo: true, ..Self::LOWER };

    /// The same with brackets around an IPv6 address.
    pub(in crate::clients) const fn brackets(self) -> Self {
        Self { brackets: true, ..self }
    }

    /// The same without brackets.
    pub(in crate::clients) const fn bare(self) -> Self {
        Self { brackets: false, ..self }
    }

    /// The same with an IPv6 address as `inet_ntop` writes it.
    pub(in crate::clients) const fn shortened(self) -> Self {
        Self { canonical: Canonical::Shortened, ..self }
    }

    /// The same with a mapped IPv4 address as such.
    pub(in crate::clients) const fn unmapped(self) -> Self {
        Self { canonical: Canonical::Unmapped, ..self }
    }

    /// The same with the user in front.
    pub(in crate::clients) const fn userinfo(self) -> Self {
        Self { userinfo: true, ..self }
    }

    /// The same with A-labels as what they stand for.
    pub(in crate::clients) const fn unicode(self) -> Self {
        Self { unicode: true, ..self }
    }

    /// The same with `dots` done to the end.
    pub(in crate::clients) const fn dots(self, dots: Dots) -> Self {
        Self { dots, ..self }
    }

    /// The same with the port.
    pub(in crate::clients) const fn port(self, port: PortPart) -> Self {
        Self { port, ..self }
    }

    /// The spelling of this target.
    pub(in crate::clients) fn of(&self, target: &Target) -> String {
        let mut text = String::new();
        if let Some(userinfo) = target.userinfo().filter(|_| self.userinfo) {
            text.push_str(userinfo);
            text.push('@');
        }
        text.push_str(&self.host(target));
        let port = match self.port {
            PortPart::Absent => None,
            PortPart::AsWritten => target.written_port(),
            PortPart::Other => target.other_port(),
            PortPart::Always => Some(target.authority().port()),
        };
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        if self.lower { text.to_ascii_lowercase() } else { text }
    }

    fn host(&self, target: &Target) -> String {
        let Some(IpAddr::V6(ip)) = target.ip() else {
            let host = target.host();
            let folded = host.strip_suffix('.').filter(|_| self.dots == Dots::Folded);
            let host = folded.unwrap_or(host);
            return if self.unicode { idna::domain_to_unicode(host).0 } else { host.to_owned() };
        };
        let text = match (self.canonical, ip.to_ipv4_mapped()) {
            (Canonical::AsWritten, _) => target.host().to_owned(),
            (Canonical::Shortened, _) => ip.to_string(),
            (Canonical::Unmapped, Some(mapped)) => return mapped.to_string(),
            (Canonical::Whatwg | Canonical::Unmapped, _) => whatwg(ip),
        };
        if self.brackets { format!("[{text}]") } else { text }
    }
}

/// Python's `_splitport`: cuts `:digits` off the end, wherever the colon comes from.
pub(in crate::clients) fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => text,
    }
}
