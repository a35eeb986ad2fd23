//! Everything a client can be told instead of what it asked for, in one table.

use std::sync::Arc;

use connect::Failure;
use policy::Denial;

use crate::credentials::NotLoggedIn;
use crate::fault::{self, Fault};
use crate::malformed::Malformed;
use crate::record::{Decision, RequestId};
use crate::request::METHODS;

/// Why a request is not carried out. Each closes the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The head is not well-formed.
    Malformed(Malformed),
    /// The head was not complete in time.
    HeadTimeout,
    /// The request line is longer than `limits.target_bytes`.
    TargetTooLong,
    /// The head is longer than `limits.head_bytes`, or has more than `limits.fields`.
    HeadTooLarge,
    /// A method that is not forwarded.
    Method,
    /// A request for the proxy itself, as to an origin server.
    OriginForm,
    /// Plain HTTP that asks for another protocol.
    Upgrade,
    /// The clients were told to reach the target without the proxy, by this entry.
    Stray(String),
    /// The client has to log in, or cannot.
    NotLoggedIn(NotLoggedIn),
    /// Policy denies the name.
    Denied(Denial),
    /// The target could not be reached; policy's denial of its addresses among the reasons.
    Unreached(Failure),
    /// The request has been here before, by its `Via`.
    Loop,
    /// No parent proxy was of use: what was wrong with each, by its index.
    Parents(Vec<(usize, Fault)>),
    /// A parent proxy answered with this status instead of opening a tunnel, or wants credentials.
    ParentRefused(u16),
    /// The target's response is not well-formed.
    BadResponse(Malformed),
    /// The target answered with what only a proxy may say, or with a protocol nobody asked for.
    ForeignResponse,
    /// The target's response head is too large.
    ResponseTooLarge,
    /// The target closed before its response was complete.
    ResponseIncomplete,
    /// The target was silent for too long.
    ResponseTimeout,
    /// All connections that `limits.connections` allows are taken.
    Connections,
    /// All that `limits.connections_per_client` allows this client are taken.
    ClientConnections,
    /// All that the configuration's client of this name may have are taken.
    NamedClientConnections(Arc<str>),
    /// The proxy is shutting down.
    Draining,
}

/// One row of the table.
pub(crate) struct Row {
    /// The status code (RFC 9110 §15).
    pub(crate) status: u16,
    /// Its reason phrase, where no reason of pinhole's own stands.
    phrase: &'static str,
    /// The error type (RFC 9209 §2.3).
    pub(crate) error: &'static str,
    /// A stable label for logs and metrics.
    pub(crate) label: &'static str,
}

const fn row(status: u16, phrase: &'static str, error: &'static str, label: &'static str) -> Row {
    Row { status, phrase, error, label }
}

impl Refusal {
    /// The table.
    pub(crate) fn row(&self) -> Row {
        const REQUEST: &str = "http_request_error";
        const PROTOCOL: &str = "http_protocol_error";
        const LIMIT: &str = "connection_limit_reached";
        match self {
            Self::Malformed(_) => row(400, "Bad Request", REQUEST, "malformed"),
            Self::OriginForm => row(400, "Bad Request", REQUEST, "origin_form"),
            Self::Upgrade => row(400, "Bad Request", REQUEST, "upgrade"),
            Self::NotLoggedIn(NotLoggedIn::Busy) => {
                row(503, "Service Unavailable", LIMIT, NotLoggedIn::Busy.label())
            }
            Self::NotLoggedIn(why) => {
                row(407, "Proxy Authentication Required", "http_request_denied", why.label())
            }
            Self::Denied(denial) => denied(denial),
            Self::Stray(_) => row(403, "Forbidden", "http_request_denied", "stray"),
            Self::Method => row(405, "Method Not Allowed", REQUEST, "method"),
            Self::HeadTimeout => row(408, "Request Timeout", REQUEST, "head_timeout"),
            Self::TargetTooLong => row(414, "URI Too Long", REQUEST, "target_too_long"),
            Self::HeadTooLarge => {
                row(431, "Request Header Fields Too Large", REQUEST, "head_too_large")
            }
            Self::Unreached(failure) => unreached(failure),
            Self::Loop => row(502, "Bad Gateway", "proxy_loop_detected", "loop"),
            Self::Parents(faults) => {
                let last = faults.last().map(|(_, fault)| (fault.error(), fault.label()));
                let (error, label) = last.unwrap_or(("destination_unavailable", "parent_timeout"));
                row(502, "Bad Gateway", error, label)
            }
            Self::ParentRefused(407) => {
                row(502, "Bad Gateway", "proxy_configuration_error", "parent_auth")
            }
            Self::ParentRefused(_) => {
                row(502, "Bad Gateway", "destination_unavailable", "parent_refused")
            }
            Self::BadResponse(_) => row(502, "Bad Gateway", PROTOCOL, "bad_response"),
            Self::ForeignResponse => row(502, "Bad Gateway", PROTOCOL, "foreign_response"),
            Self::ResponseTooLarge => {
                row(502, "Bad Gateway", "http_response_header_section_size", "response_too_large")
            }
            Self::ResponseIncomplete => {
                row(502, "Bad Gateway", "http_response_incomplete", "response_incomplete")
            }
            Self::ResponseTimeout => {
                row(504, "Gateway Timeout", "http_response_timeout", "response_timeout")
            }
            Self::Connections => row(503, "Service Unavailable", LIMIT, "connections"),
            Self::ClientConnections | Self::NamedClientConnections(_) => {
                row(503, "Service Unavailable", LIMIT, "client_connections")
            }
            Self::Draining => {
                row(503, "Service Unavailable", "proxy_internal_response", "draining")
            }
        }
    }

    /// One line for a person, without the target.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Malformed(malformed) => malformed.text(),
            Self::HeadTimeout => "the request's head was not complete in time".to_owned(),
            Self::TargetTooLong => "the request line is too long".to_owned(),
            Self::HeadTooLarge => "the request's head is too large".to_owned(),
            Self::Method => format!("the methods known here are CONNECT, {}", METHODS.join(", ")),
            Self::OriginForm => {
                "this is a forward proxy, not a web server: set it as http_proxy and https_proxy"
                    .to_owned()
            }
            Self::Upgrade => "Upgrade is not forwarded: use CONNECT".to_owned(),
            Self::Stray(entry) => format!(
                "NO_PROXY exempts this target (entry `{entry}`): reach it directly, and teach this \
                 client to read NO_PROXY"
            ),
            Self::NotLoggedIn(why) => why.text().to_owned(),
            Self::Denied(denial) | Self::Unreached(Failure::Denied { denial, .. }) => {
                denial.to_string()
            }
            Self::Unreached(failure) => failure.to_string(),
            Self::Loop => {
                "the request has passed this proxy before: its parents lead back here".to_owned()
            }
            Self::Parents(faults) => fault::text(faults),
            Self::ParentRefused(407) => {
                "the parent proxy does not accept this proxy's credentials (status 407)".to_owned()
            }
            Self::ParentRefused(status) => {
                format!("the parent proxy refused the tunnel with status {status}")
            }
            Self::BadResponse(malformed) => format!("the target's response: {}", malformed.text()),
            Self::ForeignResponse => {
                "the target answered with a status that is not its own to send".to_owned()
            }
            Self::ResponseTooLarge => "the target's response head is too large".to_owned(),
            Self::ResponseIncomplete => {
                "the target closed before its response was complete".to_owned()
            }
            Self::ResponseTimeout => "the target was silent for too long".to_owned(),
            Self::Connections => "the proxy has no connection left to give".to_owned(),
            Self::ClientConnections => "this client has all the connections it may have".to_owned(),
            Self::NamedClientConnections(name) => {
                format!("the client {name} has all the connections it may have")
            }
            Self::Draining => "the proxy is shutting down".to_owned(),
        }
    }

    /// What policy had decided when the request was refused.
    pub(crate) fn decision(&self) -> Option<Decision> {
        match self {
            Self::NotLoggedIn(NotLoggedIn::Busy) => None,
            Self::Denied(_)
            | Self::NotLoggedIn(_)
            | Self::Stray(_)
            | Self::Unreached(Failure::Denied { .. }) => Some(Decision::Deny),
            Self::Connections
            | Self::ClientConnections
            | Self::NamedClientConnections(_)
            | Self::Draining
            | Self::HeadTimeout
            | Self::Loop => None,
            _ if self.row().status < 500 => Some(Decision::Malformed),
            _ => Some(Decision::Allow),
        }
    }

    /// Policy's denial, if it is one.
    pub(crate) fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Denied(denial) | Self::Unreached(Failure::Denied { denial, .. }) => Some(denial),
            _ => None,
        }
    }

    /// The whole response: the reason stands in the status line, in `Proxy-Status` (RFC 9209) and
    /// in the body, each with the request's id, because clients show only one of them.
    pub(crate) fn response(&self, id: RequestId, target: Option<&str>, to_head: bool) -> Vec<u8> {
        let Row { status, phrase, error, label } = self.row();
        let text = self.text();
        let reason = reason_phrase(phrase, label, &text, id);
        let details = quoted(&format!("{label}: {text}; id {id}"));
        let about = target.map(|target| format!("{target} ")).unwrap_or_default();
        let received = match self {
            Self::ParentRefused(status) => format!("; received-status={status}"),
            _ => String::new(),
        };
        let body = format!("pinhole: {about}refused ({label}): {text}; request id {id}\n");
        let extra = match (self, status) {
            (Self::Method, _) => format!("Allow: CONNECT, {}\r\n", METHODS.join(", ")),
            (_, 407) => {
                "Proxy-Authenticate: Basic realm=\"pinhole\", charset=\"UTF-8\"\r\n".to_owned()
            }
            (_, 503) => "Retry-After: 5\r\n".to_owned(),
            _ => String::new(),
        };
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\n\
             Proxy-Status: pinhole; error={error}{received}; details={details}\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\n\
             Cache-Control: no-store\r\n\
             {extra}Connection: close\r\n\r\n",
            body.len()
        );
        let mut response = head.into_bytes();
        if !to_head {
            response.extend_from_slice(body.as_bytes());
        }
        response
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Fields => Self::HeadTooLarge,
            other => Self::Malformed(other),
        }
    }
}

fn denied(denial: &Denial) -> Row {
    use policy::Reason;
    let error = match denial.reason {
        Reason::AddressDenied | Reason::AddressClass | Reason::LiteralNotAllowed => {
            "destination_ip_prohibited"
        }
        Reason::Own => "proxy_loop_detected",
        Reason::Denied | Reason::NotAllowed | Reason::PortNotAllowed => "http_request_denied",
    };
    row(403, "Forbidden", error, denial.reason.label())
}

fn unreached(failure: &Failure) -> Row {
    let label = failure.label();
    match failure {
        Failure::Denied { denial, .. } => denied(denial),
        Failure::NotFound => row(502, "Bad Gateway", "dns_error", label),
        Failure::DnsFailed => row(502, "Bad Gateway", "dns_error", label),
        Failure::DnsTimeout => row(504, "Gateway Timeout", "dns_timeout", label),
        Failure::ConnectTimeout => row(504, "Gateway Timeout", "connection_timeout", label),
        Failure::Refused => row(502, "Bad Gateway", "connection_refused", label),
        Failure::Reset => row(502, "Bad Gateway", "connection_terminated", label),
        Failure::Unreachable => row(502, "Bad Gateway", "destination_ip_unroutable", label),
        Failure::NoDescriptors => {
            row(503, "Service Unavailable", "connection_limit_reached", label)
        }
        Failure::ConnectFailed(_) => row(502, "Bad Gateway", "destination_unavailable", label),
    }
}

/// Longest reason phrase: some clients cut or refuse a long status line.
const MAX_REASON: usize = 200;

fn reason_phrase(phrase: &str, label: &str, text: &str, id: RequestId) -> String {
    let mut reason = format!("{phrase}: {label}, {text}");
    let id = format!(" (pinhole {id})");
    reason.truncate(MAX_REASON - id.len());
    reason + &id
}

/// A string of RFC 9651 §3.3.3. All text here is visible ASCII and spaces.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
