use connect::{Failure, ParentFailure, TlsFailure};
use policy::{Authority, Policy, Who};
use proptest::prelude::*;

use super::{Refusal, quoted};
use crate::credentials::NotLoggedIn;
use crate::fault::Fault;
use crate::malformed::Malformed;
use crate::record::RequestIds;

/// One of each kind.
fn all() -> Vec<Refusal> {
    let policy = Policy::new(Vec::new(), Vec::new());
    let denial = |target: &str| {
        policy.decide(Who::OTHER, &Authority::parse_target(target).unwrap()).unwrap_err()
    };
    let name = denial("host.test:443");
    let address = denial("169.254.169.254:80");
    let ip = "169.254.169.254".parse().unwrap();
    vec![
        Refusal::Malformed(Malformed::Chunk),
        Refusal::Malformed(Malformed::Target(policy::AuthorityError::NoPort)),
        Refusal::HeadTimeout,
        Refusal::TargetTooLong,
        Refusal::HeadTooLarge,
        Refusal::Method,
        Refusal::OriginForm,
        Refusal::Upgrade,
        Refusal::Denied(name),
        Refusal::Unreached(Failure::Denied { denial: address, address: ip }),
        Refusal::Unreached(Failure::NotFound),
        Refusal::Unreached(Failure::DnsTimeout),
        Refusal::Unreached(Failure::DnsFailed),
        Refusal::Unreached(Failure::ConnectTimeout),
        Refusal::Unreached(Failure::Refused),
        Refusal::Unreached(Failure::Reset),
        Refusal::Unreached(Failure::Unreachable),
        Refusal::Unreached(Failure::NoDescriptors),
        Refusal::Unreached(Failure::ConnectFailed(std::io::ErrorKind::Other)),
        Refusal::Loop,
        Refusal::ParentRefused(403),
        Refusal::ParentRefused(407),
        parent(Fault::Unreached(ParentFailure::Own)),
        parent(Fault::Unreached(ParentFailure::Unreached(Failure::NotFound))),
        parent(Fault::Unreached(ParentFailure::Unreached(Failure::Refused))),
        parent(Fault::Unreached(ParentFailure::Tls(TlsFailure::NotTls))),
        parent(Fault::Silent),
        parent(Fault::Closed),
        parent(Fault::Malformed(Malformed::StatusLine)),
        Refusal::BadResponse(Malformed::StatusLine),
        Refusal::ForeignResponse,
        Refusal::ResponseTooLarge,
        Refusal::ResponseIncomplete,
        Refusal::ResponseTimeout,
        Refusal::Connections,
        Refusal::ClientConnections,
        Refusal::NamedClientConnections("ci".into()),
        Refusal::NotLoggedIn(NotLoggedIn::Missing),
        Refusal::NotLoggedIn(NotLoggedIn::Malformed),
        Refusal::NotLoggedIn(NotLoggedIn::Wrong),
        Refusal::NotLoggedIn(NotLoggedIn::Busy),
        Refusal::Draining,
    ]
}

/// The last of two parents was of no use for this reason.
fn parent(fault: Fault) -> Refusal {
    Refusal::Parents(vec![(0, Fault::TooLarge), (1, fault)])
}

/// The error types of RFC 9209 §2.3.
const ERRORS: &str = "dns_timeout dns_error destination_not_found destination_unavailable \
    destination_ip_prohibited destination_ip_unroutable connection_refused connection_terminated \
    connection_timeout connection_read_timeout connection_write_timeout connection_limit_reached \
    tls_protocol_error tls_certificate_error tls_alert_received http_request_error \
    http_request_denied http_response_incomplete http_response_header_section_size \
    http_response_header_size http_response_body_size http_response_trailer_section_size \
    http_response_trailer_size http_response_transfer_coding http_response_content_coding \
    http_response_timeout http_upgrade_failed http_protocol_error proxy_internal_response \
    proxy_internal_error proxy_configuration_error proxy_loop_detected";

/// An independent reading of a string of RFC 9651 §4.2.5: its value and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.char_indices();
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 2..])),
            '\\' => value.push(chars.next().map(|(_, c)| c).filter(|c| "\"\\".contains(*c))?),
            ' '..='~' => value.push(c),
            _ => return None,
        }
    }
    None
}

#[test]
fn the_reason_stands_in_status_line_header_and_body_with_the_id() {
    let ids = RequestIds::default();
    for refusal in all() {
        let id = ids.next();
        let row = refusal.row();
        let text = String::from_utf8(refusal.response(id, Some("host.test:443"), false)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {} ", row.status)), "{line}");
        let fields: Vec<_> = lines.map(|line| line.split_once(": ").unwrap()).collect();
        let field = |name| fields.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);

        let status = field("Proxy-Status").unwrap();
        let parameters = status.strip_prefix("pinhole; error=").unwrap();
        let (error, details) = parameters.split_once("; details=").unwrap();
        let (error, received) = error.split_once("; ").unwrap_or((error, ""));
        assert!(ERRORS.split(' ').any(|known| known == error), "{error}");
        match refusal {
            Refusal::ParentRefused(status) => {
                assert_eq!(received, format!("received-status={status}"));
            }
            _ => assert_eq!(received, ""),
        }
        let (details, rest) = string(details).unwrap();
        assert_eq!(rest, "");
        for place in [line, &details, body] {
            assert!(place.contains(row.label) && place.contains(&id.to_string()), "{place}");
        }
        assert!(details.contains(&refusal.text()), "{details}");
        assert_eq!(field("Content-Length").unwrap(), body.len().to_string());
        assert_eq!(field("Connection"), Some("close"));
        assert_eq!(field("Retry-After").is_some(), row.status == 503, "{line}");
        assert_eq!(field("Allow").is_some(), row.status == 405, "{line}");
        assert!(text.bytes().all(|b| b == b'\r' || b == b'\n' || (b' '..=b'~').contains(&b)));

        let to_head = refusal.response(id, None, true);
        assert!(to_head.ends_with(b"\r\n\r\n"), "a response to HEAD has no body");
    }
}

#[test]
fn policy_is_403_a_malformed_request_400_and_only_limits_503() {
    for refusal in all() {
        let row = refusal.row();
        let expected = match (&refusal, row.error) {
            (Refusal::Denied(_) | Refusal::Unreached(Failure::Denied { .. }), _) => 403,
            (Refusal::Malformed(_), _) => 400,
            // Whatever a parent does, it is the way that fails.
            (Refusal::Parents(_) | Refusal::ParentRefused(_) | Refusal::Loop, _) => 502,
            (_, "connection_limit_reached" | "proxy_internal_response") => 503,
            (_, error) if error.ends_with("timeout") => 504,
            _ => continue,
        };
        assert_eq!(row.status, expected, "{}", row.label);
        assert_ne!(row.status, 407);
    }
}

#[test]
fn labels_tell_refusals_apart() {
    let mut labels: Vec<_> = all().iter().map(|refusal| refusal.row().label).collect();
    labels.sort_unstable();
    labels.dedup();
    // Malformed stands in the list twice, and so do the connections of one client: their kinds share a
    // label, their texts differ.
    assert_eq!(labels.len(), all().len() - 2);
}

proptest! {
    #[test]
    fn a_quoted_text_parses_back(text in "[ -~]{0,60}") {
        let quoted = quoted(&text);
        prop_assert_eq!(string(&quoted), Some((text, "")));
    }
}
