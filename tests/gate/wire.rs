//! Bytes in, status and label out, and nothing behind a refusal is ever read as a request.
//!
//! Every case is followed by a sentinel: a good request that would reach the target if the proxy
//! lost its place in the stream. It must get no answer and leave no trace.

use std::collections::BTreeMap;

use crate::support::client::{Ending, Response};
use crate::support::origin::Origin;
use crate::support::site::{Site, refusal_id};
use crate::support::{each, ensure, shown};
use crate::wire_cases::{AUTHORITIES, CONNECT_TARGETS, FIELDS, HEADS, HOSTS, URIS, controls};

const SENTINEL: &[u8] =
    b"GET http://sentinel.test:%P/sentinel HTTP/1.1\r\nHost: sentinel.test:%P\r\n\r\n";
const SIZED: &[u8] = b"POST http://ok.test:%P/before HTTP/1.1\r\nHost: ok.test:%P\r\n\
    Content-Length: 5\r\n\r\nhello";
const CHUNKED: &[u8] = b"POST http://ok.test:%P/before HTTP/1.1\r\nHost: ok.test:%P\r\n\
    Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX: trailer\r\n\r\n";

/// Where on a connection a case stands, and how its bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    /// Behind an answered request with this body.
    Behind(&'static [u8]),
    /// In one write with that request.
    Pipelined(&'static [u8]),
    /// One byte per segment.
    Drip,
    DripBehind(&'static [u8]),
}

/// Every head that is refused before anything is asked or dialled, with its label.
fn heads() -> Vec<(Vec<u8>, &'static str)> {
    let mut cases: Vec<(Vec<u8>, &str)> = Vec::new();
    let connect = b"CONNECT case.test:%P HTTP/1.1\r\n".as_slice();
    let post = b"POST http://case.test:%P/case HTTP/1.1\r\n".as_slice();
    let host = b"Host: case.test:%P\r\n".as_slice();
    let controls = controls();
    let fields = FIELDS.iter().copied().chain(controls.iter().map(Vec::as_slice));
    for block in fields {
        for line in [connect, post] {
            cases.push(([line, host, block, b"\r\n"].concat(), "malformed"));
        }
        // The order of fields must not matter.
        if !block.starts_with(b" ") && !block.starts_with(b"\t") {
            cases.push(([post, block, host, b"\r\n"].concat(), "malformed"));
        }
    }
    for block in HOSTS {
        for line in [connect, post] {
            cases.push(([line, block, b"\r\n"].concat(), "malformed"));
        }
    }
    cases.extend(HEADS.iter().map(|(head, label)| (head.to_vec(), *label)));
    let tail = b" HTTP/1.1\r\nHost: case.test:%P\r\n\r\n".as_slice();
    for target in AUTHORITIES.iter().chain(CONNECT_TARGETS) {
        cases.push(([b"CONNECT ".as_slice(), target, tail].concat(), "malformed"));
        cases.push(([b"CONNECT ".as_slice(), target, b" HTTP/1.0\r\n\r\n"].concat(), "malformed"));
    }
    for target in AUTHORITIES {
        for end in [b"/".as_slice(), b"/x?y", b"?y", b""] {
            cases.push(([b"GET http://".as_slice(), target, end, tail].concat(), "malformed"));
        }
    }
    for uri in URIS {
        cases.push(([b"GET ".as_slice(), uri, tail].concat(), "malformed"));
    }
    cases
}

fn status_of(label: &str) -> u16 {
    match label {
        "method" => 405,
        "head_timeout" => 408,
        "target_too_long" => 414,
        "head_too_large" => 431,
        _ => 400,
    }
}

/// Sends the case and its sentinel, and hands out the refusal.
fn refusal(site: &Site, place: Place, head: &[u8]) -> Result<Response, String> {
    let sentinel = site.fill(SENTINEL);
    let case = site.fill(head);
    let mut client = site.proxy.client();
    match place {
        Place::First => {
            client.send([case, sentinel].concat());
        }
        Place::Drip => client.drip(&[case, sentinel].concat()),
        Place::Pipelined(before) => {
            client.send([site.fill(before), case, sentinel].concat());
        }
        Place::Behind(before) | Place::DripBehind(before) => {
            client.send(site.fill(before));
        }
    }
    if !matches!(place, Place::First | Place::Drip) {
        let before = client.try_response(false)?;
        ensure!(before.status == 200, "the request before got {}", shown(&before.head));
        let case = [site.fill(head), site.fill(SENTINEL)].concat();
        match place {
            Place::Behind(_) => drop(client.send(case)),
            Place::DripBehind(_) => client.drip(&case),
            _ => {}
        }
    }
    let response = client.try_response(head.starts_with(b"HEAD"))?;
    let (rest, ending) = client.rest();
    ensure!(rest.is_empty(), "behind the refusal came `{}`", shown(&rest));
    ensure!(ending == Ending::Fin, "the connection was reset");
    Ok(response)
}

/// The log line says what the client was told, and that nothing was asked or dialled.
fn logged(site: &Site, id: &str, label: &str) -> Result<(), String> {
    let line = site.proxy.record_of(id);
    ensure!(line["reason"] == label, "the log has {line}");
    ensure!(line["status"] == status_of(label), "the log has {line}");
    let idle = ["address", "dns_ms", "connect_ms", "rule", "end"].iter().all(|k| line[k].is_null());
    ensure!(idle && line["up"] == 0 && line["down"] == 0, "something was done: {line}");
    Ok(())
}

/// Refuses every case at this place, and checks afterwards that no case left a trace.
fn all_refused(place: Place, cases: Vec<(Vec<u8>, &'static str)>) {
    let site = Site::new(Origin::start());
    let behind = !matches!(place, Place::First | Place::Drip);
    let (mut expected, mut ids) = (BTreeMap::new(), Vec::new());
    let count = cases.len();
    each(
        &cases,
        |(head, _)| format!("{place:?} `{}`", shown(head)),
        |(head, label)| {
            let response = refusal(&site, place, head)?;
            ensure!(response.status == status_of(label), "{}", shown(&response.head));
            let id = refusal_id(&response, label)?;
            ids.push((id, *label, head));
            *expected.entry(*label).or_insert(0) += 1;
            Ok(())
        },
    );
    each(&ids, |(_, _, head)| shown(head), |(id, label, _)| logged(&site, id, label));
    let lines = if behind { 2 * count } else { count };
    assert_eq!(site.requests().len(), lines, "one line per request, no more");
    let outcomes = site.proxy.outcomes();
    for (label, count) in expected {
        let counted = ["none", "connect", "forward"]
            .iter()
            .filter_map(|method| outcomes.get(&format!("{method} {label}")));
        assert_eq!(counted.sum::<usize>(), count, "{label} in {outcomes:?}");
    }
    site.counters_agree();
    // Only the requests before the cases were asked for and seen.
    let asked = site.dns.asked();
    assert!(asked.iter().all(|question| question.name == "ok.test"), "{asked:?}");
    let seen = site.origin.seen();
    assert_eq!(seen.len(), if behind { count } else { 0 });
    assert!(
        seen.iter().all(|seen| seen.line() == "POST /before HTTP/1.1" && seen.body == b"hello")
    );
    assert_eq!(site.origin.accepts(), seen.len());
    // The sentinel is one that would have been answered.
    let mut client = site.proxy.client();
    client.send(site.fill(SENTINEL));
    assert_eq!(client.response().status, 200);
    assert_eq!(
        site.origin.wait_seen(seen.len() + 1).last().expect("one").line(),
        "GET /sentinel HTTP/1.1"
    );
}

#[test]
fn refused_as_the_first_request() {
    all_refused(Place::First, heads());
}

#[test]
fn refused_behind_a_body_with_a_length() {
    all_refused(Place::Behind(SIZED), heads());
}

#[test]
fn refused_behind_a_chunked_body() {
    all_refused(Place::Behind(CHUNKED), heads());
}

#[test]
fn refused_in_one_write_with_a_body_with_a_length() {
    all_refused(Place::Pipelined(SIZED), heads());
}

#[test]
fn refused_in_one_write_with_a_chunked_body() {
    all_refused(Place::Pipelined(CHUNKED), heads());
}

#[test]
fn refused_byte_by_byte() {
    all_refused(Place::Drip, heads());
}

#[test]
fn refused_byte_by_byte_behind_a_chunked_body() {
    all_refused(Place::DripBehind(CHUNKED), heads());
}

/// Shows the harness to notice a sentinel that is answered.
#[test]
#[should_panic(expected = "behind the refusal came")]
fn an_answered_sentinel_is_noticed() {
    let site = Site::new(Origin::start());
    let good = b"GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n\r\n";
    let twice = [good.as_slice(), SENTINEL, good, b"\r\n"].concat();
    let refused = refusal(&site, Place::First, &twice);
    drop(site);
    refused.unwrap();
}
