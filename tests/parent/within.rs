//! Parents within TLS: who vouches for them, and tunnels that keep their ends.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::dns::{Kind, Reply};
use crate::fake::{CONNECT, GET, OK, Parent, attempts, behind_with, open, refused};
use crate::support::PATIENCE;
use crate::support::client::Ending;
use crate::support::origin::Origin;
use crate::support::site::Site;
use crate::tls::{Ca, Certificate, GOOD, close, parent, rest, say};

/// The usual site behind a parent within TLS, for whom this CA vouches.
fn site(ca: &Ca, host: &str, parent: &Origin) -> Site {
    site_with(ca, host, parent, |_| {})
}

fn site_with(ca: &Ca, host: &str, parent: &Origin, change: impl FnOnce(&mut Value)) -> Site {
    let url = format!("https://{host}:{}", parent.port());
    behind_with(&[url], |config| {
        config["parent"]["ca_file"] = json!(ca.file());
        change(config);
    })
}

/// Opens a tunnel, and sends back what comes.
fn echoing(config: Arc<ServerConfig>) -> Origin {
    parent(config, |inner, _, _| {
        say(inner, [OK, "banner"].concat())?;
        let mut byte = [0];
        loop {
            match inner.read(&mut byte)? {
                0 => return close(inner),
                _ => say(inner, byte)?,
            }
        }
    })
}

fn ended(site: &Site) -> Value {
    site.proxy.record("the tunnel's end", |line| !line["end"].is_null())
}

#[test]
fn a_tunnel_goes_through_a_parent_within_tls() {
    let ca = Ca::new();
    let all = [rustls::DEFAULT_VERSIONS, &[&rustls::version::TLS12], &[&rustls::version::TLS13]];
    for versions in all {
        let parent = echoing(ca.server_by(GOOD, versions));
        for host in ["127.0.0.1", "parent.test"] {
            let site = site(&ca, host, &parent);
            site.dns.on("parent.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
            let mut client = site.proxy.client();
            client.send([&site.fill(CONNECT)[..], b"early"].concat());
            assert_eq!(client.head().unwrap().status, 200);
            assert_eq!(client.bytes(11), b"bannerearly");
            for _ in 0..3 {
                assert_eq!(client.send("x").bytes(1), b"x");
            }
            client.fin();
            client.ends();
            let line = ended(&site);
            assert_eq!((&line["up"], &line["down"]), (&json!(8), &json!(14)));
            let url = format!("https://{host}:{}", parent.port());
            assert_eq!((&line["end"], &line["parent"]), (&json!("closed"), &json!(url)));
            assert_eq!(attempts(&site, 0, "ok"), 1.0);
        }
    }
}

#[test]
fn a_parent_that_nobody_vouches_for_is_a_502() {
    let (ca, other) = (Ca::new(), Ca::new());
    let expired = Certificate { years: [2000, 2001], ..GOOD };
    let early = Certificate { years: [3999, 4000], ..GOOD };
    let elsewhere = Certificate { names: &["other.test", "127.0.0.2"], ..GOOD };
    for (config, text) in [
        (ca.server(expired), "its certificate has expired"),
        (ca.server(early), "its certificate is not valid yet"),
        (ca.server(elsewhere), "its certificate is for another name"),
        (other.server(GOOD), "its certificate is signed by no CA that is trusted here"),
    ] {
        let parent = echoing(config);
        let second = Parent::answering(OK);
        for host in ["127.0.0.1", "parent.test"] {
            let site = site(&ca, host, &parent);
            site.dns.on("parent.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
            for request in [CONNECT, GET] {
                let response = refused(&site, request, "parent_tls");
                assert!(response.text().contains(text), "{}", response.text());
                let status = response.field("proxy-status").unwrap();
                assert!(status.contains("error=tls_certificate_error"), "{status}");
            }
        }
        // The next one is asked instead.
        let site = site_with(&ca, "127.0.0.1", &parent, |config| {
            config["parent"]["urls"].as_array_mut().unwrap().push(json!(second.url()));
        });
        drop(open(&site));
        assert_eq!(second.lines().len(), 1);
    }
}

#[test]
fn a_parent_that_does_not_speak_tls_is_a_502() {
    let ca = Ca::new();
    for (said, error) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "tls_protocol_error"),
        ("\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{46}", "tls_alert_received"),
        ("", "connection_terminated"),
    ] {
        let parent = Origin::with(move |peer| {
            peer.bytes(1)?;
            peer.send(said)
        });
        let site = site(&ca, "127.0.0.1", &parent);
        let response = refused(&site, CONNECT, "parent_tls");
        let status = response.field("proxy-status").unwrap();
        assert!(status.contains(&format!("error={error}")), "{said:?} {status}");
    }
    // One that says nothing is waited for as long as connecting may take.
    let (done, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let parent = Origin::with(move |_| {
        let _end = wait.lock().expect("no panic").recv_timeout(PATIENCE);
        Ok(())
    });
    let site = site_with(&ca, "127.0.0.1", &parent, |config| {
        config["parent"]["connect_timeout"] = json!("300ms");
    });
    refused(&site, CONNECT, "parent_timeout");
    drop(done);
}

/// close_notify stands for a FIN, in both directions.
#[test]
fn a_half_close_is_kept() {
    let ca = Ca::new();
    // The client ends first: everything comes back behind its end.
    let parent_one = parent(ca.server(GOOD), |inner, _, _| {
        say(inner, OK)?;
        let got = rest(inner)?;
        say(inner, got.repeat(300_000))?;
        close(inner)
    });
    let site_one = site(&ca, "127.0.0.1", &parent_one);
    let mut client = open(&site_one);
    client.send("question").fin();
    let (answer, ending) = client.rest();
    assert!(answer == b"question".repeat(300_000) && ending == Ending::Fin);
    let line = ended(&site_one);
    assert_eq!((&line["up"], &line["down"]), (&json!(8), &json!(2_400_000)));
    assert_eq!(line["end"], "closed");
    // The target ends first, and still gets what the client sends.
    let (report, got) = channel();
    let parent_two = parent(ca.server(GOOD), move |inner, _, _| {
        say(inner, [OK, "banner"].concat())?;
        close(inner)?;
        report.send(rest(inner)?.len()).expect("a test");
        Ok(())
    });
    let site_two = site(&ca, "127.0.0.1", &parent_two);
    let mut client = open(&site_two);
    assert_eq!(client.rest(), (b"banner".to_vec(), Ending::Fin));
    client.send(vec![7; 3_000_000]).fin();
    assert_eq!(got.recv_timeout(PATIENCE), Ok(3_000_000));
    let line = ended(&site_two);
    assert_eq!((&line["up"], &line["end"]), (&json!(3_000_000), &json!("closed")));
}

/// A socket that ends without close_notify was cut (RFC 8446 §6.1): what came may not be all.
#[test]
fn what_was_cut_off_is_a_reset() {
    for resets in [false, true] {
        let ca = Ca::new();
        let parent = parent(ca.server(GOOD), move |inner, _, peer| {
            say(inner, [OK, "half"].concat())?;
            inner.read_exact(&mut [0])?;
            if resets {
                peer.reset();
            }
            Ok(())
        });
        let site = site(&ca, "127.0.0.1", &parent);
        let mut client = open(&site);
        assert_eq!(client.bytes(4), b"half");
        client.send("x");
        assert_eq!(client.rest().1, Ending::Reset);
        assert_eq!(ended(&site)["end"], "target_reset");
    }
    // The other way: a client's reset is not its end.
    let ca = Ca::new();
    let (report, end) = channel();
    let parent = parent(ca.server(GOOD), move |inner, _, _| {
        say(inner, OK)?;
        report.send(rest(inner).err().map(|error| error.kind())).expect("a test");
        Ok(())
    });
    let site = site(&ca, "127.0.0.1", &parent);
    open(&site).reset();
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Some(ErrorKind::ConnectionReset));
    assert_eq!(ended(&site)["end"], "client_reset");
}

/// The SNI check reads the client first, whatever the parent's side is within.
#[test]
fn the_sni_check_holds_within_tls() {
    let ca = Ca::new();
    let (report, seen) = channel();
    let parent = parent(ca.server(GOOD), move |inner, _, _| {
        say(inner, OK)?;
        let mut seen = Vec::new();
        let _reset = inner.read_to_end(&mut seen);
        report.send(seen).expect("a test");
        Ok(())
    });
    let site = site_with(&ca, "127.0.0.1", &parent, |config| {
        config["tls"] = json!({"ports": "1-65535", "sni": "enforce"});
    });
    let mut client = open(&site);
    client.send("no ClientHello");
    client.rest();
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), b"");
}

#[test]
fn limits_hold_within_tls() {
    let ca = Ca::new();
    let parent = echoing(ca.server(GOOD));
    let site = site_with(&ca, "127.0.0.1", &parent, |config| {
        config["timeouts"]["idle"] = json!("200ms");
    });
    let mut client = open(&site);
    assert_eq!(client.bytes(6), b"banner");
    assert_eq!(client.rest(), (Vec::new(), Ending::Reset));
    assert_eq!(ended(&site)["end"], "idle_timeout");
}

#[test]
fn plain_http_goes_through_a_parent_within_tls() {
    let ca = Ca::new();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heads);
    let body = "0123456789".repeat(50_000);
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let parent = parent(ca.server(GOOD), move |inner, head, _| {
        let mut head = head.to_owned();
        loop {
            noted.lock().expect("no panic").push(head.clone());
            let length = head.split_once("Content-Length: ").map_or(0, |(_, rest)| {
                rest.split_once("\r\n").expect("a line").0.parse().expect("a number")
            });
            let mut got = vec![0; length];
            inner.read_exact(&mut got)?;
            say(inner, &response)?;
            head.clear();
            while !head.ends_with("\r\n\r\n") {
                let mut byte = [0];
                inner.read_exact(&mut byte)?;
                head.push(byte[0].into());
            }
        }
    });
    let site = site(&ca, "127.0.0.1", &parent);
    let mut client = site.proxy.client();
    for _ in 0..2 {
        client.send(site.fill(GET));
        assert!(client.response().body == body.as_bytes());
        let post = "POST http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n";
        client.send(site.fill(post)).send(vec![b'z'; 400_000]);
        assert!(client.response().body == body.as_bytes());
    }
    // One connection, one handshake.
    assert_eq!(parent.accepts(), 1);
    let target = format!("http://ok.test:{}", site.origin.port());
    let lines: Vec<String> =
        heads.lock().unwrap().iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
    let (get, post) = (format!("GET {target}/x HTTP/1.1"), format!("POST {target}/ HTTP/1.1"));
    assert_eq!(lines, [get.clone(), post.clone(), get, post]);
}

/// A body that ends with the connection is whole only if TLS says so.
#[test]
fn a_body_that_was_cut_off_is_a_reset() {
    for (ends_well, ending) in [(true, Ending::Fin), (false, Ending::Reset)] {
        let ca = Ca::new();
        let parent = parent(ca.server(GOOD), move |inner, _, _| {
            say(inner, "HTTP/1.1 200 OK\r\n\r\nhalf")?;
            if ends_well { close(inner) } else { Ok(()) }
        });
        let site = site(&ca, "127.0.0.1", &parent);
        let mut client = site.proxy.client();
        client.send(site.fill("GET http://ok.test:%P/ HTTP/1.0\r\n\r\n"));
        let (said, ended) = client.rest();
        assert_eq!(ended, ending);
        assert!(!ends_well || said.ends_with(b"\r\n\r\nhalf"));
    }
}
