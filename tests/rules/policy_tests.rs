//! `pinhole test`.

use serde_json::{Value, json};

use crate::cli::{Files, Said, arg, pinhole};
use crate::support::{each, ensure};

const RULES: &str = "\
parent: none
allow:
  - host: a.test
  - host: '*.wild.test'
    ports: 8443
  - {network: 10.20.0.0/16, ports: 8443}
  - preset: github
deny:
  - host: secret.wild.test
  - network: 10.20.0.66
";

const CASES: &str = "\
- {target: 'a.test:443', expect: allow, rule: 'allow[0]', reason: allowed}
- {target: 'https://a.test/x', expect: allow, rule: host a.test}
- {target: 'a.test:22', expect: deny, reason: port_not_allowed, rule: 'allow[0]'}
- {target: 'b.test:443', expect: deny, reason: not_allowed}
- {target: 'x.wild.test:8443', expect: allow}
- target: x.wild.test:8443
  expect: allow
  address: 10.20.0.5
  rule: host *.wild.test
- {target: 'x.wild.test:8443', expect: deny, address: 10.21.0.5, reason: address_class}
- {target: 'x.wild.test:8443', expect: deny, address: 10.20.0.66, rule: 'deny[1]'}
- {target: 'x.wild.test:8443', expect: allow, address: [10.20.0.66, 1.1.1.1]}
- {target: '10.20.0.5:8443', expect: allow, rule: network 10.20.0.0/16}
- {target: 'secret.wild.test:1', expect: deny, rule: 'deny[0]'}
- {target: 'github.com:443', expect: allow, rule: preset github}
- {target: 'github.com', expect: malformed}
- {target: '*', expect: malformed, reason: malformed}
";

fn test(files: &Files, cases: &str, flags: &[&str]) -> Said {
    let config = files.write("pinhole.yaml", RULES);
    let cases = files.write("cases.yaml", cases);
    pinhole([&["test", arg(&cases), "--config", arg(&config)], flags].concat())
}

#[test]
fn cases_that_hold_pass() {
    let files = Files::new();
    let said = test(&files, CASES, &["--require-all"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(said.out, "14 passed, 0 failed\n");
}

/// Each case alone with another expectation: it fails, at its place, and says what was found.
#[test]
fn cases_that_do_not_hold_fail_with_their_places() {
    let rows = [
        (
            "a.test:443, expect: deny",
            "expected deny, got allow",
            "(rule allow[0], line 3: host a.test)",
        ),
        ("b.test:443, expect: allow", "expected allow, got deny", "(not_allowed)"),
        ("b.test, expect: deny", "expected deny, got malformed", "(malformed)"),
        (
            "a.test:22, expect: deny, reason: denied",
            "expected the reason denied, got port_not",
            "line 3",
        ),
        (
            "a.test:443, expect: allow, rule: 'allow[1]'",
            "expected the rule allow[1], got allow[0]",
            "",
        ),
        ("b.test:443, expect: deny, rule: 'deny[0]'", "expected the rule deny[0], got none", ""),
        (
            "secret.wild.test:8443, expect: allow",
            "expected allow, got deny",
            "(rule deny[0], line 9: host secret.wild.test)",
        ),
        (
            "x.wild.test:8443, address: 10.21.0.5, expect: allow",
            "expected allow, got deny",
            "(rule allow[1], line 4: host *.wild.test)",
        ),
        ("10.20.0.66:8443, expect: allow", "expected allow, got deny", "(rule deny[1], line 10: "),
    ];
    let files = Files::new();
    each(
        rows,
        |row| row.0.to_owned(),
        |(case, wrong, rule)| {
            let said = test(&files, &format!("# first\n- {{target: {case}}}\n"), &[]);
            ensure!((said.code, said.err.as_str()) == (Some(1), ""), "{said:?}");
            let target = case.split(',').next().unwrap_or_default();
            let start = format!("{}:2:12: {target}: {wrong}", arg(&files.path("cases.yaml")));
            let line = said.out.lines().next().unwrap_or_default();
            ensure!(line.starts_with(&start) && line.contains(rule), "`{line}` is not `{start}`");
            let end = said.out.lines().last().unwrap_or_default();
            ensure!(end.starts_with("0 passed, 1 failed"), "{end}");
            Ok(())
        },
    );
}

#[test]
fn rules_that_no_case_reaches_are_named() {
    let files = Files::new();
    let cases =
        "- {target: 'a.test:443', expect: allow}\n- {target: 'x.wild.test:1', expect: deny}\n";
    let said = test(&files, cases, &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let config = files.path("pinhole.yaml");
    // A rule that covers the host on other ports has decided nothing.
    let expected = [
        "4:5: warning: allow[1]: no case reaches it (host *.wild.test)",
        "6:5: warning: allow[2]: no case reaches it (network 10.20.0.0/16)",
        "7:5: warning: allow[3]: no case reaches it (preset github)",
        "9:5: warning: deny[0]: no case reaches it (host secret.wild.test)",
        "10:5: warning: deny[1]: no case reaches it (network 10.20.0.66/32)",
    ];
    let expected: Vec<String> =
        expected.iter().map(|line| format!("{}:{line}", arg(&config))).collect();
    let mut lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.pop(), Some("2 passed, 0 failed; 5 rules not reached"));
    assert_eq!(lines, expected);
    let said = test(&files, cases, &["--require-all"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.out.replace("warning: ", ""), said.out);
}

#[test]
fn results_are_read_by_programs() {
    let files = Files::new();
    let cases = "- {target: 'a.test:443', expect: allow}\n- {target: 'b<&\"\\x07:1', expect: deny}\n\
                 - {target: 'b.test:443', expect: allow}\n";
    let junit = files.path("results.xml");
    let said = test(&files, cases, &["--json", "--junit", arg(&junit)]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    let [report] = &said.json()[..] else { panic!("{said:?}") };
    assert_eq!((&report["passed"], &report["failed"]), (&json!(1), &json!(2)));
    assert_eq!(report["ok"], false);
    assert_eq!(report["unreached"][0]["rule"], "allow[1]");
    assert_eq!(report["unreached"][0]["line"], 4);
    assert_eq!(report["unreached"].as_array().map(Vec::len), Some(5));
    let passed: Vec<&Value> =
        report["cases"].as_array().unwrap().iter().map(|case| &case["passed"]).collect();
    assert_eq!(passed, [true, false, false]);
    let last = &report["cases"][2];
    assert_eq!((&last["line"], &last["target"]), (&json!(3), &json!("b.test:443")));
    assert_eq!((&last["expect"], &last["got"]["decision"]), (&json!("allow"), &json!("deny")));
    assert_eq!(last["wrong"], json!(["expected allow, got deny"]));
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"2\""), "{xml}");
    assert!(xml.contains("name=\"a.test:443 (line 1)\"/>"), "{xml}");
    assert!(xml.contains("name=\"b&lt;&amp;"), "{xml}");
    assert!(xml.contains("<failure message=\"expected allow, got deny: "), "{xml}");
    assert_eq!(xml.matches("<failure ").count(), 2, "{xml}");
    // A rule that nothing reaches is a case of its own, where it makes a difference.
    let said = test(&files, CASES, &["--junit", arg(&junit), "--require-all"]);
    assert_eq!(said.code, Some(0));
    let cases = CASES.split_once('\n').unwrap().0;
    let said = test(&files, cases, &["--junit", arg(&junit), "--require-all"]);
    assert_eq!(said.code, Some(1));
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("tests=\"6\" failures=\"5\""), "{xml}");
    let said = test(&files, CASES, &["--junit", arg(&files.path("none/results.xml"))]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
}

#[test]
fn what_cannot_be_read_is_neither_passed_nor_failed() {
    let files = Files::new();
    let rows = [
        (
            "- {target: 'a.test:1', expct: allow}",
            ":1:31: [0].expct: unknown key `expct`; did you mean",
        ),
        ("- {target: 'a.test:1', expect: yes}", ":1:32: [0].expect: "),
        (
            "- {target: 'a.test:1', expect: allow, client: x}",
            ":1:47: [0].client: unknown user or client `x`",
        ),
        ("[]", "no case stands here"),
        ("a: [", "not YAML"),
        ("- {target: \"\\e[31m\", expect: \"\\u202e\"}", "[0].expect: write `allow`"),
    ];
    for (cases, part) in rows {
        let said = test(&files, cases, &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{cases}: {said:?}");
        assert!(said.err.contains(part), "{cases}: {}", said.err);
    }
    let (good, bad) = (files.write("good.yaml", CASES), files.write("bad.yaml", "lug: 1"));
    let missing = files.path("missing.yaml");
    for args in [
        vec!["test", arg(&missing)],
        vec!["test", arg(&good), "--config", arg(&missing)],
        vec!["test", arg(&good), "--config", arg(&bad)],
        vec!["test"],
    ] {
        let said = pinhole(&args);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{args:?}: {said:?}");
    }
    // What a terminal would obey is not printed.
    let said = test(&files, "- {target: \"a\\e[31m\\u202e.test:1\", expect: allow}", &["--json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let said = test(&files, "- {target: \"a\\e[31m\\u202e.test:1\", expect: allow}", &[]);
    assert_eq!(said.code, Some(1), "{said:?}");
}

/// `test` decides as `explain` does, case by case.
#[test]
fn what_explain_says_is_what_is_tested() {
    let files = Files::new();
    let said = test(&files, CASES, &["--json"]);
    let report = &said.json()[0];
    let config = files.path("pinhole.yaml");
    let cases = report["cases"].as_array().unwrap();
    let mut compared = 0;
    for case in cases.iter().filter(|case| case["got"]["address"].is_null()) {
        let target = case["target"].as_str().unwrap();
        let said = pinhole(["explain", "--json", "--config", arg(&config), "--", target]);
        assert_eq!(said.json()[0], case["got"], "{target}");
        compared += 1;
    }
    assert!(compared > 7, "only {compared}");
}
