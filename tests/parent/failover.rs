//! Parents that are down, and that come back.

use std::net::SocketAddr;

use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::fake::{
    CONNECT, GET, OK, Parent, attempts, behind, behind_with, connect, echo, open, refused,
};
use crate::support::site::Site;
use crate::support::until;

/// A port of this machine: bound, and not listening until it is told.
fn silent_port() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

fn url(addr: SocketAddr) -> String {
    format!("http://{addr}")
}

/// By which parent a tunnel goes.
fn parent_of(site: &Site) -> String {
    let before = site.proxy.requests().len();
    let mut client = open(site);
    assert_eq!(client.send("x").bytes(1), b"x");
    client.fin();
    client.ends();
    let ended = site.proxy.wait_requests(before + 1);
    ended[before]["parent"].as_str().expect("it goes by a parent").to_owned()
}

#[test]
fn a_parent_that_is_down_is_a_502_and_then_back_at_once() {
    let (socket, addr) = silent_port();
    let site = behind(&[url(addr)]);
    for request in [CONNECT, GET] {
        let response = refused(&site, request, "parent_connect");
        let status = response.field("proxy-status").unwrap();
        assert!(status.contains("error=connection_refused"), "{status}");
    }
    drop(socket);
    let parent = Parent::on(&addr.to_string(), |peer, _| {
        peer.send(OK)?;
        echo(peer)
    });
    // It is the only one, so nobody waits before it is tried again.
    assert_eq!(parent_of(&site), parent.url());
}

#[test]
fn the_next_one_is_taken_until_the_first_is_back() {
    let (socket, addr) = silent_port();
    let second = Parent::answering(OK);
    let site = behind(&[url(addr), second.url()]);
    for _ in 0..3 {
        assert_eq!(parent_of(&site), second.url());
    }
    assert!(attempts(&site, 0, "parent_connect") >= 1.0);
    assert_eq!(attempts(&site, 1, "ok"), 3.0);
    drop(socket);
    let first = Parent::on(&addr.to_string(), |peer, _| {
        peer.send(OK)?;
        echo(peer)
    });
    // Ordinary requests find out, and none of them fails meanwhile.
    until("the first is back", || parent_of(&site) == first.url());
    for _ in 0..3 {
        assert_eq!(parent_of(&site), first.url());
    }
}

/// A queue that is full drops whoever knocks: that is how a parent behind a firewall looks.
#[test]
fn a_parent_that_does_not_accept_leaves_time_for_the_next() {
    let (full, addr) = silent_port();
    full.listen(1).unwrap();
    let moment = std::time::Duration::from_millis(300);
    let knock = || std::net::TcpStream::connect_timeout(&addr, moment);
    let waiting: Vec<_> = std::iter::from_fn(|| knock().ok()).take(20).collect();
    assert!(waiting.len() < 20, "the queue does not fill");
    let second = Parent::answering(OK);
    let both = [url(addr), second.url()];
    let site = behind_with(&both, |config| config["parent"]["connect_timeout"] = json!("1s"));
    assert_eq!(parent_of(&site), second.url());
    assert_eq!(attempts(&site, 0, "parent_timeout"), 1.0);
    let site = behind_with(&both[..1], |config| config["timeouts"]["connect"] = json!("300ms"));
    let response = refused(&site, CONNECT, "parent_timeout");
    let status = response.field("proxy-status").unwrap();
    assert!(status.contains("error=connection_timeout"), "{status}");
}

#[test]
fn a_parents_name_is_resolved_as_any_other() {
    use crate::dns::{Kind, Reply};
    let parent = Parent::answering(OK);
    let port = parent.listener.port();
    let by = |name: &str| format!("http://{name}:{port}");
    let site = behind(&[by("gone.test"), by("broken.test"), by("Parent.test")]);
    site.dns.on("broken.test", Kind::A, [Reply::rcode(2)]);
    site.dns.on("broken.test", Kind::Aaaa, [Reply::rcode(2)]);
    // One that listens on one family only, and an address on which nobody does.
    site.dns.on("parent.test", Kind::A, [Reply::addrs(60, ["127.0.0.9", "127.0.0.1"])]);
    site.dns.on("parent.test", Kind::Aaaa, [Reply::addrs(60, ["::1"])]);
    assert_eq!(parent_of(&site), by("parent.test"));
    assert_eq!(attempts(&site, 0, "parent_dns"), 1.0);
    assert_eq!(attempts(&site, 1, "parent_dns"), 1.0);
    let site = behind(&[by("gone.test")]);
    let response = refused(&site, CONNECT, "parent_dns");
    assert!(response.field("proxy-status").unwrap().contains("error=dns_error"));
    // Nobody asked for the target's name.
    let asked = site.dns.asked_names();
    assert!(!asked.iter().any(|name| name.contains("ok.test")), "{asked:?}");
}

/// After a reload the new parents hold; what goes by the old ones goes on.
#[test]
fn a_reload_changes_parents() {
    let (old, new) = (Parent::answering(OK), Parent::answering(OK));
    let site = behind(&[old.url()]);
    let mut tunnel = open(&site);
    let config = crate::support::site::config(&site.dns);
    let with = |parent: serde_json::Value| {
        let mut config = config.clone();
        config["parent"] = parent;
        site.proxy.reload(&config.to_string())
    };
    assert!(with(json!({"urls": new.url()})).contains("reloaded"));
    assert_eq!(parent_of(&site), new.url());
    assert_eq!(tunnel.send("x").bytes(1), b"x");
    // A bad one changes nothing, and neither does one that is this proxy itself.
    assert!(with(json!({"urls": "socks5://a.test:1"})).contains("stays in force"));
    let said = with(json!({"urls": format!("http://{}", site.proxy.addr)}));
    assert!(said.contains("stays in force") && said.contains("is this proxy itself"), "{said}");
    assert_eq!(parent_of(&site), new.url());
    assert!(with(json!("none")).contains("reloaded"));
    let (_client, response) = connect(&site);
    assert_eq!(response.status, 200);
    until("the target is reached", || site.origin.accepts() == 1);
}
