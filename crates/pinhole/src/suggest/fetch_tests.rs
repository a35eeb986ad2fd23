use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

/// Serves one connection: reads a head, and writes this.
fn listener(answer: Vec<u8>) -> (Authority, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = of_listener(listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        // Who asks may have seen enough by now.
        let _gone = stream.write_all(&answer);
        String::from_utf8(head).unwrap()
    });
    (at, serving)
}

fn asked(at: &Authority, patience: Duration, most: usize) -> Result<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(denials(at, patience, most))
}

fn answered(answer: &str) -> Result<Bytes> {
    let (at, serving) = listener(answer.as_bytes().to_vec());
    let page = asked(&at, PATIENCE, 1_000);
    serving.join().unwrap();
    page
}

#[test]
fn the_page_is_asked_for_as_any_client_would() {
    let (at, serving) = listener(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec());
    assert_eq!(asked(&at, PATIENCE, 1_000).unwrap(), "{}");
    let head = serving.join().unwrap();
    assert!(head.starts_with("GET /denials HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {at}\r\n")), "{head}");
}

#[test]
fn bodies_in_any_framing_are_read_whole() {
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\n{\"a\": 1}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n4\r\n: 1}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{\"a\": 1}",
    ] {
        assert_eq!(answered(answer).unwrap(), "{\"a\": 1}", "{answer}");
    }
}

#[test]
fn what_is_no_page_is_an_error_that_says_so() {
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1_001));
    let rows = [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "no page /denials"),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "status 503"),
        ("HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n", "status 302"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "cannot be read"),
        (&long, "length limit exceeded"),
        ("SSH-2.0-x\r\n", ""),
        ("", ""),
    ];
    for (answer, part) in rows {
        let error = answered(answer).expect_err(answer);
        assert!(format!("{error:#}").contains(part), "{answer}: {error:#}");
    }
}

/// Who accepts and says nothing, and who says a part.
#[test]
fn nobody_is_waited_for_without_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = of_listener(silent.local_addr().unwrap());
    let error = asked(&at, Duration::from_millis(50), 1_000).unwrap_err();
    assert_eq!(error.to_string(), "no answer within 50ms");
}

#[test]
fn a_listener_is_named_by_address_or_url() {
    let rows = [
        ("127.0.0.1:9128", Some("127.0.0.1:9128")),
        ("[::1]:9128", Some("[::1]:9128")),
        ("admin.test:9128", Some("admin.test:9128")),
        ("http://127.0.0.1:9128", Some("127.0.0.1:9128")),
        ("http://127.0.0.1:9128/denials?x", Some("127.0.0.1:9128")),
        ("HTTP://admin.test", Some("admin.test:80")),
        ("https://admin.test:9128", None),
        ("HTTPS://admin.test", None),
        ("127.0.0.1", None),
        ("9128", None),
        ("http://user@admin.test:1", None),
        ("ftp://admin.test:1", None),
        ("", None),
        ("é.test:1", None),
        ("\u{1b}[2J:1", None),
    ];
    for (text, expected) in rows {
        match (place(text), expected) {
            (Ok(at), Some(expected)) => assert_eq!(at.to_string(), expected, "{text}"),
            (Err(error), None) => {
                let shown = format!("{error:#}");
                assert!(shown.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{shown:?}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }
    let reached = |admin: &str| of_listener(admin.parse().unwrap()).to_string();
    assert_eq!(reached("0.0.0.0:9128"), "127.0.0.1:9128");
    assert_eq!(reached("[::]:9128"), "[::1]:9128");
    assert_eq!(reached("10.0.0.1:9128"), "10.0.0.1:9128");
}
