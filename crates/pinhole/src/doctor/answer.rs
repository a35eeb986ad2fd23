//! What a proxy answers, and what it means. Any proxy's: pinhole says most, others say less.

/// Most fields that are kept.
const MAX_FIELDS: usize = 128;

/// A response's head, and as much of its body as tells why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    phrase: String,
    /// Names in lower case.
    fields: Vec<(String, String)>,
    body: String,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its rules forbid the target.
    Denied,
    /// It wants credentials, or others.
    Auth,
    /// It could not resolve the name.
    Name,
    /// It could not reach the target.
    Unreachable,
    /// A proxy behind it refused, or wants credentials of it.
    Parent,
    /// It has no room left.
    Busy,
    /// It does not know CONNECT.
    NoConnect,
    /// Anything else.
    Other,
}

/// The error types of RFC 9209 §2.3 that a refused CONNECT may have.
const ERRORS: &[(&str, Kind)] = &[
    ("dns_error", Kind::Name),
    ("dns_timeout", Kind::Name),
    ("http_request_denied", Kind::Denied),
    ("destination_ip_prohibited", Kind::Denied),
    ("proxy_loop_detected", Kind::Denied),
    ("connection_limit_reached", Kind::Busy),
    ("proxy_configuration_error", Kind::Parent),
    ("destination_not_found", Kind::Unreachable),
    ("destination_unavailable", Kind::Unreachable),
    ("destination_ip_unroutable", Kind::Unreachable),
    ("connection_refused", Kind::Unreachable),
    ("connection_terminated", Kind::Unreachable),
    ("connection_timeout", Kind::Unreachable),
];

/// squid's names of its error pages, in `X-Squid-Error`.
const SQUID: &[(&str, Kind)] = &[
    ("ERR_ACCESS_DENIED", Kind::Denied),
    ("ERR_FORWARDING_DENIED", Kind::Denied),
    ("ERR_CACHE_ACCESS_DENIED", Kind::Auth),
    ("ERR_DNS_FAIL", Kind::Name),
    ("ERR_CONNECT_FAIL", Kind::Unreachable),
    ("ERR_CANNOT_FORWARD", Kind::Unreachable),
];

/// What proxies call themselves in `Server` on their own pages.
const SERVERS: [&str; 3] = ["squid", "tinyproxy", "privoxy"];

impl Answer {
    /// Reads a head, without its empty line; none if it is not HTTP.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.lines();
        let mut words = lines.next()?.splitn(3, ' ');
        words.next().filter(|version| version.starts_with("HTTP/"))?;
        let status = words.next().filter(|digits| digits.len() == 3)?.parse().ok()?;
        let phrase = words.next().unwrap_or_default().trim().to_owned();
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let fields = lines.filter_map(field).take(MAX_FIELDS).collect();
        Some(Self { status, phrase, fields, body: String::new() })
    }

    pub(super) fn with_body(self, body: String) -> Self {
        Self { body, ..self }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How long its body is, where it says so.
    pub(super) fn length(&self) -> Option<usize> {
        self.field("content-length")?.parse().ok()
    }

    /// What RFC 9209's field says went wrong: who, the error's type, and the details.
    fn proxy_status(&self) -> Option<Status> {
        let values = self.fields.iter().filter(|(name, _)| name == "proxy-status");
        // The first is nearest to the target.
        values.flat_map(|(_, value)| members(value)).find_map(|member| Status::read(&member))
    }

    /// The label of pinhole's own reason: `not_allowed`.
    pub(super) fn label(&self) -> Option<String> {
        let status = self.proxy_status().filter(|status| status.by == "pinhole")?;
        status.details?.split_once(": ").map(|(label, _)| label.to_owned())
    }

    /// Whether it says itself that a proxy made it, and not the target.
    pub(super) fn is_the_proxys_own(&self) -> bool {
        let server = self.field("server").unwrap_or_default().to_ascii_lowercase();
        self.status == 407
            || self.proxy_status().is_some()
            || self.field("x-squid-error").is_some()
            || SERVERS.iter().any(|name| server.starts_with(name))
    }

    pub(super) fn kind(&self) -> Kind {
        let known = |table: &[(&str, Kind)], word: &str| {
            table.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
        };
        if self.status == 407 {
            return Kind::Auth;
        }
        if let Some(status) = self.proxy_status() {
            if status.parent {
                return Kind::Parent;
            }
            if let Some(kind) = known(ERRORS, &status.error) {
                return kind;
            }
        }
        let squid = self.field("x-squid-error").and_then(|text| text.split(' ').next());
        if let Some(kind) = squid.and_then(|word| known(SQUID, word)) {
            return kind;
        }
        match self.status {
            403 | 451 => Kind::Denied,
            405 | 501 => Kind::NoConnect,
            502 | 504 => Kind::Unreachable,
            503 if self.field("retry-after").is_some() => Kind::Busy,
            503 => Kind::Unreachable,
            _ => Kind::Other,
        }
    }

    /// The proxy's own words.
    pub(super) fn words(&self) -> String {
        let details = self.proxy_status().map(|status| status.details.unwrap_or(status.error));
        let squid = self.field("x-squid-error").map(|text| text.split(' ').next().unwrap_or(text));
        let told = details.or_else(|| squid.map(str::to_owned));
        let told = told.or_else(|| self.first_line()).unwrap_or_else(|| self.phrase.clone());
        match told.is_empty() {
            true => self.status.to_string(),
            false => format!("{}, {told}", self.status),
        }
    }

    /// The first line of a body that is for people, and not a page.
    fn first_line(&self) -> Option<String> {
        let is_text = self.field("content-type").is_none_or(|kind| kind.starts_with("text/plain"));
        let line = self.body.lines().map(str::trim).find(|line| !line.is_empty())?;
        (is_text && !line.starts_with('<')).then(|| line.to_owned())
    }
}

/// One member of `Proxy-Status` that has an error.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Status {
    by: String,
    error: String,
    details: Option<String>,
    /// Whether it is about a proxy behind this one: it tells that one's status.
    parent: bool,
}

impl Status {
    fn read(member: &str) -> Option<Self> {
        let mut parts = split(member, ';').into_iter();
        let by = unquoted(&parts.next()?);
        let (mut error, mut details, mut parent) = (None, None, false);
        for part in parts {
            match part.trim().split_once('=') {
                Some(("error", value)) => error = Some(unquoted(value)),
                Some(("details", value)) => details = Some(unquoted(value)),
                Some(("received-status", _)) => parent = true,
                _ => {}
            }
        }
        Some(Self { by, error: error?, details, parent })
    }
}

fn members(value: &str) -> Vec<String> {
    split(value, ',')
}

/// The parts between separators that stand in no string (RFC 9651 §3.3.3).
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c == separator && !quoted {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        part.push(c);
    }
    parts.push(part);
    parts
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let Some(inside) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let (mut out, mut escaped) = (String::new(), false);
    for c in inside.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
