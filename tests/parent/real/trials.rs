//! The tests.

use std::io::Read;
use std::net::Shutdown;
use std::process::Command;

use serde_json::{Value, json};

use crate::proxies::{self, PASSWORD, Real, USER, own_address, write};
use crate::support::client::{Client, Response};
use crate::support::find;
use crate::support::origin::{Origin, Seen};
use crate::support::site::{Site, refusal_id};
use crate::support::until;

type Row = (&'static str, &'static [&'static str], fn());

pub(crate) const ALL: &[Row] = &[
    ("squid_carries_tunnels_and_plain_http", &["squid"], squid_carries),
    ("squid_wants_credentials", &["squid"], squid_wants_credentials),
    ("squid_refuses", &["squid"], squid_refuses),
    ("squid_within_tls", &["squid", "openssl"], squid_within_tls),
    ("squid_is_asked_for_a_judged_address", &["squid"], squid_asked_for_an_address),
    ("squid_leads_back_here", &["squid"], squid_leads_back),
    ("tinyproxy_carries_tunnels_and_plain_http", &["tinyproxy"], tinyproxy_carries),
    ("tinyproxy_wants_credentials", &["tinyproxy"], tinyproxy_wants_credentials),
    ("tinyproxy_refuses", &["tinyproxy"], tinyproxy_refuses),
    ("one_follows_the_other", &["squid", "tinyproxy"], one_follows_the_other),
];

const HOSTS: &str = "hosts_file %D/hosts";
const CONNECT: &str = "CONNECT %H:%P HTTP/1.1\r\nHost: %H:%P\r\n\r\n";

/// A target that answers plain requests, and sends everything else back, its end included. What
/// proxies make of a request's fields is their own affair.
fn target() -> Origin {
    Origin::with(|peer| {
        let mut got = vec![0; 4];
        peer.stream.read_exact(&mut got)?;
        if got != b"GET " {
            peer.send(&got)?;
            let mut room = [0; 65536];
            loop {
                match peer.stream.read(&mut room)? {
                    0 => return peer.stream.shutdown(Shutdown::Write),
                    read => peer.send(&room[..read])?,
                }
            }
        }
        loop {
            while find(&got, b"\r\n\r\n").is_none() {
                got.extend(peer.bytes(1)?);
            }
            let head = String::from_utf8(std::mem::take(&mut got)).expect("ASCII");
            let lines: Vec<String> = head.trim_end().split("\r\n").map(str::to_owned).collect();
            let seen = Seen { connection: peer.index, lines, body: Vec::new() };
            peer.record(&seen);
            let (line, length) = (seen.line(), seen.line().len());
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{line}"))?;
        }
    })
}

fn behind(urls: &[String], change: impl FnOnce(&mut Value)) -> Site {
    Site::with(target(), |config| {
        config["parent"] = json!({"urls": urls});
        change(config);
    })
}

fn client(site: &Site, host: &str, request: &str) -> Client {
    let mut client = site.proxy.client();
    client.send(site.fill(request.replace("%H", host)));
    client
}

/// Opens a tunnel, and moves bytes both ways: right behind the request, and much at once.
fn tunnels(site: &Site, host: &str) {
    let before = site.proxy.requests().len();
    let mut client = client(site, host, &[CONNECT, "early"].concat());
    let head = client.head().unwrap();
    assert_eq!((head.status, head.fields.len()), (200, 0), "{head:?}");
    assert_eq!(client.bytes(5), b"early");
    let much: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut sender = client.stream.try_clone().unwrap();
    let sent = much.clone();
    let sending = std::thread::spawn(move || {
        std::io::Write::write_all(&mut sender, &sent).unwrap();
    });
    assert!(client.bytes(much.len()) == much, "the bytes differ");
    sending.join().unwrap();
    // Neither of the two keeps a half-closed tunnel: what is on its way by then would be lost.
    client.fin();
    client.ends();
    let line = site.proxy.wait_requests(before + 1).remove(before);
    let moved = much.len() + 5;
    assert_eq!((&line["up"], &line["down"]), (&json!(moved), &json!(moved)), "{line}");
    assert_eq!(line["end"], "closed", "{line}");
    assert!(line["parent"].is_string(), "{line}");
}

/// Asks by plain HTTP, twice on one connection.
fn forwards(site: &Site, host: &str) {
    let get = "GET http://%H:%P/x?y HTTP/1.1\r\nHost: %H:%P\r\n\r\n";
    let mut client = client(site, host, get);
    assert_eq!(client.response().text(), "GET /x?y HTTP/1.1");
    client.send(site.fill(get.replace("%H", host)));
    let response = client.response();
    assert_eq!((response.status, response.text().as_str()), (200, "GET /x?y HTTP/1.1"));
    for seen in site.origin.wait_seen(2) {
        assert_eq!(seen.all("host"), [format!("{host}:{}", site.origin.port())]);
        assert!(seen.all("via").concat().contains("pinhole-"), "{seen:?}");
    }
}

fn refused(site: &Site, host: &str, request: &str, label: &str) -> Response {
    let mut client = client(site, host, request);
    let response = client.response();
    assert_eq!(response.status, 502, "{response:?}");
    refusal_id(&response, label).unwrap();
    client.ends();
    response
}

fn status(response: &Response) -> &str {
    response.field("proxy-status").unwrap()
}

fn credentials(real: &Real) -> String {
    write(&real.dir, "credentials", &format!("{USER}:{PASSWORD}\n"), 0o600).display().to_string()
}

fn squid_carries() {
    let squid = Real::squid(HOSTS);
    let site = behind(&[squid.url()], |_| {});
    tunnels(&site, "ok.test");
    forwards(&site, "ok.test");
    // Nobody here asked for the name.
    assert_eq!(site.dns.asked_names(), [""; 0]);
    let port = site.origin.port();
    for part in [&format!("CONNECT ok.test:{port} "), &format!("GET http://ok.test:{port}/x")] {
        until(part, || squid.log().contains(part));
    }
}

fn squid_wants_credentials() {
    let squid = Real::squid(&[HOSTS, Real::SQUID_CREDENTIALS].join("\n"));
    let site = behind(&[squid.url()], |_| {});
    for request in [CONNECT, "GET http://%H:%P/ HTTP/1.1\r\nHost: %H\r\n\r\n"] {
        let response = refused(&site, "ok.test", request, "parent_auth");
        assert!(status(&response).contains("received-status=407"), "{response:?}");
        assert!(response.all("proxy-authenticate").is_empty());
    }
    let site = behind(&[squid.url()], |config| {
        config["parent"]["credentials_file"] = json!(credentials(&squid));
    });
    tunnels(&site, "ok.test");
    forwards(&site, "ok.test");
    assert!(!site.proxy.lines().concat().contains("cret"));
}

fn squid_refuses() {
    let squid =
        Real::squid("hosts_file %D/hosts\nacl other dstdomain other.test\nhttp_access deny other");
    let site = behind(&[squid.url()], |_| {});
    let response = refused(&site, "other.test", CONNECT, "parent_refused");
    assert!(status(&response).contains("received-status=403"), "{response:?}");
    assert!(response.text().contains("status 403"));
    // A target on which nobody listens.
    let closed = "CONNECT ok.test:1 HTTP/1.1\r\nHost: ok.test\r\n\r\n";
    let response = refused(&site, "ok.test", closed, "parent_refused");
    assert!(status(&response).contains("received-status=503"), "{response:?}");
    // Of plain HTTP nobody can tell whose answer it is.
    let get = "GET http://other.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(client(&site, "other.test", get).response().status, 403);
    assert_eq!(site.origin.accepts(), 0);
}

fn squid_within_tls() {
    let (dir, addr) = (tempfile::tempdir().unwrap(), own_address());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=squid.test"])
        .args(["-addext", &format!("subjectAltName=IP:{}", addr.ip())])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let ca = dir.path().join("certificate.pem");
    let read = |name| std::fs::read_to_string(dir.path().join(name)).unwrap();
    // squid may read it there, though it is another user by then.
    let folder = proxies::folder();
    let certificate = write(&folder, "certificate.pem", &read("certificate.pem"), 0o644);
    let key = write(&folder, "key.pem", &read("key.pem"), 0o644);
    let (certificate, key) = (certificate.display(), key.display());
    let settings = format!("{HOSTS}\nhttps_port {addr} tls-cert={certificate} tls-key={key}");
    let squid = Real::squid(&settings);
    let url = format!("https://{addr}");
    let site = behind(std::slice::from_ref(&url), |config| {
        config["parent"]["ca_file"] = json!(ca);
    });
    tunnels(&site, "ok.test");
    forwards(&site, "ok.test");
    // Without the file, only the system's CAs vouch for it, and none does.
    let site = behind(&[url], |_| {});
    refused(&site, "ok.test", CONNECT, "parent_tls");
    drop(squid);
}

fn squid_asked_for_an_address() {
    let squid = Real::squid(HOSTS);
    let site = behind(&[squid.url()], |config| config["parent"]["resolve"] = json!("local"));
    tunnels(&site, "ok.test");
    let asked = format!("CONNECT 127.0.0.1:{} ", site.origin.port());
    until("squid's log", || squid.log().contains(&asked));
    assert!(!squid.log().contains("ok.test"), "{}", squid.log());
}

/// squid has this proxy for its parent, which has squid.
fn squid_leads_back() {
    let addr = own_address();
    let site = behind(&[format!("http://{addr}")], |_| {});
    let peer = site.proxy.addr.port();
    let settings = format!(
        "cache_peer 127.0.0.1 parent {peer} 0 no-query default no-digest\nnever_direct allow all"
    );
    let squid = Real::squid_at(addr, &settings);
    let response = refused(&site, "ok.test", CONNECT, "parent_refused");
    assert!(status(&response).contains("received-status=50"), "{response:?}");
    until("the loop is found", || {
        site.proxy.requests().iter().any(|line| line["reason"] == "loop")
    });
    assert!(site.proxy.requests().len() < 10, "{:?}", site.proxy.requests());
    drop(squid);
}

/// It asks the system's resolver, so the target is named by its address.
fn tinyproxy_carries() {
    let tinyproxy = Real::tinyproxy("");
    let site = behind(&[tinyproxy.url()], |_| {});
    tunnels(&site, "127.0.0.1");
    forwards(&site, "127.0.0.1");
    let asked = format!("CONNECT 127.0.0.1:{} ", site.origin.port());
    until("tinyproxy's log", || tinyproxy.log().contains(&asked));
}

fn tinyproxy_wants_credentials() {
    // It takes letters and digits only.
    let tinyproxy = Real::tinyproxy("BasicAuth user secret");
    let site = behind(&[tinyproxy.url()], |_| {});
    refused(&site, "127.0.0.1", CONNECT, "parent_auth");
    let file = write(&tinyproxy.dir, "credentials", "user:secret", 0o600);
    let site = behind(&[tinyproxy.url()], |config| {
        config["parent"]["credentials_file"] = json!(file);
    });
    tunnels(&site, "127.0.0.1");
    forwards(&site, "127.0.0.1");
}

fn tinyproxy_refuses() {
    let tinyproxy = Real::tinyproxy("ConnectPort 443");
    let site = behind(&[tinyproxy.url()], |_| {});
    let response = refused(&site, "127.0.0.1", CONNECT, "parent_refused");
    assert!(status(&response).contains("received-status=403"), "{response:?}");
    assert_eq!(site.origin.accepts(), 0);
}

fn one_follows_the_other() {
    let tinyproxy = Real::tinyproxy("");
    let squid = Real::squid(HOSTS);
    let addr = squid.addr;
    let site = behind(&[squid.url(), tinyproxy.url()], |_| {});
    let parent = || {
        let before = site.proxy.requests().len();
        tunnels(&site, "127.0.0.1");
        site.proxy.requests()[before]["parent"].as_str().unwrap().to_owned()
    };
    assert_eq!(parent(), squid.url());
    let url = squid.url();
    drop(squid);
    assert_eq!(parent(), tinyproxy.url());
    let _squid = Real::squid_at(addr, HOSTS);
    until("squid is back", || parent() == url);
}
