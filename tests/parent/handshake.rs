//! A tunnel by a parent: what it is asked, and what may come before and behind its 2xx.

use std::io::ErrorKind;
use std::sync::mpsc::channel;

use serde_json::json;

use crate::fake::{
    CONNECT, OK, Parent, attempts, behind, behind_with, connect, echo, open, refused,
};
use crate::support::PATIENCE;
use crate::support::client::{Client, Ending};
use crate::support::site::Site;
use crate::support::structured::{self, Bare};

fn carries(client: &mut Client) -> bool {
    client.send("x").bytes(1) == b"x"
}

fn ended(site: &Site) -> serde_json::Value {
    site.proxy.record("the tunnel's end", |line| !line["end"].is_null())
}

#[test]
fn a_parent_is_asked_for_the_target_by_its_name() {
    let parent = Parent::answering(OK);
    let site = behind(&[parent.url()]);
    let mut client = site.proxy.client();
    client.send(site.fill(
        "CONNECT OK.test.:%P HTTP/1.1\r\nHost: ok.TEST\r\nUser-Agent: x/1\r\nX-Secret: 1\r\n\
         Via: 1.0 before\r\nVia: 1.1 it\r\nProxy-Authorization: Basic c2VjcmV0\r\n\
         Proxy-Connection: keep-alive\r\n\r\n",
    ));
    assert_eq!(client.head().unwrap().status, 200);
    assert!(carries(&mut client));
    client.fin();
    client.ends();
    let target = format!("ok.test:{}", site.origin.port());
    let [head] = &parent.heads()[..] else { panic!("{:?}", parent.heads()) };
    let (own, rest) = head.split_last().unwrap();
    let expected = [
        format!("CONNECT {target} HTTP/1.1"),
        format!("Host: {target}"),
        "Via: 1.0 before".to_owned(),
        "Via: 1.1 it".to_owned(),
    ];
    assert_eq!(rest, expected);
    assert!(own.starts_with("Via: 1.1 pinhole-"), "{own}");
    // Nobody here looked the name up, and nobody dialled it.
    assert_eq!(site.dns.asked_names(), [""; 0]);
    assert_eq!(site.origin.accepts(), 0);
    let line = ended(&site);
    assert_eq!((&line["parent"], &line["address"]), (&json!(parent.url()), &json!(null)));
    assert_eq!(
        (&line["end"], &line["up"], &line["down"]),
        (&json!("closed"), &json!(1), &json!(1))
    );
    assert!(line["connect_ms"].is_number() && line["dns_ms"].is_null(), "{line}");
    assert_eq!((&line["target"], &line["decision"]), (&json!(target), &json!("allow")));
    assert_eq!(attempts(&site, 0, "ok"), 1.0);
    site.counters_agree();
}

/// An HTTP/1.0 client is said to be one.
#[test]
fn via_has_the_version_that_was_received() {
    let parent = Parent::answering(OK);
    let site = behind(&[parent.url()]);
    let mut client = site.proxy.client();
    client.send(site.fill("CONNECT ok.test:%P HTTP/1.0\r\n\r\n"));
    assert_eq!(client.head().unwrap().status, 200);
    let via = parent.heads()[0].last().unwrap().clone();
    assert!(via.starts_with("Via: 1.0 pinhole-"), "{via}");
}

#[test]
fn whatever_stands_in_a_2xx_the_tunnel_begins_behind_it() {
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 299 \r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 x\r\nContent-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 x\r\nContent-Length: -1\r\nConnection: close\r\nProxy-Agent: \u{ff}\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 102 \r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 199 z\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        let parent = Parent::answering(answer);
        let site = behind(&[parent.url()]);
        let (mut client, response) = connect(&site);
        assert_eq!((response.status, response.fields.len()), (200, 0), "{answer}");
        for _ in 0..3 {
            assert!(carries(&mut client), "{answer}");
        }
        client.fin();
        client.ends();
        assert_eq!(ended(&site)["down"], 3, "{answer}");
    }
}

#[test]
fn bytes_behind_the_2xx_come_through_once() {
    const ANSWER: &str = "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbanner";
    // The first connection gets it byte by byte, the others in two pieces, cut everywhere.
    let parent = Parent::with(|peer, _| {
        if peer.index == 0 {
            for byte in ANSWER.as_bytes() {
                peer.send([*byte])?;
            }
        } else {
            let (one, other) = ANSWER.split_at(peer.index);
            peer.send(one)?;
            peer.send(other)?;
        }
        peer.send("more")?;
        echo(peer)
    });
    let site = behind(&[parent.url()]);
    for i in 0..=ANSWER.len() {
        let mut client = site.proxy.client();
        client.send([&site.fill(CONNECT)[..], b"early"].concat());
        assert_eq!(client.head().unwrap().status, 200, "{i}");
        assert_eq!(client.bytes(15), b"bannermoreearly", "{i}");
        client.fin();
        client.ends();
    }
    for line in site.proxy.wait_requests(ANSWER.len() + 1) {
        assert_eq!((&line["up"], &line["down"]), (&json!(5), &json!(15)), "{line}");
    }
}

#[test]
fn a_parents_refusal_is_a_502_with_its_status() {
    for (status, answer) in [
        (403, "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nwords"),
        (302, "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n"),
        (400, "HTTP/1.0 400 Bad\r\n\r\n"),
        (500, "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 500 x\r\n\r\n"),
        (503, "HTTP/1.1 503 x\r\nRetry-After: 1\r\nProxy-Status: evil; error=none\r\n\r\n"),
        (599, "HTTP/1.1 599 \u{e4}\"\\\r\n\r\n"),
    ] {
        // A refusal is an answer: no other parent is asked.
        let (first, second) = (Parent::refusing(answer), Parent::answering(OK));
        let site = behind(&[first.url(), second.url()]);
        let response = refused(&site, CONNECT, "parent_refused");
        let items = structured::list(response.field("proxy-status").unwrap()).unwrap();
        assert_eq!(items[0].param("received-status"), Some(&Bare::Integer(status)));
        assert_eq!(items[0].param("error"), Some(&Bare::Token("destination_unavailable".into())));
        let text = response.text();
        assert!(text.contains(&format!("status {status}")), "{text}");
        assert!(!text.contains("words") && !text.contains("evil"), "{text}");
        assert_eq!((first.lines().len(), second.lines().len()), (1, 0));
        assert_eq!(attempts(&site, 0, "refused"), 1.0);
        let line = &site.requests()[0];
        assert_eq!((&line["parent"], &line["decision"]), (&json!(first.url()), &json!("allow")));
    }
}

/// What the parent wants of this proxy is no affair of the client's.
#[test]
fn a_parents_407_is_this_proxys_own_fault() {
    let answer = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"secret realm\"\r\n\r\n";
    let parent = Parent::refusing(answer);
    let site = behind(&[parent.url()]);
    let response = refused(&site, CONNECT, "parent_auth");
    assert!(response.all("proxy-authenticate").is_empty());
    let status = response.field("proxy-status").unwrap();
    assert!(status.contains("error=proxy_configuration_error; received-status=407"), "{status}");
    assert!(response.text().contains("this proxy's credentials"), "{response:?}");
    assert!(!response.text().contains("realm"));
    assert_eq!(attempts(&site, 0, "unauthorized"), 1.0);
}

#[test]
fn a_reset_is_passed_on_both_ways() {
    let parent = Parent::with(|peer, _| {
        peer.send([OK, "half"].concat())?;
        peer.bytes(1)?;
        peer.reset();
        Ok(())
    });
    let site = behind(&[parent.url()]);
    let mut client = open(&site);
    assert_eq!(client.bytes(4), b"half");
    client.send("x");
    assert_eq!(client.rest().1, Ending::Reset);
    assert_eq!(ended(&site)["end"], "target_reset");

    let (report, end) = channel();
    let parent = Parent::with(move |peer, _| {
        peer.send(OK)?;
        report.send(peer.rest().err().map(|error| error.kind())).expect("a test");
        Ok(())
    });
    let site = behind(&[parent.url()]);
    open(&site).reset();
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Some(ErrorKind::ConnectionReset));
    assert_eq!(ended(&site)["end"], "client_reset");
}

/// The SNI check holds by a parent as well: it sees nothing of a tunnel that fails.
#[test]
fn a_tunnel_that_fails_its_sni_check_ends_before_the_parent_sees_a_byte() {
    let (report, seen) = channel();
    let parent = Parent::with(move |peer, _| {
        peer.send(OK)?;
        report.send(peer.rest().unwrap_or_default()).expect("a test");
        Ok(())
    });
    let site = behind_with(&[parent.url()], |config| {
        config["tls"] = json!({"ports": "1-65535", "sni": "enforce"});
    });
    let mut client = open(&site);
    client.send("no ClientHello");
    client.rest();
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), b"");
    assert_eq!(ended(&site)["parent"], json!(parent.url()));
}

#[test]
fn a_half_close_is_kept() {
    let parent = Parent::with(|peer, _| {
        peer.send(OK)?;
        let got = peer.rest()?;
        peer.send(got.repeat(500_000))
    });
    let site = behind(&[parent.url()]);
    let mut client = open(&site);
    client.send("question").fin();
    let (answer, ending) = client.rest();
    assert!(answer == b"question".repeat(500_000) && ending == Ending::Fin);
    let line = ended(&site);
    assert_eq!((&line["up"], &line["down"]), (&json!(8), &json!(4_000_000)));
}
