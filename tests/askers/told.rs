//! `pinhole explain --client`, and the cases of `pinhole test` that name one.

use serde_json::{Value, json};

use crate::cli::{Files, Said, arg, pinhole};
use crate::support::{each, ensure};
use crate::users::{self, ADA, ALL, BOB, CAROL};

/// Its lines are counted below.
const RULES: &str = "\
allow:
  - host: all.test
  - host: '*.sub.test'
deny: [{host: banned.test}]
clients:
  - name: pods
    from: 10.20.0.0/16
    allow:
      - host: pods.test
    deny:
      - host: all.test
        ports: 80
  - name: ci
    users: [ada, bob]
    allow:
      - host: ci.test
      - {network: 10.9.0.0/16, ports: 443}
  - name: both
    from: [10.30.0.0/16, 'fd00:30::/64']
    users: carol@build-1.test
    allow: [{host: both.test}]
  - name: newcomers
    from: 10.40.0.0/16
    mode: audit
  - name: ada
    from: 10.50.0.0/16
    allow: [{host: late.test}]
";

fn files() -> Files {
    let files = Files::new();
    users::write(&files.path("users"), users::file(&ALL), 0o600);
    files.write(
        "rules.yaml",
        format!("{RULES}credentials_file: {}\n", json!(arg(&files.path("users")))),
    );
    files
}

fn explain(files: &Files, clients: &[&str], flags: &[&str], targets: &[&str]) -> Said {
    let config = files.path("rules.yaml");
    let clients: Vec<&str> = clients.iter().flat_map(|client| ["--client", client]).collect();
    let said = pinhole(
        [&["explain", "--config", arg(&config)], flags, &clients, &["--"], targets].concat(),
    );
    for secret in users::secrets() {
        assert!(!said.out.contains(&secret) && !said.err.contains(&secret), "{said:?}");
    }
    said
}

/// Who asks, what is asked for, who that is taken to be, and what is said: decision, reason, rule
/// and its line.
type Row = (
    &'static [&'static str],
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    Option<(&'static str, u32)>,
);

const ROWS: &[Row] = &[
    // Nobody in particular.
    (&[], "all.test:443", None, "allow", "allowed", Some(("allow[0]", 2))),
    (&[], "ci.test:443", None, "deny", "not_allowed", None),
    (&[], "all.test:80", None, "allow", "allowed", Some(("allow[0]", 2))),
    // By address.
    (
        &["10.20.1.1"],
        "pods.test:443",
        Some("pods (10.20.1.1)"),
        "allow",
        "allowed",
        Some(("clients[0].allow[0]", 9)),
    ),
    (
        &["10.20.1.1"],
        "all.test:443",
        Some("pods (10.20.1.1)"),
        "allow",
        "allowed",
        Some(("allow[0]", 2)),
    ),
    (
        &["10.20.1.1"],
        "all.test:80",
        Some("pods (10.20.1.1)"),
        "deny",
        "denied",
        Some(("clients[0].deny[0]", 11)),
    ),
    (&["10.20.1.1"], "ci.test:443", Some("pods (10.20.1.1)"), "deny", "not_allowed", None),
    (
        &["10.20.1.1"],
        "pods.test:22",
        Some("pods (10.20.1.1)"),
        "deny",
        "port_not_allowed",
        Some(("clients[0].allow[0]", 9)),
    ),
    (
        &["::ffff:10.20.1.1"],
        "pods.test:443",
        Some("pods (10.20.1.1)"),
        "allow",
        "allowed",
        Some(("clients[0].allow[0]", 9)),
    ),
    (
        &["10.21.1.1"],
        "all.test:443",
        Some("none of `clients` (10.21.1.1)"),
        "allow",
        "allowed",
        Some(("allow[0]", 2)),
    ),
    (
        &["10.21.1.1"],
        "pods.test:443",
        Some("none of `clients` (10.21.1.1)"),
        "deny",
        "not_allowed",
        None,
    ),
    (
        &["10.21.1.1"],
        "banned.test:443",
        Some("none of `clients` (10.21.1.1)"),
        "deny",
        "denied",
        Some(("deny[0]", 4)),
    ),
    // Whoever logs in from there could.
    (
        &["10.21.1.1"],
        "ci.test:443",
        Some("none of `clients` (10.21.1.1)"),
        "deny",
        "credentials_missing",
        None,
    ),
    (
        &["10.21.1.1"],
        "10.9.0.1:443",
        Some("none of `clients` (10.21.1.1)"),
        "deny",
        "credentials_missing",
        None,
    ),
    (
        &["10.21.1.1"],
        "both.test:443",
        Some("none of `clients` (10.21.1.1)"),
        "deny",
        "not_allowed",
        None,
    ),
    (
        &["10.30.1.1"],
        "both.test:443",
        Some("none of `clients` (10.30.1.1)"),
        "deny",
        "credentials_missing",
        None,
    ),
    (
        &["10.30.1.1"],
        "pods.test:443",
        Some("none of `clients` (10.30.1.1)"),
        "deny",
        "not_allowed",
        None,
    ),
    // By user, wherever from.
    (
        &["bob"],
        "ci.test:443",
        Some("ci (as bob, from where it may come)"),
        "allow",
        "allowed",
        Some(("clients[1].allow[0]", 16)),
    ),
    (
        &["bob"],
        "pods.test:443",
        Some("ci (as bob, from where it may come)"),
        "deny",
        "not_allowed",
        None,
    ),
    (
        &["bob"],
        "10.9.0.1:443",
        Some("ci (as bob, from where it may come)"),
        "allow",
        "allowed",
        Some(("clients[1].allow[1]", 17)),
    ),
    (
        &["carol@build-1.test"],
        "both.test:443",
        Some("both (as carol@build-1.test, from where it may come)"),
        "allow",
        "allowed",
        Some(("clients[2].allow[0]", 21)),
    ),
    // By both.
    (
        &["10.21.1.1", "bob"],
        "ci.test:443",
        Some("ci (10.21.1.1 as bob)"),
        "allow",
        "allowed",
        Some(("clients[1].allow[0]", 16)),
    ),
    (
        &["bob", "10.21.1.1"],
        "ci.test:443",
        Some("ci (10.21.1.1 as bob)"),
        "allow",
        "allowed",
        Some(("clients[1].allow[0]", 16)),
    ),
    (
        &["10.20.1.1", "bob"],
        "ci.test:443",
        Some("pods (10.20.1.1 as bob)"),
        "deny",
        "not_allowed",
        None,
    ),
    (
        &["10.30.0.1", "carol@build-1.test"],
        "both.test:443",
        Some("both (10.30.0.1 as carol@build-1.test)"),
        "allow",
        "allowed",
        Some(("clients[2].allow[0]", 21)),
    ),
    (
        &["fd00:30::7", "carol@build-1.test"],
        "both.test:443",
        Some("both (fd00:30::7 as carol@build-1.test)"),
        "allow",
        "allowed",
        Some(("clients[2].allow[0]", 21)),
    ),
    (
        &["10.31.0.1", "carol@build-1.test"],
        "both.test:443",
        Some("none of `clients` (10.31.0.1 as carol@build-1.test)"),
        "deny",
        "not_allowed",
        None,
    ),
    // By a client's name. A user's goes before it.
    (
        &["pods"],
        "pods.test:443",
        Some("pods (by its name)"),
        "allow",
        "allowed",
        Some(("clients[0].allow[0]", 9)),
    ),
    (
        &["both"],
        "both.test:443",
        Some("both (by its name)"),
        "allow",
        "allowed",
        Some(("clients[2].allow[0]", 21)),
    ),
    (
        &["ada"],
        "ci.test:443",
        Some("ci (as ada, from where it may come)"),
        "allow",
        "allowed",
        Some(("clients[1].allow[0]", 16)),
    ),
    // In audit mode.
    (
        &["10.40.0.1"],
        "all.test:443",
        Some("newcomers (10.40.0.1)"),
        "allow",
        "allowed",
        Some(("allow[0]", 2)),
    ),
    (
        &["10.40.0.1"],
        "nobody.test:443",
        Some("newcomers (10.40.0.1)"),
        "audit",
        "not_allowed",
        None,
    ),
    (
        &["newcomers"],
        "nobody.test:443",
        Some("newcomers (by its name)"),
        "audit",
        "not_allowed",
        None,
    ),
    (
        &["newcomers"],
        "banned.test:443",
        Some("newcomers (by its name)"),
        "audit",
        "denied",
        Some(("deny[0]", 4)),
    ),
    (
        &["newcomers"],
        "all.test:22",
        Some("newcomers (by its name)"),
        "audit",
        "port_not_allowed",
        Some(("allow[0]", 2)),
    ),
    (
        &["newcomers"],
        "193.0.0.1:443",
        Some("newcomers (by its name)"),
        "audit",
        "literal_not_allowed",
        None,
    ),
    (
        &["newcomers"],
        "10.0.0.1:443",
        Some("newcomers (by its name)"),
        "deny",
        "address_class",
        None,
    ),
    (
        &["newcomers"],
        "169.254.169.254:80",
        Some("newcomers (by its name)"),
        "deny",
        "address_class",
        None,
    ),
    (
        &["newcomers"],
        "[::ffff:193.0.0.1]:443",
        Some("newcomers (by its name)"),
        "deny",
        "address_class",
        None,
    ),
    (&["newcomers"], "bad", Some("newcomers (by its name)"), "malformed", "malformed", None),
];

#[test]
fn who_asks_makes_the_difference() {
    let files = files();
    each(
        ROWS,
        |row| format!("{:?} {}", row.0, row.1),
        |(clients, target, client, decision, reason, rule)| {
            let said = explain(&files, clients, &["--json"], &[target]);
            let code = match *decision {
                "allow" | "audit" => 0,
                "deny" => 1,
                _ => 2,
            };
            ensure!(said.code == Some(code) && said.err.is_empty(), "{said:?}");
            let json = &said.json()[0];
            ensure!(json["client"] == json!(client), "{json}");
            ensure!(json["decision"] == *decision && json["reason"] == *reason, "{json}");
            ensure!(json["rule"] == json!(rule.map(|rule| rule.0)), "{json}");
            ensure!(json["line"] == json!(rule.map(|rule| rule.1)), "{json}");
            let detail = json["detail"].as_str().unwrap_or_default();
            let audit = detail.starts_with("audit mode lets it through, and otherwise: ");
            ensure!(!detail.is_empty() && audit == (*decision == "audit"), "{json}");
            ensure!(json["tls"].is_null() != ["allow", "audit"].contains(decision), "{json}");
            if *decision == "audit" {
                // The check only logs.
                let sni = if target.ends_with(":443") { "log" } else { "off" };
                ensure!(json["tls"]["sni"] == sni, "{json}");
            }
            let text = explain(&files, clients, &[], &[target]);
            ensure!(text.code == Some(code), "{text:?}");
            let first = text.out.lines().next().unwrap_or_default();
            ensure!(first.starts_with(decision), "{}", text.out);
            let line = client.map(|client| format!("\n          client {client}\n"));
            ensure!(
                line.is_none_or(|line| format!("{}\n", text.out).contains(&line)),
                "{}",
                text.out
            );
            let line = rule.map(|(rule, line)| format!("\n          rule {rule}, line {line}: "));
            ensure!(line.is_none_or(|line| text.out.contains(&line)), "{}", text.out);
            Ok(())
        },
    );
}

/// What is asked twice, or of nobody that is known.
#[test]
fn words_that_are_nobody() {
    let files = files();
    let rows: [(&[&str], &str); 11] = [
        (&["podz"], "unknown user or client `podz`; did you mean `pods`?"),
        (
            &["carol@build-2.test"],
            "unknown user or client `carol@build-2.test`; did you mean `carol@build-1.test`?",
        ),
        (&["Bob"], "unknown user or client `Bob`; did you mean `bob`?"),
        (
            &["somebody"],
            "unknown user or client `somebody`; known are: ada, bob, both, carol@build-1.test, ci, newcomers, pods",
        ),
        (&["10.20.0.0/16"], "write one address, not a network"),
        (&["a\u{1b}[31m\u{202e}"], "unknown user or client `a\\u{1b}[31m\\u{202e}`; "),
        (&["10.0.0.1", "10.0.0.1"], "a client has one address and one user at most"),
        (&["10.0.0.1", "fd00::1"], "a client has one address and one user at most"),
        (&["ada", "bob"], "a client has one address and one user at most"),
        (&["10.20.1.1", "pods"], "`pods` is a client's name, and wants no address besides"),
        (&["both", "fd00:30::1"], "`both` is a client's name, and wants no address besides"),
    ];
    for (clients, why) in rows {
        for flags in [&[][..], &["--json"]] {
            let said = explain(&files, clients, flags, &["all.test:443"]);
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
            assert!(said.err.starts_with(&format!("pinhole: --client: {why}")), "{said:?}");
            assert_eq!(said.err.lines().count(), 1, "{said:?}");
        }
    }
    // Where there are no clients, there is nobody to be.
    let config = files.write("none.yaml", "allow: [{host: all.test}]\n");
    let said = pinhole(["explain", "--config", arg(&config), "--client", "ada", "all.test:443"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(1), "pinhole: --client: unknown user or client `ada`; there is none\n")
    );
    let said = pinhole([
        "explain",
        "--config",
        arg(&config),
        "--client",
        "10.0.0.1",
        "--json",
        "all.test:443",
    ]);
    assert_eq!(
        (said.code, &said.json()[0]["client"]),
        (Some(0), &json!("none of `clients` (10.0.0.1)"))
    );
}

/// `explain` and the proxy itself agree on who a client is, and on what becomes of its requests.
#[test]
fn explain_says_what_the_proxy_does() {
    use crate::place::{By, Place};
    let place = Place::with(|config| config["clients"][3]["mode"] = json!("audit"));
    let config = place.files.write("as-served.json", place.config.to_string());
    let asked = [
        ("127.0.0.2", None),
        ("127.0.0.3", None),
        ("127.0.0.3", Some(ADA)),
        ("127.0.0.4", Some(CAROL)),
        ("127.0.0.4", Some(BOB)),
        ("127.0.0.9", None),
        ("127.0.0.9", Some(CAROL)),
        ("127.0.0.9", Some(ADA)),
    ];
    let hosts = ["all", "taboo", "banned", "pods", "ci", "both", "late", "nobody"];
    let targets: Vec<String> =
        hosts.iter().map(|host| format!("{host}.test:{}", place.origin.port())).collect();
    for (ip, user) in asked {
        let fields = user.map(users::shown).unwrap_or_default();
        let mut args = vec!["explain", "--json", "--config", arg(&config), "--client", ip];
        // Who is asked for no user is taken for none.
        if let Some(user) = user.filter(|_| ip != "127.0.0.2") {
            args.extend(["--client", user.0]);
        }
        args.push("--");
        args.extend(targets.iter().map(String::as_str));
        for (said, host) in pinhole(args).json().iter().zip(hosts) {
            let answer = place.ask(By::Connect, ip, host, &fields);
            let record = &answer.record;
            let reason = record["would_deny"]["reason"].as_str().or(record["reason"].as_str());
            assert_eq!(said["decision"], record["decision"], "{said} {record}");
            assert_eq!(said["reason"], reason.unwrap_or("allowed"), "{said} {record}");
            let would = &record["would_deny"]["rule"];
            let rule = if would.is_null() { &record["rule"] } else { would };
            assert_eq!(said["rule"], *rule, "{said} {record}");
            let name = record["client_name"].as_str().unwrap_or("none of `clients`");
            assert!(said["client"].as_str().unwrap().starts_with(&format!("{name} (")), "{said}");
        }
    }
}

const CASES: &str = "\
- {client: 10.20.0.1, target: 'pods.test:443', expect: allow, rule: 'clients[0].allow[0]'}
- {client: 10.20.0.1, target: 'all.test:80', expect: deny, reason: denied, rule: 'host all.test'}
- {client: pods, target: 'ci.test:443', expect: deny, reason: not_allowed}
- {client: bob, target: 'ci.test:443', expect: allow}
- {client: [10.30.0.1, carol@build-1.test], target: 'both.test:443', expect: allow}
- {client: [carol@build-1.test], target: 'both.test:443', expect: allow}
- {client: 10.21.0.1, target: 'ci.test:443', expect: deny, reason: credentials_missing}
- {client: newcomers, target: 'nobody.test:443', expect: audit, reason: not_allowed}
- {client: newcomers, target: 'x.sub.test:443', address: 10.0.0.1, expect: deny, reason: address_class}
- {client: newcomers, target: 'x.sub.test:443', address: [10.0.0.1, 193.0.0.1], expect: allow}
- {client: bob, target: 'x.sub.test:443', address: 10.9.0.1, expect: allow}
- {target: 'x.sub.test:443', address: 10.9.0.1, expect: deny}
- {client: [], target: 'banned.test:443', expect: deny, rule: 'deny[0]'}
- {client: 10.50.0.1, target: 'late.test:443', expect: allow}
- {target: 'all.test:443', expect: allow}
";

fn test(files: &Files, cases: &str, flags: &[&str]) -> Said {
    let cases = files.write("cases.yaml", cases);
    let config = files.path("rules.yaml");
    pinhole([&["test", arg(&cases), "--config", arg(&config)], flags].concat())
}

#[test]
fn cases_may_name_their_client() {
    let files = files();
    let said = test(&files, CASES, &["--require-all"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.out.contains("15 passed, 0 failed"), "{}", said.out);
    // Every expectation matters.
    let verdicts = ["allow", "deny", "audit", "malformed"];
    for (i, line) in CASES.lines().enumerate() {
        let expected = verdicts.iter().find(|v| line.contains(&format!("expect: {v}"))).unwrap();
        for other in verdicts.iter().filter(|v| v != &expected) {
            let wrong = CASES.lines().enumerate().map(|(at, text)| match at == i {
                true => text.replace(&format!("expect: {expected}"), &format!("expect: {other}")),
                false => text.to_owned(),
            });
            let said = test(&files, &wrong.collect::<Vec<_>>().join("\n"), &["--json"]);
            let report = &said.json()[0];
            assert_eq!((said.code, &report["failed"]), (Some(1), &json!(1)), "{line}: {said:?}");
            assert_eq!(report["cases"][i]["wrong"][0], format!("expected {other}, got {expected}"));
        }
    }
    // What a case says is what `explain` says.
    let report = test(&files, CASES, &["--json"]).json().remove(0);
    let got: Vec<&Value> =
        report["cases"].as_array().unwrap().iter().map(|case| &case["got"]).collect();
    for (i, clients, target) in [
        (0, &["10.20.0.1"][..], "pods.test:443"),
        (4, &["10.30.0.1", "carol@build-1.test"], "both.test:443"),
        (6, &["10.21.0.1"], "ci.test:443"),
        (7, &["newcomers"], "nobody.test:443"),
    ] {
        assert_eq!(got[i], &explain(&files, clients, &["--json"], &[target]).json()[0]);
    }
}

/// A rule that no case reaches is named, one of a client with its line.
#[test]
fn rules_of_clients_that_no_case_reaches() {
    let files = files();
    let without: Vec<&str> = CASES.lines().filter(|line| !line.contains("late.test")).collect();
    for (flags, code) in [(&[][..], 0), (&["--require-all"], 1)] {
        let said = test(&files, &without.join("\n"), flags);
        assert_eq!(said.code, Some(code), "{said:?}");
        let place = format!("{}:27:13: ", arg(&files.path("rules.yaml")));
        let line = said.out.lines().find(|line| line.starts_with(&place)).expect("its line");
        assert!(
            line.contains("clients[4].allow[0]: no case reaches it (host late.test)"),
            "{line}"
        );
        assert!(said.out.ends_with("14 passed, 0 failed; 1 rule not reached\n"), "{}", said.out);
    }
}

#[test]
fn cases_with_a_client_that_is_nobody() {
    let files = files();
    let said = |client: &str| {
        let said = test(
            &files,
            &format!("- {{client: {client}, target: 'a.test:1', expect: deny}}\n"),
            &[],
        );
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
        said.err
    };
    for (client, why) in [
        ("podz", "unknown user or client `podz`; did you mean `pods`?"),
        ("[10.0.0.1, 10.0.0.2]", "a client has one address and one user at most"),
        ("[ada, bob]", "a client has one address and one user at most"),
        ("17", "a number where text belongs; put it in quotes"),
        ("{a: b}", "a map where text belongs"),
    ] {
        let err = said(client);
        assert!(err.contains("[0].client") && err.contains(why), "{err}");
        assert!(err.contains("cases.yaml:1:12: "), "{err}");
    }
}
