//! Limits of a head: how large, how many, how long it may take.

use std::time::Duration;

use serde_json::json;

use crate::support::client::{Client, Ending, Response};
use crate::support::origin::Origin;
use crate::support::shown;
use crate::support::site::{Site, refusal_id};

const HEAD_BYTES: usize = 2048;
const TARGET_BYTES: usize = 600;
const FIELDS: usize = 10;

fn site() -> Site {
    Site::with(Origin::start(), |config| {
        config["limits"] =
            json!({"head_bytes": HEAD_BYTES, "target_bytes": TARGET_BYTES, "fields": FIELDS});
    })
}

fn start(site: &Site, connect: bool) -> String {
    let port = site.origin.port();
    match connect {
        true => format!("CONNECT ok.test:{port} HTTP/1.1\r\nHost: ok.test:{port}\r\n"),
        false => format!("GET http://ok.test:{port}/ HTTP/1.1\r\nHost: ok.test\r\n"),
    }
}

/// The answer to a head that is sent in one write and byte by byte, which must be the same.
fn answer(site: &Site, head: &str) -> Response {
    let mut both = [false, true].map(|drip| {
        let mut client = site.proxy.client();
        match drip {
            true => client.drip(head.as_bytes()),
            false => drop(client.send(head)),
        }
        let response = client.head().expect("a response");
        if response.status >= 400 {
            let (_, ending) = client.rest();
            assert_eq!(ending, Ending::Fin);
        }
        response
    });
    assert_eq!(both[0].status, both[1].status, "{}", shown(head.as_bytes()));
    std::mem::take(&mut both[0])
}

#[test]
fn field_count() {
    let site = site();
    for connect in [true, false] {
        for (fields, status) in [(FIELDS, 200), (FIELDS + 1, 431), (FIELDS + 50, 431)] {
            let more = "X: y\r\n".repeat(fields - 1);
            let head = format!("{}{more}\r\n", start(&site, connect));
            assert_eq!(answer(&site, &head).status, status, "{fields} fields");
        }
    }
    assert!(site.requests().iter().all(|line| line["status"] != 431
        || line["reason"] == "head_too_large" && line["target"].is_null()));
}

#[test]
fn head_bytes() {
    let site = site();
    for connect in [true, false] {
        let start = start(&site, connect);
        for (len, status) in [
            (HEAD_BYTES - 1, 200),
            (HEAD_BYTES, 200),
            (HEAD_BYTES + 1, 431),
            (HEAD_BYTES + 2, 431),
            (4 * HEAD_BYTES, 431),
        ] {
            let value = "y".repeat(len - start.len() - 7);
            let head = format!("{start}X: {value}\r\n\r\n");
            assert_eq!(head.len(), len);
            assert_eq!(answer(&site, &head).status, status, "{len} bytes");
        }
    }
    site.counters_agree_after(20);
}

#[test]
fn request_line() {
    let site = site();
    let port = site.origin.port();
    let line = |len: usize| {
        let start = format!("GET http://ok.test:{port}/");
        let path = "a".repeat(len - start.len() - " HTTP/1.1".len());
        format!("{start}{path} HTTP/1.1\r\nHost: ok.test\r\n\r\n")
    };
    let limits = [TARGET_BYTES - 2, TARGET_BYTES - 1, TARGET_BYTES, TARGET_BYTES + 1];
    let statuses = limits.map(|len| answer(&site, &line(len)).status);
    assert!(statuses.is_sorted(), "{statuses:?}");
    assert_eq!((statuses[0], statuses[3]), (200, 414));
    for len in [TARGET_BYTES + 100, HEAD_BYTES + 1, 10 * HEAD_BYTES] {
        assert_eq!(answer(&site, &line(len)).status, 414, "{len}");
    }
    let connect = format!("CONNECT {}.test:{port} HTTP/1.1\r\n\r\n", "a".repeat(TARGET_BYTES));
    assert_eq!(answer(&site, &connect).status, 414);
}

/// What never ends is cut off when the limit is passed, not when it ends.
#[test]
fn endless() {
    let site = site();
    let starts = [
        ("target_too_long", String::new()),
        ("target_too_long", "GET http://ok.test/".to_owned()),
        ("head_too_large", start(&site, false) + "X: "),
        ("head_too_large", start(&site, true)),
    ];
    for (label, start) in starts {
        let mut client = site.proxy.client();
        client.send(&start).send("a".repeat(HEAD_BYTES));
        let response = client.response();
        refusal_id(&response, label).unwrap();
        client.ends();
    }
    let mut client = site.proxy.client();
    client.send(start(&site, false)).send("A: b\r\n".repeat(HEAD_BYTES / 6));
    refusal_id(&client.response(), "head_too_large").unwrap();
}

#[test]
fn defaults() {
    let site = Site::new(Origin::start());
    let port = site.origin.port();
    let path = |len: usize| format!("GET http://ok.test:{port}/{}", "a".repeat(len));
    let end = " HTTP/1.1\r\nHost: ok.test\r\n\r\n";
    assert_eq!(answer(&site, &(path(8000) + end)).status, 200);
    assert_eq!(answer(&site, &(path(8200) + end)).status, 414);
    let start = start(&site, false);
    assert_eq!(answer(&site, &format!("{start}{}\r\n", "X: y\r\n".repeat(127))).status, 200);
    assert_eq!(answer(&site, &format!("{start}{}\r\n", "X: y\r\n".repeat(128))).status, 431);
    assert_eq!(answer(&site, &format!("{start}X: {}\r\n\r\n", "y".repeat(32_000))).status, 200);
    assert_eq!(answer(&site, &format!("{start}X: {}\r\n\r\n", "y".repeat(33_000))).status, 431);
}

fn hasty() -> Site {
    Site::with(Origin::start(), |config| {
        config["timeouts"]["header"] = json!("250ms");
        config["timeouts"]["keep_alive"] = json!("250ms");
    })
}

/// Sends a byte whenever nothing has come for a while, until something comes. The time in all is
/// many times the limit, so that a limit that starts anew with every byte would never pass.
fn drip_until_answered(client: &mut Client, bytes: impl Iterator<Item = u8>) {
    for byte in bytes.take(500) {
        if client.has_something_within(Duration::from_millis(20)) {
            return;
        }
        client.drip(&[byte]);
    }
    panic!("500 bytes at leisure, and no answer");
}

#[test]
fn a_head_that_drips_is_cut_off_in_time() {
    let site = hasty();
    let endless = || b"GET http://ok.test/".iter().copied().chain(std::iter::repeat(b'a'));
    let mut client = site.proxy.client();
    drip_until_answered(&mut client, endless());
    let id = refusal_id(&client.response(), "head_timeout").unwrap();
    client.ends();
    let line = site.proxy.record_of(&id);
    assert_eq!((&line["status"], &line["target"]), (&json!(408), &json!(null)));
    // The same for a second request, whose time starts with its first byte.
    let mut client = site.proxy.client();
    client.send(site.fill("GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n"));
    assert_eq!(client.response().status, 200);
    client.send("G");
    drip_until_answered(&mut client, endless().skip(1));
    refusal_id(&client.response(), "head_timeout").unwrap();
    client.ends();
    site.counters_agree();
}

#[test]
fn a_head_that_stops_is_cut_off_in_time() {
    let site = hasty();
    let heads = [
        "G",
        "CONNECT ok.test:443 HTTP/1.1\r\n",
        "CONNECT ok.test:443 HTTP/1.1\r\nHost: ok.test\r\n",
        "GET http://ok.test/ HTTP/1.1\r\nHost: ok.test\r\n\r",
    ];
    for head in heads {
        let mut client = site.proxy.client();
        client.send(head);
        let response = client.response();
        assert_eq!(response.status, 408);
        refusal_id(&response, "head_timeout").unwrap();
        client.ends();
    }
    let before = site.requests().len();
    assert_eq!(before, heads.len());
    // In one write behind a whole request.
    let mut client = site.proxy.client();
    client.send(site.fill("GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\nGET http://"));
    assert_eq!(client.response().status, 200);
    assert_eq!(client.response().status, 408);
    client.ends();
}

/// Who asks for nothing is owed no answer, and no log line.
#[test]
fn silence_ends_without_a_word() {
    let site = hasty();
    site.proxy.client().ends();
    let mut client = site.proxy.client();
    client.send(site.fill("GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n"));
    assert_eq!(client.response().status, 200);
    client.ends();
    // A client that closes by itself, before or within its head, is owed none either.
    site.proxy.client().fin().ends();
    site.proxy.client().send("GET http://").fin().ends();
    assert_eq!(site.proxy.wait_requests(1).len(), 1);
    site.counters_agree();
}
