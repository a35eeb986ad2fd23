use serde_json::{Value, json};

use super::*;
use crate::suggest::given::{self, line};

/// What is needed: names and addresses with their ports; then what cannot be cured.
fn of_log(log: &[String], config: Option<&str>) -> (Vec<String>, Vec<String>, usize) {
    let seen = given::seen(log, config);
    assert_eq!(seen.strange_lines, 0);
    let needs = of(&seen);
    let names = needs.names.iter().map(|(name, ports)| format!("{name} {:?}", ports.keys()));
    let addresses = needs.addresses.iter().map(|(ip, ports)| format!("{ip} {:?}", ports.keys()));
    let incurable = needs.incurable.iter().map(|(asked, why)| format!("{} {why}", asked.target));
    let sni = needs.sni.iter().map(|asked| format!("{} sni", asked.target));
    (names.chain(addresses).collect(), incurable.chain(sni).collect(), needs.allowed)
}

fn audit(reason: &str, rule: Value) -> Value {
    json!({"decision": "audit", "reason": null, "would_deny": {"reason": reason, "rule": rule}})
}

#[test]
fn what_is_denied_takes_an_entry_or_cannot_be_cured() {
    let rows: Vec<(String, &[&str], &[&str])> = vec![
        (line("a.test:443", "not_allowed", json!({})), &["a.test [443]"], &[]),
        (line("a.test:22", "port_not_allowed", json!({})), &["a.test [22]"], &[]),
        (line("a.test:443", "", audit("not_allowed", json!(null))), &["a.test [443]"], &[]),
        (line("193.0.0.1:443", "literal_not_allowed", json!({})), &["193.0.0.1 [443]"], &[]),
        (line("10.0.0.1:22", "port_not_allowed", json!({})), &["10.0.0.1 [22]"], &[]),
        (line("10.0.0.1:443", "address_class", json!({})), &["10.0.0.1 [443]"], &[]),
        (line("[fd00::1]:443", "address_class", json!({})), &["fd00::1 [443]"], &[]),
        (line("100.64.0.1:443", "address_class", json!({})), &["100.64.0.1 [443]"], &[]),
        (line("127.0.0.1:443", "address_class", json!({})), &[], &["loopback"]),
        (line("169.254.169.254:80", "address_class", json!({})), &[], &["metadata"]),
        (line("[::ffff:10.0.0.1]:443", "address_class", json!({})), &[], &["ipv4-mapped"]),
        (line("192.0.2.1:443", "literal_not_allowed", json!({})), &[], &["documentation"]),
        (
            line("a.test:443", "address_class", json!({"address": "10.0.0.1", "rule": "allow[0]"})),
            &["10.0.0.1 [443]"],
            &[],
        ),
        (
            line(
                "a.test:443",
                "address_class",
                json!({"address": "10.0.0.1",
                "would_deny": {"reason": "not_allowed", "rule": null}}),
            ),
            &["a.test [443]", "10.0.0.1 [443]"],
            &[],
        ),
        (
            line("a.test:443", "address_class", json!({"address": "169.254.169.254"})),
            &[],
            &["it leads to 169.254.169.254: a metadata service"],
        ),
        (
            line(
                "a.test:443",
                "address_class",
                json!({"address": "::1",
                "would_deny": {"reason": "not_allowed", "rule": null}}),
            ),
            &["a.test [443]"],
            &["it leads to ::1: of the class loopback"],
        ),
        (line("a.test:443", "address_class", json!({})), &[], &["explain --resolve"]),
        (
            line("a.test:443", "address_denied", json!({"address": "10.0.0.1", "rule": "deny[3]"})),
            &[],
            &["it leads to 10.0.0.1: denied by deny[3]"],
        ),
        (
            line("a.test:443", "own_address", json!({"address": "10.0.0.1", "rule": "allow[0]"})),
            &[],
            &["it leads to 10.0.0.1: it is this proxy itself"],
        ),
        (line("a.test:443", "denied", json!({"rule": "deny[0]"})), &[], &["denied by deny[0]"]),
        (line("a.test:443", "", audit("denied", json!("deny[0]"))), &[], &["denied by deny[0]"]),
        (line("10.0.0.1:443", "address_denied", json!({"rule": "deny[0]"})), &[], &["by deny[0]"]),
        (line("a.test:443", "own_address", json!({})), &[], &["this proxy itself"]),
        (line("10.0.0.1:443", "own_address", json!({})), &[], &["this proxy itself"]),
        (line("a.test:443", "stray", json!({})), &[], &["client_no_proxy"]),
        (line("a.test:443", "later", json!({})), &[], &["another reason (later)"]),
        (line("a.test:443", "sni_absent", json!({"decision": "allow"})), &[], &["sni"]),
        (line("10.0.0.1:443", "sni_mismatch", json!({"decision": "allow"})), &[], &["sni"]),
    ];
    for (line, needed, incurable) in rows {
        let (found, other, allowed) = of_log(std::slice::from_ref(&line), None);
        assert_eq!(
            (&found[..], allowed),
            (&needed.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..], 0),
            "{line}"
        );
        assert_eq!(other.len(), incurable.len(), "{other:?}: {line}");
        for (found, part) in other.iter().zip(incurable) {
            assert!(found.contains(part), "{found} has no {part}");
        }
    }
}

/// What one target says of an address holds for every other that leads there.
#[test]
fn an_address_that_is_shut_stays_shut_for_all() {
    for (target, reason, stays) in [
        ("b.test:443", "own_address", "proxy itself"),
        ("b.test:443", "address_denied", "deny[1]"),
        ("10.0.0.1:443", "own_address", "proxy itself"),
        ("10.0.0.1:443", "address_denied", "deny[1]"),
        // On another port something else answers.
        ("b.test:80", "own_address", ""),
    ] {
        let log = [
            line("a.test:443", "address_class", json!({"address": "10.0.0.1"})),
            line(target, reason, json!({"address": "10.0.0.1", "rule": "deny[1]"})),
        ];
        for log in [log.clone(), [log[1].clone(), log[0].clone()]] {
            let (needed, incurable, _) = of_log(&log, None);
            assert_eq!(needed.is_empty(), !stays.is_empty(), "{target} {reason}");
            let of_a = incurable.iter().find(|one| one.starts_with("a.test"));
            assert!(of_a.map_or(stays.is_empty(), |one| one.contains(stays)), "{incurable:?}");
        }
    }
}

#[test]
fn what_the_configuration_says_by_now_counts() {
    let config = "{self: self.test, listen: '10.0.0.9:3128', allow: [{host: a.test}, {host: '*.a.test', \
         ports: 8443}, {network: 10.0.0.1, ports: 443}], deny: [{host: bad.test}, {network: 10.0.0.66}]}";
    let plain = |target: &str, reason: &str| line(target, reason, json!({}));
    let leading = |address: &str, target: &str| {
        line(target, "address_class", json!({"address": address, "rule": "allow[0]"}))
    };
    let rows: Vec<(String, &[&str], &[&str], usize)> = vec![
        (plain("a.test:443", "not_allowed"), &[], &[], 1),
        (plain("a.test:443", "denied"), &[], &[], 1),
        (plain("x.a.test:443", "not_allowed"), &["x.a.test [443]"], &[], 0),
        (plain("x.a.test:8443", "not_allowed"), &[], &[], 1),
        (plain("bad.test:443", "not_allowed"), &[], &["deny[0], line 1 (host bad.test)"], 0),
        (plain("self.test:443", "not_allowed"), &[], &["proxy itself"], 0),
        (plain("10.0.0.1:443", "address_class"), &[], &[], 1),
        (plain("10.0.0.1:80", "address_class"), &["10.0.0.1 [80]"], &[], 0),
        (plain("10.0.0.66:80", "address_class"), &[], &["deny[1]"], 0),
        (plain("10.0.0.9:3128", "address_class"), &[], &["proxy itself"], 0),
        (leading("10.0.0.1", "a.test:443"), &[], &[], 1),
        (leading("10.0.0.2", "a.test:443"), &["10.0.0.2 [443]"], &[], 0),
        (leading("10.0.0.66", "a.test:443"), &[], &["leads to 10.0.0.66: denied by deny[1]"], 0),
        (leading("10.0.0.9", "a.test:3128"), &["a.test [3128]"], &["proxy itself"], 0),
        // By other rules its name was allowed.
        (leading("10.0.0.2", "b.test:443"), &["b.test [443]", "10.0.0.2 [443]"], &[], 0),
        (
            line("b.test:443", "sni_absent", json!({"decision": "allow"})),
            &["b.test [443]"],
            &["sni"],
            0,
        ),
        // What was denied for good is not suggested because the rules say nothing of it.
        (line("b.test:443", "denied", json!({"rule": "deny[7]"})), &[], &["deny[7]"], 0),
        (plain("b.test:443", "own_address"), &[], &["proxy itself"], 0),
        (plain("b.test:443", "stray"), &[], &["client_no_proxy"], 0),
        (plain("b.test:443", "later"), &[], &["another reason"], 0),
        // The proxy found itself there, which no rules can tell.
        (plain("10.0.0.1:443", "own_address"), &[], &["proxy itself"], 0),
        (plain("a.test:443", "own_address"), &[], &["proxy itself"], 0),
    ];
    for (line, needed, incurable, left_out) in rows {
        let (found, other, allowed) = of_log(std::slice::from_ref(&line), Some(config));
        assert_eq!(found, needed, "{line}");
        assert_eq!(allowed, left_out, "{line}");
        assert_eq!(other.len(), incurable.len(), "{other:?}: {line}");
        for (found, part) in other.iter().zip(incurable) {
            assert!(found.contains(part), "{found} has no {part}");
        }
    }
}
