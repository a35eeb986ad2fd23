use serde_json::json;

use super::*;
use crate::suggest::given::{self, line, not_allowed, policy, suggested};
use crate::suggest::suggestion;

#[test]
fn nothing_seen_is_an_empty_list() {
    for (log, config, since) in [
        (vec![], None, ""),
        (vec!["garbage".to_owned()], None, ""),
        (vec![], Some("allow: [{host: a.test}]"), ""),
        (
            vec![line("a.test:443", "x", json!({"decision": "allow", "reason": null}))],
            None,
            " since 2026-09-01T10:00:00Z",
        ),
    ] {
        let text = suggested(&log, config);
        assert!(text.starts_with(&format!("# Nothing was denied{since}.\n")), "{text}");
        assert!(text.contains("\nallow: []\n"), "{text}");
        assert!(policy(&text).allows_nothing());
        // No time has passed of which it could be said that nothing used a rule.
        assert!(!text.contains("nothing used"), "{text}");
    }
}

#[test]
fn every_entry_says_how_often_by_whom_and_when() {
    let at = |time: &str, client: &str, name: Option<&str>| {
        line(
            "a.test:443",
            "not_allowed",
            json!({"time": time, "client": client, "client_name": name}),
        )
    };
    let log = [
        at("2026-09-02T10:00:00.000Z", "10.0.0.7:1", Some("ci")),
        at("2026-09-01T09:00:00.000Z", "10.0.0.6:1", Some("build")),
        at("2026-09-03T11:00:00.999Z", "10.0.0.6:2", None),
    ];
    let text = suggested(&log, None);
    let expected = "\
# What it takes to allow what was denied since 2026-09-01T09:00:00Z: 1 target, 3 denials. Clients
# choose what they ask for: take over nothing that you have not read.
allow:

  # 3 times, by build, ci, 10.0.0.6, 10.0.0.7, from 2026-09-01T09:00:00Z to 2026-09-03T11:00:00Z
  - host: a.test
    ports: 443
";
    assert_eq!(text, expected);
    let many: Vec<String> =
        (0..20).map(|i| at("2026-09-01T09:00:00.000Z", &format!("10.0.1.{i}:1"), None)).collect();
    let text = suggested(&many, None);
    let text = text.replace("\n  #", "");
    assert!(text.contains("10.0.1.7 and others"), "{text}");
    assert!(!text.contains("10.0.1.8"), "{text}");
}

#[test]
fn what_is_not_in_here_is_counted() {
    let mut seen = given::seen(
        &[not_allowed(["a.test:443", "b.test:443"]), vec!["garbage".to_owned(); 3]].concat(),
        Some("allow: [{host: a.test}, {host: c.test}, {preset: go}]\ndeny: [{host: d.test}]"),
    );
    (seen.beyond, seen.forgotten, seen.strange_targets) = (7, 12, 1);
    let text = suggestion(&seen);
    for part in [
        "# 1 target which the configuration allows, left out.\n",
        "# 7 denials of further targets, for which there was no room here.\n",
        "# 12 targets that the proxy forgot, whose table is bounded.\n",
        "# 3 lines skipped: none of pinhole's JSON log.\n",
        "# 1 target of the admin page skipped: ",
        "\n# Rules that nothing used since 2026-09-01T10:00:00Z:\n\
         #   allow[1], line 1: host c.test\n\
         #   allow[2], line 1: preset go\n\
         #   deny[0], line 2: host d.test\n",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn long_lists_end_with_a_count() {
    let config: String = "allow:\n".to_owned()
        + &(0..300).map(|i| format!("  - host: h{i}.test\n")).collect::<String>();
    let denied =
        |i: usize| line(&format!("h{i}.site.test:443"), "denied", json!({"rule": "deny[0]"}));
    let log: Vec<String> = (0..250).map(denied).collect();
    let text = suggested(&log, Some(&config));
    assert!(
        text.contains("#   allow[199], line 201: host h199.test\n#   and 100 more\n"),
        "{text}"
    );
    assert_eq!(text.matches("denied by deny[0]").count(), 200);
    assert!(text.contains("#   and 50 more\n"), "{text}");
}

#[test]
fn what_failed_the_sni_check_is_never_more_than_a_comment() {
    let log = [
        line("git.test:443", "sni_not_tls", json!({"decision": "allow"})),
        line("[fd00::1]:443", "sni_mismatch", json!({"decision": "allow"})),
    ];
    let text = suggested(&log, None);
    assert!(policy(&text).allows_nothing());
    let text = text.replace("\n#     ", " ");
    assert!(
        text.contains("\n#   - {host: git.test, ports: 443, tls: log} # or off; once, "),
        "{text}"
    );
    assert!(text.contains("; sni_not_tls\n"), "{text}");
    assert!(text.contains("{network: \"fd00::1/128\", ports: 443, tls: log}"), "{text}");
    // What stands there is an entry.
    let entry = text.lines().find(|line| line.contains("git.test")).unwrap();
    let entry = entry.trim_start_matches("#   ").split(" # ").next().unwrap();
    policy(&format!("allow:\n  {entry}\n"));
}

#[test]
fn a_host_that_yaml_reads_as_something_else_is_quoted() {
    let hosts = [
        "null",
        "true",
        "no",
        "on",
        "y",
        "n",
        "1e5",
        "0o17",
        "1_000e",
        "inf",
        "-",
        "-a.test",
        "_a.test",
        "1.e5",
        "1.2.a",
        "12.5e3.test",
        "e1.test",
        "localhost",
        "a.b",
        "0b1",
        "nan",
        "a-.test",
        "---.a",
        "--- .a",
    ];
    let hosts: Vec<&str> =
        hosts.into_iter().filter(|host| policy::HostName::parse(host.as_bytes()).is_ok()).collect();
    assert_eq!(hosts.len(), 23);
    let targets: Vec<String> = hosts.iter().map(|host| format!("{host}:443")).collect();
    let rules = policy(&suggested(&not_allowed(&targets), None));
    for target in &targets {
        assert!(rules.decide(policy::Who::OTHER, &given::authority(target)).is_ok(), "{target}");
    }
}

/// Comments hold no line break and nothing invisible, and break between words alone.
#[test]
fn comments_stay_comments() {
    let mut text = Text::default();
    text.comment(
        "  ",
        "  ",
        "a\nallow: [{host: evil.test}]\r\n\u{85}\u{2028}\u{0}\u{1b}[2J\u{202e}\u{e9}",
    );
    assert_eq!(text.0, "  # a?allow: [{host: evil.test}]??????[2J??\n");
    let mut text = Text::default();
    let words = ["word"; 60].join(" ");
    text.comment("  ", "  ", &format!("{words} {}", "x".repeat(300)));
    for (i, line) in text.0.lines().enumerate() {
        let start = if i == 0 { "  # word" } else { "  #   " };
        assert!(line.starts_with(start), "{line}");
        assert!(line.len() <= WIDTH || line.ends_with(&"x".repeat(300)), "{line}");
    }
    assert_eq!(text.0.matches("word").count(), 60);
    let log = [line(
        "a.test:443",
        "not_allowed",
        json!({"client_name": "x\n  - host: evil.test\n", "rule": "\nallow: []", "detail": "\n- a"}),
    )];
    let text = suggested(&log, None);
    assert_eq!(text.lines().filter(|line| line.contains("evil")).count(), 1, "{text}");
    assert!(policy(&text).decide(policy::Who::OTHER, &given::authority("evil.test:443")).is_err());
}
