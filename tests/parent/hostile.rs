//! Parents that do not answer as a proxy should: the next one is asked, or the client gets a 502.

use std::io;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use serde_json::json;

use crate::fake::{CONNECT, GET, OK, Parent, attempts, behind, behind_with, open, refused};
use crate::support::origin::Peer;
use crate::support::{PATIENCE, each, ensure};

type Script = fn(&mut Peer) -> io::Result<()>;

fn forever(peer: &mut Peer, start: &str, piece: &str) -> io::Result<()> {
    peer.send(start)?;
    loop {
        peer.send(piece)?;
    }
}

/// What parents say, and what that is called.
const SAID: &[(&str, &str)] = &[
    ("", "parent_closed"),
    ("H", "parent_closed"),
    ("HTTP/1.1 200 OK\r\n", "parent_closed"),
    ("HTTP/1.1 200 OK\r\nX: y\r\n", "parent_closed"),
    ("HTTP/1.1 100 Continue\r\n\r\n", "parent_closed"),
    ("\r\nHTTP/1.1 200 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\n\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\r\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\r\nX: y\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1  200 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 20 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 2000 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 099 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 600 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 +200 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/2 200 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.2 200 OK\r\n\r\n", "parent_bad_response"),
    ("http/1.1 200 OK\r\n\r\n", "parent_bad_response"),
    ("ICY 200 OK\r\n\r\n", "parent_bad_response"),
    ("200 OK\r\n\r\n", "parent_bad_response"),
    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "parent_bad_response"),
    ("SSH-2.0-OpenSSH_9.2\r\n", "parent_closed"),
    ("\u{16}\u{3}\u{1}\0\u{5}hello", "parent_bad_response"),
    ("\u{15}\u{3}\u{1}\0\u{2}\u{2}(", "parent_bad_response"),
    ("220 smtp.test ESMTP\r\n\r\n", "parent_bad_response"),
];

#[test]
fn what_is_no_answer_is_a_502() {
    each(
        SAID,
        |row| row.0.escape_debug().to_string(),
        |(said, label)| {
            let parent = Parent::refusing(said);
            let site = behind(&[parent.url()]);
            let response = refused(&site, CONNECT, label);
            ensure!(response.text().contains("the parent proxy is of no use: "), "{response:?}");
            ensure!(attempts(&site, 0, label) == 1.0, "not counted");
            Ok(())
        },
    );
}

#[test]
fn whoever_is_of_no_use_the_next_one_is_asked() {
    let scripts: [(Script, &str); 9] = [
        (|_| Ok(()), "parent_closed"),
        (
            |peer| {
                peer.reset();
                Ok(())
            },
            "parent_closed",
        ),
        (|peer| peer.send("HTTP/1.1 200"), "parent_closed"),
        (|peer| peer.send("HTTP/1.1 200 OK\n\n"), "parent_bad_response"),
        (|peer| forever(peer, "", "x"), "parent_bad_response"),
        (|peer| forever(peer, "HTTP/1.1 200 ", "x"), "parent_bad_response"),
        (|peer| forever(peer, "HTTP/1.1 200 OK\r\nX: ", "xxxxxxxxxxxxxxxx"), "parent_bad_response"),
        (|peer| forever(peer, "HTTP/1.1 200 OK\r\n", "X: y\r\n"), "parent_bad_response"),
        (|peer| forever(peer, "", "HTTP/1.1 100 Continue\r\n\r\n"), "parent_bad_response"),
    ];
    for (script, label) in scripts {
        let bad = Parent::with(move |peer, _| script(peer));
        let good = Parent::answering(OK);
        let site = behind(&[bad.url(), good.url()]);
        let mut client = open(&site);
        assert_eq!(client.send("x").bytes(1), b"x");
        assert_eq!((bad.lines(), good.lines().len()), (good.lines(), 1));
        assert_eq!((attempts(&site, 0, label), attempts(&site, 1, "ok")), (1.0, 1.0), "{label}");
        client.fin();
        client.ends();
        assert_eq!(site.proxy.wait_requests(1)[0]["parent"], json!(good.url()));
        // The next request does not try the bad one first.
        drop(open(&site));
        assert_eq!((bad.lines().len(), good.lines().len()), (1, 2));
    }
}

#[test]
fn all_that_was_wrong_is_said() {
    let parents = [Parent::refusing(""), Parent::refusing("x\n")];
    let site = behind(&parents.each_ref().map(Parent::url));
    let text = refused(&site, CONNECT, "parent_bad_response").text();
    for part in [
        "no parent proxy is of use: ",
        "[0] it closed the connection without an answer; [1] its answer: ",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

/// One that accepts and says nothing is waited for no longer than connecting may take, whatever
/// else it sends; and with two of them, no longer than that either.
#[test]
fn silence_is_a_502_within_the_connect_timeout() {
    for (started, count) in
        [("", 1), ("", 3), ("HTTP/1.1 200 OK\r\nX: ", 1), ("HTTP/1.1 100 x\r\n\r\n", 2)]
    {
        let (done, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let parent = Parent::with(move |peer, _| {
            peer.send(started)?;
            let _end = wait.lock().expect("no panic").recv_timeout(PATIENCE);
            Ok(())
        });
        let site = behind_with(&vec![parent.url(); count], |config| {
            config["parent"]["connect_timeout"] = json!("1s");
        });
        let response = refused(&site, CONNECT, "parent_timeout");
        let status = response.field("proxy-status").unwrap();
        assert!(status.contains("error=http_response_timeout"), "{status}");
        assert_eq!(attempts(&site, count - 1, "parent_timeout"), 1.0);
        drop(done);
    }
}

/// A tunnel's bytes are none of an answer's: nothing that a parent sends before its 2xx gets to
/// the client.
#[test]
fn nothing_of_a_bad_answer_gets_to_the_client() {
    let parent = Parent::refusing("HTTP/1.1 200 OK\r\nX: y\r\nEvil\r\n\r\nevil");
    let site = behind(&[parent.url()]);
    let response = refused(&site, CONNECT, "parent_bad_response");
    assert!(!response.text().contains("evil") && !response.text().contains("Evil"));
}

/// Plain HTTP as well: its response is read as strictly as a target's.
#[test]
fn a_bad_response_to_plain_http_is_a_502() {
    for (said, label) in [
        ("HTTP/1.1 200 OK\n\n", "bad_response"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "bad_response",
        ),
        ("HTTP/1.1 101 x\r\n\r\n", "foreign_response"),
        ("HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "parent_auth"),
        ("HTTP/1.1 200 OK\r\nX: y", "response_incomplete"),
    ] {
        let (parent, other) = (Parent::refusing(said), Parent::refusing(""));
        let site = behind(&[parent.url(), other.url()]);
        refused(&site, GET, label);
        assert_eq!(other.lines().len(), 0, "{said}");
    }
}
