use proptest::prelude::*;

use super::*;

fn answer(head: &str) -> Answer {
    Answer::parse(head.as_bytes()).unwrap_or_else(|| panic!("{head:?} is no answer"))
}

/// Heads, and what each means. Most are what the named program sends.
const HEADS: &[(&str, Kind, &str)] = &[
    (
        "HTTP/1.1 403 Forbidden: not_allowed, no allow entry covers a.test (pinhole 1-1)\r\nProxy-Status: pinhole; error=http_request_denied; details=\"not_allowed: no allow entry covers a.test; id 1-1\"",
        Kind::Denied,
        "403, not_allowed: no allow entry covers a.test; id 1-1",
    ),
    (
        "HTTP/1.1 403 x\r\nProxy-Status: pinhole; error=destination_ip_prohibited; details=\"address_class: x; id 1\"",
        Kind::Denied,
        "403, address_class: x; id 1",
    ),
    (
        "HTTP/1.1 502 x\r\nProxy-Status: pinhole; error=dns_error; details=\"dns_not_found: x; id 1\"",
        Kind::Name,
        "502, dns_not_found: x; id 1",
    ),
    (
        "HTTP/1.1 504 x\r\nProxy-Status: pinhole; error=connection_timeout; details=\"connect_timeout: x\"",
        Kind::Unreachable,
        "504, connect_timeout: x",
    ),
    (
        "HTTP/1.1 502 x\r\nProxy-Status: pinhole; error=destination_unavailable; received-status=403; details=\"parent_refused: x\"",
        Kind::Parent,
        "502, parent_refused: x",
    ),
    (
        "HTTP/1.1 502 x\r\nProxy-Status: pinhole; error=proxy_configuration_error; details=\"parent_auth: x\"",
        Kind::Parent,
        "502, parent_auth: x",
    ),
    (
        "HTTP/1.1 503 x\r\nRetry-After: 5\r\nProxy-Status: pinhole; error=connection_limit_reached; details=\"connections: x\"",
        Kind::Busy,
        "503, connections: x",
    ),
    // Nearest to the target first; members without an error are passed over.
    (
        "HTTP/1.1 502 x\r\nProxy-Status: fine; received-status=200, far; error=dns_timeout\r\nproxy-status: near; error=connection_refused",
        Kind::Name,
        "502, dns_timeout",
    ),
    (
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"",
        Kind::Auth,
        "407, Proxy Authentication Required",
    ),
    (
        "HTTP/1.1 403 Forbidden\r\nServer: squid/6.6\r\nX-Squid-Error: ERR_ACCESS_DENIED 0",
        Kind::Denied,
        "403, ERR_ACCESS_DENIED",
    ),
    (
        "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0",
        Kind::Name,
        "503, ERR_DNS_FAIL",
    ),
    (
        "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111",
        Kind::Unreachable,
        "503, ERR_CONNECT_FAIL",
    ),
    ("HTTP/1.0 403 Filtered\r\nServer: tinyproxy/1.11.1", Kind::Denied, "403, Filtered"),
    ("HTTP/1.1 502 Bad Gateway", Kind::Unreachable, "502, Bad Gateway"),
    ("HTTP/1.1 503 Service Unavailable", Kind::Unreachable, "503, Service Unavailable"),
    ("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1", Kind::Busy, "503, Service Unavailable"),
    ("HTTP/1.1 405 Method Not Allowed", Kind::NoConnect, "405, Method Not Allowed"),
    ("HTTP/1.1 501 Not Implemented", Kind::NoConnect, "501, Not Implemented"),
    ("HTTP/1.1 400 Bad Request", Kind::Other, "400, Bad Request"),
    ("HTTP/1.1 451", Kind::Denied, "451"),
    ("HTTP/1.1 302 Found\nLocation: http://login.test/", Kind::Other, "302, Found"),
];

#[test]
fn each_answer_has_its_meaning_and_its_words() {
    for (head, kind, words) in HEADS {
        let answer = answer(head);
        assert_eq!((answer.kind(), answer.words().as_str()), (*kind, *words), "{head}");
        assert!(!answer.is_success());
    }
    assert!(answer("HTTP/1.1 200 Connection established").is_success());
    assert!(answer("HTTP/1.1 204").is_success());
}

#[test]
fn what_is_not_http_is_no_answer() {
    for head in [
        "",
        "SSH-2.0-x",
        "HTTP/1.1",
        "HTTP/1.1 abc x",
        "HTTP/1.1 20 x",
        "HTTP/1.1 2000",
        "http/1.1 200 x",
        "HTTP/1.1 70000 x",
    ] {
        assert_eq!(Answer::parse(head.as_bytes()), None, "{head:?}");
    }
}

#[test]
fn pinholes_label_is_its_own() {
    let label = |head: &str| answer(head).label();
    assert_eq!(label(HEADS[0].0).as_deref(), Some("not_allowed"));
    let other = "HTTP/1.1 403 x\r\nProxy-Status: p; error=http_request_denied; details=\"a: b\"";
    assert_eq!(label(other), None);
    assert_eq!(label("HTTP/1.1 403 x"), None);
    assert_eq!(label("HTTP/1.1 403 x\r\nProxy-Status: pinhole; error=http_request_denied"), None);
}

#[test]
fn a_proxys_own_answer_is_told_from_a_targets() {
    for (head, own) in [
        (HEADS[0].0, true),
        ("HTTP/1.1 407 x", true),
        ("HTTP/1.1 403 x\r\nX-Squid-Error: ERR_ACCESS_DENIED 0", true),
        ("HTTP/1.1 403 x\r\nServer: tinyproxy/1.11.1", true),
        ("HTTP/1.1 403 x\r\nServer: Apache", false),
        ("HTTP/1.1 200 OK\r\nProxy-Status: p", false),
    ] {
        assert_eq!(answer(head).is_the_proxys_own(), own, "{head}");
    }
}

#[test]
fn strings_may_hold_separators() {
    let head = "HTTP/1.1 403 x\r\nProxy-Status: a; details=\"x, y; error=no\", b; error=dns_error; details=\"say \\\"no\\\"; \\\\, please\"";
    let answer = answer(head);
    assert_eq!(answer.kind(), Kind::Name);
    assert_eq!(answer.words(), "403, say \"no\"; \\, please");
    // Broken ones end somewhere.
    for value in ["\"", "a; error=\"", ";;;,,,", "a; error", "a; details=\"\\"] {
        let _any = self::answer(&format!("HTTP/1.1 403 x\r\nProxy-Status: {value}")).words();
    }
}

#[test]
fn a_bodys_first_line_is_told_if_it_is_text() {
    let plain = answer("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain");
    for (body, words) in [
        ("\n  blocked by policy  \nmore", "403, blocked by policy"),
        ("<html>", "403, Forbidden"),
        ("", "403, Forbidden"),
    ] {
        assert_eq!(plain.clone().with_body(body.to_owned()).words(), words);
    }
    let page = answer("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html");
    assert_eq!(page.with_body("blocked".to_owned()).words(), "403, Forbidden");
}

#[test]
fn fields_are_bounded() {
    let many = format!("HTTP/1.1 403 x\r\n{}X: y", "a: b\r\n".repeat(1000));
    assert_eq!(answer(&many).field("x"), None);
    assert_eq!(answer("HTTP/1.1 403 x\r\nContent-Length: 12").length(), Some(12));
    assert_eq!(answer("HTTP/1.1 403 x\r\nContent-Length: -1").length(), None);
}

proptest! {
    #[test]
    fn no_head_makes_it_panic(head in "(HTTP/1.1 [2-5][0-9]{2} )?\\PC{0,40}(\r\nProxy-Status: [a-z;,=\"\\\\ ]{0,40})?") {
        if let Some(answer) = Answer::parse(head.as_bytes()) {
            let _any = (answer.kind(), answer.words(), answer.label());
        }
    }
}
