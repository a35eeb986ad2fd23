//! Audit mode: what passes, what is said of it, and what stays denied.

use serde_json::{Value, json};

use crate::craft::Craft;
use crate::dns::{FakeDns, Kind, Reply};
use crate::place::{Answer, BOTH, By, Place, leads, request};
use crate::support::client::Client;
use crate::support::origin::Origin;
use crate::support::{each, ensure, until};
use crate::users::{self, ADA, basic};

/// A parent proxy that opens every tunnel, and is every target.
fn parent() -> Origin {
    Origin::with(|peer| {
        while let Some(seen) = peer.request()? {
            if seen.line().starts_with("CONNECT ") {
                peer.send("HTTP/1.1 200 OK\r\n\r\n")?;
                continue;
            }
            let body = seen.line();
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))?;
        }
        Ok(())
    })
}

/// A site in audit mode, all of whose targets are reached by a parent, so that no address of the
/// internet is ever dialled. Names are resolved and judged here.
fn behind(change: impl FnOnce(&mut Value)) -> Place {
    let place = Place::of(parent(), |config, port| {
        config["mode"] = json!("audit");
        config["parent"] =
            json!({"urls": [format!("http://127.0.0.1:{port}")], "resolve": "local"});
        config["tls"] = json!({"sni": "off"});
        config["self"] = json!(["proxy.test", "193.0.9.9"]);
        config["allow"] = json!([
            {"host": "ok.test", "ports": 443},
            {"host": "*.ok.test", "ports": [443, 80]},
            {"network": "193.0.1.0/24", "ports": 443},
        ]);
        config["deny"] = json!([
            {"host": "bad.ok.test"},
            {"network": "193.0.2.0/24"},
            {"network": "10.66.0.0/16"},
        ]);
        config["clients"] = json!([]);
        config.as_object_mut().unwrap().remove("credentials_file");
        change(config);
    });
    names(&place.dns);
    place
}

/// Good addresses are in 193.0.0.0/24; those in 193.0.2.0/24 an entry denies.
fn names(dns: &FakeDns) {
    for name in ["ok", "bad.ok", "two.ok", "none"] {
        leads(dns, &format!("{name}.test"), ["193.0.0.1"]);
    }
    for name in ["to.ok", "to"] {
        leads(dns, &format!("{name}.test"), ["193.0.2.9"]);
    }
    for (name, addr) in [
        ("private", "10.0.0.1"),
        ("private.ok", "10.0.0.1"),
        ("denied.ok", "10.66.0.1"),
        ("loop", "127.0.0.1"),
        ("metadata", "169.254.169.254"),
        ("wire", "168.63.129.16"),
        ("link", "169.254.1.1"),
        ("cgnat", "100.64.0.1"),
        ("zero", "0.0.0.0"),
        ("self", "193.0.9.9"),
    ] {
        leads(dns, &format!("{name}.test"), [addr]);
    }
    for (name, addr) in [
        ("mapped", "::ffff:193.0.0.1"),
        ("mapped-private", "::ffff:10.0.0.1"),
        ("nat64", "64:ff9b::c100:1"),
        ("nat64-private", "64:ff9b::a00:1"),
        ("six-to-four", "2002:a00:1::1"),
        ("unique-local", "fd00::1"),
        ("link6", "fe80::1"),
        ("loop6", "::1"),
        ("metadata6", "fd00:ec2::254"),
    ] {
        dns.on(&format!("{name}.test"), Kind::A, [Reply::nodata(60)]);
        dns.on(&format!("{name}.test"), Kind::Aaaa, [Reply::addrs(60, [addr])]);
    }
    for name in ["localhost", "a.localhost"] {
        leads(dns, name, ["127.0.0.1"]);
    }
    for (name, addrs) in [
        ("mixed", ["10.0.0.1", "193.0.0.1"]),
        ("mixed.ok", ["169.254.169.254", "193.0.0.1"]),
        ("either.ok", ["193.0.2.9", "193.0.0.1"]),
        ("neither", ["10.0.0.1", "127.0.0.1"]),
    ] {
        leads(dns, &format!("{name}.test"), addrs);
    }
}

/// The target, for which address the parent is asked, why it would be denied, by which rule, and for
/// which further reasons.
type Passing<'r> = (&'r str, &'r str, &'r str, Option<&'r str>, &'r [&'r str]);

const PASSING: &[Passing<'_>] = &[
    ("none.test:443", "193.0.0.1:443", "not_allowed", None, &[]),
    ("NONE.test.:8443", "193.0.0.1:8443", "not_allowed", None, &[]),
    ("ok.test:22", "193.0.0.1:22", "port_not_allowed", Some("allow[0]"), &[]),
    ("two.ok.test:8080", "193.0.0.1:8080", "port_not_allowed", Some("allow[1]"), &[]),
    ("bad.ok.test:443", "193.0.0.1:443", "denied", Some("deny[0]"), &[]),
    ("193.0.0.7:443", "193.0.0.7:443", "literal_not_allowed", None, &[]),
    ("[2a00::7]:443", "[2a00::7]:443", "literal_not_allowed", None, &[]),
    ("193.0.1.7:22", "193.0.1.7:22", "port_not_allowed", Some("allow[2]"), &[]),
    ("193.0.2.7:443", "193.0.2.7:443", "address_denied", Some("deny[1]"), &[]),
    ("to.ok.test:443", "193.0.2.9:443", "address_denied", Some("deny[1]"), &[]),
    ("to.test:443", "193.0.2.9:443", "not_allowed", None, &["address_denied"]),
    ("to.ok.test:22", "193.0.2.9:22", "port_not_allowed", Some("allow[1]"), &["address_denied"]),
    // One of its addresses is good, and that is the one.
    ("mixed.test:443", "193.0.0.1:443", "not_allowed", None, &[]),
];

/// What is allowed anyway, and the address that the parent is asked for.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("ok.test:443", "193.0.0.1:443", "allow[0]"),
    ("two.ok.test:80", "193.0.0.1:80", "allow[1]"),
    ("193.0.1.7:443", "193.0.1.7:443", "allow[2]"),
    ("mixed.ok.test:443", "193.0.0.1:443", "allow[1]"),
    // As it would be otherwise: the address that no entry denies.
    ("either.ok.test:443", "193.0.0.1:443", "allow[1]"),
];

/// The parent was asked for this address last, and the target is the one that was asked for.
fn asked_for(place: &Place, by: By, address: &str) -> Result<(), String> {
    let seen = place.origin.seen();
    let line = match by {
        // The tunnel's own request is the last.
        By::Connect => seen[seen.len() - 2].line().to_owned(),
        By::Get => seen[seen.len() - 1].line().to_owned(),
    };
    let expected = match by {
        By::Connect => format!("CONNECT {address} HTTP/1.1"),
        By::Get => format!("GET http://{}/path HTTP/1.1", address.trim_end_matches(":80")),
    };
    let plain = line.replace(":80/", "/");
    ensure!(line == expected || plain == expected, "the parent was asked for `{line}`");
    Ok(())
}

#[test]
fn what_rules_deny_passes_and_is_noted() {
    let place = behind(|_| {});
    let mut counts = std::collections::BTreeMap::<&str, f64>::new();
    each(
        PASSING.iter().flat_map(|row| BOTH.map(|by| (row, by))),
        |(row, by)| format!("{by:?} {}", row.0),
        |((target, address, reason, rule, also), by)| {
            let Answer { status, record, .. } = place.ask_for(*by, "127.0.0.2", target, "");
            ensure!(status == 200, "{record}");
            asked_for(&place, *by, address)?;
            ensure!(record["decision"] == "audit" && record["reason"].is_null(), "{record}");
            let would = &record["would_deny"];
            ensure!(would["reason"] == *reason && would["rule"] == json!(rule), "{record}");
            let detail = would["detail"].as_str().ok_or("no detail")?;
            ensure!(rule.is_none_or(|rule| detail.contains(rule)), "{record}");
            let others = would["also"].as_array().cloned().unwrap_or_default();
            ensure!(json!(others) == json!(also), "{record}");
            for reason in [reason].into_iter().chain(*also) {
                *counts.entry(reason).or_default() += 1.0;
            }
            let ip = address.rsplit_once(':').map(|(ip, _)| ip.trim_matches(['[', ']']));
            ensure!(record["address"] == json!(ip), "{record}");
            Ok(())
        },
    );
    // `to.ok.test` is allowed by its name.
    let record = place.ask_for(By::Connect, "127.0.0.2", "to.ok.test:443", "").record;
    assert_eq!(record["rule"], "allow[1]");
    *counts.get_mut("address_denied").unwrap() += 1.0;
    until("all is counted", || counts.iter().all(|(reason, n)| place.would_deny(reason) == *n));
    let row = place.denied("to.ok.test:443", "connect").unwrap();
    assert_eq!((&row["reasons"], &row["count"]), (&json!(["address_denied"]), &json!(2)));
    assert_eq!(row["addresses"], json!(["193.0.2.9"]));
    let row = place.denied("to.test:443", "forward").unwrap();
    assert_eq!(row["reasons"], json!(["not_allowed", "address_denied"]));
    let outcomes = place.proxy.outcomes();
    assert!(
        outcomes.keys().all(|name| name == "connect closed" || name == "forward ok"),
        "{outcomes:?}"
    );
}

#[test]
fn what_is_allowed_anyway_is_allowed() {
    let place = behind(|_| {});
    for (by, (target, address, rule)) in
        BOTH.into_iter().flat_map(|by| ALLOWED.iter().map(move |row| (by, row)))
    {
        let Answer { status, record, .. } = place.ask_for(by, "127.0.0.2", target, "");
        assert_eq!((status, &record["decision"]), (200, &json!("allow")), "{record}");
        assert_eq!((&record["would_deny"], &record["rule"]), (&json!(null), &json!(rule)));
        asked_for(&place, by, address).unwrap();
    }
    let names: Vec<String> = place.proxy.metrics().into_keys().collect();
    assert!(!names.iter().any(|name| name.contains("would_deny")), "{names:?}");
    assert_eq!(place.denials()["targets"], json!([]));
}

/// Targets that lead to a denied class, or to this proxy, and why they are denied.
const DENIED: &[(&str, &str)] = &[
    ("10.0.0.1:443", "address_class"),
    ("10.66.0.1:443", "address_denied"),
    ("172.16.0.1:443", "address_class"),
    ("192.168.1.1:80", "address_class"),
    ("127.0.0.1:443", "address_class"),
    ("127.255.0.1:443", "address_class"),
    ("0.0.0.0:443", "address_class"),
    ("169.254.169.254:80", "address_class"),
    ("169.254.170.2:80", "address_class"),
    ("168.63.129.16:80", "address_class"),
    ("100.100.100.200:80", "address_class"),
    ("169.254.1.1:443", "address_class"),
    ("100.64.0.1:443", "address_class"),
    ("224.0.0.1:443", "address_class"),
    ("255.255.255.255:443", "address_class"),
    ("192.0.2.1:443", "address_class"),
    ("198.18.0.1:443", "address_class"),
    ("[::]:443", "address_class"),
    ("[::1]:443", "address_class"),
    ("[fe80::1]:443", "address_class"),
    ("[fd00::1]:443", "address_class"),
    ("[fd00:ec2::254]:80", "address_class"),
    ("[fec0::1]:443", "address_class"),
    ("[ff02::1]:443", "address_class"),
    ("[::ffff:193.0.0.1]:443", "address_class"),
    ("[::ffff:10.0.0.1]:443", "address_class"),
    ("[::ffff:127.0.0.1]:443", "address_class"),
    ("[::ffff:169.254.169.254]:80", "address_class"),
    ("[::ffff:193.0.2.9]:443", "address_class"),
    ("[64:ff9b::193.0.0.1]:443", "address_class"),
    ("[64:ff9b::10.0.0.1]:443", "address_class"),
    ("[64:ff9b:1::10.0.0.1]:443", "address_class"),
    ("[2002:a00:1::1]:443", "address_class"),
    ("[2001::1]:443", "address_class"),
    ("[::193.0.0.1]:443", "address_class"),
    ("[2a00::5efe:10.0.0.1]:443", "address_class"),
    ("[2001:db8::1]:443", "address_class"),
    ("localhost:443", "address_class"),
    ("LOCALHOST.:443", "address_class"),
    ("a.localhost:443", "address_class"),
    ("private.test:443", "address_class"),
    ("private.ok.test:443", "address_class"),
    ("denied.ok.test:443", "address_denied"),
    ("loop.test:443", "address_class"),
    ("metadata.test:80", "address_class"),
    ("wire.test:80", "address_class"),
    ("link.test:443", "address_class"),
    ("cgnat.test:443", "address_class"),
    ("zero.test:443", "address_class"),
    ("mapped-private.test:443", "address_class"),
    ("nat64.test:443", "address_class"),
    ("nat64-private.test:443", "address_class"),
    ("six-to-four.test:443", "address_class"),
    ("unique-local.test:443", "address_class"),
    ("link6.test:443", "address_class"),
    ("loop6.test:443", "address_class"),
    ("metadata6.test:443", "address_class"),
    ("neither.test:443", "address_class"),
    ("proxy.test:443", "own_address"),
    ("PROXY.test.:22", "own_address"),
    ("193.0.9.9:443", "own_address"),
    ("self.test:443", "own_address"),
    ("[64:ff9b::193.0.9.9]:443", "address_class"),
];

#[test]
fn denied_classes_and_this_proxy_stay_denied() {
    let place = behind(|_| {});
    each(
        DENIED.iter().flat_map(|row| BOTH.map(|by| (row, by))),
        |(row, by)| format!("{by:?} {}", row.0),
        |((target, label), by)| {
            let answer = place.ask_for(*by, "127.0.0.2", target, "");
            ensure!((answer.status, answer.label()) == (403, *label), "{}", answer.record);
            ensure!(answer.record["decision"] == "deny", "{}", answer.record);
            // A name that no rule lets through is noted as such all the same.
            let name = !target.starts_with(|c: char| c.is_ascii_digit() || c == '[');
            let would = &answer.record["would_deny"]["reason"];
            let noted =
                name && !target.contains("ok.test") && !target.to_lowercase().contains("proxy");
            ensure!(*would == if noted { json!("not_allowed") } else { json!(null) }, "{would}");
            Ok(())
        },
    );
    assert_eq!(place.origin.accepts(), 0, "a denied target was reached");
}

/// A mapped answer of a name server is the IPv4 address that it maps, or denied; never more.
#[test]
fn a_mapped_answer_opens_nothing() {
    let place = behind(|_| {});
    for by in BOTH {
        let answer = place.ask_for(by, "127.0.0.2", "mapped.test:443", "");
        assert_eq!((answer.status, answer.label()), (403, "address_class"), "{}", answer.record);
    }
    assert_eq!(place.origin.accepts(), 0);
}

/// Directly, with loopback opened on every port: the proxy's own listeners are not opened with it.
#[test]
fn own_listeners_stay_denied() {
    let place = Place::with(|config| config["mode"] = json!("audit"));
    leads(&place.dns, "localhost", ["127.0.0.1"]);
    for port in [place.proxy.addr.port(), place.proxy.admin().port()] {
        for host in ["127.0.0.1", "127.0.0.7", "all.test", "nobody.test", "localhost"] {
            for by in BOTH {
                let answer = place.ask_for(by, "127.0.0.9", &format!("{host}:{port}"), "");
                // To the listener's own address it is a request for the proxy itself.
                let itself = by == By::Get && port == place.proxy.addr.port();
                let found = (answer.status, answer.label());
                assert!(
                    found == (403, "own_address") || itself && found.0 == 400,
                    "{by:?} {host}:{port}: {}",
                    answer.record
                );
            }
        }
    }
    // Another port of the same address is reached.
    let literal = format!("127.0.0.1:{}", place.origin.port());
    let answer = place.ask_for(By::Connect, "127.0.0.9", &literal, "");
    assert_eq!((answer.status, &answer.record["decision"]), (200, &json!("allow")));
    let answer = place.ask(By::Connect, "127.0.0.9", "nobody", "");
    assert_eq!((answer.status, &answer.record["decision"]), (200, &json!("audit")));
    assert_eq!(answer.record["address_rule"], "allow[2]");
}

/// Each client may have a mode of its own, in either direction.
#[test]
fn a_client_has_its_own_mode() {
    for (global, own) in [("audit", "enforce"), ("enforce", "audit")] {
        let place = Place::with(|config| {
            config["mode"] = json!(global);
            config["clients"][0]["mode"] = json!(own);
        });
        let rows = [
            ("127.0.0.2", String::new(), own),
            ("127.0.0.3", String::new(), global),
            ("127.0.0.9", String::new(), global),
            ("127.0.0.9", users::shown(ADA), global),
        ];
        for ((ip, fields, mode), by) in rows.iter().flat_map(|row| BOTH.map(|by| (row, by))) {
            let audits = *mode == "audit";
            let asked = |host: &str| {
                let answer = place.ask(by, ip, host, fields);
                let decision = answer.record["decision"].as_str().expect("one").to_owned();
                (answer.status, decision, answer.record)
            };
            let (status, decision, _) = asked("nobody");
            let expected = if audits { (200, "audit") } else { (403, "deny") };
            assert_eq!((status, decision.as_str()), expected, "{ip}");
            let (status, decision, record) = asked("banned");
            assert_eq!((status, decision.as_str()), expected, "{ip}");
            let rule = if audits { &record["would_deny"]["rule"] } else { &record["rule"] };
            assert_eq!(*rule, "deny[0]");
            // Its own deny entry is passed over as those of all are.
            let (status, decision, record) = asked("taboo");
            let expected = match (*ip, audits) {
                ("127.0.0.2", true) => (200, "audit"),
                ("127.0.0.2", false) => (403, "deny"),
                _ => (200, "allow"),
            };
            assert_eq!((status, decision.as_str()), expected, "{ip} {record}");
            // Where nothing is denied, nobody is asked who it is.
            let (status, decision, _) = asked("ci");
            let expected = match (*ip, fields.is_empty(), audits) {
                (_, false, _) => (200, "allow"),
                (_, _, true) => (200, "audit"),
                ("127.0.0.2", ..) => (403, "deny"),
                _ => (407, "deny"),
            };
            assert_eq!((status, decision.as_str()), expected, "{ip}");
            let (status, decision, _) = asked("all");
            assert_eq!((status, decision.as_str()), (200, "allow"));
        }
    }
}

/// Credentials that are wrong would be refused: in audit mode that is noted, and whoever shows them
/// is taken for nobody.
#[test]
fn wrong_credentials_pass_and_are_noted() {
    let place = Place::with(|config| {
        config["mode"] = json!("audit");
        config["clients"][3]["mode"] = json!("enforce");
    });
    let [wrong, malformed] =
        [basic("ada", "wrong"), "Proxy-Authorization: Bearer x\r\n".to_owned()];
    for by in BOTH {
        let rows: [(&str, &String, &str, &[&str]); 4] = [
            ("all", &wrong, "credentials_wrong", &[]),
            ("nobody", &wrong, "credentials_wrong", &["not_allowed"]),
            ("ci", &wrong, "credentials_wrong", &["not_allowed"]),
            ("banned", &malformed, "credentials_malformed", &["denied"]),
        ];
        for (host, fields, reason, also) in rows {
            let answer = place.ask(by, "127.0.0.9", host, fields);
            assert_eq!((answer.status, &answer.record["decision"]), (200, &json!("audit")));
            let would = &answer.record["would_deny"];
            assert_eq!((&would["reason"], &would["rule"]), (&json!(reason), &json!(null)));
            let others = would["also"].as_array().cloned().unwrap_or_default();
            assert_eq!(json!(others), json!(also));
            assert!(answer.record["user"].is_null() && answer.record["client_name"].is_null());
            // Who would be an enforced client without them is told.
            let answer = place.ask(by, "127.0.0.3", host, fields);
            assert_eq!((answer.status, answer.label()), (407, reason));
        }
        // What no rule opens stays denied, whoever it is.
        let answer = place.ask_for(by, "127.0.0.9", "10.0.0.1:443", &wrong);
        assert_eq!((answer.status, answer.label()), (403, "address_class"));
    }
    assert_eq!(place.would_deny("credentials_wrong"), 6.0);
    place.keeps_secrets();
}

/// Whoever could log in as a client that is audited is asked to: as that client everything passes
/// that audit mode lets pass.
#[test]
fn a_login_may_lead_to_audit_mode() {
    let place = Place::with(|config| config["clients"][1]["mode"] = json!("audit"));
    for by in BOTH {
        for (host, rule) in [("nobody", json!(null)), ("banned", json!("deny[0]"))] {
            assert_eq!(place.ask(by, "127.0.0.9", host, "").label(), "credentials_missing");
            // From here nobody can.
            assert_eq!(place.ask(by, "127.0.0.2", host, "").status, 403);
            let answer = place.ask(by, "127.0.0.9", host, &users::shown(ADA));
            assert_eq!((answer.status, &answer.record["decision"]), (200, &json!("audit")));
            assert_eq!(answer.record["would_deny"]["rule"], rule);
        }
        for fields in [String::new(), users::shown(ADA)] {
            let answer = place.ask_for(by, "127.0.0.9", "10.0.0.1:443", &fields);
            assert_eq!((answer.status, answer.label()), (403, "address_class"));
        }
    }
}

/// An open tunnel whose bytes are watched at both ends, on a port where TLS is expected.
fn tunnel(place: &Place, host: &str, hello: &[u8]) -> Value {
    let mut client = place.from("127.0.0.9");
    client.send([&place.request(By::Connect, host, "")[..], hello].concat());
    assert_eq!(client.head().unwrap().status, 200);
    // The target sends back what it sees.
    assert!(client.bytes(hello.len()) == hello, "the bytes differ");
    client.fin().ends();
    let address = json!(client.stream.local_addr().unwrap().to_string());
    place.proxy.record("the tunnel's end", |line| line["client"] == address)
}

fn echo() -> Origin {
    Origin::with(|peer| {
        loop {
            let byte = peer.bytes(1)?;
            peer.send(byte)?;
        }
    })
}

#[test]
fn a_client_hello_that_does_not_fit_passes_and_is_noted() {
    let place = Place::of(echo(), |config, port| {
        config["mode"] = json!("audit");
        config["tls"] = json!({"ports": port});
    });
    let hello = |host: &str| Craft::naming(host).bytes();
    let rows: [(&str, Vec<u8>, &str, Value); 6] = [
        ("all", hello("all.test"), "match", json!(null)),
        ("all", hello("evil.test"), "sni_mismatch", json!(["sni_mismatch"])),
        ("all", Craft::nameless().bytes(), "sni_absent", json!(["sni_absent"])),
        ("all", b"SSH-2.0-x\r\n".to_vec(), "sni_not_tls", json!(["sni_not_tls"])),
        ("nobody", hello("nobody.test"), "match", json!(["not_allowed"])),
        ("nobody", hello("evil.test"), "sni_mismatch", json!(["not_allowed", "sni_mismatch"])),
    ];
    for (host, hello, check, reasons) in rows {
        let line = tunnel(&place, host, &hello);
        assert_eq!(
            (&line["tls"]["check"], &line["reason"]),
            (&json!(check), &json!(null)),
            "{line}"
        );
        let would = &line["would_deny"];
        let Some(reasons) = reasons.as_array() else {
            assert_eq!((would, &line["decision"]), (&json!(null), &json!("allow")));
            continue;
        };
        assert_eq!((&would["reason"], &line["decision"]), (&reasons[0], &json!("audit")), "{line}");
        let also = would["also"].as_array().cloned().unwrap_or_default();
        assert_eq!(also, reasons[1..]);
        assert!(would["detail"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(place.would_deny("sni_mismatch"), 2.0);
    assert_eq!(place.would_deny("not_allowed"), 2.0);
    let checked = |outcome: &str| {
        place
            .proxy
            .metric(&format!("pinhole_sni_checks_total{{mode=\"log\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!((checked("sni_mismatch"), checked("match")), (2.0, 2.0));
    let target = format!("nobody.test:{}", place.origin.port());
    let row = place.denied(&target, "connect").unwrap();
    assert_eq!(
        (&row["count"], &row["reasons"]),
        (&json!(2), &json!(["not_allowed", "sni_mismatch"]))
    );
    // Where the check only logs anyway, there is nothing that would be denied.
    let said = place.reload(|config| config["tls"]["sni"] = json!("log"));
    assert_eq!(said, "configuration reloaded");
    let line = tunnel(&place, "all", &hello("evil.test"));
    assert_eq!((&line["would_deny"], &line["decision"]), (&json!(null), &json!("allow")), "{line}");
    assert_eq!(line["tls"]["check"], "sni_mismatch");
    // And where audit mode is over, the tunnel ends.
    assert_eq!(place.reload(|config| config["mode"] = json!("enforce")), "configuration reloaded");
    let mut client = place.from("127.0.0.9");
    client.send([&place.request(By::Connect, "all", "")[..], &hello("evil.test")].concat());
    assert_eq!(client.head().unwrap().status, 200);
    assert_eq!(client.rest().0, [21, 3, 3, 0, 2, 2, 112]);
}

/// A warning at the start and at each reload; what is open when audit mode ends goes on.
#[test]
fn audit_mode_begins_and_ends_with_a_reload() {
    let warned = |place: &Place| {
        let lines = place.proxy.lines();
        let warnings = lines.iter().filter(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let message = line["message"].as_str().unwrap_or_default();
            line["event"] == "warning" && message.starts_with("mode: audit: ")
        });
        warnings.count()
    };
    let place = Place::with(|config| config["mode"] = json!("audit"));
    assert_eq!(warned(&place), 1);
    let asks = |status: u16, decision: &str| {
        for by in BOTH {
            let answer = place.ask(by, "127.0.0.9", "nobody", "");
            assert_eq!((answer.status, &answer.record["decision"]), (status, &json!(decision)));
        }
    };
    asks(200, "audit");
    let mut open = place.from("127.0.0.9");
    open.send(place.request(By::Connect, "nobody", ""));
    assert_eq!(open.head().unwrap().status, 200);
    let mut kept = place.from("127.0.0.9");
    kept.send(place.request(By::Get, "nobody", ""));
    assert_eq!(kept.response().status, 200);
    assert_eq!(place.reload(|config| config["mode"] = json!("enforce")), "configuration reloaded");
    asks(403, "deny");
    // On a connection that is older, too.
    kept.send(place.request(By::Get, "nobody", ""));
    assert_eq!(kept.response().status, 403);
    kept.ends();
    open.send("GET /within HTTP/1.1\r\nHost: within\r\n\r\n");
    assert_eq!(open.response().text(), "GET /within HTTP/1.1");
    assert_eq!(warned(&place), 1);
    assert_eq!(place.reload(|_| {}), "configuration reloaded");
    assert_eq!(warned(&place), 2);
    asks(200, "audit");
    // Clients that are audited alone are named; where all enforce, nobody is warned.
    let some = Place::with(|config| {
        for i in [0, 2] {
            config["clients"][i]["mode"] = json!("audit");
        }
    });
    let says = |place: &Place, text: &str| place.proxy.lines().iter().any(|l| l.contains(text));
    assert_eq!(warned(&some), 0);
    assert!(says(&some, "mode: audit for pods, both: "));
    assert_eq!(some.reload(|config| config["clients"] = json!([])), "configuration reloaded");
    let quiet = Place::new();
    assert!(!says(&quiet, "mode: audit"));
}

/// An empty allowlist is nothing to be warned of in audit mode: that is how one begins.
#[test]
fn auditing_with_no_rules_at_all() {
    let place = behind(|config| {
        for list in ["allow", "deny"] {
            config[list] = json!([]);
        }
    });
    for (target, _, _, _, _) in PASSING {
        let record = place.ask_for(By::Connect, "127.0.0.2", target, "").record;
        let ip = target.starts_with(|c: char| c.is_ascii_digit() || c == '[');
        let reason = if ip { "literal_not_allowed" } else { "not_allowed" };
        assert_eq!(
            (&record["decision"], &record["would_deny"]["reason"]),
            (&json!("audit"), &json!(reason))
        );
    }
    assert!(!place.proxy.lines().iter().any(|line| line.contains("allowlist is empty")));
}

/// Where a parent resolves names, it resolves those that a rule allows. Others that audit mode
/// lets pass are resolved and judged here, and so are literals.
#[test]
fn what_no_rule_vouches_for_is_judged_here() {
    let place = behind(|config| config["parent"]["resolve"] = json!("parent"));
    let denied = DENIED.iter().filter(|row| !row.0.contains(".ok.test"));
    for ((target, label), by) in denied.flat_map(|row| BOTH.map(|by| (row, by))) {
        let answer = place.ask_for(by, "127.0.0.2", target, "");
        assert_eq!((answer.status, answer.label()), (403, *label), "{target}");
    }
    assert_eq!(place.origin.accepts(), 0);
    for (target, asked, reason) in [
        ("none.test:443", "193.0.0.1:443", Some("not_allowed")),
        ("mixed.test:443", "193.0.0.1:443", Some("not_allowed")),
        ("to.test:443", "193.0.2.9:443", Some("not_allowed")),
        ("bad.ok.test:443", "193.0.0.1:443", Some("denied")),
        ("ok.test:22", "193.0.0.1:22", Some("port_not_allowed")),
        ("193.0.0.7:443", "193.0.0.7:443", Some("literal_not_allowed")),
        ("ok.test:443", "ok.test:443", None),
        ("private.ok.test:443", "private.ok.test:443", None),
    ] {
        let answer = place.ask_for(By::Connect, "127.0.0.2", target, "");
        assert_eq!((answer.status, &answer.record["would_deny"]["reason"]), (200, &json!(reason)));
        asked_for(&place, By::Connect, asked).unwrap();
    }
}

/// Nobody gets by an audit what an answer of another kind withholds: malformed requests, loops and
/// limits are what they are.
#[test]
fn audit_mode_passes_over_rules_alone() {
    let place = Place::with(|config| {
        config["mode"] = json!("audit");
        config["clients"][0]["limits"] = json!({"connections": 1});
        config["client_no_proxy"] = json!("stray.test");
        config["strays"] = json!("refuse");
    });
    let sent: [(&[u8], u16); 6] = [
        (b"CONNECT stray.test:443 HTTP/1.1\r\nHost: stray.test\r\n\r\n", 403),
        (b"CONNECT evil HTTP/1.1\r\nHost: evil\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", 400),
        (b"GET http://u:p@evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n", 400),
        (b"BREW http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n", 405),
        (b"CONNECT missing.test:443 HTTP/1.1\r\nHost: missing.test\r\n\r\n", 502),
    ];
    for (bytes, status) in sent {
        let mut client = place.from("127.0.0.9");
        client.send(bytes);
        assert_eq!(client.response().status, status);
    }
    let held: (Client, u16) = {
        let mut client = place.from("127.0.0.2");
        client.send(request(By::Get, &format!("nobody.test:{}", place.origin.port()), ""));
        let status = client.response().status;
        (client, status)
    };
    assert_eq!(held.1, 200);
    assert_eq!(place.ask(By::Get, "127.0.0.2", "nobody", "").label(), "client_connections");
    // A name that does not exist would have been denied, and could not be reached.
    let line = place.proxy.record("it failed", |line| line["target"] == "missing.test:443");
    assert_eq!((&line["decision"], &line["reason"]), (&json!("audit"), &json!("dns_not_found")));
    assert_eq!(line["would_deny"]["reason"], "not_allowed");
}
