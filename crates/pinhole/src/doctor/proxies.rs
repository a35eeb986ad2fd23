//! The proxies that the environment names, and what is wrong with how it names them.

use connect::{Credentials, ParentUrl, ParentUrlError};
use policy::Authority;

use super::machine::Machine;

/// The variables that name proxies, each in both spellings, lower case first.
pub(super) const PAIRS: [(&str, &str); 3] =
    [("http_proxy", "HTTP_PROXY"), ("https_proxy", "HTTPS_PROXY"), ("all_proxy", "ALL_PROXY")];

/// A proxy, and who names it.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    pub(super) url: ParentUrl,
    pub(super) credentials: Option<Credentials>,
}

/// What one variable says.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) variable: &'static str,
    /// None where no client could make anything of it.
    pub(super) proxy: Option<Proxy>,
    pub(super) flaws: Vec<Flaw>,
}

/// What is wrong with a value. None of them repeats it: it may be a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Space,
    Quoted,
    NoScheme,
    NoPort,
    /// `https://`.
    Tls,
    /// `socks5://` and the like.
    Scheme(String),
    Path,
    Credentials,
    Unreadable(String),
}

impl Flaw {
    /// Whether clients fail by it.
    pub(super) fn is_fatal(&self) -> bool {
        !matches!(self, Self::NoScheme | Self::NoPort | Self::Tls | Self::Credentials)
    }

    pub(super) fn text(&self) -> String {
        let text = match self {
            Self::Space => {
                "white space is part of the value, which clients cut off, refuse or send on"
            }
            Self::Quoted => "quotation marks are part of the value",
            Self::NoScheme => "it has no scheme, which some clients do not accept",
            Self::NoPort => "it has no port: most clients take 80 then, curl takes 1080",
            Self::Tls => {
                "its scheme is https://, TLS with the proxy itself, which many clients cannot do"
            }
            Self::Scheme(scheme) => {
                return format!("its scheme is {scheme}, and what is needed is a proxy for HTTP");
            }
            Self::Path => "it has a path or a query, which a proxy's URL has not",
            Self::Credentials => {
                "credentials are part of it: whoever sees the environment has them"
            }
            Self::Unreadable(why) => return format!("it cannot be read: {why}"),
        };
        text.to_owned()
    }

    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Credentials => {
                "let the proxy know its clients by address, or keep the variable in a Secret"
            }
            Self::Tls => {
                "write http://HOST:PORT: what goes to https:// targets is encrypted all the same"
            }
            _ => "write http://HOST:PORT, and nothing around it",
        }
    }
}

/// What all of them say.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    /// The variables that are set, in the order of [`PAIRS`].
    pub(super) named: Vec<Named>,
    /// Every proxy once.
    pub(super) list: Vec<Proxy>,
    /// Which of them is asked for `https://`.
    pub(super) tunnels: Option<usize>,
    /// Which of them is asked for `http://`.
    pub(super) forwards: Option<usize>,
}

impl Proxies {
    pub(super) fn of(machine: &Machine) -> Self {
        let mut this = Self::default();
        for (lower, upper) in PAIRS {
            for variable in [lower, upper] {
                let Some(value) = machine.set(variable) else { continue };
                let named = read(variable, value);
                if let Some(proxy) = named.proxy.as_ref().filter(|new| !this.knows(new)) {
                    this.list.push(proxy.clone());
                }
                this.named.push(named);
            }
        }
        // In a CGI program upper-case HTTP_PROXY is what somebody's client wrote.
        let cgi = machine.variable("REQUEST_METHOD").is_some();
        let http: &[&str] = if cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        let all = ["all_proxy", "ALL_PROXY"];
        this.tunnels = this.first(["https_proxy", "HTTPS_PROXY"].iter().chain(&all));
        this.forwards = this.first(http.iter().chain(&all));
        this
    }

    fn knows(&self, proxy: &Proxy) -> bool {
        self.list.iter().any(|known| known.is(proxy))
    }

    fn first<'n>(&self, mut variables: impl Iterator<Item = &'n &'n str>) -> Option<usize> {
        let proxy = variables.find_map(|variable| {
            self.named.iter().find(|named| named.variable == *variable)?.proxy.as_ref()
        })?;
        self.list.iter().position(|known| known.is(proxy))
    }
}

impl Proxy {
    /// Whether it is the same, by the same credentials.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.url == other.url && self.credentials == other.credentials
    }
}

/// Reads a value as most clients would, and says what the others may trip over.
fn read(variable: &'static str, value: &str) -> Named {
    let trimmed = value.trim();
    let mut flaws = Vec::new();
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        flaws.push(Flaw::Space);
    }
    let quotes = ['"', '\''];
    if trimmed.starts_with(quotes) || trimmed.ends_with(quotes) {
        flaws.push(Flaw::Quoted);
        return Named { variable, proxy: None, flaws };
    }
    match ParentUrl::parse_variable(trimmed) {
        Ok((url, credentials)) => {
            let rest = trimmed.split_once("://").map(|(_, rest)| rest);
            if rest.is_none() {
                flaws.push(Flaw::NoScheme);
            }
            let place = rest.unwrap_or(trimmed).trim_end_matches('/');
            let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
            if Authority::split(place.as_bytes()).is_ok_and(|(_, port)| port.is_none()) {
                flaws.push(Flaw::NoPort);
            }
            if url.is_tls() {
                flaws.push(Flaw::Tls);
            }
            if credentials.is_some() {
                flaws.push(Flaw::Credentials);
            }
            Named { variable, proxy: Some(Proxy { url, credentials }), flaws }
        }
        Err(error) => {
            flaws.push(match error {
                ParentUrlError::Scheme(scheme) => Flaw::Scheme(scheme),
                ParentUrlError::Path => Flaw::Path,
                ParentUrlError::NoScheme => Flaw::NoScheme,
                ParentUrlError::Credentials => Flaw::Credentials,
                ParentUrlError::BadCredentials(why) => {
                    Flaw::Unreadable(format!("credentials: {why}"))
                }
                ParentUrlError::Authority(why) => Flaw::Unreadable(why.to_string()),
            });
            Named { variable, proxy: None, flaws }
        }
    }
}

/// The proxy that a text names, in any configuration; never its credentials.
pub(super) fn url_of(text: &str) -> Option<ParentUrl> {
    ParentUrl::parse_variable(text.trim()).ok().map(|(url, _)| url)
}

#[cfg(test)]
#[path = "proxies_tests.rs"]
mod tests;
