use std::fmt::Write as _;

use policy::Reason as Denial;
use serde_json::{Value, json};

use super::*;
use crate::suggest::given::{self, authority, line};

fn reading(text: impl AsRef<[u8]>) -> Seen {
    let mut seen = Seen::new(None);
    read(text.as_ref(), &mut seen).expect("a log");
    seen
}

/// The targets of one line, with the labels of their reasons.
fn of(line: &str) -> (Vec<String>, u64) {
    let seen = reading(line);
    let shown = |(target, sighting): (&Authority, &Sighting)| {
        let labels: Vec<&str> = sighting.reasons.iter().map(|(reason, _)| reason.label()).collect();
        format!("{target} {}", labels.join(" "))
    };
    (seen.targets.iter().map(shown).collect(), seen.strange_lines)
}

#[test]
fn denials_are_taken_and_the_rest_left() {
    let audit = json!({"reason": "not_allowed", "detail": "x", "rule": null});
    let rows = [
        (line("a.test:443", "not_allowed", json!({})), "a.test:443 not_allowed"),
        (
            line("a.test:22", "port_not_allowed", json!({"rule": "allow[0]"})),
            "a.test:22 port_not_allowed",
        ),
        (line("10.0.0.1:443", "address_class", json!({})), "10.0.0.1:443 address_class"),
        (line("[FD00::1]:443", "address_class", json!({})), "[fd00::1]:443 address_class"),
        (line("A.test.:443", "not_allowed", json!({})), "a.test:443 not_allowed"),
        (line("a.test:443", "stray", json!({})), "a.test:443 stray"),
        (line("a.test:443", "later", json!({})), "a.test:443 later"),
        (
            line(
                "a.test:443",
                "x",
                json!({"decision": "audit", "reason": null, "would_deny": audit}),
            ),
            "a.test:443 not_allowed",
        ),
        (
            line(
                "a.test:443",
                "address_class",
                json!({"would_deny": audit, "address": "10.0.0.1"}),
            ),
            "a.test:443 not_allowed address_class",
        ),
        (line("a.test:443", "sni_absent", json!({"decision": "allow"})), "a.test:443 sni_absent"),
        // Allowed, and then something else went wrong.
        (line("a.test:443", "connect_refused", json!({"decision": "allow"})), ""),
        (line("a.test:443", "x", json!({"decision": "allow", "reason": null})), ""),
        (line("a b", "malformed", json!({"decision": "malformed"})), ""),
        (line("a.test:443", "connections", json!({"decision": null})), ""),
        (json!({"event": "notice", "time": "x", "message": "y"}).to_string(), ""),
        (json!({"event": "listening", "address": "127.0.0.1:3128"}).to_string(), ""),
        (json!({"event": "of_a_later_version"}).to_string(), ""),
        (" \t\r".to_owned(), ""),
    ];
    for (line, expected) in rows {
        let expected: Vec<String> =
            Some(expected.to_owned()).filter(|e| !e.is_empty()).into_iter().collect();
        assert_eq!(of(&line), (expected, 0), "{line}");
    }
}

#[test]
fn what_is_no_line_of_pinholes_is_counted() {
    let good = line("a.test:443", "not_allowed", json!({}));
    let mut rows: Vec<Vec<u8>> = [
        "2026-09-01T10:00:00.000Z 10.0.0.5:1 CONNECT a.test:443 403 not_allowed up 0 down 0",
        "garbage",
        "{}",
        "[]",
        "null",
        "{\"event\": 1}",
        "{\"msg\": \"x\"}",
        "\u{feff}{\"event\": \"request\"}",
        &good[..good.len() / 2],
        &good[1..],
        &format!("{good}{good}"),
        &good.replace("\"deny\"", "\"maybe\""),
        &good.replace("\"deny\"", "7"),
        &good.replace("\"not_allowed\"", "null"),
        &good.replace("\"not_allowed\"", "\"Not Allowed\""),
        &good.replace("10.0.0.5:40000", "nobody"),
        &good.replace("\"address\":null", "\"address\":\"x\""),
        // A key that stands twice is two opinions.
        &good.replace("\"up\":0", "\"target\":\"b.test:443\""),
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    rows.push(vec![0xff, 0xfe, 0x00, b'{']);
    rows.push(good.replace("a.test", "\u{e9}.test").into_bytes());
    rows.push([good.as_bytes(), &[0xff]].concat());
    for hostile in [
        "a.test:443\nallow: [{host: evil.test}]",
        "a.test\n:443",
        "a.test: 443",
        "a.test:443 # x",
        "\"a.test\":443",
        "'a.test:443",
        "*.test:443",
        "&x a.test:443",
        "{host: a.test}:443",
        "[a.test]:443",
        "a.test",
        ":443",
        "a.test:0",
        "a.test:443:443",
        "user@a.test:443",
        "https://a.test:443",
        "a\u{0}b.test:443",
        "a\u{1b}[2Jb.test:443",
        "a\u{85}b.test:443",
        "a\u{2028}b.test:443",
        "\u{430}.test:443",
        "1.2.3:443",
        "[fd00::1%eth0]:443",
    ] {
        rows.push(line(hostile, "not_allowed", json!({})).into_bytes());
    }
    for row in &rows {
        let seen = reading(row);
        let shown = row.escape_ascii();
        assert_eq!((seen.strange_lines, seen.targets.len()), (1, 0), "{shown}");
        // Its neighbours are read all the same.
        let row = [good.as_bytes(), row, good.as_bytes()].join(&b'\n');
        let seen = reading(row);
        assert_eq!(seen.targets.values().map(|one| one.count).sum::<u64>(), 2, "{shown}");
        assert_eq!(seen.strange_lines, 1, "{shown}");
    }
}

#[test]
fn a_line_is_no_longer_than_any_of_pinholes() {
    let good = line("a.test:443", "not_allowed", json!({}));
    let padded = |len: usize| format!("{good}{}", " ".repeat(len - good.len()));
    for (len, strange) in [(MAX_LINE - 1, 0), (MAX_LINE, 1), (10 * MAX_LINE, 1)] {
        let seen = reading(format!("{good}\n{}\n{good}", padded(len)));
        let count = seen.targets[&authority("a.test:443")].count;
        assert_eq!((seen.strange_lines, count), (strange, 3 - strange), "{len}");
    }
    let seen = reading("x".repeat(3 * MAX_LINE));
    assert_eq!(seen.strange_lines, 1, "an end in the middle of it");
}

#[test]
fn who_asked_when_and_what_was_found() {
    let seen = given::seen(
        &[
            line(
                "a.test:443",
                "address_class",
                json!({"address": "10.0.0.1", "client_name": "build"}),
            ),
            line(
                "a.test:443",
                "address_denied",
                json!({"address": "fd00::1", "rule": "deny[0]", "time": "2026-08-01T00:00:00.000Z",
                    "client": "[fd00::9]:1"}),
            ),
            line("b.test:443", "denied", json!({"rule": "deny[1]\n"})),
            line("10.0.0.1:443", "own_address", json!({"address": "10.0.0.1"})),
            line("c.test:443", "not_allowed", json!({"time": "yesterday"})),
        ],
        None,
    );
    let a = &seen.targets[&authority("a.test:443")];
    let reason = Reason::Rules;
    assert_eq!(a.count, 2);
    assert_eq!(a.names, ["build".into()]);
    assert_eq!(a.clients, ["10.0.0.5", "fd00::9"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    assert_eq!(a.was(&reason(Denial::AddressDenied)), Some(Some("deny[0]")));
    assert_eq!(
        a.addresses,
        [
            ("10.0.0.1".parse().unwrap(), reason(Denial::AddressClass)),
            ("fd00::1".parse().unwrap(), reason(Denial::AddressDenied)),
        ]
    );
    assert_eq!(a.first, parse_time("2026-08-01T00:00:00.000Z"));
    assert_eq!(seen.since, a.first);
    // A place that is none is nobody's, and an address that was asked for leads nowhere.
    assert_eq!(seen.targets[&authority("b.test:443")].was(&reason(Denial::Denied)), Some(None));
    assert!(seen.targets[&authority("10.0.0.1:443")].addresses.is_empty());
    assert_eq!(seen.targets[&authority("c.test:443")].first, None);
}

#[test]
fn rules_are_used_by_what_is_allowed_and_by_what_deny_denies() {
    let config = "allow: [{host: a.test}, {host: b.test}, {host: c.test}, {network: 10.0.0.0/8}]\n\
         deny: [{host: d.test}, {host: e.test}]";
    let allowed = |target: &str, keys: Value| {
        let mut all = json!({"decision": "allow", "reason": null});
        all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        line(target, "x", all)
    };
    let log = [
        // Of another configuration, in which it stood elsewhere: both count.
        allowed("a.test:443", json!({"rule": "allow[1]", "address": "10.0.0.1"})),
        line("c.test:22", "port_not_allowed", json!({"rule": "allow[2]"})),
        line("d.test:443", "denied", json!({"rule": "deny[0]"})),
    ];
    let seen = given::seen(&log, Some(config));
    let unused: Vec<&str> =
        seen.rules.as_ref().unwrap().unused().map(|one| one.place.as_str()).collect();
    assert_eq!(unused, ["allow[2]", "deny[1]"]);
}

/// A million lines, each with another target: those that there is no room for are counted.
#[test]
fn a_million_targets_take_bounded_memory() {
    const LINES: usize = 1_000_000;
    struct Lines {
        next: usize,
        ready: Vec<u8>,
        at: usize,
    }
    impl std::io::Read for Lines {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            if self.at == self.ready.len() && self.next < LINES {
                let mut text = String::new();
                for i in self.next..self.next + 1_000 {
                    writeln!(
                        text,
                        "{{\"event\":\"request\",\"decision\":\"deny\",\"reason\":\"not_allowed\",\
                         \"target\":\"h{i}.test:443\"}}"
                    )
                    .expect("a string");
                }
                (self.next, self.ready, self.at) = (self.next + 1_000, text.into_bytes(), 0);
            }
            let count = room.len().min(self.ready.len() - self.at);
            room[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
            self.at += count;
            Ok(count)
        }
    }
    let mut seen = Seen::new(None);
    let lines = Lines { next: 0, ready: Vec::new(), at: 0 };
    read(io::BufReader::new(lines), &mut seen).expect("a log");
    assert_eq!((seen.targets.len(), seen.beyond, seen.strange_lines), (100_000, 900_000, 0));
}
