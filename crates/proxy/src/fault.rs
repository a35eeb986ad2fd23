//! Why a parent proxy was of no use.

use connect::{Failure, ParentFailure, TlsFailure};

use crate::malformed::Malformed;

/// Why a parent was of no use for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no connection to it.
    Unreached(ParentFailure),
    /// It did not answer in time.
    Silent,
    /// It closed the connection before its answer was complete.
    Closed,
    /// Its answer is not well-formed.
    Malformed(Malformed),
    /// Its answer's head is too large.
    TooLarge,
}

impl Fault {
    /// A stable label for logs, metrics and refusals, from a fixed set.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Unreached(ParentFailure::Own) => "parent_own",
            Self::Unreached(ParentFailure::Timeout) | Self::Silent => "parent_timeout",
            Self::Unreached(ParentFailure::Tls(_)) => "parent_tls",
            Self::Unreached(ParentFailure::Unreached(failure)) => match failure {
                Failure::NotFound | Failure::DnsTimeout | Failure::DnsFailed => "parent_dns",
                Failure::ConnectTimeout => "parent_timeout",
                _ => "parent_connect",
            },
            Self::Closed => "parent_closed",
            Self::Malformed(_) | Self::TooLarge => "parent_bad_response",
        }
    }

    /// The error type (RFC 9209 §2.3), of which a parent is the next hop.
    pub(crate) fn error(&self) -> &'static str {
        match self {
            Self::Unreached(ParentFailure::Own) => "proxy_loop_detected",
            Self::Unreached(ParentFailure::Timeout) => "connection_timeout",
            Self::Unreached(ParentFailure::Tls(failure)) => match failure {
                TlsFailure::Certificate(_) => "tls_certificate_error",
                TlsFailure::Alert => "tls_alert_received",
                TlsFailure::Closed => "connection_terminated",
                TlsFailure::NotTls | TlsFailure::Handshake => "tls_protocol_error",
            },
            Self::Unreached(ParentFailure::Unreached(failure)) => match failure {
                Failure::NotFound | Failure::DnsFailed => "dns_error",
                Failure::DnsTimeout => "dns_timeout",
                Failure::ConnectTimeout => "connection_timeout",
                Failure::Refused => "connection_refused",
                Failure::Reset => "connection_terminated",
                Failure::Unreachable => "destination_ip_unroutable",
                _ => "destination_unavailable",
            },
            Self::Silent => "http_response_timeout",
            Self::Closed => "http_response_incomplete",
            Self::Malformed(_) => "http_protocol_error",
            Self::TooLarge => "http_response_header_section_size",
        }
    }

    /// A few words for a person, of which "the parent" is the subject.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Unreached(ParentFailure::Own) => "it is this proxy itself".to_owned(),
            Self::Unreached(ParentFailure::Timeout) => "it could not be reached in time".to_owned(),
            Self::Unreached(ParentFailure::Tls(failure)) => failure.to_string(),
            Self::Unreached(ParentFailure::Unreached(failure)) => match failure {
                Failure::NotFound => "its name does not exist or has no address".to_owned(),
                Failure::DnsTimeout => "no name server answered in time for its name".to_owned(),
                Failure::DnsFailed => "the name servers could not resolve its name".to_owned(),
                Failure::ConnectTimeout => "it did not accept the connection in time".to_owned(),
                Failure::Refused => "it refused the connection".to_owned(),
                Failure::Reset => "it reset the connection".to_owned(),
                Failure::Unreachable => "no route leads to it".to_owned(),
                other => other.to_string(),
            },
            Self::Silent => "it did not answer in time".to_owned(),
            Self::Closed => "it closed the connection without an answer".to_owned(),
            Self::Malformed(malformed) => format!("its answer: {}", malformed.text()),
            Self::TooLarge => "its answer's head is too large".to_owned(),
        }
    }
}

/// One line for a person: what was wrong with each parent.
pub(crate) fn text(faults: &[(usize, Fault)]) -> String {
    match faults {
        [(_, only)] => format!("the parent proxy is of no use: {}", only.text()),
        _ => {
            let each = faults.iter().map(|(index, fault)| format!("[{index}] {}", fault.text()));
            let each: Vec<String> = each.collect();
            format!("no parent proxy is of use: {}", each.join("; "))
        }
    }
}
