//! Plain HTTP by a parent: in absolute-form, with what a parent is shown and nothing of the
//! client's, over which connection.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::fake::{GET, Parent, attempts, behind, behind_with, head, refused};
use crate::support::origin::Peer;
use crate::support::site::Site;

const OK_2: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A parent that answers every request on a connection.
fn keeping() -> Parent {
    Parent::with(|peer, _| {
        loop {
            peer.send(OK_2)?;
            head(peer)?;
        }
    })
}

fn secret_file(dir: &tempfile::TempDir) -> String {
    let path = dir.path().join("secret");
    std::fs::write(&path, "user:secret\n").unwrap();
    path.display().to_string()
}

#[test]
fn a_parent_gets_the_absolute_form_and_its_own_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let parent = Parent::refusing(
        "HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-Stays: 1\r\nProxy-Authenticate: Basic\r\n\
         Proxy-Connection: keep-alive\r\nVia: 1.1 parent\r\n\r\nok",
    );
    let site = behind_with(&[parent.url()], |config| {
        config["parent"]["credentials_file"] = json!(secret_file(&dir));
    });
    let mut client = site.proxy.client();
    client.send(site.fill(
        "POST http://OK.test:%P/a?b HTTP/1.1\r\nHost: other.test\r\nX: y\r\nVia: 1.1 before\r\n\
         Authorization: Basic target\r\nProxy-Authorization: Basic client\r\nContent-Length: 4\r\n\
         Proxy-Connection: keep-alive\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\nbody",
    ));
    let response = client.response();
    assert_eq!((response.status, response.body.as_slice()), (201, b"ok".as_slice()));
    let names: Vec<&str> = response.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-Stays", "Via", "Content-Length", "Via"]);
    let target = format!("ok.test:{}", site.origin.port());
    let [seen] = &parent.heads()[..] else { panic!("{:?}", parent.heads()) };
    let (via, rest) = seen.split_last().unwrap();
    let expected = [
        &format!("POST http://{target}/a?b HTTP/1.1"),
        &format!("Host: {target}"),
        "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=",
        "X: y",
        "Via: 1.1 before",
        "Authorization: Basic target",
        "Content-Length: 4",
    ];
    assert_eq!(rest, expected);
    assert!(via.starts_with("Via: 1.1 pinhole-"), "{via}");
    let line = &site.proxy.wait_requests(1)[0];
    assert_eq!((&line["parent"], &line["address"]), (&json!(parent.url()), &json!(null)));
    assert_eq!((&line["up"], &line["down"], &line["status"]), (&json!(4), &json!(2), &json!(201)));
    assert_eq!(site.dns.asked_names(), [""; 0]);
    assert_eq!(attempts(&site, 0, "ok"), 1.0);
    site.counters_agree();
}

#[test]
fn a_connection_is_kept_for_one_target() {
    let parent = keeping();
    let site = behind(&[parent.url()]);
    let mut client = site.proxy.client();
    let mut ask = |name: &str| {
        client.send(site.fill(GET.replace("ok.test", name)));
        assert_eq!(client.response().body, b"ok");
        parent.listener.accepts()
    };
    assert_eq!(["ok.test"; 4].map(&mut ask), [1; 4]);
    assert_eq!(["other.test", "other.test", "ok.test"].map(&mut ask), [2, 2, 3]);
    let mut other = site.proxy.client();
    other.send(site.fill(GET));
    assert_eq!(other.response().status, 200);
    assert_eq!(parent.listener.accepts(), 4);
    site.counters_agree_after(8);
}

/// What a reload takes away is not used any more, though it is open.
#[test]
fn a_kept_connection_ends_with_its_route() {
    let (old, new) = (keeping(), keeping());
    let site = behind(&[old.url()]);
    let mut client = site.proxy.client();
    let mut ask = || {
        client.send(site.fill(GET));
        assert_eq!(client.response().status, 200);
        [old.listener.accepts(), new.listener.accepts(), site.origin.accepts()]
    };
    assert_eq!(ask(), [1, 0, 0]);
    let config = crate::support::site::config(&site.dns);
    let with = |parent: serde_json::Value| {
        let mut config = config.clone();
        config["parent"] = parent;
        assert!(site.proxy.reload(&config.to_string()).contains("reloaded"));
    };
    with(json!({"urls": new.url()}));
    assert_eq!([ask(), ask()], [[1, 1, 0]; 2]);
    with(json!("none"));
    assert_eq!([ask(), ask()], [[1, 1, 1]; 2]);
    with(json!({"urls": new.url(), "no_proxy": "ok.test"}));
    assert_eq!(ask(), [1, 1, 1]);
    with(json!({"urls": new.url()}));
    assert_eq!(ask(), [1, 2, 1]);
}

#[test]
fn a_parent_that_closes_without_an_answer_is_followed_by_the_next() {
    let (bad, good) = (Parent::refusing(""), keeping());
    let site = behind(&[bad.url(), good.url()]);
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.response().status, 200);
    assert_eq!((bad.lines().len(), good.lines().len()), (1, 1));
    assert_eq!(site.proxy.wait_requests(1)[0]["parent"], json!(good.url()));
    assert_eq!((attempts(&site, 0, "parent_closed"), attempts(&site, 1, "ok")), (1.0, 1.0));
    // What may not be sent twice is not.
    let site = behind(&[bad.url(), good.url()]);
    let post = "POST http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\nContent-Length: 0\r\n\r\n";
    refused(&site, post, "response_incomplete");
    assert_eq!((bad.lines().len(), good.lines().len()), (2, 1));
    // With nobody left, the client is told of the parent.
    let site = behind(&[bad.url()]);
    refused(&site, GET, "parent_closed");
}

/// A kept connection that its parent has closed is replaced, as a target's is.
#[test]
fn a_kept_connection_that_was_closed_is_replaced() {
    let parent = Parent::with(|peer, _| {
        peer.send(OK_2)?;
        head(peer).map(drop)
    });
    let site = behind(&[parent.url()]);
    let mut client = site.proxy.client();
    for connections in [1, 2, 3] {
        client.send(site.fill(GET));
        assert_eq!(client.response().status, 200);
        assert_eq!(parent.listener.accepts(), connections);
    }
}

/// A parent that forwards, as a real one would.
fn relaying(site_port: &'static AtomicUsize) -> Parent {
    fn relay(peer: &mut Peer, port: usize, head: &[String]) -> io::Result<()> {
        let mut target = std::net::TcpStream::connect(("127.0.0.1", port as u16))?;
        let line = head[0].replacen("http://ok.test", "", 1);
        let line = line.replacen(&format!(":{port}"), "", 1);
        let fields: Vec<&String> =
            head[1..].iter().filter(|line| !line.starts_with("Proxy-")).collect();
        io::Write::write_all(&mut target, format!("{line}\r\n").as_bytes())?;
        for field in fields {
            io::Write::write_all(&mut target, format!("{field}\r\n").as_bytes())?;
        }
        io::Write::write_all(&mut target, b"Via: 1.1 parent\r\n\r\n")?;
        target.shutdown(std::net::Shutdown::Write)?;
        io::copy(&mut target, &mut peer.stream).map(drop)
    }
    Parent::with(move |peer, head| relay(peer, site_port.load(Ordering::SeqCst), head))
}

#[test]
fn a_request_gets_to_its_target() {
    static PORT: AtomicUsize = AtomicUsize::new(0);
    let parent = relaying(&PORT);
    let site: Site = behind(&[parent.url()]);
    PORT.store(site.origin.port().into(), Ordering::SeqCst);
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.response().text(), "GET /x HTTP/1.1");
    let via = site.origin.wait_seen(1)[0].all("via").join(", ");
    assert!(via.starts_with("1.1 pinhole-") && via.ends_with(", 1.1 parent"), "{via}");
}
