use serde_json::json;

use super::given::{authority, entries, hosts, line, not_allowed, policy, suggested};
use super::*;

fn added(target: &str, reason: &str) -> Vec<String> {
    to_add(&authority(target), reason)
}

#[test]
fn what_to_add_for_one_target() {
    let python = &hosts("python")[0];
    assert_eq!(added("a.test:443", "not_allowed"), ["- host: a.test", "  ports: 443"]);
    assert_eq!(added("a.test:22", "port_not_allowed"), ["- host: a.test", "  ports: 22"]);
    assert_eq!(
        added(&format!("{python}:443"), "not_allowed"),
        ["- preset: python", "# or this alone:", &format!("- host: {python}"), "  ports: 443"]
    );
    assert_eq!(
        added(&format!("{python}:22"), "not_allowed"),
        [format!("- host: {python}"), "  ports: 22".to_owned()]
    );
    let private = added("10.1.2.3:443", "address_class");
    assert!(private[0].starts_with("# REVIEW: an address of the class private"), "{private:?}");
    assert_eq!(private[1..], ["- network: 10.1.2.3/32", "  ports: 443"]);
    let wide = added("my.duckdns.org:443", "not_allowed");
    assert!(wide[0].starts_with("# REVIEW: "), "{wide:?}");
    for (target, reason) in [
        ("a.test:443", "denied"),
        ("a.test:443", "own_address"),
        ("a.test:443", "address_class"),
        ("a.test:443", "address_denied"),
        ("a.test:443", "stray"),
        ("a.test:443", "sni_absent"),
        ("a.test:443", "allowed"),
        ("a.test:443", "\n"),
        ("10.0.0.1:443", "address_denied"),
        ("10.0.0.1:443", "own_address"),
        ("127.0.0.1:443", "address_class"),
        ("169.254.169.254:80", "address_class"),
        ("192.0.2.1:80", "literal_not_allowed"),
    ] {
        assert_eq!(added(target, reason), [""; 0], "{target} {reason}");
    }
}

/// Taken over whole, the lines are a configuration that allows the target.
#[test]
fn what_to_add_is_enough() {
    let ssm = hosts("aws-ssm")[0].replace("{region}", "eu-west-3");
    let python = &hosts("python")[0];
    for (target, reason) in [
        ("null:443", "not_allowed"),
        ("a.test:22", "port_not_allowed"),
        ("8.8.8.8:443", "literal_not_allowed"),
        ("[fd00::1]:443", "address_class"),
        (&format!("{python}:443"), "not_allowed"),
        (&format!("{ssm}:443"), "not_allowed"),
    ] {
        let lines: String =
            added(target, reason).iter().map(|line| format!("  {line}\n")).collect();
        let rules = policy(&format!("allow:\n{lines}"));
        assert!(rules.decide(policy::Who::OTHER, &authority(target)).is_ok(), "{target}:\n{lines}");
    }
}

#[test]
fn the_suggestion_added_leaves_nothing_to_suggest() {
    let hosts = hosts("python");
    let log = [
        not_allowed(hosts.iter().map(|host| format!("{host}:443"))),
        not_allowed((0..7).map(|i| format!("n{i}.site.test:8443"))),
        not_allowed(["null:1", "a.test:443", "a.test:80"]),
        vec![
            line("10.0.0.1:22", "address_class", json!({})),
            line(
                "b.test:443",
                "address_class",
                json!({"address": "fd00::1", "would_deny": {"reason": "not_allowed", "rule": null}}),
            ),
        ],
    ]
    .concat();
    let first = suggested(&log, None);
    assert!(!entries(&first).is_empty());
    let second = suggested(&log, Some(&first));
    assert!(second.contains("\nallow: []\n"), "{second}");
    let targets = hosts.len() + 7 + 3 + 2;
    assert!(
        second.contains(&format!("# {targets} targets which the configuration allows")),
        "{second}"
    );
    assert!(!second.contains("nothing used"), "{second}");
}

/// Hosts of several kinds, of which each is compared with everything: quadratic work would not end.
#[test]
fn a_large_table_is_worked_through() {
    let hosts = (0..20_000).map(|i| match i % 4 {
        0 => format!("node{i}.site{}.test:443", i / 60),
        1 => format!("{i:x}f3a9c1e7b5d2f8a6c4e0.evil.test:443"),
        2 => format!("bucket{i}.s3.eu-west-3.amazonaws.com:443"),
        _ => format!("a{i}.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.test:443"),
    });
    let text = suggested(&not_allowed(hosts), None);
    assert!(text.contains("20000 targets, 20000 denials"), "{}", &text[..200]);
    // Fifteen nodes of each site, and all those deep below a `z.test`, are one entry each.
    let entries = entries(&text);
    assert_eq!(entries.len(), 5_000 + 5_000 + 20_000_usize.div_ceil(60) + 1);
}
