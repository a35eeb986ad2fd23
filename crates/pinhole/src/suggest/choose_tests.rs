use serde_json::json;

use crate::suggest::given::{entries, hosts, line, not_allowed, suggested};

#[test]
fn what_has_marks_stands_behind_what_has_none() {
    let mut log = not_allowed(
        [
            "z.test:443",
            "b.test:443",
            "my.duckdns.org:443",
            "a.test:80",
            "a.test:443",
            "dns.google:443",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(hosts("python").iter().map(|host| format!("{host}:443")))
        .chain((0..5).map(|i| format!("n{i}.site.test:443"))),
    );
    log.push(line("193.0.0.1:443", "literal_not_allowed", json!({})));
    log.push(line("c.test:443", "address_class", json!({"address": "10.0.0.2"})));
    log.push(line("10.0.0.2:22", "address_class", json!({})));
    log.push(line("[fd00::1]:443", "address_class", json!({})));
    let expected = [
        "preset: python",
        "host: a.test ports: [80, 443]",
        "host: b.test ports: 443",
        "host: z.test ports: 443",
        "host: \"*.site.test\" ports: 443",
        "host: dns.google ports: 443",
        "host: my.duckdns.org ports: 443",
        "network: 10.0.0.2/32 ports: [22, 443]",
        "network: 193.0.0.1/32 ports: 443",
        "network: \"fd00::1/128\" ports: 443",
    ];
    let text = suggested(&log, None);
    assert_eq!(entries(&text), expected);
    // Whatever the order of the lines, and of the tables in between.
    let other = log.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(suggested(&other, None), text);
    let review = text.find("To be reviewed").expect("a line");
    let first = text.find("REVIEW:").expect("a mark");
    assert!(
        review < first && text[..review].contains("z.test") && !text[..review].contains("duckdns")
    );
}

/// What a name led to, and stays shut, is said where the name is suggested.
#[test]
fn a_name_that_leads_to_a_closed_address_is_marked() {
    let log = [line(
        "a.test:443",
        "address_class",
        json!({"address": "127.0.0.1", "would_deny": {"reason": "not_allowed", "rule": null}}),
    )];
    let text = suggested(&log, None);
    assert_eq!(entries(&text), ["host: a.test ports: 443"]);
    assert!(text.contains("# REVIEW: it leads to 127.0.0.1: of the class loopback"), "{text}");
}
