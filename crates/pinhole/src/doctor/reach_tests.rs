use super::*;
use crate::doctor::check::Verdict;
use crate::doctor::need;

fn pinhole(status: u16, error: &str, label: &str) -> Outcome {
    let details = format!("details=\"{label}: words; id 1\"");
    answered(&format!("HTTP/1.1 {status} x\r\nProxy-Status: pinhole; error={error}; {details}"))
}

fn answered(head: &str) -> Outcome {
    Outcome::Answered(Answer::parse(head.as_bytes()).unwrap())
}

fn need_of(target: &str) -> Need {
    need::target(target).unwrap()
}

#[test]
fn each_denial_has_the_entry_that_helps() {
    let preset = need::preset("skypilot-network-check").unwrap().remove(0);
    let other = need_of("a.test:8443");
    let (own, port) = ("{host: a.test, ports: 8443}", "{network: \"8.8.8.8/32\"}");
    for (need, error, label, rule, part) in [
        (
            &other,
            "http_request_denied",
            "not_allowed",
            Some(own),
            "add `- {host: a.test, ports: 8443}`",
        ),
        (
            &preset,
            "destination_ip_prohibited",
            "literal_not_allowed",
            Some("{preset: skypilot-network-check}"),
            "for what asks for it",
        ),
        (&preset, "http_request_denied", "port_not_allowed", Some(port), "add `- {network"),
        (&other, "http_request_denied", "denied", None, "it wins over every allow"),
        (&other, "destination_ip_prohibited", "address_denied", None, "it wins over every allow"),
        (
            &other,
            "destination_ip_prohibited",
            "address_class",
            None,
            "explain --resolve a.test:8443",
        ),
        (&other, "http_request_denied", "stray", None, "list a.test in"),
        (&other, "proxy_loop_detected", "own_address", None, "the proxy itself"),
    ] {
        let check = judge(need, &pinhole(403, error, label));
        assert_eq!(
            (check.id, check.verdict, check.denied),
            ("reach", Verdict::Fail, true),
            "{label}"
        );
        assert_eq!(check.rule.as_deref(), rule, "{label}");
        assert_eq!(check.finding, format!("denied: 403, {label}: words; id 1"));
        let advice = check.advice.unwrap();
        assert!(advice.contains(part), "{label}: {advice}");
        assert_eq!(check.subject, Some(need.ask.target.to_string()));
    }
    let check = judge(&other, &answered("HTTP/1.1 403 No"));
    assert!(check.advice.unwrap().starts_with("have the proxy's owner allow a.test:8443"));
    assert_eq!((check.rule.as_deref(), check.denied), (Some(own), true));
}

#[test]
fn what_is_no_denial_is_not_called_one() {
    let need = need_of("a.test:443");
    for (outcome, verdict, part) in [
        (Outcome::Open(None), Verdict::Ok, "opens a tunnel"),
        (Outcome::Open(Some(Hello::Done)), Verdict::Ok, "TLS answers"),
        (Outcome::Open(Some(Hello::Unjudged)), Verdict::Ok, "not judged"),
        (Outcome::Open(Some(Hello::Untrusted)), Verdict::Fail, "no CA that is known here"),
        (Outcome::Open(Some(Hello::Certificate("has expired"))), Verdict::Fail, "has expired"),
        (Outcome::Open(Some(Hello::Cut)), Verdict::Fail, "is cut"),
        (Outcome::Open(Some(Hello::Silent)), Verdict::Fail, "nothing answers in it"),
        (pinhole(502, "dns_error", "dns_not_found"), Verdict::Fail, "cannot resolve the name: 502"),
        (pinhole(504, "connection_timeout", "connect_timeout"), Verdict::Fail, "does not reach"),
        (pinhole(502, "proxy_configuration_error", "parent_auth"), Verdict::Fail, "a proxy behind"),
        (pinhole(503, "connection_limit_reached", "connections"), Verdict::Fail, "has no room"),
        (answered("HTTP/1.1 407 x"), Verdict::Skipped, "see proxy.auth"),
        (answered("HTTP/1.1 405 x"), Verdict::Fail, "refuses to tunnel"),
        (answered("HTTP/1.1 302 x"), Verdict::Fail, "the proxy refuses: 302"),
        (Outcome::NotHttp, Verdict::Fail, "not HTTP"),
        (Outcome::Closed, Verdict::Fail, "without an answer"),
        (Outcome::Silent, Verdict::Fail, "no answer in time"),
        (Outcome::Unreached("refused".to_owned()), Verdict::Fail, "not reached: refused"),
        (Outcome::NotTried("why".to_owned()), Verdict::Skipped, "why"),
    ] {
        let check = judge(&need, &outcome);
        assert_eq!(check.verdict, verdict, "{outcome:?}");
        assert!(check.finding.contains(part), "{outcome:?}: {}", check.finding);
        assert!(!check.denied && check.rule.is_none(), "{outcome:?}");
    }
}

#[test]
fn a_targets_own_answer_is_no_refusal() {
    let need = need_of("http://a.test/");
    for (head, verdict) in [
        ("HTTP/1.1 200 OK", Verdict::Ok),
        ("HTTP/1.1 404 x", Verdict::Ok),
        ("HTTP/1.1 301 x", Verdict::Ok),
        ("HTTP/1.1 403 x", Verdict::Warn),
        ("HTTP/1.1 502 x", Verdict::Warn),
        ("HTTP/1.1 403 x\r\nServer: tinyproxy", Verdict::Fail),
        ("HTTP/1.1 403 x\r\nX-Squid-Error: ERR_ACCESS_DENIED 0", Verdict::Fail),
    ] {
        assert_eq!(judge(&need, &answered(head)).verdict, verdict, "{head}");
    }
    let denied = pinhole(403, "http_request_denied", "not_allowed");
    assert_eq!(judge(&need, &denied).rule.as_deref(), Some("{host: a.test}"));
}
