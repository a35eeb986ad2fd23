use crate::suggest::given::{entries, not_allowed, suggested};

fn chosen(targets: &[String]) -> Vec<String> {
    entries(&suggested(&not_allowed(targets), None))
}

fn below(suffix: &str, count: usize, ports: &[u16]) -> Vec<String> {
    let of = |i: usize| ports.iter().map(move |port| format!("node{i}.{suffix}:{port}"));
    (0..count).flat_map(of).collect()
}

#[test]
fn five_hosts_below_a_suffix_are_evidence_for_it() {
    assert_eq!(chosen(&below("site.test", 5, &[443])), ["host: \"*.site.test\" ports: 443"]);
    assert_eq!(chosen(&below("site.test", 4, &[443])).len(), 4);
    assert_eq!(
        chosen(&below("a.site.test", 7, &[443, 8443])),
        ["host: \"*.a.site.test\" ports: [443, 8443]"]
    );
    let text = suggested(&not_allowed(below("site.test", 6, &[443])), None);
    assert!(text.contains("# REVIEW: 6 hosts directly below `site.test` were asked for"), "{text}");
}

/// The suffix, and whether hosts below it are evidence for anything.
#[test]
fn a_suffix_that_anyone_gives_names_below_is_never_suggested() {
    for (suffix, is_one) in [
        ("test", false),
        ("co.uk", false),
        ("com.au", false),
        ("com.xy", false),
        ("gouv.xy", false),
        ("github.io", false),
        ("r2.dev", false),
        ("amazonaws.com", false),
        ("s3.eu-west-3.amazonaws.com", false),
        ("windows.net", false),
        ("duckdns.org", false),
        ("my.duckdns.org", false),
        ("ngrok.io", false),
        ("pastebin.com", false),
        ("site.co.uk", true),
        ("site.xy", true),
        ("corp.internal", true),
        ("svc.cluster.local", true),
    ] {
        let found = chosen(&below(suffix, 6, &[443]));
        let expected = format!("host: \"*.{suffix}\" ports: 443");
        assert_eq!(found == [expected], is_one, "{suffix}: {found:?}");
        assert!(is_one || found.iter().all(|entry| !entry.contains('*')), "{suffix}: {found:?}");
    }
}

#[test]
fn each_of_them_is_asked_for_on_the_same_ports() {
    // Five on 443, and of these one on 8443 as well: four are left.
    let mut targets = below("site.test", 5, &[443]);
    targets.push("node0.site.test:8443".to_owned());
    let found = chosen(&targets);
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(found[0], "host: node0.site.test ports: [443, 8443]");
    // With a sixth there are five again, and the odd one keeps its other port.
    targets.push("node9.site.test:443".to_owned());
    assert_eq!(
        chosen(&targets),
        ["host: node0.site.test ports: 8443", "host: \"*.site.test\" ports: 443"]
    );
}

/// What one wildcard takes away is no evidence for another on more ports.
#[test]
fn a_suffix_is_written_once() {
    let other: Vec<String> =
        below("site.test", 5, &[80, 443]).iter().map(|target| format!("x{target}")).collect();
    let found = chosen(&[below("site.test", 5, &[80]), other].concat());
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(found[0], "host: xnode0.site.test ports: 443");
    assert_eq!(found[5], "host: \"*.site.test\" ports: 80");
}

#[test]
fn what_a_suffix_covers_is_not_written_again() {
    let mut targets = below("site.test", 5, &[443]);
    targets.extend(below("deep.site.test", 5, &[443]));
    targets.push("a.b.c.site.test:443".to_owned());
    targets.push("site.test:443".to_owned());
    targets.push("a.b.c.site.test:22".to_owned());
    assert_eq!(
        chosen(&targets),
        [
            "host: a.b.c.site.test ports: 22",
            "host: site.test ports: 443",
            "host: \"*.site.test\" ports: 443"
        ]
    );
}

/// What may be data on its way out is the last thing to open a wildcard for.
#[test]
fn hosts_with_marks_are_no_evidence() {
    let random = |i: usize| format!("{i}f3a9c1e7b5d2f8a6c4e0.site.test:443");
    let targets: Vec<String> = (0..9).map(random).collect();
    let found = chosen(&targets);
    assert_eq!(found.len(), 9, "{found:?}");
    // Below a suffix that others are evidence for, they are named.
    let all = [below("site.test", 5, &[443]), targets].concat();
    let text = suggested(&not_allowed(&all), None);
    assert_eq!(entries(&text), ["host: \"*.site.test\" ports: 443"]);
    let text = text.replace("\n  #   ", " ");
    assert!(text.contains("REVIEW: 5 hosts directly below"), "{text}");
    assert!(
        text.contains("REVIEW: it covers 0f3a9c1e7b5d2f8a6c4e0.site.test, and 8 more such:"),
        "{text}"
    );
}
