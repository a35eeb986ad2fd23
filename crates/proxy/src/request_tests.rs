use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connect::{Credentials, ParentUrl, Parents};
use policy::Host;

use super::{Forward, Request};
use crate::exchange::Hop;
use crate::head::{RequestHead, Version};
use crate::refusal::Refusal;
use crate::via::Via;

/// What becomes of a head: its target, and the head that the target gets where it is forwarded.
fn judged(head: &str) -> Result<(String, String), &'static str> {
    let head = head.replace('\n', "\r\n") + "\r\n";
    let parsed = RequestHead::parse(head.as_bytes(), 100).map_err(|_| "not a head")?;
    let is_proxy = |host: &Host, port: Option<u16>| {
        host.to_string() == "proxy.test" && port.is_none_or(|port| port == 3128)
    };
    let request = Request::judge(parsed, is_proxy).map_err(|refusal| refusal.row().label)?;
    let target = request.target().to_string();
    match request {
        Request::Connect(_) => Ok((target, "CONNECT".to_owned())),
        Request::Forward(forward) => Ok((target, head_for(&forward, &target_hop()))),
    }
}

fn target_hop() -> Hop {
    Hop::Target(SocketAddr::from(([127, 0, 0, 1], 80)))
}

/// The head for the next hop, the number in this proxy's pseudonym left out.
fn head_for(forward: &Forward<'_>, hop: &Hop) -> String {
    let via = Via::default();
    let (entry, head) = (via.entry(Version::Http11), forward.head_for(hop, &via));
    let head = String::from_utf8(head).unwrap();
    head.replace(&entry["1.1 ".len()..], "pinhole").replace("\r\n", "\n")
}

#[test]
fn connect_takes_authority_form_and_a_host_that_agrees() {
    let host = |line: &str| judged(&format!("CONNECT A.test.:443 HTTP/1.1\n{line}"));
    for line in
        ["Host: a.test:443\n", "Host: a.test\n", "Host: A.TEST.\n", "Host: proxy.test:3128\n"]
    {
        assert_eq!(host(line), Ok(("a.test:443".to_owned(), "CONNECT".to_owned())), "{line}");
    }
    for line in [
        "",
        "Host:\n",
        "Host: b.test\n",
        "Host: a.test:80\n",
        "Host: a.test\nHost: a.test\n",
        "Host: x@a.test\n",
        "Host: a.test:443/\n",
        "Host: proxy.test:80\n",
        "Host: a.test\nContent-Length: 0\n",
        "Host: a.test\nTransfer-Encoding: chunked\n",
    ] {
        assert_eq!(host(line), Err("malformed"), "{line}");
    }
    assert!(judged("CONNECT a.test:443 HTTP/1.0\n").is_ok());
    assert_eq!(judged("CONNECT a.test:443 HTTP/1.0\nHost: b.test\n"), Err("malformed"));
    for target in ["a.test", "http://a.test/", "/", "*", "a.test:0", "a.test:+443", "u@a.test:443"]
    {
        let head = format!("CONNECT {target} HTTP/1.1\nHost: a.test\n");
        assert_eq!(judged(&head), Err("malformed"), "{target}");
    }
}

#[test]
fn a_forwarded_head_is_made_anew() {
    let head = "POST http://A.test/x?y HTTP/1.1\nAccept: */*\nHost: other.test\nX-1: a\n\
                Connection: x-2, keep-alive\nX-2: b\nProxy-Authorization: Basic eA==\n\
                Proxy-Connection: keep-alive\nVia: 1.1 before\nContent-Length: 5\nTE: trailers\n";
    let (target, head) = judged(head).unwrap();
    assert_eq!(target, "a.test:80");
    assert_eq!(
        head,
        "POST /x?y HTTP/1.1\nHost: a.test\nAccept: */*\nX-1: a\nVia: 1.1 before\n\
         Content-Length: 5\nVia: 1.1 pinhole\n\n"
    );
    let (_, head) = judged("GET HTTP://a.test:8080?q HTTP/1.0\nExpect: 100-continue\n").unwrap();
    assert_eq!(head, "GET /?q HTTP/1.1\nHost: a.test:8080\nVia: 1.0 pinhole\n\n");
    let (_, head) = judged("OPTIONS http://[2001:DB8::1] HTTP/1.1\nHost: x\n").unwrap();
    assert_eq!(head, "OPTIONS * HTTP/1.1\nHost: [2001:db8::1]\nVia: 1.1 pinhole\n\n");
    let (_, head) =
        judged("PUT http://a.test/ HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n").unwrap();
    assert!(head.contains("\nTransfer-Encoding: chunked\n"), "{head}");
    let (_, head) = judged("POST http://a.test/ HTTP/1.1\nHost: x\n").unwrap();
    assert!(head.contains("\nContent-Length: 0\n"), "{head}");
}

#[test]
fn a_parent_gets_the_absolute_form_and_what_it_is_shown() {
    let url = ParentUrl::parse("http://parent.test:3128").unwrap();
    let credentials = Credentials::parse("user:password").unwrap();
    let list = vec![(url.clone(), None), (url, Some(credentials))];
    let parents = Arc::new(Parents::new(list, None, Duration::from_secs(1)).unwrap());
    let hop = |index, addr: Option<&str>| {
        let addr = addr.map(|addr| addr.parse().unwrap());
        Hop::Parent { parents: Arc::clone(&parents), index, addr }
    };
    let head = |request: &str, hop: &Hop| {
        let text =
            format!("{request} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic eA==\r\n\r\n");
        let parsed = RequestHead::parse(text.as_bytes(), 100).unwrap();
        match Request::judge(parsed, |_, _| false).unwrap() {
            Request::Forward(forward) => head_for(&forward, hop),
            Request::Connect(_) => panic!("{request}"),
        }
    };
    let shown = "Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\n";
    for (request, hop, expected) in [
        ("GET http://A.test/x?y", hop(0, None), "GET http://a.test/x?y HTTP/1.1\nHost: a.test\n"),
        (
            "GET http://a.test:8080?q",
            hop(1, None),
            &format!("GET http://a.test:8080/?q HTTP/1.1\nHost: a.test:8080\n{shown}"),
        ),
        ("OPTIONS http://a.test", hop(0, None), "OPTIONS http://a.test HTTP/1.1\nHost: a.test\n"),
        (
            "GET http://a.test/",
            hop(0, Some("[fd00::1]:80")),
            "GET http://[fd00::1]/ HTTP/1.1\nHost: a.test\n",
        ),
        (
            "GET http://a.test:81/",
            hop(1, Some("10.0.0.1:81")),
            &format!("GET http://10.0.0.1:81/ HTTP/1.1\nHost: a.test:81\n{shown}"),
        ),
    ] {
        assert_eq!(head(request, &hop), format!("{expected}Via: 1.1 pinhole\n\n"));
    }
}

#[test]
fn what_is_not_a_plain_http_uri_is_refused() {
    for (target, label) in [
        ("/", "origin_form"),
        ("*", "origin_form"),
        ("a.test:80", "malformed"),
        ("https://a.test/", "malformed"),
        ("ftp://a.test/", "malformed"),
        ("http:/a.test/", "malformed"),
        ("http://", "malformed"),
        ("http:///x", "malformed"),
        ("http://a.test:/", "malformed"),
        ("http://a.test:080/", "malformed"),
        ("http://u:p@a.test/", "malformed"),
        ("http://a.test/#f", "malformed"),
        ("http://a.test/a\\b", "malformed"),
        ("http://a.test\\@b.test/", "malformed"),
        ("http://a%2etest/", "malformed"),
        ("http://[a.test]/", "malformed"),
        ("http://127.1/", "malformed"),
    ] {
        let head = format!("GET {target} HTTP/1.1\nHost: a.test\n");
        assert_eq!(judged(&head), Err(label), "{target}");
    }
    for method in ["get", "TRACE", "PROPFIND", "connect", "X"] {
        let head = format!("{method} http://a.test/ HTTP/1.1\nHost: a.test\n");
        assert_eq!(judged(&head), Err("method"), "{method}");
    }
    let with = |line| judged(&format!("GET http://a.test/ HTTP/1.1\nHost: a.test\n{line}\n"));
    assert_eq!(with("Upgrade: websocket"), Err("upgrade"));
    assert_eq!(with("Expect: 200-ok"), Err("malformed"));
    assert!(with("Expect: 100-Continue").is_ok());
}

#[test]
fn only_what_changes_nothing_may_be_sent_twice() {
    let repeats = |start: &str| {
        let head = format!("{start} http://a.test/ HTTP/1.1\r\nHost: a\r\n\r\n");
        let head = RequestHead::parse(head.as_bytes(), 9).unwrap();
        match Request::judge(head, |_, _| false) {
            Ok(Request::Forward(forward)) => forward.may_repeat(),
            other => panic!("{other:?}"),
        }
    };
    assert!(repeats("GET") && repeats("HEAD"));
    assert!(!repeats("POST") && !repeats("PUT") && !repeats("DELETE"));
}

#[test]
fn too_many_fields_are_a_large_head() {
    let refusal = Refusal::from(crate::malformed::Malformed::Fields);
    assert_eq!(refusal.row().status, 431);
}
