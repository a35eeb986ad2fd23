//! Names through the program: what they resolve to is judged, and only that is dialled.

use serde_json::{Value, json};

use crate::dns::{FakeDns, Kind, Reply};
use crate::support::client::Client;
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::{Site, config, refusal_id};

/// Lets names below host.test through, and a few addresses.
fn rules(config: &mut Value) {
    config["allow"] = json!([
        {"host": "*.host.test", "ports": "1-65535"},
        {"host": "single", "ports": "1-65535"},
        {"network": "127.0.0.2", "ports": "1-65535"},
        {"network": "::1", "ports": "1-65535"},
        // Wider than the class of any of its special addresses: these stay closed.
        {"network": "0.0.0.0/0", "ports": "1-65535"},
        {"network": "169.254.0.0/16", "ports": "1-65535"},
    ]);
    config["dns"]["query_timeout"] = json!("100ms");
    config["timeouts"]["dns"] = json!("300ms");
}

/// A target at 127.0.0.2, and rules under which only that address and `::1` can be reached.
fn site() -> Site {
    Site::with(
        Origin::on("127.0.0.2:0", |peer| {
            while peer.request()?.is_some() {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
            }
            Ok(())
        }),
        rules,
    )
}

fn connect(site: &Site, host: &str) -> Client {
    let mut client = site.proxy.client();
    let sentinel = "GET http://sentinel.host.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n";
    let head = format!("CONNECT {host}:%P HTTP/1.1\r\nHost: {host}:%P\r\n\r\n");
    client.send(site.fill(if host.contains("good") { head } else { head + sentinel }));
    client
}

/// Names, their scripts, and what becomes of them: the address dialled, or status, label, and the
/// address that was judged.
fn cases() -> Vec<(&'static str, Reply, Reply, Result<&'static str, (u16, &'static str, Option<&'static str>)>)> {
    let a = |addrs| Reply::addrs::<1>(60, [addrs]);
    let none = || Reply::nodata(60);
    let denied = |address| Err((403, "address_class", Some(address)));
    vec![
        ("good.host.test", a("127.0.0.2"), none(), Ok("127.0.0.2")),
        ("good-twice.host.test", Reply::addrs(60, ["127.0.0.2", "127.0.0.2"]), none(), Ok("127.0.0.2")),
        // A forbidden address is skipped, and fails no name that has a good one.
        ("good-mixed.host.test", Reply::addrs(60, ["10.0.0.1", "127.0.0.2", "169.254.169.254"]), none(), Ok("127.0.0.2")),
        ("good-mixed6.host.test", a("127.0.0.2"), Reply::addrs(60, ["fd00::1", "fe80::1"]), Ok("127.0.0.2")),
        ("good-half.host.test", a("127.0.0.2"), Reply::rcode(2), Ok("127.0.0.2")),
        ("good-nx6.host.test", a("127.0.0.2"), Reply::rcode(3), Ok("127.0.0.2")),
        ("good-cname.host.test", Reply::cname(60, "x.cdn.test").addr(Some("x.cdn.test"), 60, "127.0.0.2"), none(), Ok("127.0.0.2")),
        ("good-chase.host.test", Reply::cname(60, "target.cdn.test"), none(), Ok("127.0.0.2")),
        ("good-truncated.host.test", a("127.0.0.2").truncated(), none(), Ok("127.0.0.2")),
        ("good-forged.host.test", a("127.0.0.2").behind_forged(a("10.0.0.1")), none(), Ok("127.0.0.2")),
        // Special addresses, whatever name led there and by whatever way.
        ("loopback.host.test", a("127.0.0.1"), none(), denied("127.0.0.1")),
        ("private.host.test", a("10.0.0.1"), none(), denied("10.0.0.1")),
        ("private-2.host.test", a("192.168.1.1"), none(), denied("192.168.1.1")),
        ("cgnat.host.test", a("100.64.0.1"), none(), denied("100.64.0.1")),
        ("any.host.test", a("0.0.0.0"), none(), denied("0.0.0.0")),
        ("broadcast.host.test", a("255.255.255.255"), none(), denied("255.255.255.255")),
        ("multicast.host.test", a("224.0.0.1"), none(), denied("224.0.0.1")),
        ("metadata.host.test", a("169.254.169.254"), none(), denied("169.254.169.254")),
        ("wireserver.host.test", a("168.63.129.16"), none(), denied("168.63.129.16")),
        ("metadata6.host.test", none(), a("fd00:ec2::254"), denied("fd00:ec2::254")),
        ("local6.host.test", none(), a("fd00::2"), denied("fd00::2")),
        ("link6.host.test", none(), a("fe80::1"), denied("fe80::1")),
        ("any6.host.test", none(), a("::"), denied("::")),
        ("mapped.host.test", none(), a("::ffff:127.0.0.2"), denied("::ffff:127.0.0.2")),
        ("compatible.host.test", none(), a("::127.0.0.2"), denied("::127.0.0.2")),
        ("nat64.host.test", none(), a("64:ff9b::127.0.0.2"), denied("64:ff9b::7f00:2")),
        ("sixtofour.host.test", none(), a("2002:7f00:2::1"), denied("2002:7f00:2::1")),
        ("cname.host.test", Reply::cname(60, "x.cdn.test").addr(Some("x.cdn.test"), 60, "10.0.0.1"), none(), denied("10.0.0.1")),
        ("chase.host.test", Reply::cname(60, "private.cdn.test"), none(), denied("10.9.9.9")),
        ("both.host.test", a("10.0.0.1"), a("fd00::1"), denied("fd00::1")),
        // A record of another name is none of this name's business.
        ("stray.host.test", Reply::nodata(60).addr(Some("good.host.test"), 60, "127.0.0.2"), none(), Err((502, "dns_not_found", None))),
        // Resolving fails, and that fails closed.
        ("nowhere.host.test", Reply::rcode(3), Reply::rcode(3), Err((502, "dns_not_found", None))),
        ("empty.host.test", none(), none(), Err((502, "dns_not_found", None))),
        ("servfail.host.test", Reply::rcode(2), Reply::rcode(2), Err((502, "dns_failed", None))),
        ("refused.host.test", Reply::rcode(5), Reply::rcode(5), Err((502, "dns_failed", None))),
        ("half.host.test", Reply::rcode(2), none(), Err((502, "dns_failed", None))),
        ("loop.host.test", Reply::cname(60, "loop.host.test"), Reply::cname(60, "loop.host.test"), Err((502, "dns_failed", None))),
        ("silent.host.test", Reply::silence(), Reply::silence(), Err((504, "dns_timeout", None))),
        ("late.host.test", Reply::silence(), none(), Err((504, "dns_timeout", None))),
    ]
}

#[test]
fn what_a_name_leads_to_is_judged() {
    let site = site();
    site.dns.on("target.cdn.test", Kind::A, [Reply::addrs(60, ["127.0.0.2"])]);
    site.dns.on("private.cdn.test", Kind::A, [Reply::addrs(60, ["10.9.9.9"])]);
    let cases = cases();
    for (name, a, aaaa, _) in &cases {
        site.dns.on(name, Kind::A, [a.clone()]);
        site.dns.on(name, Kind::Aaaa, [aaaa.clone()]);
    }
    let mut good = 0;
    for (name, _, _, outcome) in &cases {
        let mut client = connect(&site, name);
        let target = format!("{name}:{}", site.origin.port());
        match outcome {
            Ok(address) => {
                let head = client.head().unwrap();
                assert_eq!(head.status, 200, "{name}: {}", head.reason);
                drop(client);
                let line = site.proxy.record(name, |line| line["target"] == target.as_str());
                assert_eq!(line["address"], *address, "{name}");
                good += 1;
            }
            Err((status, label, address)) => {
                let response = client.response();
                assert_eq!(response.status, *status, "{name}: {}", response.reason);
                let id = refusal_id(&response, label).unwrap();
                client.ends();
                let line = site.proxy.record_of(&id);
                assert_eq!(line["address"], json!(address), "{name}");
                let decision = if *status == 403 { "deny" } else { "allow" };
                assert_eq!(line["decision"], decision, "{name}: {line}");
            }
        }
        // Plain HTTP is judged in the same way.
        let mut client = site.proxy.client();
        client.send(site.fill(format!("GET http://{name}:%P/ HTTP/1.1\r\nHost: x\r\n\r\n")));
        let status = outcome.map_or_else(|(status, ..)| status, |_| 200);
        assert_eq!(client.response().status, status, "{name}");
    }
    assert_eq!(site.origin.accepts(), 2 * good);
    assert!(!site.dns.asked().iter().any(|question| question.name == "sentinel.host.test"));
    site.counters_agree();
}

/// A name that answers differently the second time is judged again, and each time it is the
/// judged address that is dialled.
#[test]
fn rebinding() {
    let site = Site::with(Origin::on("127.0.0.2:0", |peer| peer.rest().map(drop)), |config| {
        rules(config);
        // No answer is kept.
        config["dns"]["min_ttl"] = json!("1ms");
        config["dns"]["max_ttl"] = json!("1ms");
    });
    let name = "rebind.host.test";
    let addrs = ["127.0.0.2", "10.0.0.1", "127.0.0.2", "127.0.0.1", "169.254.169.254"];
    site.dns.on(name, Kind::A, addrs.map(|addr| Reply::addrs(0, [addr])));
    site.dns.on(name, Kind::Aaaa, [Reply::nodata(None)]);
    let asked = || site.dns.asked_names().iter().filter(|q| **q == format!("{name} A")).count();
    let mut seen = Vec::new();
    while seen.len() < addrs.len() {
        let before = asked();
        let mut client = connect(&site, name);
        let status = client.head().unwrap().status;
        drop(client);
        match asked() - before {
            // The answer before was kept, if only for a millisecond: judged as it was.
            0 => assert_eq!(seen.last(), Some(&status)),
            asked => {
                assert_eq!(asked, 1, "resolved more than once for one dial");
                seen.push(status);
            }
        }
    }
    assert_eq!(seen, [200, 403, 200, 403, 403]);
    let lines = site.requests();
    let dialled = lines.iter().filter(|line| line["status"] == 200);
    assert!(dialled.into_iter().all(|line| line["address"] == "127.0.0.2"));
}

/// Names are absolute: no search list, no `ndots`, and one question per family.
#[test]
fn names_are_asked_as_they_are() {
    let site = site();
    for name in ["single", "a.host.test", "b.c.d.e.f.host.test"] {
        let mut client = connect(&site, name);
        assert_eq!(client.response().status, 502);
        // A trailing dot and another case are the same name; nothing else is asked.
        let mut client = connect(&site, &format!("{}.", name.to_uppercase()));
        assert_eq!(client.response().status, 502);
    }
    let mut asked = site.dns.asked_names();
    asked.dedup();
    let names = ["a.host.test", "b.c.d.e.f.host.test", "single"];
    let expected: Vec<String> =
        names.iter().flat_map(|name| [format!("{name} A"), format!("{name} AAAA")]).collect();
    assert_eq!(asked, expected);
}

#[test]
fn a_name_with_ipv6_only() {
    let origin = Origin::on("[::1]:0", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 204 No Content\r\n\r\n")
    });
    let site = Site::with(origin, rules);
    site.dns.on("six.host.test", Kind::A, [Reply::nodata(60)]);
    site.dns.on("six.host.test", Kind::Aaaa, [Reply::addrs(60, ["fd00::1", "::1"])]);
    assert_eq!(connect(&site, "six.host.test").head().unwrap().status, 200);
    let mut client = site.proxy.client();
    client.send(site.fill("GET http://six.host.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(client.response().status, 204);
    drop(client);
    assert!(site.proxy.wait_requests(1).iter().all(|line| line["address"] == "::1"));
}

/// No question is asked for what is refused by its name, its port or its form.
#[test]
fn a_denied_name_does_not_leak() {
    let site = Site::with(Origin::start(), |config| {
        config["deny"] = json!([{"host": "bad.sub.test"}, {"host": "*.worse.sub.test"}]);
        config["self"] = json!(["self.sub.test"]);
        config["allow"].as_array_mut().unwrap().push(json!({"host": "web.test"}));
    });
    let denied = [
        ("denied.test:443", "not_allowed"),
        ("test:443", "not_allowed"),
        ("sub.test:443", "not_allowed"),
        ("xok.test:443", "not_allowed"),
        ("ok.test.evil.test:443", "not_allowed"),
        ("in.sub.test.evil.test:443", "not_allowed"),
        ("xsub.test:443", "not_allowed"),
        ("bad.sub.test:443", "denied"),
        ("BAD.sub.test.:443", "denied"),
        ("x.worse.sub.test:443", "denied"),
        ("web.test:8080", "port_not_allowed"),
        ("web.test:22", "port_not_allowed"),
        ("self.sub.test:443", "own_address"),
        ("8.8.8.8:443", "literal_not_allowed"),
        ("10.0.0.1:443", "address_class"),
        ("169.254.169.254:80", "address_class"),
    ];
    for (target, label) in denied {
        for head in [
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
            format!("GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n"),
        ] {
            let mut client = site.proxy.client();
            client.send(head);
            let response = client.response();
            assert_eq!(response.status, 403, "{target}");
            let id = refusal_id(&response, label).unwrap();
            client.ends();
            let line = site.proxy.record_of(&id);
            assert_eq!((&line["decision"], &line["dns_ms"]), (&json!("deny"), &json!(null)));
        }
    }
    assert_eq!(site.dns.asked(), []);
    site.counters_agree();
}

/// Without a name server nothing is reached by name, and nothing else is asked instead.
#[test]
fn without_a_name_server() {
    let (dns, gone) = (FakeDns::start(), FakeDns::start().addr());
    let mut config = config(&dns);
    config["dns"]["servers"] = json!(gone.to_string());
    config["dns"]["query_timeout"] = json!("100ms");
    config["timeouts"]["dns"] = json!("300ms");
    let proxy = Proxy::start(&config);
    let mut client = proxy.client();
    client.send("CONNECT ok.test:443 HTTP/1.1\r\nHost: ok.test\r\n\r\n");
    let status = client.response().status;
    assert!([502, 504].contains(&status), "{status}");
    assert_eq!(dns.asked(), []);
}

/// The proxy's own listeners, by every spelling of their addresses, whatever the rules open.
#[test]
fn own_listeners() {
    let dns = FakeDns::start();
    let mut config = config(&dns);
    config["listen"] = json!(["127.0.0.1:0", "[::1]:0"]);
    let networks = [
        "127.0.0.0/8", "::1", "0.0.0.0/8", "::", "::ffff:0:0/96", "::/96", "10.0.0.0/8",
        "192.168.0.0/16", "172.16.0.0/12", "192.0.2.0/24", "fd00::/8",
    ];
    let mut allow: Vec<Value> =
        networks.iter().map(|net| json!({"network": net, "ports": "1-65535"})).collect();
    allow.push(json!({"host": "*.host.test", "ports": "1-65535"}));
    config["allow"] = json!(allow);
    let names = [
        ("v4.host.test", Kind::A, "127.0.0.1"),
        ("other4.host.test", Kind::A, "127.1.2.3"),
        ("any.host.test", Kind::A, "0.0.0.0"),
        ("v6.host.test", Kind::Aaaa, "::1"),
        ("any6.host.test", Kind::Aaaa, "::"),
        ("mapped.host.test", Kind::Aaaa, "::ffff:127.0.0.1"),
    ];
    for (name, kind, addr) in names {
        let other = if kind as u16 == 1 { Kind::Aaaa } else { Kind::A };
        dns.on(name, kind, [Reply::addrs(60, [addr])]);
        dns.on(name, other, [Reply::nodata(60)]);
    }
    let proxy = Proxy::start(&config);
    let mut hosts: Vec<String> = names.iter().map(|(name, ..)| (*name).to_owned()).collect();
    hosts.extend(
        ["127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
         "[::ffff:7f00:1]", "[::ffff:0.0.0.0]", "[::127.0.0.1]", "[0:0:0:0:0:0:0:1]"]
            .map(str::to_owned),
    );
    // The address by which this machine talks to others, where it has one.
    let outward = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("203.0.113.1:9")?;
        socket.local_addr()
    });
    hosts.extend(outward.ok().map(|addr| addr.ip().to_string()));
    let listeners = proxy.wait_line("both listeners", |_| {
        let lines = proxy.lines();
        let places = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ports: Vec<String> = places
            .filter_map(|line| Some(line["address"].as_str()?.rsplit_once(':')?.1.to_owned()))
            .collect();
        (ports.len() == 3).then_some(ports)
    });
    for port in &listeners {
        for host in &hosts {
            for head in [
                format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"),
                format!("GET http://{host}:{port}/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
            ] {
                let mut client = proxy.client();
                client.send(&head);
                let response = client.response();
                assert_eq!(response.status, 403, "{head}: {}", response.reason);
                refusal_id(&response, "own_address").unwrap();
                assert!(response.field("proxy-status").unwrap().contains("proxy_loop_detected"));
            }
        }
    }
    // It is the port that makes them its own.
    let origin = Origin::start();
    let mut client = proxy.client();
    client.send(format!("CONNECT v4.host.test:{0} HTTP/1.1\r\nHost: v4.host.test\r\n\r\n", origin.port()));
    assert_eq!(client.head().unwrap().status, 200);
}

/// What `self` lists is never a target: names, addresses, and names that lead to such addresses.
#[test]
fn own_names() {
    let site = Site::with(Origin::start(), |config| {
        config["self"] =
            json!(["proxy.sub.test", "svc.sub.test:3128", "10.96.0.7", "10.96.0.8:3128", "[fd00::7]:3128"]);
        let allow = config["allow"].as_array_mut().unwrap();
        allow.push(json!({"network": "10.96.0.0/16", "ports": "1-65535"}));
        allow.push(json!({"network": "fd00::/8", "ports": "1-65535"}));
    });
    for (name, addr) in [("leads.sub.test", "10.96.0.7"), ("leads8.sub.test", "10.96.0.8")] {
        site.dns.on(name, Kind::A, [Reply::addrs(60, [addr])]);
        site.dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
    }
    let own = [
        "proxy.sub.test:443", "proxy.sub.test:3128", "PROXY.Sub.Test.:80", "svc.sub.test:3128",
        "10.96.0.7:443", "10.96.0.7:1", "10.96.0.8:3128", "[fd00::7]:3128",
        "leads.sub.test:443", "leads8.sub.test:3128",
    ];
    for target in own {
        for head in [
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
            format!("GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n"),
        ] {
            let mut client = site.proxy.client();
            client.send(head);
            let response = client.response();
            assert_eq!(response.status, 403, "{target}");
            refusal_id(&response, "own_address").unwrap();
        }
    }
    // On another port, the one that was listed with a port is a target like any other.
    let mut client = site.proxy.client();
    client.send("CONNECT svc.sub.test:443 HTTP/1.1\r\nHost: svc.sub.test\r\n\r\n");
    refusal_id(&client.response(), "dns_not_found").unwrap();
}
