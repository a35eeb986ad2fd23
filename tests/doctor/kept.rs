//! Pods that are kept from going past the proxy, as they should be.

use std::collections::BTreeSet;

use serde_json::json;

use crate::Case;
use crate::given::{OTHER, PLAIN, Said, TARGET, World, text};
use crate::room::{API, Cable};

pub(crate) const CASES: &[Case] = &[
    ("enforced_all_is_well", all_is_well),
    ("enforced_by_dropping", dropped),
    ("the_hole_for_managed_jobs", hole),
    ("a_closed_proxy_of_the_pods_own", sidecar),
    ("too_little_time", too_little_time),
];

fn allow() -> serde_json::Value {
    json!([
        {"host": TARGET},
        {"host": PLAIN},
        {"network": format!("{API}/32"), "ports": 443},
        {"preset": "skypilot-network-check"},
    ])
}

/// What holds whatever the way is in which nothing else is reached.
fn closed(said: &Said) {
    for (id, subjects) in [
        ("direct.outside", ["8.8.8.8:443", "1.1.1.1:443", "[2606:4700:4700::1111]:443"]),
        ("direct.dns", ["8.8.8.8:53", "1.1.1.1:53", "[2606:4700:4700::1111]:53"]),
    ] {
        for subject in subjects {
            said.is(id, subject, "ok");
        }
    }
}

fn all_is_well() {
    let world = World::new(Cable::Enforced);
    let proxy = world.pinhole(&allow());
    let said = world.doctor(&["target.test:443", "http://plain.test/"]);
    said.fails(&[]);
    closed(&said);
    for (id, subject) in [
        ("env.proxy", ""),
        ("env.clients", "http://"),
        ("env.clients", "https://"),
        ("no-proxy.list", "no_proxy"),
        ("no-proxy.localhost", ""),
        ("no-proxy.api-server", "10.96.0.1:443"),
        ("no-proxy.services", ""),
        ("no-proxy.metadata", ""),
        ("no-proxy.targets", ""),
        ("no-proxy.network-check", ""),
        ("proxy.connect", "http://pinhole:3128"),
        ("proxy.tunnel", "http://pinhole:3128"),
        ("direct.targets", "target.test:443"),
        ("direct.names", ""),
        ("kubernetes.direct", "10.96.0.1:443"),
        ("kubernetes.proxy", "10.96.0.1:443"),
        ("network-check.serve", ""),
        ("metadata.direct", "169.254.169.254"),
        ("ca.agree", ""),
    ] {
        said.is(id, subject, "ok");
    }
    assert_eq!(said.is("reach", "target.test:443", "ok")["finding"], "TLS answers");
    let plain = said.is("reach", "plain.test:80", "ok");
    assert_eq!(plain["finding"], "the target answers with 204");
    for subject in ["169.254.169.254", "fd00:ec2::254", "metadata.google.internal"] {
        let metadata = said.is("metadata.proxy", subject, "ok");
        assert!(text(metadata, "finding").starts_with("the proxy denies it: 403, "), "{metadata}");
    }
    // No way is left to managed jobs, and nobody says that there are any.
    let jobs = said.is("network-check.jobs", "", "warn");
    assert!(text(jobs, "finding").contains("past the proxy"), "{jobs}");
    // What the proxy saw, and nothing more: two that are needed, the API server, two of the network
    // check, five metadata services.
    assert_eq!(proxy.wait_requests(10).len(), 10);
    let agents = proxy.requests();
    assert!(
        agents
            .iter()
            .all(|line| line["user_agent"].is_null() || line["user_agent"] == "pinhole-doctor"),
        "{agents:?}"
    );
    shape(&said);
    table(&world);
}

/// The JSON's shape, whatever it says.
fn shape(said: &Said) {
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let top: BTreeSet<String> = named(&["version", "ok", "summary", "first_denied", "checks"]);
    assert_eq!(keys(&said.json), top);
    let counts: BTreeSet<String> = named(&["ok", "skipped", "warn", "fail"]);
    assert_eq!(keys(&said.json["summary"]), counts);
    let summary = said.json["summary"].as_object().expect("an object");
    let each: BTreeSet<String> = named(&["id", "subject", "verdict", "finding", "advice", "rule"]);
    let checks = said.json["checks"].as_array().expect("a list");
    let total: u64 = summary.values().map(|count| count.as_u64().expect("a number")).sum();
    assert_eq!(total, checks.len() as u64);
    let mut seen = Vec::new();
    for check in checks {
        assert_eq!(keys(check), each);
        let verdict = text(check, "verdict");
        assert!(!text(check, "finding").is_empty());
        assert_eq!(check["advice"].is_string(), matches!(verdict, "warn" | "fail"), "{check}");
        let name = (check["id"].clone(), check["subject"].clone());
        assert!(!seen.contains(&name), "twice: {check}");
        seen.push(name);
    }
}

/// The table says the same, what is wrong last.
fn table(world: &World) {
    let said = world.words(&["target.test:443"], |_| {});
    assert_eq!(said.code, Some(0), "{said}");
    let lines: Vec<&str> = said.out.lines().collect();
    let verdicts: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(' ').next())
        .filter(|word| !word.is_empty())
        .collect();
    let order = ["ok", "skipped", "warn"];
    let places: Vec<usize> = verdicts[..verdicts.len() - 1]
        .iter()
        .map(|word| order.iter().position(|known| known == word).expect("a verdict"))
        .collect();
    assert!(places.is_sorted(), "{said}");
    assert!(lines.last().expect("a line").ends_with(" warnings, 0 failed"), "{said}");
    assert!(said.out.contains("reach                   target.test:443: TLS answers"), "{said}");
    assert!(said.out.contains("direct.outside          8.8.8.8:443, 1.1.1.1:443, "), "{said}");
}

fn dropped() {
    let world = World::new(Cable::Dropping);
    let _proxy = world.pinhole(&allow());
    let said = world.doctor(&["--timeout", "60s", "target.test:443"]);
    said.fails(&[]);
    closed(&said);
    let silent = said.check("direct.outside", "8.8.8.8:443");
    assert_eq!(silent["finding"], "closed (no answer)");
    said.is("network-check.jobs", "", "warn");
}

fn hole() {
    let world = World::new(Cable::WithHole);
    let _proxy = world.pinhole(&allow());
    let said = world.doctor(&["target.test:443"]);
    // Name servers are closed there: the hole is for TCP at port 443, and the world's name server
    // at that address is not started.
    said.fails(&[]);
    let open = said.is("direct.outside", "8.8.8.8:443", "warn");
    assert!(text(open, "finding").contains("managed jobs"), "{open}");
    said.is("direct.outside", "1.1.1.1:443", "ok");
    let jobs = said.is("network-check.jobs", "", "ok");
    assert!(text(jobs, "finding").contains("8.8.8.8:443"), "{jobs}");
    // Of other addresses nothing is asked, and nothing said.
    let said = world.doctor(&["--outside", "1.1.1.1", "target.test:443"]);
    said.fails(&[]);
    assert_eq!(said.all("direct.outside").len(), 1);
    let said = world.doctor(&["--outside", "5.6.7.9", "target.test:443"]);
    said.is("network-check.jobs", "", "skipped");
    said.is("network-check.serve", "", "skipped");
    said.is("direct.outside", "5.6.7.9:443", "ok");
}

fn sidecar() {
    let world = World::new(Cable::Open);
    // Nobody listens there: what is to be seen is what is said of the shape.
    let local = "http://127.0.0.1:3128";
    let said = world.doctor_with(&["other.test:443"], |variables| {
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.insert(name, local.to_owned());
        }
    });
    let shape = said.is("enforcement.sidecar", "", "warn");
    assert!(text(shape, "finding").contains("shares the pod's network"), "{shape}");
    let refused = said.is("proxy.connect", local, "fail");
    assert!(text(refused, "finding").ends_with("127.0.0.1:3128: refused"), "{refused}");
    assert_eq!(said.check("reach", &format!("{OTHER}:443"))["verdict"], "skipped");
}

fn too_little_time() {
    let world = World::new(Cable::Dropping);
    let said = world.doctor(&["--timeout", "0s", "target.test:443"]);
    // What was not tried is not said to be closed.
    assert!(!said.of_verdict("ok").iter().any(|id| id.starts_with("direct.outside")), "{said}");
    let skipped = said.is("direct.outside", "8.8.8.8:443", "skipped");
    assert_eq!(skipped["finding"], "there was no time left");
    // Nor does it pass for well.
    let time = said.is("doctor.time", "", "fail");
    assert!(text(time, "advice").contains("--timeout"), "{time}");
    said.is("metadata.direct", "169.254.169.254", "skipped");
}
