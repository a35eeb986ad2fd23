//! Where the check does not hold, and where it only logs.

use serde_json::{Value, json};

use crate::craft::{Craft, ECH, NAMELESS, REAL, ech};
use crate::place::{Ends, Place, Told};
use crate::support::client::Ending;
use crate::support::{each, ensure};

const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.9p1\r\n";

/// As ssh goes: both sides send their banners at once, and wait for the other's. Hands out the
/// log line of a tunnel in which the target's came first.
fn carries_ssh(place: &Place) -> Value {
    let [line, ..] = [Turn::Target, Turn::Client, Turn::Both].map(|turn| {
        let mut ends = place.open();
        if turn != Turn::Client {
            ends.target.send(BANNER);
        }
        if turn == Turn::Target {
            assert_eq!(ends.client.bytes(BANNER.len()), BANNER);
        }
        ends.client.send(BANNER);
        assert_eq!(ends.target.bytes(BANNER.len()), BANNER);
        if turn == Turn::Client {
            ends.target.send(BANNER);
        }
        if turn != Turn::Target {
            assert_eq!(ends.client.bytes(BANNER.len()), BANNER);
        }
        ends.carries(b"").unwrap();
        ends.client.fin();
        ends.target.ends_unspoken();
        ends.target.fin();
        ends.client.ends();
        let line = place.record(ends.address());
        let moved = (line["up"].as_u64(), line["down"].as_u64());
        assert_eq!((line["end"].as_str(), moved), (Some("closed"), (Some(30), Some(32))), "{line}");
        line
    });
    line
}

/// Whose banner comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Target,
    Client,
    Both,
}

/// Nobody looks: not at a port that is none of `tls.ports`, not with `sni: off`, not where the
/// entry says so.
#[test]
fn where_nobody_looks() {
    let host =
        |tls: &'static str| move |config: &mut Value, _| config["allow"][0]["tls"] = json!(tls);
    let places = [
        ("another port", Place::with(|config, _| config["tls"] = json!({}))),
        (
            "other ports",
            Place::with(|config, port| {
                config["tls"] = json!({"ports": [443, port - 1, port + 1]});
            }),
        ),
        ("off", Place::checking("sni", "off")),
        ("the entry", Place::with(host("off"))),
    ];
    for (name, place) in places {
        let line = carries_ssh(&place);
        assert!(line["tls"].is_null(), "{name}: {line}");
        assert_eq!(place.checks("", ""), 0.0);
        place.is_empty();
    }
}

/// An entry's word holds against the port's, both ways, for its own targets.
#[test]
fn what_an_entry_says() {
    let place = Place::with(|config, port| {
        config["tls"] = json!({"ports": 443});
        let allow = config["allow"].as_array_mut().unwrap();
        for entry in allow.iter_mut() {
            match entry["host"].as_str() {
                Some("ok.test") => entry["tls"] = json!("enforce"),
                Some("other.test") => entry["tls"] = json!("log"),
                _ => {}
            }
        }
        allow.push(json!({"host": "sentinel.test", "ports": port, "tls": "off"}));
    });
    let wrong = Craft::naming("wrong.test").bytes();
    place.open_to("ok.test", &[]).send(&wrong, 1000).fails(Told::Alert(112)).unwrap();
    for (host, checked) in [
        ("other.test", json!("sni_mismatch")),
        ("sentinel.test", json!(null)),
        ("127.0.0.1", json!(null)),
    ] {
        let mut ends = place.open_to(host, &[]);
        ends.client.send(&wrong);
        ends.carries(&wrong).unwrap();
        let from = ends.address();
        drop(ends);
        let line = place.record(from);
        assert_eq!(line["tls"]["check"], checked, "{line}");
    }
}

/// Where the check only logs, everything goes through as it came, and the log says what it was.
#[test]
fn log_only() {
    let place = Place::checking("sni", "log");
    let rows = [
        ("ok.test", REAL[0].1.to_vec(), "match", None),
        ("ok.test", Craft::naming("other.test").bytes(), "sni_mismatch", Some("other.test")),
        ("ok.test", NAMELESS.to_vec(), "sni_absent", None),
        ("127.0.0.1", Craft::naming("ok.test").bytes(), "sni_mismatch", Some("ok.test")),
        ("ok.test", Craft::naming("a\x07.test").bytes(), "sni_malformed", Some("a\\x07.test")),
        ("ok.test", BANNER.to_vec(), "sni_not_tls", None),
        ("ok.test", b"\x16\x03\x01\x00\x00x".to_vec(), "sni_malformed", None),
        ("ok.test", vec![0; 100_000], "sni_not_tls", None),
    ];
    each(
        &rows,
        |row| format!("{} {}", row.2, row.0),
        |(host, bytes, label, name)| {
            for early in [0, bytes.len().min(1000)] {
                let mut ends = place.open_to(host, &bytes[..early]);
                ends.client.send(&bytes[early..]);
                ends.carries(bytes)?;
                ends.client.fin();
                ends.target.ends_unspoken();
                ends.target.fin();
                ends.client.ends();
                let line = place.record(ends.address());
                let found = (
                    &line["end"],
                    &line["reason"],
                    &line["tls"]["check"],
                    line["tls"]["sni"].as_str(),
                );
                ensure!(found == (&json!("closed"), &json!(null), &json!(label), *name), "{line}");
                ensure!(line["up"].as_u64() == Some(bytes.len() as u64 + 7), "{line}");
                ensure!(line["detail"].is_null() == (*label == "match"), "{line}");
            }
            Ok(())
        },
    );
    for (label, count) in [
        ("match", 2.0),
        ("sni_mismatch", 4.0),
        ("sni_absent", 2.0),
        ("sni_malformed", 4.0),
        ("sni_not_tls", 4.0),
    ] {
        assert_eq!(place.checks("log", label), count, "{label}");
    }
    assert_eq!(place.proxy.outcomes()["connect closed"], 2 * rows.len());
    place.is_empty();
}

/// No protocol waits for the check where it only logs.
#[test]
fn log_only_waits_for_nobody() {
    let place = Place::checking("sni", "log");
    let line = carries_ssh(&place);
    assert_eq!(line["tls"]["check"], "sni_target_first", "{line}");
    // Neither side says more: what there is goes on all the same, after a while.
    for sent in [&b"\x16"[..], &Craft::naming("ok.test").bytes()[..100]] {
        let mut ends = place.open();
        ends.client.send(sent);
        ends.carries(sent).unwrap();
        let from = ends.address();
        drop(ends);
        assert_eq!(place.record(from)["tls"]["check"], "sni_timeout");
    }
    // Ends are passed on as ever.
    let Ends { mut client, mut target, .. } = place.open();
    client.fin();
    target.ends_unspoken();
    target.send(b"answer");
    target.fin();
    assert_eq!(client.rest(), (b"answer".to_vec(), Ending::Fin));
    let Ends { mut client, mut target, .. } = place.open();
    target.fin();
    client.ends();
    client.send(BANNER).fin();
    assert_eq!(target.bytes(BANNER.len()), BANNER);
    target.ends_unspoken();
    let Ends { mut client, mut target, .. } = place.open();
    client.send(&BANNER[..3]).fin();
    assert_eq!(target.bytes(3), b"SSH");
    target.ends_unspoken();
    drop((client, target));
    let Ends { client, mut target, .. } = place.open();
    client.reset();
    target.is_reset_unspoken().unwrap();
    let Ends { mut client, target, .. } = place.open();
    target.reset();
    assert_eq!(client.rest(), (Vec::new(), Ending::Reset));
    place.is_empty();
}

/// The extension is refused, real or GREASE, or its outer name counts.
#[test]
fn encrypted_hello() {
    let hides = |name: &str| Craft::naming(name).with(ECH, ech()).bytes();
    let greases =
        REAL.iter().filter(|row| ["chrome", "firefox"].iter().any(|c| row.0.starts_with(c)));
    let greases: Vec<&[u8]> = greases.map(|row| row.1).collect();
    assert_eq!(greases.len(), 2);
    let place = Place::checking("ech", "allow");
    for bytes in greases.iter().copied().chain([&hides("ok.test")[..]]) {
        place.open_to("ok.test", bytes).carries(bytes).unwrap();
        place.open_to("other.test", bytes).fails(Told::Alert(112)).unwrap();
    }
    let place = Place::checking("ech", "refuse");
    for bytes in greases.iter().copied().chain([&hides("ok.test")[..]]) {
        for host in ["ok.test", "other.test"] {
            let mut ends = place.open_to(host, bytes);
            ends.fails(Told::Alert(49)).unwrap();
            let line = place.record(ends.address());
            assert_eq!((&line["end"], &line["tls"]["sni"]), (&json!("sni_ech"), &json!("ok.test")));
        }
    }
    assert_eq!(place.checks("enforce", "sni_ech"), 6.0);
    for (client, bytes) in REAL.iter().filter(|row| !greases.contains(&row.1)) {
        place
            .open_to("ok.test", bytes)
            .carries(bytes)
            .unwrap_or_else(|why| panic!("{client}: {why}"));
    }
}

/// A tunnel keeps the rules that it was granted under, while it waits, too.
#[test]
fn a_reload() {
    let place = Place::new();
    let port = place.port;
    let mut before = place.open();
    before.client.send(&BANNER[..0]);
    place.reload(json!({"ports": port, "sni": "off"}));
    carries_ssh(&place);
    before.send(BANNER, 100).fails(Told::Reset).unwrap();
    place.reload(json!({"ports": [443]}));
    carries_ssh(&place);
    let mut without = place.open();
    place.reload(json!({"ports": port}));
    place.open().send(BANNER, 100).fails(Told::Reset).unwrap();
    without.client.send(BANNER);
    without.carries(BANNER).unwrap();
    place.is_empty_but(1);
}

/// The check is one of tunnels: plain HTTP on such a port is forwarded.
#[test]
fn plain_http() {
    let place = Place::new();
    let port = place.port;
    let answered = std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let mut client = place.proxy.client();
            client.send(format!(
                "GET http://ok.test:{port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            ));
            client.response().text()
        });
        place.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        asked.join().unwrap()
    });
    assert_eq!(answered, "ok");
}
