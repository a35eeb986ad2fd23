//! What `pinhole explain` says of a target is what the proxy does with it.

use serde_json::Value;

use crate::cli::{Files, arg, pinhole};
use crate::dns::FakeDns;
use crate::given::{Closed, as_served, closed, connect, origin};
use crate::support::client::Response;
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::refusal_id;
use crate::support::{each, ensure};
use crate::targets::{BY_ADDRESS, BY_NAME, config};

/// The rich configuration: served, and in a file for `explain`.
struct Room {
    proxy: Proxy,
    origin: Origin,
    closed: Closed,
    files: Files,
    dns: FakeDns,
}

/// What a target is expected to come to, and what was said of it.
struct Case {
    target: String,
    expected: &'static str,
    said: Value,
}

impl Room {
    fn new() -> Self {
        let (dns, files) = (FakeDns::start(), Files::new());
        let origin = origin("0.0.0.0:0");
        let closed = closed("0.0.0.0:0".parse().unwrap()).unwrap();
        let config = config(&dns, origin.port());
        let proxy = Proxy::start(&config);
        files.write("pinhole.yaml", as_served(&config, &proxy));
        Self { proxy, origin, closed, files, dns }
    }

    fn fill(&self, target: &str) -> String {
        let ports = [
            ("%P", self.origin.port()),
            ("%C", self.closed.port),
            ("%S", self.proxy.addr.port()),
            ("%A", self.proxy.admin().port()),
        ];
        ports.iter().fold(target.to_owned(), |t, (from, to)| t.replace(from, &to.to_string()))
    }

    fn cases(&self, groups: &[(&'static str, &[&str])], flags: &[&str]) -> Vec<Case> {
        let rows = groups.iter().flat_map(|(expected, targets)| {
            targets.iter().map(|target| (*expected, self.fill(target)))
        });
        let rows: Vec<(&str, String)> = rows.collect();
        let said = self.explain(flags, rows.iter().map(|row| &row.1));
        assert_eq!(said.len(), rows.len());
        let cases = rows.into_iter().zip(said);
        cases.map(|((expected, target), said)| Case { target, expected, said }).collect()
    }

    fn explain<'t>(&self, flags: &[&str], targets: impl Iterator<Item = &'t String>) -> Vec<Value> {
        let file = self.files.path("pinhole.yaml");
        let mut args = vec!["explain", "--json", "--config", arg(&file)];
        args.extend(flags);
        args.push("--");
        let targets: Vec<&String> = targets.collect();
        args.extend(targets.iter().map(|target| target.as_str()));
        let said = pinhole(&args);
        assert_eq!(said.err, "");
        said.json()
    }

    /// Asks the proxy for a tunnel, and compares.
    fn compare(&self, case: &Case, resolved: bool) -> Result<(), String> {
        let said = &case.said;
        let rule = said["rule"].as_str().unwrap_or("-");
        let found = format!("{} {rule}", said["reason"].as_str().unwrap_or_default());
        ensure!(found == case.expected, "explain says `{found}`, not `{}`", case.expected);
        let (client, response) = connect(&self.proxy, &case.target);
        let from = client.stream.local_addr().expect("a socket").to_string();
        drop(client);
        self.agrees(said, &response, &from, resolved)
    }

    fn agrees(
        &self,
        said: &Value,
        response: &Response,
        from: &str,
        resolved: bool,
    ) -> Result<(), String> {
        let (status, reason) = (response.status, said["reason"].as_str().unwrap_or_default());
        let decision = match status {
            400 => "malformed",
            403 => "deny",
            _ => "allow",
        };
        ensure!(said["decision"] == decision, "explain: {}, proxy: {status}", said["decision"]);
        // Where the proxy refuses, explain knows why: but for connecting, which it does not try.
        let connecting = status != 200 && decision == "allow" && reason == "allowed";
        let labels: &[&str] = match (connecting, resolved) {
            (false, _) => &[reason],
            // The latter on a machine without IPv6.
            (true, true) => &["connect_refused", "connect_unreachable"],
            (true, false) => &["connect_refused", "connect_unreachable", "dns_not_found"],
        };
        if status != 200 {
            let told = labels.iter().any(|label| refusal_id(response, label).is_ok());
            ensure!(told, "the proxy says `{}`, not {labels:?}", response.reason);
        }
        // An earlier client may have had the same port.
        let is_its = |line: &Value| {
            line["client"] == from
                && (line["target"] == said["target"] || line["decision"] == "malformed")
        };
        let record = self.proxy.record("its log line", is_its);
        ensure!(record["decision"] == said["decision"], "log: {record}, explain: {said}");
        ensure!(record["rule"] == said["rule"], "log: {record}, explain: {said}");
        ensure!(record["status"] == status || status == 200, "log: {record}");
        if decision == "malformed" {
            return Ok(());
        }
        let dialled = record["address"].as_str().filter(|_| resolved);
        let verdict = |one: &Value| one["ip"].as_str() == dialled && one["decision"] == decision;
        let known = said["address"].as_array().is_some_and(|all| all.iter().any(verdict));
        ensure!(dialled.is_none() || known, "log: {record}, explain: {said}");
        Ok(())
    }
}

#[test]
fn on_every_kind_of_target() {
    let room = Room::new();
    let cases = room.cases(BY_NAME, &[]);
    assert!(cases.len() >= 120, "only {}", cases.len());
    each(cases, |case| case.target.escape_debug().to_string(), |case| room.compare(case, false));
    assert!(room.origin.accepts() >= 10, "only {} were dialled", room.origin.accepts());
    // Only what is allowed by name was ever asked for.
    let asked = room.dns.asked();
    let allowed = ["exact.test", "default.test", "ranged.test", "own-name.test", "mixed.test"];
    let fits = |name: &str| {
        allowed.contains(&name) || name == "elsewhere.test" || name.ends_with(".wild.test")
    };
    for question in asked {
        assert!(fits(&question.name), "{question:?}");
    }
}

#[test]
fn on_what_names_lead_to() {
    let room = Room::new();
    let unresolved = room.cases(BY_ADDRESS, &[]);
    assert_eq!(room.dns.asked(), []);
    each(
        &unresolved,
        |case| case.target.clone(),
        |case| {
            ensure!(case.said["decision"] == "allow", "{}", case.said);
            ensure!(case.said["address"].is_null(), "{}", case.said);
            let detail = case.said["detail"].as_str().unwrap_or_default();
            ensure!(detail.ends_with("; address not yet judged"), "{detail}");
            Ok(())
        },
    );
    let groups = [BY_ADDRESS, BY_NAME].concat();
    let cases = room.cases(&groups, &["--resolve"]);
    // What the table has for a target that resolves: a name without records is none.
    let resolves =
        |case: &Case| case.said["reason"] != "dns_not_found" || case.expected.contains("dns");
    let (known, nowhere): (Vec<_>, Vec<_>) = cases.into_iter().partition(resolves);
    each(known, |case| case.target.escape_debug().to_string(), |case| room.compare(case, true));
    let name = |case: &Case| case.target.clone();
    each(nowhere, name, |case| {
        ensure!(case.expected.starts_with("allowed "), "{}", case.said);
        let (client, response) = connect(&room.proxy, &case.target);
        let from = client.stream.local_addr().expect("a socket").to_string();
        room.agrees(&case.said, &response, &from, true)
    });
}

/// The hosts of a preset, on its own ports and on others.
#[test]
fn on_presets() {
    let room = Room::new();
    let hosts = |preset: &str| {
        let text = pinhole(["presets", preset]).out;
        let rows = text.lines().filter_map(|line| line.split_once(" (ports "));
        let rows = rows.map(|(host, ports)| {
            let ports: Vec<u16> =
                ports.trim_end_matches(')').split(", ").map(|p| p.parse().unwrap()).collect();
            (host.replace("*.", "below."), ports)
        });
        let rows: Vec<_> = rows.collect();
        assert!(rows.len() > 1, "{text}");
        rows
    };
    let mut rows: Vec<(String, &str)> = Vec::new();
    for (host, ports) in hosts("conda") {
        rows.extend(ports.iter().map(|port| (format!("{host}:{port}"), "dns_not_found allow[5]")));
        rows.push((format!("{host}:8443"), "port_not_allowed allow[5]"));
    }
    for (host, _) in hosts("go") {
        rows.push((format!("{host}:8443"), "dns_not_found allow[6]"));
        rows.push((format!("{host}:443"), "port_not_allowed allow[6]"));
    }
    for (host, _) in hosts("hugging-face") {
        rows.extend([443, 80, 1].map(|port| (format!("{host}:{port}"), "denied deny[4]")));
    }
    let said = room.explain(&["--resolve"], rows.iter().map(|row| &row.0));
    let cases = rows.into_iter().zip(said);
    let cases = cases.map(|((target, expected), said)| Case { target, expected, said });
    each(cases, |case| case.target.clone(), |case| room.compare(case, true));
}

/// URLs in absolute-form, as plain-HTTP clients send them.
#[test]
fn on_urls() {
    let room = Room::new();
    let rows = [
        ("http://exact.test:%P/", "allowed allow[0]"),
        ("HTTP://EXACT.test.:%P/a/b?c=http://other.test/", "allowed allow[0]"),
        ("http://exact.test:%P?x@y", "allowed allow[0]"),
        ("http://127.10.0.1:%P", "allowed allow[7]"),
        ("http://[::ffff:127.10.0.1]:%P/", "allowed allow[10]"),
        ("http://default.test/", "allowed allow[1]"),
        ("http://deep.wild.test/", "port_not_allowed allow[3]"),
        ("http://bad.wild.test/", "denied deny[0]"),
        ("http://other.test/", "not_allowed -"),
        ("http://10.0.0.1/", "address_class -"),
        ("http://169.254.169.254/latest/meta-data/", "address_class -"),
        ("http://[fd00:ec2::254]/latest", "address_class -"),
        ("http://127.10.0.1:%S/", "own_address allow[7]"),
        ("http://127.10.0.1:%A/metrics", "own_address allow[7]"),
        ("http://proxy.test/", "own_address -"),
        ("http:///", "malformed -"),
        ("http://exact.test:/", "malformed -"),
        ("http://exact.test:0/", "malformed -"),
        ("http://exact.test:99999/", "malformed -"),
        ("http://user@exact.test/", "malformed -"),
        ("http://user:secret@exact.test:%P/", "malformed -"),
        ("http://127.1/", "malformed -"),
        ("http://[127.10.0.1]/", "malformed -"),
        ("http://[::1%25lo]/", "malformed -"),
        ("http://exact.test%2f@other.test/", "malformed -"),
        ("http://exact\\.test/", "malformed -"),
        ("ftp://exact.test/", "malformed -"),
        ("gopher://exact.test:80/", "malformed -"),
        ("://exact.test:80/", "malformed -"),
    ];
    let targets: Vec<String> = rows.iter().map(|row| room.fill(row.0)).collect();
    let said = room.explain(&[], targets.iter());
    let cases = rows.iter().zip(targets).zip(said);
    let cases = cases.map(|((row, target), said)| Case { target, expected: row.1, said });
    each(
        cases,
        |case| case.target.clone(),
        |case| {
            let rule = case.said["rule"].as_str().unwrap_or("-");
            let found = format!("{} {rule}", case.said["reason"].as_str().unwrap_or_default());
            ensure!(found == case.expected, "explain says `{found}`, not `{}`", case.expected);
            let mut client = room.proxy.client();
            client.send(format!(
                "GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                case.target
            ));
            let from = client.stream.local_addr().expect("a socket").to_string();
            let response = client.response();
            room.agrees(&case.said, &response, &from, false)
        },
    );
}
