use policy::Reason as Denial;
use serde_json::{Value, json};

use super::*;
use crate::suggest::given::{authority, rules};
use crate::suggest::suggestion;

fn row(target: &str, keys: Value) -> Value {
    let mut row = json!({
        "target": target,
        "method": "connect",
        "count": 3,
        "first": "2026-09-01T10:00:00Z",
        "last": "2026-09-02T10:00:00Z",
        "reasons": ["not_allowed"],
        "clients": ["10.0.0.5"],
        "names": ["build"],
        "more_clients": false,
        "addresses": [],
    });
    for (key, value) in keys.as_object().expect("keys") {
        row[key] = value.clone();
    }
    row
}

fn page(targets: Value, used: Value) -> Vec<u8> {
    let since = "2026-08-01T00:00:00.5Z";
    let page = json!({"since": since, "forgotten": 12, "targets": targets, "rules": used});
    page.to_string().into_bytes()
}

#[test]
fn the_page_is_read() {
    let mut seen = Seen::new(None);
    let targets = json!([
        row("a.test:443", json!({})),
        row(
            "a.test:443",
            json!({"method": "forward", "count": 2, "clients": ["10.0.0.6"],
            "last": "2026-09-03T10:00:00Z"})
        ),
        row(
            "b.test:443",
            json!({"reasons": ["address_class", "not_allowed"],
            "addresses": ["10.0.0.1", "fd00::1", "x"], "more_clients": true})
        ),
        row("10.0.0.1:443", json!({"reasons": ["address_class"], "addresses": ["10.0.0.1"]})),
        row("[fd00::1]:443", json!({"reasons": ["literal_not_allowed"], "later": {"x": []}})),
    ]);
    read(&page(targets, json!([])), &mut seen).unwrap();
    assert_eq!((seen.targets.len(), seen.strange_targets, seen.forgotten), (4, 0, 12));
    assert_eq!(seen.since, parse_time("2026-08-01T00:00:00.5Z"));
    let a = &seen.targets[&authority("a.test:443")];
    assert_eq!((a.count, a.clients.len(), a.names.len(), a.more_clients), (5, 2, 1, false));
    assert_eq!(
        (a.first, a.last),
        (parse_time("2026-09-01T10:00:00Z"), parse_time("2026-09-03T10:00:00Z"))
    );
    let b = &seen.targets[&authority("b.test:443")];
    let class = || Reason::Rules(Denial::AddressClass);
    let led = ["10.0.0.1", "fd00::1"].map(|ip| (ip.parse().unwrap(), class()));
    assert_eq!((&b.addresses[..], b.more_clients), (&led[..], true));
    assert!(seen.targets[&authority("10.0.0.1:443")].addresses.is_empty());
}

#[test]
fn what_is_no_target_is_counted_and_no_page_is_an_error() {
    let rows = json!([
        row("a.test:443\nallow: []", json!({})),
        row("a.test", json!({})),
        row("", json!({})),
        row("b.test:443", json!({"reasons": []})),
        row("b.test:443", json!({"reasons": ["Not a reason\n"]})),
        row(
            "c.test:443",
            json!({"names": ["x\n  - host: evil.test"], "clients": ["\n"], "first": "\n"})
        ),
    ]);
    let mut seen = Seen::new(None);
    read(&page(rows, json!([{"rule": "\n", "count": 1}])), &mut seen).unwrap();
    assert_eq!((seen.targets.len(), seen.strange_targets), (1, 5));
    let text = suggestion(&seen);
    assert!(!text.contains("\n  - host: evil.test"), "{text}");
    assert!(text.contains("by x\\n  - host: evil.test, at") || text.contains("x\\n"), "{text}");
    for bad in [
        "",
        "ok\n",
        "[]",
        "{}",
        r#"{"since": 5, "targets": []}"#,
        r#"{"since": "x", "targets": [1]}"#,
        r#"{"since": "x", "targets": [{"target": "a.test:443", "count": -1}]}"#,
        r#"{"since": "x", "targets": []"#,
    ] {
        let error = read(bad.as_bytes(), &mut Seen::new(None)).expect_err(bad);
        assert!(error.to_string().contains("/denials"), "{error:#}");
    }
}

#[test]
fn rules_that_the_page_names_are_used() {
    let config = "allow: [{host: a.test}, {host: b.test}, {host: c.test}]\ndeny: [{host: d.test}]";
    let mut seen = Seen::new(Some(rules(config)));
    let used =
        json!([{"rule": "allow[1]", "count": 12}, {"rule": "clients[0].allow[0]", "count": 1}]);
    let denied = json!([row("d.test:443", json!({"reasons": ["denied"]}))]);
    read(&page(denied, used), &mut seen).unwrap();
    let unused: Vec<&str> =
        seen.rules.as_ref().unwrap().unused().map(|one| one.place.as_str()).collect();
    assert_eq!(unused, ["allow[0]", "allow[2]"]);
}
