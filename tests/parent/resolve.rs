//! Who resolves names, what is judged here, and what goes directly all the same.

use serde_json::{Value, json};

use crate::dns::{Kind, Reply};
use crate::fake::{CONNECT, GET, OK, Parent, attempts, behind_with, connect, open};
use crate::support::client::Response;
use crate::support::site::{Site, refusal_id};
use crate::support::until;

fn local(parents: &[&Parent], change: impl FnOnce(&mut Value)) -> Site {
    let urls: Vec<String> = parents.iter().map(|parent| parent.url()).collect();
    behind_with(&urls, |config| {
        config["parent"]["resolve"] = json!("local");
        change(config);
    })
}

/// The targets that a parent was asked for by CONNECT, without their port.
fn asked(parent: &Parent) -> Vec<String> {
    let target = |line: String| {
        let target = line.strip_prefix("CONNECT ")?.strip_suffix(" HTTP/1.1")?;
        Some(target.rsplit_once(':')?.0.to_owned())
    };
    parent.lines().into_iter().map(|line| target(line).expect("a CONNECT")).collect()
}

fn answer(site: &Site, request: &str) -> Response {
    let mut client = site.proxy.client();
    client.send(site.fill(request));
    client.response()
}

#[test]
fn resolved_here_the_parent_is_asked_for_an_address() {
    let parent = Parent::answering(OK);
    let site = local(&[&parent], |_| {});
    let mut client = open(&site);
    assert_eq!(client.send("x").bytes(1), b"x");
    client.fin();
    client.ends();
    let port = site.origin.port();
    assert_eq!(asked(&parent), ["127.0.0.1"]);
    assert_eq!(parent.heads()[0][1], format!("Host: 127.0.0.1:{port}"));
    assert_eq!(site.dns.asked_names(), ["ok.test A", "ok.test AAAA"]);
    let line = &site.proxy.wait_requests(1)[0];
    assert_eq!((&line["address"], &line["parent"]), (&json!("127.0.0.1"), &json!(parent.url())));
    assert_eq!(line["target"], json!(format!("ok.test:{port}")));
    assert!(line["dns_ms"].is_number() && line["connect_ms"].is_number());
    assert_eq!(site.origin.accepts(), 0);
}

/// As a target that is reached directly would be: the name, then what it resolves to.
#[test]
fn resolved_here_addresses_are_judged() {
    let parent = Parent::answering(OK);
    let site = local(&[&parent], |_| {});
    for (name, addr) in [("private.sub.test", "10.1.2.3"), ("cloud.sub.test", "169.254.169.254")] {
        site.dns.on(name, Kind::A, [Reply::addrs(60, [addr])]);
        site.dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
        for request in [CONNECT, GET] {
            let response = answer(&site, &request.replace("ok.test", name));
            assert_eq!(response.status, 403, "{name}");
            let id = refusal_id(&response, "address_class").unwrap();
            let line = site.proxy.record_of(&id);
            assert_eq!((&line["address"], &line["parent"]), (&json!(addr), &json!(null)));
        }
    }
    let response = answer(&site, &CONNECT.replace("ok.test", "gone.sub.test"));
    refusal_id(&response, "dns_not_found").unwrap();
    // The proxy's own listeners are no targets of a parent's either.
    let response = answer(&site, "CONNECT ok.test:%S HTTP/1.1\r\nHost: ok.test\r\n\r\n");
    assert_eq!(response.status, 403);
    refusal_id(&response, "own_address").unwrap();
    assert_eq!(parent.lines(), [""; 0]);
}

/// One forbidden address is left out, and does not fail a name that has good ones.
#[test]
fn the_next_address_is_asked_for_where_a_parent_does_not_get_there() {
    let parent = Parent::with(|peer, head| {
        let answer = if head[0].contains("127.0.0.3") { OK } else { "HTTP/1.1 503 x\r\n\r\n" };
        peer.send(answer)?;
        crate::fake::echo(peer)
    });
    let site = local(&[&parent], |_| {});
    let name = "many.sub.test";
    site.dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
    let addrs = ["10.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
    site.dns.on(name, Kind::A, [Reply::addrs(60, addrs)]);
    let mut client = site.proxy.client();
    client.send(site.fill(CONNECT.replace("ok.test", name)));
    assert_eq!(client.head().unwrap().status, 200);
    assert_eq!(client.send("x").bytes(1), b"x");
    client.fin();
    client.ends();
    assert_eq!(asked(&parent), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    assert_eq!(site.proxy.wait_requests(1)[0]["address"], "127.0.0.3");
    assert_eq!((attempts(&site, 0, "refused"), attempts(&site, 0, "ok")), (2.0, 1.0));
}

#[test]
fn a_parent_is_asked_for_no_more_than_three_addresses() {
    for (status, count) in [(502, 3), (503, 3), (504, 3), (403, 1), (500, 1), (407, 1)] {
        let parent = Parent::refusing(format!("HTTP/1.1 {status} x\r\n\r\n"));
        let site = local(&[&parent], |_| {});
        let name = "many.sub.test";
        site.dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
        let addrs = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
        site.dns.on(name, Kind::A, [Reply::addrs(60, addrs)]);
        let response = answer(&site, &CONNECT.replace("ok.test", name));
        assert_eq!((response.status, asked(&parent).len()), (502, count), "{status}");
        let said = response.field("proxy-status").unwrap();
        assert!(said.contains(&format!("received-status={status}")), "{said}");
    }
}

#[test]
fn plain_http_has_the_address_in_its_uri_and_the_name_in_host() {
    let parent = Parent::refusing("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let site = local(&[&parent], |_| {});
    assert_eq!(answer(&site, GET).body, b"ok");
    let port = site.origin.port();
    assert_eq!(parent.heads()[0][0], format!("GET http://127.0.0.1:{port}/x HTTP/1.1"));
    assert_eq!(parent.heads()[0][1], format!("Host: ok.test:{port}"));
    let line = &site.proxy.wait_requests(1)[0];
    assert_eq!((&line["address"], &line["status"]), (&json!("127.0.0.1"), &json!(200)));
}

/// Unresolved names go to the parent; what is an address is judged here all the same.
#[test]
fn resolved_there_rules_for_addresses_hold_for_literals_only() {
    let parent = Parent::answering(OK);
    let site = behind_with(&[parent.url()], |_| {});
    for (target, label) in [
        ("8.8.8.8:443", "literal_not_allowed"),
        ("10.1.2.3:443", "address_class"),
        ("[::1]:443", "address_class"),
        ("[::ffff:169.254.169.254]:80", "address_class"),
        ("127.0.0.1:%S", "own_address"),
        ("denied.test:443", "not_allowed"),
    ] {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        let response = answer(&site, &head);
        assert_eq!(response.status, 403, "{target}");
        refusal_id(&response, label).unwrap();
    }
    assert_eq!(parent.lines(), [""; 0]);
    let mut client = site.proxy.client();
    client.send(site.fill("CONNECT 127.0.0.1:%P HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    assert_eq!(client.head().unwrap().status, 200);
    client.fin();
    client.ends();
    assert_eq!(asked(&parent), ["127.0.0.1"]);
    let line = site.proxy.record("the tunnel's end", |line| !line["end"].is_null());
    assert_eq!((&line["address"], &line["parent"]), (&json!("127.0.0.1"), &json!(parent.url())));
    assert_eq!(site.dns.asked_names(), [""; 0]);
}

/// Whether requests went directly, for a value of no_proxy: a tunnel's, and a plain one.
fn direct(resolve: &str, no_proxy: Value) -> [bool; 2] {
    let parent = Parent::with(|peer, head| match head[0].starts_with("CONNECT ") {
        true => peer.send("HTTP/1.1 403 x\r\n\r\n"),
        false => peer.send("HTTP/1.1 204 x\r\n\r\n"),
    });
    let site = behind_with(&[parent.url()], |config| {
        config["parent"]["resolve"] = json!(resolve);
        config["parent"]["no_proxy"] = no_proxy.clone();
    });
    // The target's port is known by now only.
    let port = site.origin.port().to_string();
    if no_proxy.to_string().contains("%P") {
        let mut config = crate::support::site::config(&site.dns);
        let text = no_proxy.to_string().replace("%P", &port);
        let filled: Value = serde_json::from_str(&text).unwrap();
        config["parent"] = json!({"urls": parent.url(), "resolve": resolve, "no_proxy": filled});
        assert!(site.proxy.reload(&config.to_string()).contains("reloaded"));
    }
    let (client, response) = connect(&site);
    let tunnel = response.status == 200;
    drop(client);
    let forward = answer(&site, GET).status == 200;
    let directly = usize::from(tunnel) + usize::from(forward);
    assert_eq!(parent.lines().len(), 2 - directly);
    // The kernel accepts before the target does.
    until("the target is reached", || site.origin.accepts() == directly);
    for line in site.proxy.wait_requests(2) {
        let went = if line["method"] == "CONNECT" { tunnel } else { forward };
        assert_eq!(line["parent"].is_null(), went, "{line}");
        assert_eq!(line["address"] == "127.0.0.1", went || resolve == "local", "{line}");
    }
    [tunnel, forward]
}

#[test]
fn no_proxy_goes_directly() {
    for (resolve, no_proxy, expected) in [
        ("parent", json!("ok.test"), true),
        ("parent", json!("a.test, OK.Test."), true),
        ("parent", json!(["a.test", ".test"]), true),
        ("parent", json!("*"), true),
        ("parent", json!("ok.test:%P"), true),
        ("parent", json!("http://x/, ok.test"), true),
        ("parent", json!(""), false),
        ("parent", json!("*.ok.test"), false),
        ("parent", json!("k.test"), false),
        ("parent", json!("ok.test:1"), false),
        // Nobody looks the name up.
        ("parent", json!("127.0.0.0/8"), false),
        ("local", json!("127.0.0.0/8"), true),
        ("local", json!("127.0.0.1"), true),
        ("local", json!("ok.test"), true),
        ("local", json!("10.0.0.0/8, fd00::/8"), false),
    ] {
        assert_eq!(direct(resolve, no_proxy.clone()), [expected; 2], "{resolve} {no_proxy}");
    }
}

/// What goes directly is judged as without a parent.
#[test]
fn no_proxy_opens_nothing() {
    let parent = Parent::answering(OK);
    let site = behind_with(&[parent.url()], |config| config["parent"]["no_proxy"] = json!("*"));
    site.dns.on("private.sub.test", Kind::A, [Reply::addrs(60, ["10.1.2.3"])]);
    for (name, label) in [("denied.test", "not_allowed"), ("private.sub.test", "address_class")] {
        let response = answer(&site, &CONNECT.replace("ok.test", name));
        assert_eq!(response.status, 403);
        refusal_id(&response, label).unwrap();
    }
    assert_eq!(parent.lines(), [""; 0]);
}
