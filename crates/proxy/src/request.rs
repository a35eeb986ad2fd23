//! A request head, judged: what the client asks for, or why that is refused.

use connect::Parent;
use policy::{Authority, Host};

use crate::exchange::Hop;
use crate::framing::{ConnectionOptions, Length, request_length};
use crate::head::{Field, RequestHead, Version};
use crate::malformed::Malformed;
use crate::refusal::Refusal;
use crate::via::Via;

/// What a client asks for.
#[derive(Debug)]
pub(crate) enum Request<'h> {
    /// A tunnel to the target.
    Connect(Authority),
    /// One plain-HTTP request to be forwarded.
    Forward(Forward<'h>),
}

/// A request in absolute-form (RFC 9112 §3.2.2), taken apart.
#[derive(Debug)]
pub(crate) struct Forward<'h> {
    pub(crate) method: &'h [u8],
    pub(crate) target: Authority,
    /// The target in origin-form, as the next hop gets it.
    path: Vec<u8>,
    pub(crate) version: Version,
    pub(crate) length: Length,
    fields: Vec<Field<'h>>,
    connection: ConnectionOptions<'h>,
}

/// Methods that are forwarded. TRACE would hand a client what the proxy added to its request.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/// Bytes that no URI holds (RFC 3986 §2) and that parsers are known to read differently.
const NOT_IN_URI: &[u8] = b"#<>\"\\`";

impl<'h> Request<'h> {
    /// Judges a head. `is_proxy` tells whether a Host names this proxy itself.
    pub(crate) fn judge(
        head: RequestHead<'h>,
        is_proxy: impl Fn(&Host, Option<u16>) -> bool,
    ) -> Result<Self, Refusal> {
        let host = host(&head)?;
        let length = request_length(&head.fields, head.version)?;
        let connection = ConnectionOptions::of_request(&head.fields)?;
        if head.method == b"CONNECT" {
            let target = Authority::parse(head.target).map_err(Malformed::Target)?;
            // Even a length of zero: whoever sends one means to send a body (RFC 9110 §9.3.6).
            if head.fields.iter().any(|f| f.is("content-length") || f.is("transfer-encoding")) {
                return Err(Malformed::ConnectBody.into());
            }
            let names_target = |(host, port): &(Host, Option<u16>)| {
                host == target.host() && port.is_none_or(|port| port == target.port())
            };
            if host.is_some_and(|host| !names_target(&host) && !is_proxy(&host.0, host.1)) {
                return Err(Malformed::HostMismatch.into());
            }
            return Ok(Self::Connect(target));
        }
        if !METHODS.iter().any(|method| method.as_bytes() == head.method) {
            return Err(Refusal::Method);
        }
        let (target, path) = absolute_form(head.target, head.method)?;
        if head.fields.iter().any(|field| field.is("upgrade")) {
            return Err(Refusal::Upgrade);
        }
        expectation(&head.fields)?;
        Ok(Self::Forward(Forward {
            method: head.method,
            target,
            path,
            version: head.version,
            length,
            fields: head.fields,
            connection,
        }))
    }

    /// The target asked for.
    pub(crate) fn target(&self) -> &Authority {
        match self {
            Self::Connect(target) => target,
            Self::Forward(forward) => &forward.target,
        }
    }
}

impl Forward<'_> {
    /// Whether the client's connection ends with this exchange. HTTP/1.0 has no chunked coding,
    /// so its connections are never kept.
    pub(crate) fn closes(&self) -> bool {
        self.connection.close || self.version == Version::Http10
    }

    /// Whether the request may be sent again when a kept connection turns out to be dead
    /// (RFC 9110 §9.2.2).
    pub(crate) fn may_repeat(&self) -> bool {
        matches!(self.method, b"GET" | b"HEAD" | b"OPTIONS") && self.length == Length::Sized(0)
    }

    /// The head that the next hop gets: Host made from the URI, nothing of the client's hop, `Via`
    /// with this proxy at its end (RFC 9110 §7.6.3). A target gets it in origin-form, a parent in
    /// absolute-form (RFC 9112 §3.2), with what a parent is shown.
    pub(crate) fn head_for(&self, hop: &Hop, via: &Via) -> Vec<u8> {
        let mut head = Vec::with_capacity(512);
        let host = without_default_port(self.target.port(), &self.target, self.target.host());
        let old = self.version == Version::Http10;
        head.extend_from_slice(self.method);
        head.extend_from_slice(b" ");
        head.extend_from_slice(&self.uri(hop, &host));
        for part in [b" HTTP/1.1\r\nHost: ", host.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
        if let Some(credentials) = hop.parent().and_then(Parent::credentials) {
            push_field(&mut head, b"Proxy-Authorization", credentials.authorization().as_bytes());
        }
        for field in &self.fields {
            let replaced = field.is("host") || field.is("content-length");
            // An HTTP/1.0 client does not know 100 Continue (RFC 9110 §10.1.1).
            let expects = old && field.is("expect");
            if !replaced && !expects && !self.connection.ends_at_hop(field) {
                push_field(&mut head, field.name, field.value);
            }
        }
        match self.length {
            Length::Chunked => push_field(&mut head, b"Transfer-Encoding", b"chunked"),
            Length::Sized(0)
                if matches!(self.method, b"GET" | b"HEAD" | b"OPTIONS" | b"DELETE") => {}
            Length::Sized(bytes) => {
                push_field(&mut head, b"Content-Length", bytes.to_string().as_bytes());
            }
            Length::UntilClose => unreachable!("requests do not end by close"),
        }
        push_field(&mut head, b"Via", via.entry(self.version).as_bytes());
        head.extend_from_slice(b"\r\n");
        head
    }

    /// The request's target for the next hop.
    fn uri(&self, hop: &Hop, host: &str) -> Vec<u8> {
        let place = match hop {
            Hop::Target(_) => return self.path.clone(),
            Hop::Parent { addr: Some(addr), .. } => {
                let ip = Host::Ip(addr.ip());
                without_default_port(addr.port(), addr, &ip)
            }
            Hop::Parent { addr: None, .. } => host.to_owned(),
        };
        // The last proxy before the target makes a `*` of an absent path (RFC 9112 §3.2.4).
        let path = if self.path == b"*" { &b""[..] } else { &self.path };
        [b"http://", place.as_bytes(), path].concat()
    }
}

/// An authority as an http URI has it, without the port that is meant anyway.
fn without_default_port(port: u16, whole: &impl ToString, host: &Host) -> String {
    if port == 80 { host.to_string() } else { whole.to_string() }
}

/// Appends one field line.
pub(crate) fn push_field(head: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// The one Host field; HTTP/1.0 may come without.
fn host(head: &RequestHead<'_>) -> Result<Option<(Host, Option<u16>)>, Malformed> {
    let mut hosts = head.fields.iter().filter(|field| field.is("host"));
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::split(host.value).map(Some).map_err(Malformed::Host),
        (None, None) if head.version == Version::Http10 => Ok(None),
        _ => Err(Malformed::Hosts),
    }
}

fn absolute_form(target: &[u8], method: &[u8]) -> Result<(Authority, Vec<u8>), Refusal> {
    if target.starts_with(b"/") || target == b"*" {
        return Err(Refusal::OriginForm);
    }
    let Some((scheme, rest)) = target.split_at_checked(7) else {
        return Err(Malformed::Uri.into());
    };
    if !scheme.eq_ignore_ascii_case(b"http://") {
        let https = target.len() > 8 && target[..8].eq_ignore_ascii_case(b"https://");
        return Err(if https { Malformed::HttpsUri } else { Malformed::Uri }.into());
    }
    if rest.iter().any(|b| NOT_IN_URI.contains(b)) {
        return Err(Malformed::Uri.into());
    }
    let end = rest.iter().position(|b| b"/?".contains(b)).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = Authority::parse_or_port(authority, 80).map_err(Malformed::Target)?;
    let path = match path {
        // RFC 9112 §3.2.4.
        [] if method == b"OPTIONS" => b"*".to_vec(),
        [] | [b'?', ..] => [b"/", path].concat(),
        _ => path.to_vec(),
    };
    Ok((authority, path))
}

fn expectation(fields: &[Field<'_>]) -> Result<(), Malformed> {
    let unknown = |f: &Field<'_>| f.is("expect") && !f.value.eq_ignore_ascii_case(b"100-continue");
    if fields.iter().any(unknown) { Err(Malformed::Expect) } else { Ok(()) }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
