//! What comes from the wire never comes out raw, and credentials not at all. That standard output
//! is visible ASCII in whole lines is checked by the harness, for every test and at its end.

use serde_json::{Value, json};

use crate::dns::FakeDns;
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::{Site, config, refusal_id};
use crate::support::{each, shown};

/// Bytes that harm a terminal, a log reader or a page.
const HOSTILE: &[&[u8]] = &[
    b"\x1b[2J\x1b[31m",
    b"\x1b]0;title\x07",
    b"\x07\x08\x0b\x0c",
    b"\x7f",
    b"\x80\x9b31m",
    b"\xc2\x9b31m",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x92\xa9",
    b"\"quoted\"",
    b"\\",
    b"\\u0000",
    b"'",
    b"`id`",
    b"$(id)",
    b"<script>alert(1)</script>",
    b"%00%0d%0a",
    b"\",\"reason\":\"forged\"",
    b"&lt;",
    b"{\"a\":1}",
    b"\tx",
];

fn heads() -> Vec<Vec<u8>> {
    let mut heads = Vec::new();
    for bytes in HOSTILE {
        let join = |parts: &[&[u8]]| parts.concat();
        heads.extend([
            join(&[b"CONNECT ", bytes, b":443 HTTP/1.1\r\nHost: x\r\n\r\n"]),
            join(&[b"CONNECT ok.test:443", bytes, b" HTTP/1.1\r\nHost: ok.test\r\n\r\n"]),
            join(&[b"GET http://", bytes, b"/ HTTP/1.1\r\nHost: x\r\n\r\n"]),
            join(&[b"GET http://denied.test/", bytes, b" HTTP/1.1\r\nHost: x\r\n\r\n"]),
            join(&[b"GET /", bytes, b" HTTP/1.1\r\nHost: x\r\n\r\n"]),
            join(&[bytes, b" http://denied.test/ HTTP/1.1\r\nHost: x\r\n\r\n"]),
            join(&[b"X", bytes, b" http://denied.test/ HTTP/1.1\r\nHost: x\r\n\r\n"]),
            join(&[b"GET http://denied.test/ ", bytes, b"\r\nHost: x\r\n\r\n"]),
            join(&[b"CONNECT denied.test:443 HTTP/1.1\r\nHost: ", bytes, b"\r\n\r\n"]),
            join(&[
                b"CONNECT denied.test:443 HTTP/1.1\r\nHost: denied.test\r\nUser-Agent: ",
                bytes,
                b"\r\n\r\n",
            ]),
            join(&[b"GET http://denied.test/ HTTP/1.1\r\nHost: x\r\n", bytes, b": x\r\n\r\n"]),
            join(&[
                b"GET http://denied.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ",
                bytes,
                b"\r\n\r\n",
            ]),
            join(&[
                b"GET http://denied.test/ HTTP/1.1\r\nHost: x\r\nConnection: ",
                bytes,
                b"\r\n\r\n",
            ]),
            join(&[b"GET http://denied.test/ HTTP/1.1\r\nHost: x\r\nExpect: ", bytes, b"\r\n\r\n"]),
        ]);
    }
    heads
}

fn in_format(format: &str) {
    let dns = FakeDns::start();
    let mut config = config(&dns);
    config["log"] = json!(format);
    let proxy = Proxy::start(&config);
    let before = proxy.lines().len();
    let (heads, mut ids) = (heads(), Vec::new());
    each(
        &heads,
        |head| shown(head),
        |head| {
            let mut client = proxy.client();
            client.send(head);
            let response = client.try_response(false)?;
            assert!((400..500).contains(&response.status));
            let label = response.field("proxy-status").ok_or("none")?.split("details=\"").nth(1);
            let label = label.and_then(|rest| rest.split(':').next()).ok_or("no label")?.to_owned();
            let id = refusal_id(&response, &label)?;
            client.ends();
            // The answer has nothing of the request but a target that is well-formed.
            let text = response.text();
            let words = text
                .replace(&id, "")
                .replace("denied.test:443 ", "")
                .replace("denied.test:80 ", "");
            let clean = ["script", "quoted", "title", "forged", "alert", "$(", "31m"];
            assert!(clean.iter().all(|word| !words.contains(word)), "{text}");
            ids.push(id);
            Ok(())
        },
    );
    for id in ids {
        proxy.wait_line(&id, |line| line.text.contains(&id).then_some(()));
    }
    // One line each: nothing from the wire can begin a line of its own.
    let lines = proxy.lines();
    assert_eq!(lines.len() - before, heads.len());
    for line in &lines[before..] {
        match format {
            "json" => {
                let line: Value = serde_json::from_str(line).expect("JSON");
                assert_ne!(line["reason"], "forged");
            }
            _ => assert!(line.contains(" id "), "{line}"),
        }
    }
    assert_eq!(dns.asked(), []);
}

#[test]
fn in_json() {
    in_format("json");
}

#[test]
fn in_text() {
    in_format("text");
}

/// A log line is not made as long as its client likes.
#[test]
fn lines_are_bounded() {
    let site = Site::new(Origin::start());
    for byte in [b"a".as_slice(), b"\"", b"\xff", b"\\"] {
        let target = byte.repeat(8000 / byte.len());
        for head in [
            [b"CONNECT ", &target[..], b" HTTP/1.1\r\n\r\n"].concat(),
            [b"GET /", &target[..], b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat(),
        ] {
            let mut client = site.proxy.client();
            client.send(head);
            let response = client.response();
            assert_eq!(response.status, 400);
            assert!(response.head.len() + response.body.len() < 2000);
        }
    }
    site.counters_agree_after(8);
    let longest = site.proxy.lines().iter().map(String::len).max();
    assert!(longest < Some(2500), "{longest:?}");
}

/// Passwords are nowhere: not in the log, not in an answer, not in a metric.
#[test]
fn credentials_are_nowhere() {
    let basic = "dXNlcjpodW50ZXIy";
    let heads = [
        format!(
            "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test\r\nProxy-Authorization: Basic {basic}\r\n\r\n"
        ),
        format!(
            "CONNECT denied.test:1 HTTP/1.1\r\nHost: denied.test\r\nProxy-Authorization: Basic {basic}\r\n\r\n"
        ),
        format!(
            "GET http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic {basic}\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "GET http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "GET http://denied.test/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\r\n"
        ),
        format!("GET http://ok.test:%P/ HTTP/1.1\r\nProxy-Authorization: Basic {basic}\r\n\r\n"),
        format!(
            "GET http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization : Basic {basic}\r\n\r\n"
        ),
        format!("GET http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nConnection: {basic}=\r\n\r\n"),
        "CONNECT user:hunter2@ok.test:%P HTTP/1.1\r\nHost: ok.test\r\n\r\n".to_owned(),
        "CONNECT hunter2@ok.test:%P HTTP/1.1\r\nHost: ok.test\r\n\r\n".to_owned(),
        "CONNECT a@hunter2@ok.test:%P HTTP/1.1\r\nHost: ok.test\r\n\r\n".to_owned(),
        "GET http://user:hunter2@ok.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET https://user:hunter2@ok.test/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET http://hunter2:@ok.test:%P HTTP/1.0\r\n\r\n".to_owned(),
        "GET http://ok.test:%P/ HTTP/1.1\r\nHost: user:hunter2@ok.test\r\n\r\n".to_owned(),
    ];
    let site = Site::new(Origin::start());
    let secret = |text: &str| text.contains(basic) || text.contains("hunter2");
    for head in &heads {
        let mut client = site.proxy.client();
        client.send(site.fill(head));
        let answer = client.fin().rest().0;
        assert!(answer.starts_with(b"HTTP/1.1 "), "{head}");
        assert!(!secret(&String::from_utf8_lossy(&answer)), "{}", shown(&answer));
    }
    site.counters_agree_after(heads.len());
    for line in site.proxy.lines() {
        assert!(!secret(&line), "{line}");
    }
    assert!(!secret(&site.proxy.page("/metrics").1));
    let targets = site.origin.seen();
    assert!(targets.iter().all(|seen| seen.all("proxy-authorization").is_empty()));
}
