//! Heads that must work, and bytes that must arrive exactly once.

use std::sync::mpsc::channel;

use serde_json::json;

use crate::support::PATIENCE;
use crate::support::origin::Origin;
use crate::support::site::Site;
use crate::support::{each, ensure, shown};

/// CONNECT heads, each of which leads to the usual target.
const CONNECTS: &[&str] = &[
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: OK.Test.:%P\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost:ok.test:%P\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: \t ok.test:%P \t\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nhOST: ok.test:%P\r\n\r\n",
    // The address of the proxy itself, as some old agents send, and its names.
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: 127.0.0.1:%S\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: proxy.test:3128\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: proxy.test\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: 192.0.2.7:80\r\n\r\n",
    // HTTP/1.0, with and without Host.
    "CONNECT ok.test:%P HTTP/1.0\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.0\r\nUser-Agent: x\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.0\r\nHost: ok.test:%P\r\n\r\n",
    // Case and one trailing dot.
    "CONNECT OK.TEST:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n",
    "CONNECT ok.test.:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n",
    "CONNECT Ok.TesT.:%P HTTP/1.1\r\nHost: oK.tESt.:%P\r\n\r\n",
    "CONNECT in.sub.test:%P HTTP/1.1\r\nHost: in.sub.test:%P\r\n\r\n",
    "CONNECT 127.0.0.1:%P HTTP/1.1\r\nHost: 127.0.0.1:%P\r\n\r\n",
    // Fields that clients do send.
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\nProxy-Connection: Keep-Alive\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\nConnection: close\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\nConnection: keep-alive, x-y\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\nConnection:\r\nX:\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\nUser-Agent: \u{e4}\t\u{fc} x/1 (y; z)\r\n\r\n",
    "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\nProxy-Authorization: Basic c2VjcmV0OnNlY3JldA==\r\n\r\n",
];

fn site() -> Site {
    Site::with(Origin::start(), |config| {
        config["self"] = json!(["proxy.test:3128", "192.0.2.7"]);
    })
}

#[test]
fn connect() {
    let site = site();
    each(
        CONNECTS,
        |head| shown(head.as_bytes()),
        |head| {
            let mut client = site.proxy.client();
            client.send(site.fill(head));
            let established = client.head()?;
            ensure!(established.status == 200, "{}", shown(&established.head));
            let framed = !established.all("content-length").is_empty()
                || !established.all("transfer-encoding").is_empty();
            ensure!(!framed, "a 200 to CONNECT with a length: {}", shown(&established.head));
            client.send("GET /through HTTP/1.1\r\nHost: x\r\n\r\n");
            let response = client.try_response(false)?;
            ensure!(response.text() == "GET /through HTTP/1.1", "{}", response.text());
            Ok(())
        },
    );
    let lines = site.proxy.wait_requests(CONNECTS.len());
    let text = site.proxy.lines().concat();
    assert!(!text.contains("c2VjcmV0"), "a credential in the log");
    assert_eq!(site.origin.seen().len(), CONNECTS.len());
    for line in lines {
        assert_eq!(
            (&line["decision"], &line["end"]),
            (&json!("allow"), &json!("closed")),
            "{line}"
        );
        let target = line["target"].as_str().unwrap();
        let spelled = ["ok.test", "in.sub.test", "127.0.0.1"]
            .map(|host| format!("{host}:{}", site.origin.port()));
        assert!(spelled.iter().any(|known| known == target), "{target} has another spelling");
    }
    site.counters_agree();
}

/// Forwarded heads: the request line and the Host that the target gets.
const FORWARDS: &[(&str, &str, &str)] = &[
    (
        "GET http://ok.test:%P/a?b=c HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n",
        "GET /a?b=c",
        "ok.test:%P",
    ),
    ("GET http://ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n", "GET /", "ok.test:%P"),
    ("GET http://ok.test:%P?q HTTP/1.1\r\nHost: ok.test\r\n\r\n", "GET /?q", "ok.test:%P"),
    (
        "GET http://ok.test:%P?q=http://x/ HTTP/1.1\r\nHost: ok.test\r\n\r\n",
        "GET /?q=http://x/",
        "ok.test:%P",
    ),
    ("GET http://ok.test:%P// HTTP/1.1\r\nHost: ok.test\r\n\r\n", "GET //", "ok.test:%P"),
    (
        "GET http://ok.test:%P/%2e%2E/..;/a@b:c[d]|{e}^ HTTP/1.1\r\nHost: ok.test\r\n\r\n",
        "GET /%2e%2E/..;/a@b:c[d]|{e}^",
        "ok.test:%P",
    ),
    ("GET HTTP://OK.Test.:%P/A HTTP/1.1\r\nHost: ok.test\r\n\r\n", "GET /A", "ok.test:%P"),
    ("GET hTTp://in.sub.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", "GET /", "in.sub.test:%P"),
    ("GET http://127.0.0.1:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", "GET /", "127.0.0.1:%P"),
    // Host is made from the URI, whatever stood there.
    ("GET http://ok.test:%P/ HTTP/1.1\r\nHost: other.test\r\n\r\n", "GET /", "ok.test:%P"),
    ("GET http://ok.test:%P/ HTTP/1.1\r\nHost: denied.test:1\r\n\r\n", "GET /", "ok.test:%P"),
    ("GET http://ok.test:%P/ HTTP/1.1\r\nHost: 127.0.0.1:%S\r\n\r\n", "GET /", "ok.test:%P"),
    ("GET http://ok.test:%P/ HTTP/1.1\r\nHost: [::1]\r\n\r\n", "GET /", "ok.test:%P"),
    ("GET http://ok.test:%P/ HTTP/1.0\r\n\r\n", "GET /", "ok.test:%P"),
    ("GET http://ok.test:%P/ HTTP/1.0\r\nHost: other.test\r\n\r\n", "GET /", "ok.test:%P"),
    ("HEAD http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", "HEAD /", "ok.test:%P"),
    ("DELETE http://ok.test:%P/x HTTP/1.1\r\nHost: ok.test\r\n\r\n", "DELETE /x", "ok.test:%P"),
    ("OPTIONS http://ok.test:%P HTTP/1.1\r\nHost: ok.test\r\n\r\n", "OPTIONS *", "ok.test:%P"),
    ("OPTIONS http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", "OPTIONS /", "ok.test:%P"),
    // Bodies, in every spelling that has one reading.
    (
        "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nContent-Length: 5\r\n\r\nhello",
        "POST /",
        "ok.test:%P",
    ),
    (
        "PUT http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nContent-Length:\t005 \r\n\r\nhello",
        "PUT /",
        "ok.test:%P",
    ),
    (
        "PATCH http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "PATCH /",
        "ok.test:%P",
    ),
    (
        "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\ntransfer-encoding:\t Chunked \t\r\n\r\n05;a=\"b\"\r\nhello\r\n000\r\n\r\n",
        "POST /",
        "ok.test:%P",
    ),
    (
        "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\nh\r\n4\r\nello\r\n0\r\nContent-Length: 99\r\nHost: evil.test\r\n\r\n",
        "POST /",
        "ok.test:%P",
    ),
    (
        "GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nContent-Length: 5\r\n\r\nhello",
        "GET /",
        "ok.test:%P",
    ),
    ("POST http://ok.test:%P/ HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "POST /", "ok.test:%P"),
    (
        "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nContent-Length: 0\r\n\r\n",
        "POST /",
        "ok.test:%P",
    ),
    ("POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", "POST /", "ok.test:%P"),
];

#[test]
fn forward() {
    let site = site();
    each(
        FORWARDS,
        |(head, ..)| shown(head.as_bytes()),
        |(head, line, host)| {
            let before = site.origin.seen().len();
            let mut client = site.proxy.client();
            client.send(site.fill(head));
            let response = client.try_response(head.starts_with("HEAD"))?;
            ensure!(response.status == 200, "{}", shown(&response.head));
            let seen = site.origin.wait_seen(before + 1).pop().expect("one");
            ensure!(seen.line() == format!("{line} HTTP/1.1"), "the target got {}", seen.line());
            let host = String::from_utf8(site.fill(host)).expect("ASCII");
            ensure!(seen.all("host") == [host.as_str()], "the target got {:?}", seen.lines);
            ensure!(seen.lines[1].starts_with("Host: "), "Host is not first: {:?}", seen.lines);
            let body: &[u8] = if head.contains("ello") { b"hello" } else { b"" };
            ensure!(seen.body == body, "the target got the body `{}`", shown(&seen.body));
            Ok(())
        },
    );
    let lines = site.proxy.wait_requests(FORWARDS.len());
    assert!(lines.iter().all(|line| line["decision"] == "allow" && line["status"] == 200));
    site.counters_agree();
}

/// A port that is the scheme's own is left out of Host. The target listens on port 80 of an
/// address of its own, where the machine lets the test do that.
#[test]
fn port_80_is_left_out_of_host() {
    let Ok(probe) = std::net::TcpListener::bind("127.80.80.80:80") else { return };
    drop(probe);
    let origin = Origin::on("127.80.80.80:80", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 204 No Content\r\n\r\n")
    });
    let site = Site::new(origin);
    for uri in ["http://127.80.80.80/", "http://127.80.80.80:80/"] {
        let mut client = site.proxy.client();
        client.send(format!("GET {uri} HTTP/1.1\r\nHost: x.test\r\n\r\n"));
        assert_eq!(client.response().status, 204);
    }
    assert!(site.origin.seen().iter().all(|seen| seen.all("host") == ["127.80.80.80"]));
}

/// What came with CONNECT, in its segment and behind it, is delivered once and in order.
#[test]
fn early_bytes() {
    for size in [1, 100, 2000, 16 * 1024, 100 * 1024, 1024 * 1024] {
        let (got, arrived) = channel();
        let origin = Origin::with(move |peer| {
            got.send(peer.rest()?).expect("a test");
            Ok(())
        });
        let site = Site::new(origin);
        let early: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        let head = site.fill("CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n");
        let mut client = site.proxy.client();
        client.send([head, early.clone()].concat()).fin();
        assert_eq!(client.head().unwrap().status, 200);
        assert!(arrived.recv_timeout(PATIENCE).unwrap() == early, "{size} bytes differ");
        client.ends();
        let line = &site.proxy.wait_requests(1)[0];
        assert_eq!((&line["up"], &line["down"]), (&json!(size), &json!(0)));
    }
}

/// Early bytes that look like requests are none.
#[test]
fn early_bytes_are_no_requests() {
    let site = Site::new(Origin::with(|peer| {
        let got = peer.rest()?;
        peer.send(got)
    }));
    let tail = "GET http://sentinel.test:%P/ HTTP/1.1\r\nHost: sentinel.test\r\n\r\n\
        CONNECT sentinel.test:%P HTTP/1.1\r\nHost: sentinel.test\r\n\r\n\r\n\n\0";
    let head = "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n";
    let mut client = site.proxy.client();
    client.send(site.fill([head, tail].concat())).fin();
    assert_eq!(client.head().unwrap().status, 200);
    assert_eq!(shown(&client.rest().0), shown(&site.fill(tail)));
    assert_eq!(site.proxy.wait_requests(1).len(), 1);
    assert!(site.dns.asked().iter().all(|question| question.name == "ok.test"));
}

#[test]
fn a_target_may_speak_first() {
    let site = Site::new(Origin::with(|peer| {
        peer.send("220 hello\r\n")?;
        assert_eq!(peer.bytes(6)?, b"EHLO\r\n");
        peer.send("250 ok\r\n")
    }));
    let mut client = site.proxy.client();
    client.send(site.fill("CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n"));
    assert_eq!(client.head().unwrap().status, 200);
    assert_eq!(client.line().unwrap(), b"220 hello");
    client.send("EHLO\r\n");
    assert_eq!(client.line().unwrap(), b"250 ok");
    client.ends();
}

#[test]
fn an_ipv6_literal() {
    let origin = Origin::on("[::1]:0", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 204 No Content\r\n\r\n")
    });
    let site = Site::with(origin, |config| {
        config["allow"] = json!([{"network": "::1", "ports": "1-65535"}]);
    });
    for literal in ["[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[0000::1]"] {
        let mut client = site.proxy.client();
        let target = format!("{literal}:{}", site.origin.port());
        client.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"));
        assert_eq!(client.head().unwrap().status, 200, "{literal}");
        drop(client);
        let mut client = site.proxy.client();
        client.send(format!("GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n"));
        assert_eq!(client.response().status, 204, "{literal}");
    }
    let host = format!("[::1]:{}", site.origin.port());
    assert!(site.origin.seen().iter().all(|seen| seen.all("host") == [host.as_str()]));
}
