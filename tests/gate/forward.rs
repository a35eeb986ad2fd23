//! Plain HTTP, forwarded: what reaches the target, what reaches the client, over which connection.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::PATIENCE;
use crate::support::client::{Client, Ending};
use crate::support::origin::{Origin, Seen};
use crate::support::site::{Site, refusal_id};

const GET: &str = "GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n";

/// Sends a request and hands out the one that the target saw.
fn seen_of(site: &Site, request: &str) -> Seen {
    let before = site.origin.seen().len();
    let mut client = site.proxy.client();
    client.send(site.fill(request));
    assert_eq!(client.response().status, 200);
    site.origin.wait_seen(before + 1).pop().expect("one")
}

/// The lines of a request, the random number in the proxy's pseudonym left out.
fn without_ids(seen: &Seen) -> Vec<String> {
    let plain = |line: &String| match line.split_once(": 1.1 pinhole-") {
        Some(("Via", id)) => {
            assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{line}");
            "Via: 1.1 pinhole".to_owned()
        }
        _ => line.clone(),
    };
    seen.lines.iter().map(plain).collect()
}

/// A site whose target answers every request with these bytes, on a connection that it keeps.
fn answering(response: impl AsRef<[u8]>) -> Site {
    let response = response.as_ref().to_vec();
    Site::new(Origin::with(move |peer| {
        while peer.request()?.is_some() {
            peer.send(&response)?;
        }
        Ok(())
    }))
}

/// The same, but the target closes behind its answer.
fn answering_once(response: impl AsRef<[u8]>) -> Site {
    let response = response.as_ref().to_vec();
    Site::new(Origin::with(move |peer| {
        peer.request()?;
        peer.send(&response)
    }))
}

#[test]
fn one_connection_per_client_and_target() {
    let site = Site::new(Origin::start());
    let mut client = site.proxy.client();
    let mut ask = |name: &str| {
        let request = format!("GET http://{name}:%P/{name} HTTP/1.1\r\nHost: {name}\r\n\r\n");
        client.send(site.fill(request));
        assert_eq!(client.response().text(), format!("GET /{name} HTTP/1.1"));
        site.origin.accepts()
    };
    assert_eq!(["ok.test"; 5].map(&mut ask), [1; 5]);
    assert_eq!(["other.test"; 3].map(&mut ask), [2; 3]);
    // Another spelling of the same target is the same target.
    assert_eq!(["OTHER.test", "other.test.", "ok.test"].map(&mut ask), [2, 2, 3]);
    // Another client has connections of its own.
    let mut other = site.proxy.client();
    other.send(site.fill(GET));
    assert_eq!(other.response().status, 200);
    assert_eq!(site.origin.accepts(), 4);
    site.counters_agree_after(12);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let site = Site::new(Origin::start());
    let mut client = site.proxy.client();
    let names = ["ok.test", "ok.test", "other.test", "ok.test", "in.sub.test", "in.sub.test"];
    let requests: String = names
        .iter()
        .enumerate()
        .map(|(i, name)| match i % 2 {
            0 => format!("GET http://{name}:%P/{i} HTTP/1.1\r\nHost: {name}\r\n\r\n"),
            _ => format!(
                "POST http://{name}:%P/{i} HTTP/1.1\r\nHost: {name}\r\nContent-Length: 2\r\n\r\n{i}{i}"
            ),
        })
        .collect();
    client.send(site.fill(requests));
    for i in 0..names.len() {
        let method = if i % 2 == 0 { "GET" } else { "POST" };
        assert_eq!(client.response().text(), format!("{method} /{i} HTTP/1.1"));
    }
    let bodies: Vec<_> = site.origin.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [b"".as_slice(), b"11", b"", b"33", b"", b"55"]);
}

#[test]
fn end_to_end_fields_go_through_as_they_are() {
    let site = Site::new(Origin::start());
    let fields = [
        "Range: bytes=0-99,200-",
        "If-Range: \"etag\"",
        "accept: */*;q=0.1",
        "X-Twice: 1",
        "x-tWICE: 2",
        "Authorization: Basic dGFyZ2V0OnNlY3JldA==",
        "Cookie: a=b; c=\"d\"",
        "X-Empty: ",
        "X_Under.score!: x:y: z  w\tv",
        "Via: 1.0 first, 1.1 second (comment)",
        "X-Twice: 3",
        "X-Forwarded-For: 192.0.2.1",
    ];
    let head = "GET http://ok.test:%P/x HTTP/1.1\r\nHost: ok.test\r\n";
    let seen = seen_of(&site, &format!("{head}{}\r\n\r\n", fields.join("\r\n")));
    let port = site.origin.port();
    let host = format!("Host: ok.test:{port}");
    let expected = [&["GET /x HTTP/1.1", &host], &fields[..], &["Via: 1.1 pinhole"]].concat();
    assert_eq!(without_ids(&seen), expected);
    // Bytes above ASCII are the ends' own business (RFC 9110 §5.5, obs-text).
    let mut client = site.proxy.client();
    client.send(site.fill([head.as_bytes(), b"X: \xff\x80\xc3\xa4\r\n\r\n"].concat()));
    assert_eq!(client.response().status, 200);
    assert_eq!(site.origin.seen()[1].all("x"), ["\u{ff}\u{80}\u{c3}\u{a4}"]);
}

#[test]
fn response_fields_go_through_as_they_are() {
    let fields = [
        "Set-Cookie: a=b",
        "content-RANGE: bytes 0-1/2",
        "Set-Cookie: c=d; Path=/",
        "ETag: W/\"x\"",
        "Accept-Ranges: bytes",
        "X: \u{e4}",
        "WWW-Authenticate: Basic realm=\"x\"",
        "Via: 1.1 target",
        "X-Empty: ",
    ];
    let head = "HTTP/1.1 206 Partly \u{fc}\r\n";
    let site = answering(format!("{head}{}\r\nContent-Length: 2\r\n\r\nok", fields.join("\r\n")));
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    let response = client.response();
    let tail = ["Content-Length: 2", "Via: 1.1 pinhole"];
    let expected = format!("{head}{}\r\n\r\n", [&fields[..], &tail].concat().join("\r\n"));
    assert_eq!(String::from_utf8_lossy(&response.head), expected);
    assert_eq!(response.body, b"ok");
}

#[test]
fn hop_by_hop_fields_end_here() {
    let site = answering(
        "HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive,, x-other\r\nX-Hop: 1\r\nx-hop: 2\r\n\
         X-OTHER: 3\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: x\r\n\
         Proxy-Authenticate: Basic\r\nProxy-Authentication-Info: x\r\nTrailer: X\r\n\
         Upgrade: h2c\r\nProxy-Authorization: x\r\nX-Stays: 4\r\nContent-Length: 2\r\n\r\nok",
    );
    let request = "GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\
        Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nX-Stays: 2\r\nConnection: x-other, te\r\n\
        x-OTHER: 3\r\nKeep-Alive: 300\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
        Trailer: X\r\nProxy-Authorization: Basic c2VjcmV0\r\nProxy-Authenticate: x\r\n\
        Proxy-Authentication-Info: x\r\nproxy-authorization: Basic c2VjcmV0\r\n\r\n";
    let mut client = site.proxy.client();
    client.send(site.fill(request));
    let response = client.response();
    let names: Vec<&str> = response.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-Stays", "Content-Length", "Via"]);
    let host = format!("Host: ok.test:{}", site.origin.port());
    let expected = ["GET / HTTP/1.1", host.as_str(), "X-Stays: 2", "Via: 1.1 pinhole"];
    assert_eq!(without_ids(&site.origin.seen()[0]), expected);
    // The connection outlives it: `close` was not asked for.
    client.send(site.fill(GET));
    assert_eq!(client.response().status, 200);
    assert_eq!(site.origin.accepts(), 1);
    assert!(!site.proxy.lines().concat().contains("c2VjcmV0"), "a credential in the log");
}

#[test]
fn who_asks_to_close_is_closed() {
    let site = Site::new(Origin::start());
    let asks = [
        "HTTP/1.1\r\nHost: x\r\nConnection: close",
        "HTTP/1.1\r\nHost: x\r\nConnection: x, Close",
        "HTTP/1.1\r\nHost: x\r\nProxy-Connection: close",
        "HTTP/1.0\r\nX: y",
        "HTTP/1.0\r\nConnection: keep-alive",
    ];
    for ask in asks {
        let mut client = site.proxy.client();
        client.send(site.fill(format!("GET http://ok.test:%P/ {ask}\r\n\r\n{GET}")));
        let response = client.response();
        assert_eq!((response.status, response.field("connection")), (200, Some("close")));
        client.ends();
    }
    assert_eq!(site.origin.seen().len(), asks.len());
}

#[test]
fn request_bodies_stream() {
    for chunked in [false, true] {
        let (got, arrived) = channel();
        let site = Site::new(Origin::with(move |peer| {
            let mut seen = peer.head()?.expect("a request");
            for part in [b"first".as_slice(), b"second"] {
                let bytes = match chunked {
                    true => peer.chunk()?,
                    false => peer.bytes(part.len())?,
                };
                assert_eq!(bytes, part);
                got.send(()).expect("a test");
                seen.body.extend(bytes);
            }
            if chunked {
                assert_eq!(peer.chunk()?, b"");
            }
            peer.record(&seen);
            peer.send("HTTP/1.1 204 No Content\r\n\r\n")
        }));
        let mut client = site.proxy.client();
        let (length, parts) = match chunked {
            true => (
                "Transfer-Encoding: chunked",
                ["5\r\nfirst\r\n", "6\r\nsecond\r\n0\r\nX-Trailer: y\r\n\r\n"],
            ),
            false => ("Content-Length: 11", ["first", "second"]),
        };
        let head = format!("POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n{length}\r\n\r\n");
        client.send(site.fill(head));
        for part in parts {
            client.send(part);
            // The target has this part before the next one is sent.
            arrived.recv_timeout(PATIENCE).unwrap();
        }
        assert_eq!(client.response().status, 204);
        let line = &site.proxy.wait_requests(1)[0];
        assert_eq!((&line["up"], &line["down"]), (&json!(11), &json!(0)));
        assert_eq!(site.origin.seen()[0].body, b"firstsecond");
    }
}

#[test]
fn response_bodies_stream() {
    let framings = [
        ("Content-Length: 11\r\n", ["first", "second"]),
        (
            "Transfer-Encoding: Chunked\r\n",
            ["5\r\nfirst\r\n", "6;x\r\nsecond\r\n0\r\nX-Trailer: y\r\n\r\n"],
        ),
        ("", ["first", "second"]),
    ];
    for (length, parts) in framings {
        for old in [false, true] {
            let (read, next) = channel::<()>();
            let next = Mutex::new(next);
            let site = Site::new(Origin::with(move |peer| {
                peer.request()?.expect("a request");
                peer.send(format!("HTTP/1.1 200 OK\r\n{length}\r\n{}", parts[0]))?;
                next.lock().expect("no panic").recv_timeout(PATIENCE).expect("a test");
                peer.send(parts[1])
            }));
            let mut client = site.proxy.client();
            let version = if old { "1.0" } else { "1.1" };
            client.send(
                site.fill(format!("GET http://ok.test:%P/ HTTP/{version}\r\nHost: x\r\n\r\n")),
            );
            let head = client.head().unwrap();
            let sized = length.starts_with("Content-Length");
            let (coding, size) = match (sized, old) {
                (true, _) => (None, Some("11")),
                (false, false) => (Some("chunked"), None),
                (false, true) => (None, None),
            };
            assert_eq!(
                (head.field("transfer-encoding"), head.field("content-length")),
                (coding, size)
            );
            let in_chunks = coding.is_some();
            let part = |client: &mut Client, size: usize| match in_chunks {
                true => client.chunk().unwrap(),
                false => client.bytes(size),
            };
            assert_eq!(part(&mut client, 5), b"first");
            // Only now may the target send the rest.
            read.send(()).unwrap();
            assert_eq!(part(&mut client, 6), b"second");
            if in_chunks {
                assert_eq!(client.chunk().unwrap(), b"");
            }
            // Without a length and to HTTP/1.0, the end of the body is that of the connection.
            if old {
                client.ends();
            }
            let line = &site.proxy.wait_requests(1)[0];
            assert_eq!((&line["up"], &line["down"]), (&json!(0), &json!(11)));
        }
    }
}

#[test]
fn large_bodies_arrive_whole() {
    let site = Site::new(Origin::with(|peer| {
        while let Some(seen) = peer.request()? {
            let length = format!("Content-Length: {}\r\n", seen.body.len());
            let chunked = seen.line().contains("chunked");
            let length = if chunked { "Transfer-Encoding: chunked\r\n" } else { &length };
            peer.send(format!("HTTP/1.1 200 OK\r\n{length}\r\n"))?;
            if !chunked {
                peer.send(&seen.body)?;
                continue;
            }
            for chunk in seen.body.chunks(70_000) {
                peer.send(format!("{:x}\r\n", chunk.len()))?;
                peer.send([chunk, b"\r\n"].concat())?;
            }
            peer.send("0\r\n\r\n")?;
        }
        Ok(())
    }));
    let body: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    for path in ["sized", "chunked"] {
        let mut client = site.proxy.client();
        let head = format!("POST http://ok.test:%P/{path} HTTP/1.1\r\nHost: ok.test\r\n");
        let mut request = site.fill(head);
        if path == "sized" {
            request.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
            request.extend(&body);
        } else {
            request.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(100_001) {
                request.extend(format!("{:X}\r\n", chunk.len()).bytes());
                request.extend([chunk, b"\r\n"].concat());
            }
            request.extend(b"0\r\n\r\n");
        }
        client.send(request);
        assert!(client.response().body == body, "{path}: the bodies differ");
    }
    let size = json!(body.len());
    for line in site.proxy.wait_requests(2) {
        assert_eq!((&line["up"], &line["down"]), (&size, &size));
    }
}

#[test]
fn interim_responses_are_passed_on() {
    let site = Site::new(Origin::with(|peer| {
        while let Some(mut seen) = peer.head()? {
            if seen.all("expect") == ["100-Continue"] {
                // Fields of one hop, and a length that means nothing here.
                let fields = "Connection: x\r\nX: y\r\nContent-Length: 7\r\n";
                peer.send(format!("HTTP/1.1 100 Continue\r\n{fields}\r\n"))?;
            }
            seen.body = peer.body(&seen)?;
            peer.record(&seen);
            peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n")?;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
        Ok(())
    }));
    let mut client = site.proxy.client();
    let post = |version: &str| {
        site.fill(format!(
            "POST http://ok.test:%P/ HTTP/{version}\r\nHost: ok.test\r\nExpect: 100-Continue\r\n\
             Content-Length: 4\r\n\r\n"
        ))
    };
    client.send(post("1.1").as_slice());
    let interim = client.head().unwrap();
    assert_eq!((interim.status, interim.reason.as_str()), (100, "Continue"));
    assert_eq!(interim.fields, []);
    client.send("body");
    let hints = client.head().unwrap();
    assert_eq!((hints.status, hints.all("link")), (103, vec!["</a>", "</b>"]));
    assert_eq!(client.response().body, b"ok");
    // HTTP/1.0 knows none of this: the expectation is not passed on, nor are interim responses.
    let mut client = site.proxy.client();
    client.send([&post("1.0"), b"body".as_slice()].concat());
    assert_eq!(client.head().unwrap().status, 200);
    let seen = site.origin.seen();
    assert_eq!(seen[0].all("expect"), ["100-Continue"]);
    assert_eq!(seen[1].all("expect"), <[&str; 0]>::default());
    assert!(seen.iter().all(|seen| seen.body == b"body"));
}

#[test]
fn responses_without_a_body() {
    let cases = [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", Some("1000"), None),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None, None),
        ("HEAD", "HTTP/1.1 404 Not Found\r\n\r\n", None, None),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"x\"\r\n\r\n",
            Some("1000"),
            None,
        ),
        ("GET", "HTTP/1.1 304 Not Modified\r\n\r\n", None, None),
        ("GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", None, None),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None, None),
        ("DELETE", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", None, None),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Some("0"), None),
        ("GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", Some("0"), None),
        ("GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", Some("0"), None),
        (
            "POST",
            "HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            None,
            Some("chunked"),
        ),
    ];
    for (method, response, length, coding) in cases {
        let site = answering(response);
        let mut client = site.proxy.client();
        let request = GET.replace("GET", method);
        // The next request is answered too: nobody waits for a body that does not come, and
        // nothing is left over.
        for _ in 0..2 {
            client.send(site.fill(&request));
            let got = match method {
                "HEAD" => client.response_to_head(),
                _ => client.response(),
            };
            assert!(response.contains(&format!(" {}", got.status)), "{response}");
            assert_eq!(got.field("content-length"), length, "{response}");
            assert_eq!(got.field("transfer-encoding"), coding, "{response}");
            assert_eq!(got.body, b"");
        }
        assert_eq!(site.origin.accepts(), 1, "{response}");
    }
}

/// A response whose end is that of its connection reaches an HTTP/1.1 client in chunks, on a
/// connection that goes on; an HTTP/1.0 client as it is.
#[test]
fn responses_without_a_length() {
    for head in ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.0 200 OK\r\nConnection: keep-alive"]
    {
        let site = answering_once(format!("{head}\r\n\r\nuntil the end"));
        let mut client = site.proxy.client();
        for _ in 0..2 {
            client.send(site.fill(GET));
            let response = client.response();
            assert_eq!((response.text().as_str(), response.chunked), ("until the end", true));
        }
        assert_eq!(site.origin.accepts(), 2);
        let mut old = site.proxy.client();
        old.send(site.fill("GET http://ok.test:%P/ HTTP/1.0\r\n\r\n"));
        let response = old.response();
        assert_eq!((response.text().as_str(), response.until_close), ("until the end", true));
        assert_eq!(response.field("connection"), Some("close"));
    }
}

#[test]
fn a_target_that_answers_early_is_heard() {
    let site = answering_early();
    let big = 50_000_000;
    for framing in [
        format!("Content-Length: {big}\r\n\r\nstart"),
        "Transfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n".to_owned(),
    ] {
        let mut client = site.proxy.client();
        let head = "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n".to_owned();
        client.send(site.fill(head + &framing));
        let response = client.response();
        assert_eq!((response.status, response.text().as_str()), (413, "no"));
        // What is left of the body must not be read as a request.
        client.ends();
        assert_eq!(site.origin.seen(), []);
    }
}

fn answering_early() -> Site {
    Site::new(Origin::with(|peer| {
        peer.head()?.expect("a request");
        peer.bytes(5)?;
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")?;
        // It neither reads the rest nor closes, until the proxy does.
        peer.rest().map(drop)
    }))
}

/// The same while the client is still sending at full speed: it gets the answer all the same.
#[test]
fn a_target_that_answers_early_is_heard_by_a_client_that_sends_on() {
    let site = answering_early();
    let mut client = site.proxy.client();
    let head = "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nContent-Length: 205\r\n\r\n";
    client.send(site.fill(head)).send("start");
    let response = client.response();
    assert_eq!((response.status, response.text().as_str()), (413, "no"));
    client.send([b'x'; 200]).send(site.fill(GET));
    client.ends();
    assert_eq!(site.proxy.wait_requests(1).len(), 1);
}

/// However a target breaks off within a body, the client must not take what it has for the whole.
#[test]
fn a_response_that_breaks_off_is_never_whole() {
    let responses = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npartX", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nfffffffffffffffff\r\n",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\nX y\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\npart\r\n0\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\npart", true),
        ("HTTP/1.0 200 OK\r\n\r\npart", true),
    ];
    for (response, reset) in responses {
        for version in ["1.1", "1.0"] {
            let (read, next) = channel::<()>();
            let next = Mutex::new(next);
            let site = Site::new(Origin::with(move |peer| {
                peer.request()?;
                peer.send(response)?;
                if reset {
                    // A reset destroys what has not been read yet.
                    next.lock().expect("no panic").recv_timeout(PATIENCE).expect("a test");
                    peer.reset();
                }
                Ok(())
            }));
            let mut client = site.proxy.client();
            let request = format!("GET http://ok.test:%P/ HTTP/{version}\r\nHost: x\r\n\r\n");
            client.send(site.fill(request));
            let what = format!("{response:?} to HTTP/{version}");
            if reset {
                client.head().unwrap();
                read.send(()).unwrap();
            }
            assert_eq!(client.rest().1, Ending::Reset, "{what}");
            let line = &site.proxy.wait_requests(1)[0];
            assert_eq!(line["end"], "aborted", "{what}: {line}");
            assert_eq!(line["reason"], json!(null), "{what}: {line}");
            site.counters_agree();
        }
    }
}

#[test]
fn hostile_responses() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let bad = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok",
        "HTTP/1.1 200 OK\n\nok",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\nok",
        "HTTP/1.1 200 OK\rX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\nok",
        "HTTP/1.1 200 OK\r\n X: a\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX : a\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX\r\n\r\nok",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX y: z\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX: \0\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX: \x1b[2J\r\n\r\nok",
        "HTTP/1.1 200 O\0K\r\n\r\nok",
        "HTTP/1.1 200 \x1b]0;x\x07\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\nok",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/1.1 000 None\r\n\r\n",
        "HTTP/1.1 600 High\r\n\r\n",
        "HTTP/1.1 999 High\r\n\r\n",
        "HTTP/1.1 2000 Long\r\n\r\n",
        "HTTP/1.1 20 Short\r\n\r\n",
        "HTTP/1.1 +20 Sign\r\n\r\n",
        "HTTP/1.1 2x0 Letter\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "HTTP/1.1 \r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        " HTTP/1.1 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "<html>hello</html>\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "220 smtp.test ESMTP\r\n\r\n",
        "\x16\x03\x01\x02\0\x01",
        "\x15\x03\x01\0\x02\x02\x46",
        "\0\0\x12\x04\0\0\0\0\0",
        "garbage\n",
        "HTTP/1.1 103 Early\r\nX : y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    let fields = |count: usize| format!("{ok}{}\r\n", "X: y\r\n".repeat(count));
    let mut cases: Vec<(String, u16, &str)> =
        bad.map(|response| (response.to_owned(), 502, "bad_response")).into();
    let foreign = ["101 Switching", "407 Proxy Authentication Required"];
    cases.extend(foreign.map(|status| {
        let fields = "Connection: upgrade\r\nUpgrade: x\r\nProxy-Authenticate: Basic\r\n";
        (format!("HTTP/1.1 {status}\r\n{fields}\r\n"), 502, "foreign_response")
    }));
    cases.extend([
        (format!("{ok}X: {}\r\n\r\n", "y".repeat(40_000)), 502, "response_too_large"),
        (format!("HTTP/1.1 200 {}\r\n\r\n", "y".repeat(40_000)), 502, "response_too_large"),
        ("HTTP/1.1 200 ".to_owned() + &"y".repeat(40_000), 502, "response_too_large"),
        (fields(129), 502, "response_too_large"),
        (fields(8000), 502, "response_too_large"),
        (String::new(), 502, "response_incomplete"),
        ("H".to_owned(), 502, "response_incomplete"),
        ("HTTP/1.1 200 OK\r\n".to_owned(), 502, "response_incomplete"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r".to_owned(), 502, "response_incomplete"),
        ("HTTP/1.1 103 Early Hints\r\n\r\n".to_owned(), 502, "response_incomplete"),
    ]);
    // One target for all: it answers with the case that the path names, and closes.
    let answers: Arc<Vec<String>> = Arc::new(cases.iter().map(|case| case.0.clone()).collect());
    let site = Site::new(Origin::with(move |peer| {
        let seen = peer.request()?.expect("a request");
        let index: usize =
            seen.line().split(['/', ' ']).nth(2).expect("a path").parse().expect("an index");
        peer.send(&answers[index])?;
        peer.fin()?;
        peer.rest().map(drop)
    }));
    let mut ids = Vec::new();
    let indexed: Vec<_> = cases.iter().enumerate().collect();
    crate::support::each(
        &indexed,
        |(_, (response, ..))| {
            response.chars().take(300).collect::<String>().escape_debug().to_string()
        },
        |(i, (_, status, label))| {
            let mut client = site.proxy.client();
            client.send(
                site.fill(format!("GET http://ok.test:%P/{i} HTTP/1.1\r\nHost: x\r\n\r\n{GET}")),
            );
            let response = client.try_response(false)?;
            crate::support::ensure!(response.status == *status, "{}", response.reason);
            let id = refusal_id(&response, label)?;
            client.ends();
            ids.push((id, *label));
            Ok(())
        },
    );
    for (id, label) in ids {
        let line = site.proxy.record_of(&id);
        assert!(line["reason"] == label && line["decision"] == "allow", "{line}");
    }
    assert_eq!(site.requests().len(), cases.len());
    assert_eq!(site.origin.accepts(), cases.len(), "nothing of this is worth another try");
    site.counters_agree();
}

#[test]
fn interim_responses_without_end_are_cut_off() {
    let site = answering("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10_000));
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    let mut interim = 0;
    let refused = loop {
        match client.head().unwrap() {
            head if head.status == 103 => interim += 1,
            head => break head,
        }
    };
    assert!(interim < 100, "{interim}");
    assert_eq!(refused.status, 502);
    site.proxy.record("the refusal", |line| line["reason"] == "bad_response");
}

#[test]
fn a_silent_target_is_given_up() {
    for part in ["", "HTTP/1.1 2", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
        let site = silent(part);
        let mut client = site.proxy.client();
        client.send(site.fill(GET));
        let response = client.response();
        assert_eq!(response.status, 504);
        refusal_id(&response, "response_timeout").unwrap();
        client.ends();
    }
    // Within the body, nothing can be said any more.
    let site = silent("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.rest().1, Ending::Reset);
    assert_eq!(site.proxy.wait_requests(1)[0]["end"], "aborted");
}

/// Says this much and then nothing.
fn silent(part: &'static str) -> Site {
    let origin = Origin::with(move |peer| {
        peer.request()?;
        peer.send(part)?;
        peer.rest().map(drop)
    });
    Site::with(origin, |config| config["timeouts"]["forward_idle"] = json!("200ms"))
}

/// What a target sends beyond its response is not the next one's.
#[test]
fn surplus_behind_a_response_is_thrown_away() {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        let site = answering(format!("{response}{evil}"));
        let mut client = site.proxy.client();
        for connections in 1..4 {
            client.send(site.fill(GET));
            assert_eq!(client.response().text(), "ok");
            assert_eq!(site.origin.accepts(), connections);
        }
    }
    for head in
        ["HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n"]
    {
        let site = answering(format!("{head}\r\n{evil}"));
        let mut client = site.proxy.client();
        for connections in 1..3 {
            client.send(site.fill(GET));
            assert_eq!(client.response().body, b"");
            assert_eq!(site.origin.accepts(), connections);
        }
    }
}

/// A target that answers once per connection, and then does as told with the second request.
fn dies_on_the_second(how: &'static str) -> Site {
    Site::new(Origin::with(move |peer| {
        let to_head = peer.request()?.is_some_and(|seen| seen.line().starts_with("HEAD"));
        let body = if to_head { "" } else { "ok" };
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{body}"))?;
        if peer.index == 0 {
            // The next request is there, and gets no answer.
            if peer.head()?.is_none() {
                return Ok(());
            }
            match how {
                "reset" => peer.reset(),
                "part" => peer.send("HTTP/1.")?,
                _ => peer.fin()?,
            }
            return Ok(());
        }
        peer.rest().map(drop)
    }))
}

#[test]
fn a_dead_kept_connection_costs_nothing_that_may_be_repeated() {
    for how in ["fin", "reset"] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let site = dies_on_the_second(how);
            let mut client = site.proxy.client();
            for _ in 0..2 {
                client.send(site.fill(GET.replace("GET", method)));
                let response = client.try_response(method == "HEAD").unwrap();
                assert_eq!(response.status, 200, "{how} {method}");
            }
            assert_eq!(site.origin.accepts(), 2);
            assert!(site.proxy.wait_requests(2).iter().all(|line| line["status"] == 200));
        }
        let unrepeatable = [
            "POST http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
            "PUT http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
            "DELETE http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "PATCH http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
        ];
        for request in unrepeatable {
            let site = dies_on_the_second(how);
            let mut client = site.proxy.client();
            client.send(site.fill(GET));
            assert_eq!(client.response().status, 200);
            client.send(site.fill(request));
            let response = client.response();
            assert_eq!(response.status, 502, "{how} {request}");
            refusal_id(&response, "response_incomplete").unwrap();
            assert_eq!(site.origin.accepts(), 1, "{how} {request}");
        }
    }
    // Half an answer is an answer.
    let site = dies_on_the_second("part");
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.response().status, 200);
    client.send(site.fill(GET));
    refusal_id(&client.response(), "response_incomplete").unwrap();
    assert_eq!(site.origin.accepts(), 1);
}

/// Repeated once and no more: a target that never answers gets two tries, not three.
#[test]
fn a_request_is_repeated_once() {
    let site = Site::new(Origin::with(|peer| {
        peer.request()?;
        if peer.index == 0 {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
            peer.request()?;
        }
        Ok(())
    }));
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.response().status, 200);
    client.send(site.fill(GET));
    refusal_id(&client.response(), "response_incomplete").unwrap();
    assert_eq!((site.origin.accepts(), site.origin.seen().len()), (2, 3));
}

/// A target that said that it closes, or has closed already, is not sent anything there.
#[test]
fn a_closed_connection_is_not_used_again() {
    for head in ["HTTP/1.1 200 OK\r\nConnection: close", "HTTP/1.0 200 OK"] {
        let site = answering_once(format!("{head}\r\nContent-Length: 2\r\n\r\nok"));
        let mut client = site.proxy.client();
        for connections in 1..4 {
            let post = "POST http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
            client.send(site.fill(post));
            assert_eq!(client.response().text(), "ok");
            assert_eq!(site.origin.accepts(), connections);
        }
    }
}

#[test]
fn a_client_that_goes_away_ends_its_exchange() {
    let (gone, closed) = channel();
    let site = Site::new(Origin::with(move |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        // Without an end: only the proxy's closing ends this.
        let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
        while peer.send(&chunk).is_ok() {}
        gone.send(()).expect("a test");
        Ok(())
    }));
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    client.head().unwrap();
    client.bytes(100_000);
    client.reset();
    closed.recv_timeout(PATIENCE).unwrap();
    assert_eq!(site.proxy.wait_requests(1)[0]["end"], "aborted");
    site.counters_agree();
}

/// Each request is judged by itself, and a denial ends the connection.
#[test]
fn every_request_is_judged() {
    let site = Site::new(Origin::start());
    let mut client = site.proxy.client();
    let denied = "GET http://denied.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n";
    client.send(site.fill(format!("{GET}{denied}{GET}")));
    assert_eq!(client.response().status, 200);
    let response = client.response();
    assert_eq!(response.status, 403);
    let id = refusal_id(&response, "not_allowed").unwrap();
    assert!(response.text().contains(&format!("denied.test:{} refused", site.origin.port())));
    client.ends();
    let line = site.proxy.record_of(&id);
    assert_eq!((&line["decision"], &line["method"]), (&json!("deny"), &json!("GET")));
    assert!(site.dns.asked().iter().all(|question| question.name == "ok.test"));
    assert_eq!(site.origin.seen().len(), 1);
    // HEAD is told without a body.
    let mut client = site.proxy.client();
    client.send(site.fill(denied.replace("GET", "HEAD")));
    let response = client.response_to_head();
    assert_eq!(response.status, 403);
    client.ends();
}
