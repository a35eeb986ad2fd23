use std::net::SocketAddr;
use std::time::Instant;

use super::*;
use crate::record::{Decision, RequestIds};

fn record(client: &str, target: &str, reason: &'static str) -> Box<Record> {
    let client: SocketAddr = client.parse().unwrap();
    let mut record = Record::new(RequestIds::default().next(), client, Instant::now());
    record.method = Some("CONNECT");
    record.target = Some(target.to_owned());
    record.decision = Some(Decision::Deny);
    record.reason = Some(reason);
    record.ended()
}

fn rows(denials: &Denials) -> serde_json::Value {
    serde_json::to_value(denials.rows()).unwrap()
}

#[test]
fn what_was_denied_stands_there_with_who_wanted_it_and_why() {
    let denials = Denials::default();
    denials.note(&record("10.0.0.1:1", "a.test:443", "not_allowed"));
    let mut named = record("10.0.0.2:1", "a.test:443", "address_class");
    named.client_name = Some("ci".into());
    named.address = Some("10.9.9.9".parse().unwrap());
    denials.note(&named);
    denials.note(&record("10.0.0.1:7", "b.test:443", "denied"));
    // What is not about rules, and what is let through, does not.
    for reason in ["malformed", "connect_refused", "credentials_wrong", "stray", "draining"] {
        denials.note(&record("10.0.0.1:1", "c.test:443", reason));
    }
    let mut forward = record("10.0.0.1:1", "a.test:80", "port_not_allowed");
    forward.method = Some("GET");
    denials.note(&forward);
    let mut audited = record("10.0.0.3:1", "d.test:443", "unused");
    (audited.reason, audited.decision) = (None, None);
    audited.would_deny("not_allowed", String::new(), None);
    audited.would_deny("sni_mismatch", String::new(), None);
    audited.would_deny("sni_mismatch", String::new(), None);
    denials.note(&audited);
    let rows = rows(&denials);
    let targets = rows["targets"].as_array().unwrap();
    let short: Vec<String> = targets
        .iter()
        .map(|row| {
            format!("{} {} {} {}", row["target"], row["method"], row["count"], row["reasons"])
        })
        .collect();
    assert_eq!(
        short,
        [
            r#""a.test:443" "connect" 2 ["not_allowed","address_class"]"#,
            r#""d.test:443" "connect" 1 ["not_allowed","sni_mismatch"]"#,
            r#""a.test:80" "forward" 1 ["port_not_allowed"]"#,
            r#""b.test:443" "connect" 1 ["denied"]"#,
        ]
    );
    let first = &targets[0];
    assert_eq!(first["clients"], serde_json::json!(["10.0.0.1", "10.0.0.2"]));
    assert_eq!(first["names"], serde_json::json!(["ci"]));
    assert_eq!(first["addresses"], serde_json::json!(["10.9.9.9"]));
    assert_eq!(rows["forgotten"], 0);
}

/// A million targets that nobody needs take the room of a few thousand, and leave those alone that
/// are asked for again and again.
#[test]
fn a_flood_of_targets_changes_no_bound() {
    let denials = Denials::default();
    for _ in 0..3 {
        denials.note(&record("10.0.0.1:1", "wanted.test:443", "not_allowed"));
    }
    let mut flood = record("10.0.0.2:1", "", "not_allowed");
    for i in 0..1_000_000u32 {
        flood.target = Some(format!("x{i}.test:443"));
        flood.client.set_ip(std::net::Ipv4Addr::from_bits(0x0a00_0000 + i).into());
        denials.note(&flood);
    }
    for i in 0..1000u32 {
        let mut wanted = record("10.0.0.1:1", "wanted.test:443", "not_allowed");
        wanted.client.set_ip(std::net::Ipv4Addr::from_bits(i).into());
        denials.note(&wanted);
    }
    let table = denials.lock();
    assert_eq!((table.entries.len(), table.order.len()), (MAX_TARGETS, MAX_TARGETS));
    assert_eq!(table.forgotten, 1_000_001 - MAX_TARGETS as u64);
    drop(table);
    let first = &rows(&denials)["targets"][0];
    assert_eq!((&first["target"], &first["count"]), (&"wanted.test:443".into(), &1003.into()));
    assert_eq!(first["clients"].as_array().unwrap().len(), MAX_EACH);
    assert_eq!(first["more_clients"], true);
}
