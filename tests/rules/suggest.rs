//! `pinhole suggest`: what it prints is a configuration, by which what was denied is allowed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::thread;

use serde_json::json;

use crate::cli::{Files, Said, arg, pinhole};
use crate::dns::FakeDns;
use crate::given::{closed, config, leads_to, refused};
use crate::support::proxy::{Proxy, program};

/// What is asked for, and how it is refused; then whether an entry can allow it.
const ASKED: &[(&str, &str, bool)] = &[
    ("no.test:443", "not_allowed", true),
    ("other.test:8443", "not_allowed", true),
    ("null:443", "not_allowed", true),
    ("ok.test:22", "port_not_allowed", true),
    ("10.0.0.1:443", "address_class", true),
    ("193.0.0.1:443", "literal_not_allowed", true),
    ("[fd00::1]:80", "address_class", true),
    ("127.0.0.1:443", "address_class", false),
    ("169.254.169.254:80", "address_class", false),
    ("[::1]:443", "address_class", false),
    ("bad.test:443", "denied", false),
    ("proxy.test:443", "own_address", false),
];

/// The log lines of a proxy that refuses all of these.
fn log() -> String {
    let dns = FakeDns::start();
    leads_to(&dns, "leads.test", "10.0.0.7");
    let mut config = config(&dns, json!([{"host": "ok.test"}, {"host": "leads.test"}]));
    config["deny"] = json!([{"host": "bad.test"}]);
    config["self"] = json!("proxy.test");
    let proxy = Proxy::start(&config);
    let mut log = String::new();
    for (target, label, _) in ASKED.iter().chain(&[("leads.test:443", "address_class", true)]) {
        log.push_str(&format!("{}\n", refused(&proxy, target, label)));
    }
    log
}

fn explained(files: &Files, suggestion: &str, target: &str) -> Option<i32> {
    let file = files.write("suggestion.yaml", suggestion);
    pinhole(["explain", "--config", arg(&file), "--", target]).code
}

#[test]
fn what_a_proxy_logged_is_allowed_by_what_is_suggested() {
    let files = Files::new();
    let log = files.write("pinhole.log", log());
    let said = pinhole(["suggest", arg(&log)]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let file = files.write("suggestion.yaml", &said.out);
    let checked = pinhole(["check", arg(&file)]);
    assert_eq!(checked.code, Some(0), "{checked:?}\n{}", said.out);
    for (target, _, curable) in ASKED {
        let code = if *curable { Some(0) } else { Some(1) };
        assert_eq!(explained(&files, &said.out, target), code, "{target}\n{}", said.out);
        let host = target.rsplit_once(':').map_or(*target, |(host, _)| host);
        assert!(said.out.contains(host.trim_matches(['[', ']'])), "{target}\n{}", said.out);
    }
    // Its name was allowed; the address alone is missing.
    assert_eq!(explained(&files, &said.out, "10.0.0.7:443"), Some(0), "{}", said.out);
    assert!(!said.out.contains("host: leads.test"), "{}", said.out);
    // The same from standard input, and nothing more where the suggestion holds already.
    let again =
        piped(&["suggest", "--config", arg(&file), "-"], &std::fs::read(&log).expect("a log"));
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.out.contains("  - host: leads.test\n"), "{}", again.out);
    assert_eq!(again.out.matches("\n  - ").count(), 1, "{}", again.out);
}

fn piped(args: &[&str], input: &[u8]) -> Said {
    let mut command = program();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("its end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// An admin listener that answers one request with this page.
fn admin(page: &str) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("its address");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a head") == 1 {
            head.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).expect("a reader");
        String::from_utf8(head).expect("UTF-8")
    });
    (addr, serving)
}

fn page() -> String {
    json!({
        "since": "2026-09-01T00:00:00Z",
        "forgotten": 0,
        "targets": [{
            "target": "no.test:443", "method": "connect", "count": 3,
            "first": "2026-09-01T10:00:00Z", "last": "2026-09-02T10:00:00Z",
            "reasons": ["not_allowed"], "clients": ["10.0.0.5"], "names": ["build"],
            "more_clients": false, "addresses": [],
        }],
        "rules": [{"rule": "allow[0]", "count": 12}],
    })
    .to_string()
}

#[test]
fn without_a_log_the_admin_listener_is_asked() {
    let files = Files::new();
    for by_config in [false, true] {
        let (addr, serving) = admin(&page());
        let rules = format!("allow: [{{host: a.test}}, {{host: b.test}}]\nadmin: {addr}\n");
        let file = files.write("pinhole.yaml", rules);
        let url = format!("http://{addr}/denials");
        let said = match by_config {
            true => pinhole(["suggest", "--config", arg(&file)]),
            false => pinhole(["suggest", "--admin", &url]),
        };
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        assert!(serving.join().expect("a head").starts_with("GET /denials "));
        assert_eq!(explained(&files, &said.out, "no.test:443"), Some(0), "{}", said.out);
        let times =
            "# 3 times, by build, 10.0.0.5, from 2026-09-01T10:00:00Z to 2026-09-02T10:00:00Z\n";
        assert!(said.out.contains(times), "{}", said.out);
        let unused = "# Rules that nothing used since 2026-09-01T00:00:00Z:\n#   allow[1], line 1: host b.test\n";
        assert_eq!(said.out.contains(unused), by_config, "{}", said.out);
        assert!(!said.out.contains("allow[0]"), "{}", said.out);
    }
}

#[test]
fn what_cannot_be_asked_or_read_is_said() {
    let files = Files::new();
    let nobody = closed(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let closed = format!("127.0.0.1:{}", nobody.port);
    let off = files.write("off.yaml", "admin: off");
    let bad = files.write("bad.yaml", "alow: []");
    let (other, serving) = admin("ok\n");
    let other = other.to_string();
    let rows: &[(&[&str], &str)] = &[
        (&["--admin", &closed], "is pinhole running there? Or name log files"),
        (&["--admin", &other], "/denials is not what pinhole writes"),
        (&["--admin", "https://127.0.0.1:1"], "plain HTTP"),
        (&["--admin", "nowhere"], "is no admin listener"),
        (&["--config", arg(&off)], "`admin: off`"),
        (&["--config", arg(&bad)], "alow"),
        (&["nosuch.log"], "cannot read nosuch.log"),
        (&["."], "cannot read ."),
    ];
    for (args, part) in rows {
        let said = pinhole([&["suggest"], *args].concat());
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{args:?}: {said:?}");
        assert!(said.err.contains(part), "{args:?}: {}", said.err);
    }
    serving.join().expect("it was asked");
    let said = pinhole(["suggest", "--admin", &closed, "x.log"]);
    assert_eq!(said.code, Some(2), "one or the other: {said:?}");
}
