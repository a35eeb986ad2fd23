//! Ways that lead back here.

use serde_json::json;

use crate::dns::{Kind, Reply};
use crate::fake::{CONNECT, GET, OK, Parent, behind, refused};
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::{Site, config, refusal_id};

/// What this proxy calls itself, read from a request that it forwards.
fn pseudonym(site: &Site) -> String {
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    assert_eq!(client.response().status, 200);
    let via = site.origin.wait_seen(1)[0].all("via").concat();
    via.strip_prefix("1.1 ").unwrap().to_owned()
}

#[test]
fn a_request_that_was_here_is_refused() {
    let site = Site::new(Origin::start());
    let own = pseudonym(&site);
    assert!(own.starts_with("pinhole-"), "{own}");
    for via in [
        format!("1.1 {own}"),
        format!("1.0 first, 1.1 {}, 1.1 last", own.to_uppercase()),
        format!("HTTP/1.1 {own} (comment)"),
    ] {
        for head in [
            "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n",
            "GET http://ok.test:%P/ HTTP/1.1\r\nHost: ok.test\r\n",
        ] {
            let mut client = site.proxy.client();
            client.send(site.fill(format!("{head}Via: 1.1 other\r\nVia: {via}\r\n\r\n")));
            let response = client.response();
            assert_eq!(response.status, 502);
            let status = response.field("proxy-status").unwrap();
            assert!(status.contains("error=proxy_loop_detected"), "{status}");
            refusal_id(&response, "loop").unwrap();
            client.ends();
        }
    }
    assert_eq!(site.origin.accepts(), 1);
    // Somebody else's, or another pinhole's, is no reason.
    for via in ["1.1 pinhole", "1.1 pinhole-0123456789abcdef", "1.1 localhost:3128 (squid/5.7)"] {
        let mut client = site.proxy.client();
        client.send(
            site.fill(format!("GET http://ok.test:%P/ HTTP/1.1\r\nHost: x\r\nVia: {via}\r\n\r\n")),
        );
        assert_eq!(client.response().status, 200, "{via}");
    }
}

/// A parent whose name leads to this proxy is found out when it is dialled, whatever its address.
#[test]
fn this_proxy_itself_is_never_a_parent() {
    let parent = Parent::answering(OK);
    let site = behind(&[parent.url()]);
    site.dns.on("loop.test", Kind::A, [Reply::addrs(60, ["127.0.0.1", "127.1.2.3"])]);
    site.dns.on("loop.test", Kind::Aaaa, [Reply::addrs(60, ["::1", "::ffff:127.0.0.1"])]);
    let mut config = config(&site.dns);
    for port in [site.proxy.addr.port(), site.proxy.admin().port()] {
        config["parent"] = json!({"urls": format!("http://loop.test:{port}")});
        assert!(site.proxy.reload(&config.to_string()).contains("reloaded"));
        for request in [CONNECT, GET] {
            let response = refused(&site, request, "parent_own");
            let status = response.field("proxy-status").unwrap();
            assert!(status.contains("error=proxy_loop_detected"), "{status}");
        }
    }
    // A name that the configuration calls its own needs no lookup.
    config["self"] = json!(["own.test"]);
    config["parent"] = json!({"urls": "http://own.test:1"});
    let said = site.proxy.reload(&config.to_string());
    assert!(said.contains("is this proxy itself"), "{said}");
    assert_eq!(parent.lines().len(), 0);
}

/// Two pinholes, each of which has the other for its parent.
#[test]
fn a_circle_of_two_is_cut() {
    let site = Site::new(Origin::start());
    let mut config = config(&site.dns);
    config["parent"] = json!({"urls": format!("http://{}", site.proxy.addr)});
    let other = Proxy::start(&config);
    config["parent"] = json!({"urls": format!("http://{}", other.addr)});
    assert!(site.proxy.reload(&config.to_string()).contains("reloaded"));

    let response = refused(&site, CONNECT, "parent_refused");
    let status = response.field("proxy-status").unwrap();
    assert!(status.contains("received-status=502"), "{status}");
    // There and back, and no further.
    let reasons: Vec<_> =
        site.proxy.wait_requests(2).into_iter().map(|line| line["reason"].clone()).collect();
    assert_eq!(reasons, [json!("loop"), json!("parent_refused")]);
    assert_eq!(other.wait_requests(1)[0]["reason"], "parent_refused");

    // Of plain HTTP nobody can tell whose answer it is: it comes back as it is.
    let mut client = site.proxy.client();
    client.send(site.fill(GET));
    let response = client.response();
    assert_eq!(response.status, 502);
    assert!(response.text().contains("(loop)"), "{response:?}");
    assert_eq!(site.proxy.wait_requests(4).len(), 4);
    assert_eq!(other.wait_requests(2).len(), 2);
    assert_eq!(site.origin.accepts(), 0);
}
