use policy::AddressClass;

use super::*;
use crate::doctor::answer::Answer;
use crate::doctor::check::Verdict;

#[test]
fn what_is_asked_for_is_a_metadata_service() {
    for ip in ADDRESSES {
        assert_eq!(AddressClass::of(ip), AddressClass::Metadata, "{ip}");
    }
    let asked: Vec<String> = asks().iter().map(|ask| ask.target.to_string()).collect();
    assert_eq!(asked.len(), ADDRESSES.len() + 1);
    assert_eq!(asked[0], "169.254.169.254:80");
    assert_eq!(asked[3..], ["[fd00:ec2::254]:80", "metadata.google.internal:80"]);
}

#[test]
fn what_answers_for_it_is_the_proxy_or_nobody() {
    let answered = |head: &str| Outcome::Answered(Answer::parse(head.as_bytes()).unwrap());
    let pinhole = |status: u16, error: &str| {
        answered(&format!("HTTP/1.1 {status} x\r\nProxy-Status: pinhole; error={error}"))
    };
    for (outcome, verdict) in [
        (pinhole(403, "destination_ip_prohibited"), Verdict::Ok),
        (pinhole(403, "http_request_denied"), Verdict::Ok),
        (pinhole(502, "connection_refused"), Verdict::Warn),
        (pinhole(502, "dns_error"), Verdict::Warn),
        (answered("HTTP/1.1 403 x\r\nX-Squid-Error: ERR_ACCESS_DENIED 0"), Verdict::Ok),
        (answered("HTTP/1.1 403 x"), Verdict::Ok),
        (answered("HTTP/1.1 407 x"), Verdict::Skipped),
        (answered("HTTP/1.1 502 x"), Verdict::Warn),
        (answered("HTTP/1.1 400 x"), Verdict::Warn),
        // Google's own refusal, Amazon's, and a plain answer.
        (answered("HTTP/1.1 403 x\r\nMetadata-Flavor: Google"), Verdict::Fail),
        (answered("HTTP/1.1 401 x\r\nServer: EC2ws"), Verdict::Fail),
        (answered("HTTP/1.1 200 OK"), Verdict::Fail),
        (Outcome::Closed, Verdict::Ok),
        (Outcome::Silent, Verdict::Ok),
        (Outcome::NotTried("x".to_owned()), Verdict::Skipped),
    ] {
        assert_eq!(proxied(&outcome).verdict, verdict, "{outcome:?}");
    }
}

#[test]
fn reached_directly_it_is_a_warning() {
    let closed = Tried::Closed("no route".to_owned());
    for (tried, verdict) in
        [(Tried::Reached, Verdict::Warn), (closed, Verdict::Ok), (Tried::NoTime, Verdict::Skipped)]
    {
        assert_eq!(direct(&tried).verdict, verdict);
    }
}
