//! `pinhole explain` by itself.

use serde_json::{Value, json};

use crate::cli::{Files, arg, pinhole};
use crate::dns::{FakeDns, Kind, Reply};
use crate::given::leads_to;
use crate::support::{each, ensure};

/// Its lines are counted below.
const RULES: &str = "\
# A comment, and an empty line.

allow:
  - host: ok.test
  # Another comment.
  - host: \"*.ok.test\"
    ports: [443, 8000-8100]

  - {network: 10.0.0.0/8, ports: 443}
  - ports: 80
    network: fd00::/8
  -
    preset: conda
  - &shared
    host: anchored.test
  - {
      host: wide.test,
    }
self: proxy.test
deny: [{host: bad.ok.test},
  {network: 10.66.0.0/16}]
";

fn explain(flags: &[&str], text: &str, targets: &[&str]) -> crate::cli::Said {
    let files = Files::new();
    let file = files.write("rules.yaml", text);
    pinhole([&["explain", "--config", arg(&file)], flags, &["--"], targets].concat())
}

#[test]
fn exit_codes() {
    let (ok, no, bad) = ("ok.test:443", "no.test:443", "no.test");
    let rows: &[(&[&str], i32)] = &[
        (&[ok], 0),
        (&[ok, "a.ok.test:443", "10.0.0.1:443"], 0),
        (&[no], 1),
        (&[ok, no], 1),
        (&[no, ok], 1),
        (&[bad], 2),
        (&[ok, bad], 2),
        (&[no, bad], 2),
        (&[bad, no], 2),
        (&[bad, ok, no], 2),
        (&["proxy.test:1"], 1),
        (&[""], 2),
    ];
    each(
        rows,
        |row| row.0.join(" "),
        |(targets, code)| {
            for flags in [&[][..], &["--json"]] {
                let said = explain(flags, RULES, targets);
                ensure!(said.code == Some(*code), "{said:?}");
                ensure!(said.err.is_empty(), "{said:?}");
            }
            Ok(())
        },
    );
    assert_eq!(pinhole(["explain"]).code, Some(2));
}

#[test]
fn json_fields() {
    let targets =
        ["OK.test.:443", "ok.test:22", "10.1.2.3:443", "10.66.0.1:443", "127.0.0.1:443", "bad"];
    let said = explain(&["--json"], RULES, &targets);
    let address = |ip: &str, class: &str, decision: &str, reason: Value, rule: Value| json!([{"ip": ip, "class": class, "decision": decision, "reason": reason, "rule": rule}]);
    let tls = json!({"sni": "enforce", "ech": "allow", "why": "its port is one of tls.ports"});
    let expected = [
        json!(["ok.test:443", "allow", "allowed", "allow[0]", 4, "host ok.test", null, tls]),
        json!([
            "ok.test:22",
            "deny",
            "port_not_allowed",
            "allow[0]",
            4,
            "host ok.test",
            null,
            null
        ]),
        json!([
            "10.1.2.3:443",
            "allow",
            "allowed",
            "allow[2]",
            9,
            "network 10.0.0.0/8",
            address("10.1.2.3", "private", "allow", json!(null), json!("allow[2]")),
            tls
        ]),
        json!([
            "10.66.0.1:443",
            "deny",
            "address_denied",
            "deny[1]",
            21,
            "network 10.66.0.0/16",
            address("10.66.0.1", "private", "deny", json!("address_denied"), json!("deny[1]")),
            null
        ]),
        json!([
            "127.0.0.1:443",
            "deny",
            "address_class",
            null,
            null,
            null,
            address("127.0.0.1", "loopback", "deny", json!("address_class"), json!(null)),
            null
        ]),
        json!(["bad", "malformed", "malformed", null, null, null, null, null]),
    ];
    let keys = ["target", "decision", "reason", "rule", "line", "covers", "address", "tls"];
    let lines = said.json();
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(expected) {
        for (key, value) in keys.iter().zip(expected.as_array().unwrap()) {
            assert_eq!(&line[key], value, "{key} of {line}");
        }
        assert!(line["detail"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
        // Who asks, the way, strays and what to add have tests of their own.
        assert_eq!(line.as_object().unwrap().len(), keys.len() + 5, "{line}");
    }
}

#[test]
fn lines_of_rules() {
    let rows = [
        ("ok.test:443", "allow[0]", 4),
        ("a.ok.test:443", "allow[1]", 6),
        ("a.ok.test:22", "allow[1]", 6),
        ("10.0.0.1:443", "allow[2]", 9),
        ("[fd00::1]:80", "allow[3]", 10),
        ("anchored.test:443", "allow[5]", 14),
        ("wide.test:80", "allow[6]", 16),
        ("bad.ok.test:443", "deny[0]", 20),
        ("10.66.1.1:443", "deny[1]", 21),
    ];
    let targets = rows.map(|row| row.0);
    let json = explain(&["--json"], RULES, &targets).json();
    let text = explain(&[], RULES, &targets).out;
    for ((target, rule, line), said) in rows.into_iter().zip(&json) {
        assert_eq!((&said["rule"], &said["line"]), (&json!(rule), &json!(line)), "{target}");
        assert!(text.contains(&format!("rule {rule}, line {line}: ")), "{rule} {line} in\n{text}");
    }
}

#[test]
fn words() {
    let targets = ["ok.test:443", "a.ok.test:80", "10.0.0.1:443", "127.0.0.1:80", "x", "no.test:1"];
    let said = explain(&[], RULES, &targets);
    for line in [
        "allow     ok.test:443: allow[0] allows it by name; address not yet judged",
        "          rule allow[0], line 4: host ok.test",
        "deny      a.ok.test:80: allow[1] (host *.ok.test) covers a.ok.test, but not port 80; it opens 443, 8000-8100",
        "allow     10.0.0.1:443: allow[2] allows it",
        "          10.0.0.1 (private): permitted by allow[2]",
        "          127.0.0.1 (loopback): denied: address_class",
        "malformed x: the port is missing",
        "deny      no.test:1: no allow entry covers no.test",
    ] {
        assert!(said.out.lines().any(|said| said == line), "`{line}` is not in\n{}", said.out);
    }
    assert_eq!(said.out.matches("not yet judged").count(), 1);
}

/// Which SNI check holds for a target, and what made it so.
#[test]
fn the_sni_check() {
    let rows = [
        ("ok.test:443", "enforce, ECH allow: its port is one of tls.ports"),
        ("ok.test:80", "off: its port is none of tls.ports"),
        ("ssh.test:443", "off: allow[1] says so"),
        ("log.test:22", "log, ECH allow: allow[2] says so"),
        ("10.0.0.1:443", "enforce, ECH allow: its port is one of tls.ports"),
    ];
    let rules = "allow:\n  - host: ok.test\n  - {host: ssh.test, tls: off}\n  \
        - {host: log.test, ports: 22, tls: log}\n  - network: 10.0.0.0/8\n";
    let targets = rows.map(|row| row.0);
    let json = explain(&["--json"], rules, &targets).json();
    let text = explain(&[], rules, &targets).out;
    let lines: Vec<&str> =
        text.lines().filter_map(|l| l.strip_prefix("          SNI check ")).collect();
    assert_eq!(lines, rows.map(|row| row.1), "{text}");
    for ((target, said), json) in rows.into_iter().zip(json) {
        let tls = &json["tls"];
        let ech = tls["ech"].as_str().map(|ech| format!(", ECH {ech}")).unwrap_or_default();
        let words =
            format!("{}{ech}: {}", tls["sni"].as_str().unwrap(), tls["why"].as_str().unwrap());
        assert_eq!(words, said, "{target}");
    }
    let rules = format!("{rules}tls: {{ports: 80, sni: log, ech: refuse}}\n");
    let text = explain(&[], &rules, &["ok.test:80", "ok.test:443", "no.test:80"]).out;
    for line in
        ["log, ECH refuse: its port is one of tls.ports", "off: its port is none of tls.ports"]
    {
        assert!(text.contains(&format!("SNI check {line}\n")), "{text}");
    }
    assert_eq!(text.matches("SNI check").count(), 2, "{text}");
}

#[test]
fn urls() {
    let rows = [
        ("http://ok.test", "ok.test:80"),
        ("https://ok.test", "ok.test:443"),
        ("HTTPS://OK.TEST./simple/?q=1#top", "ok.test:443"),
        ("HttP://ok.test:443/", "ok.test:443"),
        ("https://ok.test:80", "ok.test:80"),
        ("https://ok.test?q@x", "ok.test:443"),
        ("https://ok.test#x:y@z", "ok.test:443"),
        ("https://ok.test/a:b@c", "ok.test:443"),
        ("https://[fd00::1]", "[fd00::1]:443"),
        ("http://10.0.0.1/", "10.0.0.1:80"),
        ("http://[::ffff:1.2.3.4]:8/", "[::ffff:1.2.3.4]:8"),
    ];
    let said = explain(&["--json"], RULES, &rows.map(|row| row.0)).json();
    for ((url, target), said) in rows.iter().zip(&said) {
        assert_eq!(said["target"], *target, "{url}: {said}");
        assert_ne!(said["decision"], "malformed", "{url}: {said}");
    }
    let bad = [
        "ftp://ok.test/",
        "ssh://ok.test:22",
        "git+https://ok.test/",
        "https:/ok.test",
        "https:ok.test",
        "https://",
        "https:///x",
        "https://:443/",
        "https://ok.test:/",
        "https://ok.test:0",
        "https://u@ok.test/",
        "https://u:p@ok.test:443/",
        "https://ok.test:443:443/",
        "//ok.test:443",
        "https://ok test/",
        "https://ok.test\\@no.test/",
        "https://*.ok.test/",
        " https://ok.test/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://[10.0.0.1]/",
        "https://fd00::1/",
        "http://http://ok.test/",
        "https://[fe80::1%25lo]/",
        "://ok.test",
    ];
    for said in explain(&["--json"], RULES, &bad).json() {
        assert_eq!(said["decision"], "malformed", "{said}");
    }
}

/// The address in the JSON of an IP literal has its class, allowed or not.
#[test]
fn classes_of_literals() {
    let rows = [
        ("8.8.8.8", "global"),
        ("2606:4700::1111", "global"),
        ("2a00::1", "global"),
        ("169.254.169.254", "metadata"),
        ("168.63.129.16", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("192.0.0.192", "metadata"),
        ("fe80::a9fe:a9fe", "metadata"),
        ("0.0.0.0", "unspecified"),
        ("0.255.255.255", "unspecified"),
        ("::", "unspecified"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("::1", "loopback"),
        ("10.0.0.0", "private"),
        ("172.16.0.0", "private"),
        ("172.31.255.255", "private"),
        ("192.168.255.255", "private"),
        ("172.15.255.255", "global"),
        ("172.32.0.0", "global"),
        ("100.64.0.0", "cgnat"),
        ("100.127.255.255", "cgnat"),
        ("100.63.255.255", "global"),
        ("100.128.0.0", "global"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("febf:ffff::1", "link-local"),
        ("fc00::1", "unique-local"),
        ("fdff::1", "unique-local"),
        ("fec0::1", "site-local"),
        ("feff::1", "site-local"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("192.0.0.1", "reserved"),
        ("192.88.99.1", "reserved"),
        ("2001:10::1", "reserved"),
        ("5f00::1", "reserved"),
        ("4000::1", "reserved"),
        ("192.0.2.1", "documentation"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.255", "documentation"),
        ("2001:db8::1", "documentation"),
        ("3fff:fff::1", "documentation"),
        ("3fff:1000::1", "global"),
        ("198.18.0.0", "benchmarking"),
        ("198.19.255.255", "benchmarking"),
        ("2001:2::1", "benchmarking"),
        ("100::1", "discard"),
        ("100:0:0:1::1", "discard"),
        ("::ffff:8.8.8.8", "ipv4-mapped"),
        ("::8.8.8.8", "ipv4-compatible"),
        ("::ffff:0:8.8.8.8", "ipv4-translated"),
        ("64:ff9b::8.8.8.8", "nat64"),
        ("64:ff9b:1::8.8.8.8", "nat64"),
        ("2002:808:808::1", "6to4"),
        ("2001::1", "teredo"),
        ("2a00::5efe:8.8.8.8", "isatap"),
        ("2a00::200:5efe:8.8.8.8", "isatap"),
    ];
    let literal = |ip: &str| if ip.contains(':') { format!("[{ip}]:9") } else { format!("{ip}:9") };
    let targets: Vec<String> = rows.iter().map(|row| literal(row.0)).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    // Each address opened by itself, then none, then all of them by two networks.
    let entry = |(ip, _): &(&str, &str)| format!("  - {{network: '{ip}', ports: 9}}\n");
    let opened = format!("allow:\n{}", rows.iter().map(entry).collect::<String>());
    let wide = "allow:\n  - {network: 0.0.0.0/0, ports: 9}\n  - {network: '::/0', ports: 9}\n";
    for (text, closes) in [(opened.as_str(), "-"), ("allow: []", "literal_not_allowed"), (wide, "")]
    {
        let said = explain(&["--json"], text, &targets).json();
        for (i, ((ip, class), said)) in rows.iter().zip(&said).enumerate() {
            let address = &said["address"][0];
            assert_eq!(address["class"], *class, "{ip}: {said}");
            assert_eq!(address["decision"], said["decision"], "{ip}: {said}");
            let reason = match (*class, closes) {
                // The server in it is 0.0.0.0, which is open, the client 255.255.255.254.
                (_, "-") if *ip == "2001::1" => "address_class",
                ("global", "") | (_, "-") => "allowed",
                ("global", closed) => closed,
                _ => "address_class",
            };
            assert_eq!(said["reason"], reason, "{ip}: {said}");
            if (closes, reason) == ("-", "allowed") {
                assert_eq!(said["rule"], format!("allow[{i}]"), "{ip}");
            }
        }
    }
}

#[test]
fn without_resolve_nothing_is_asked() {
    let dns = FakeDns::start();
    leads_to(&dns, "ok.test", "10.0.0.1");
    dns.on("ok.test", Kind::Aaaa, [Reply::addrs(60, ["fd00::1"])]);
    let text = format!("{RULES}dns: {{servers: '{}', hosts_file: false}}\n", dns.addr());
    let said = explain(&["--json"], &text, &["ok.test:443", "a.ok.test:443"]).json();
    assert!(said.iter().all(|said| said["address"].is_null()), "{said:?}");
    assert_eq!(dns.asked(), []);
    // With it, each family once; the private address is open on this port, the other is not.
    let targets = ["ok.test:443", "no.test:443", "bad.ok.test:443", "ok.test:22", "ok.test"];
    let said = explain(&["--json", "--resolve"], &text, &targets);
    assert_eq!(said.code, Some(2));
    assert_eq!(dns.asked_names(), ["ok.test A", "ok.test AAAA"]);
    let verdicts = json!([
        {"ip": "fd00::1", "class": "unique-local", "decision": "deny", "reason": "address_class", "rule": null},
        {"ip": "10.0.0.1", "class": "private", "decision": "allow", "reason": null, "rule": "allow[2]"},
    ]);
    assert_eq!(said.json()[0]["address"], verdicts);
    let text = explain(&["--resolve"], &text, &["ok.test:443"]).out;
    assert!(text.contains("fd00::1 (unique-local): denied: address_class"), "{text}");
    assert!(text.contains("10.0.0.1 (private): permitted by allow[2]"), "{text}");
    assert!(!text.contains("not yet judged"), "{text}");
}

#[test]
fn configurations_with_mistakes() {
    let said = explain(&["--json"], "alow: []\nallow: [{}]\nlog: loud\n", &["ok.test:443"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert_eq!(said.err.lines().count(), 3, "{}", said.err);
    let files = Files::new();
    let missing = files.path("missing.yaml");
    let said = pinhole(["explain", "--config", arg(&missing), "ok.test:443"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("pinhole: cannot read ") && said.err.lines().count() == 1);
}

/// Without a file, the built-in default holds, and its lines are those of the file in the
/// repository.
#[test]
fn the_default() {
    let text = include_str!("../../config/default.yaml");
    let presets = pinhole(["presets", "conda"]).out;
    let host = presets.lines().find_map(|line| line.split_once(" (ports 443)")).unwrap().0;
    let target = format!("{host}:443");
    let said = pinhole(["explain", "--json", &target, "denied.test:443", "127.0.0.1:3128"]);
    assert_eq!(said.code, Some(1));
    let said = said.json();
    let line = text.lines().position(|line| line.trim() == "- preset: conda").unwrap() + 1;
    assert_eq!(said[0]["line"], line, "{}", said[0]);
    assert_eq!(said[0]["covers"], format!("preset conda: {host}"));
    assert_eq!(said[1]["reason"], "not_allowed");
    assert_eq!(said[2]["decision"], "deny");
}
