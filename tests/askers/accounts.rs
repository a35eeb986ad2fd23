//! What is counted and logged of each client.

use std::collections::BTreeMap;

use serde_json::json;

use crate::place::{BOTH, By, Place, allow};
use crate::prometheus::Page;
use crate::support::origin::Origin;
use crate::support::until;
use crate::users::{self, ADA, CAROL, basic};

const REQUESTS: &str = "pinhole_client_requests_total";
const BYTES: &str = "pinhole_client_bytes_total";

/// The samples of a metric, by the values of its labels in the labels' order.
fn samples(place: &Place, metric: &str, labels: [&str; 2]) -> BTreeMap<String, f64> {
    let of = |(name, value): (String, f64)| {
        let rest = name.strip_prefix(metric)?.strip_prefix('{')?.strip_suffix('}')?;
        let value_of = |label: &str| {
            let (_, rest) = rest.split_once(&format!("{label}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        Some((labels.map(|label| value_of(label).expect(label)).join(" "), value))
    };
    place.proxy.metrics().into_iter().filter_map(of).collect()
}

/// The same, from the log.
fn logged(place: &Place) -> (BTreeMap<String, f64>, BTreeMap<String, f64>) {
    let (mut requests, mut bytes) = (BTreeMap::new(), BTreeMap::new());
    for line in place.proxy.requests() {
        let Some(client) = line["client_name"].as_str() else { continue };
        let decision = line["decision"].as_str().unwrap_or("none");
        *requests.entry(format!("{client} {decision}")).or_default() += 1.0;
        for direction in ["up", "down"] {
            *bytes.entry(format!("{client} {direction}")).or_default() +=
                line[direction].as_f64().expect("a number");
        }
    }
    (requests, bytes)
}

/// A target that takes a number of bytes and answers by another, both told by the first line.
fn weighing() -> Origin {
    Origin::with(|peer| {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.extend(peer.bytes(1)?);
        }
        let line = String::from_utf8(line).expect("numbers");
        let (up, down) = line.trim().split_once(' ').expect("two numbers");
        peer.bytes(up.parse::<usize>().expect("a number") - line.len())?;
        peer.send(vec![b'd'; down.parse().expect("a number")])
    })
}

#[test]
fn bytes_are_counted_for_their_client_exactly() {
    let place = Place::of(weighing(), |_, _| {});
    let tunnels = [
        ("127.0.0.2", String::new(), Some("pods"), 100, 0),
        ("127.0.0.2", String::new(), Some("pods"), 70_000, 3_000_001),
        ("127.0.0.3", String::new(), Some("late"), 10, 1),
        ("127.0.0.9", users::shown(ADA), Some("ci"), 1_000_000, 5),
        ("127.0.0.4", users::shown(ADA), Some("ci"), 12, 12),
        ("127.0.0.4", users::shown(CAROL), Some("both"), 9, 500_000),
        ("127.0.0.9", String::new(), None, 999, 999),
        ("127.0.0.9", users::shown(CAROL), None, 50, 50),
    ];
    let mut expected = BTreeMap::<String, f64>::new();
    for (ip, fields, name, up, down) in &tunnels {
        let mut client = place.from(ip);
        client.send(place.request(By::Connect, "all", fields));
        assert_eq!(client.head().unwrap().status, 200);
        let line = format!("{up} {down}\n");
        client.send([line.as_bytes(), &vec![b'u'; up - line.len()]].concat());
        assert_eq!(client.rest().0.len(), *down);
        let address = json!(client.stream.local_addr().unwrap().to_string());
        drop(client);
        let record = place.proxy.record("the tunnel's end", |line| line["client"] == address);
        assert_eq!((&record["up"], &record["down"]), (&json!(up), &json!(down)), "{record}");
        assert_eq!(record["client_name"], json!(name));
        if let Some(name) = name {
            *expected.entry(format!("{name} up")).or_default() += *up as f64;
            *expected.entry(format!("{name} down")).or_default() += *down as f64;
        }
    }
    assert_eq!(samples(&place, BYTES, ["client", "direction"]), expected);
    let requests = samples(&place, REQUESTS, ["client", "decision"]);
    let counts = [("both allow", 1.0), ("ci allow", 2.0), ("late allow", 1.0), ("pods allow", 2.0)];
    assert_eq!(requests, BTreeMap::from(counts.map(|(name, count)| (name.to_owned(), count))));
    // In all there is more, by those who are nobody in particular.
    let all = |direction: &str| {
        let name = format!("pinhole_bytes_total{{direction=\"{direction}\"}}");
        place.proxy.metric(&name)
    };
    let (up, down) = tunnels.iter().fold((0, 0), |sum, row| (sum.0 + row.3, sum.1 + row.4));
    assert_eq!((all("up"), all("down")), (up as f64, down as f64));
    place.keeps_secrets();
}

/// Plain HTTP counts its bodies, and everything that is refused counts as what policy said of it.
#[test]
fn requests_are_counted_by_client_and_decision() {
    let place = Place::with(|config| {
        config["clients"][0]["mode"] = json!("audit");
        config["clients"][0]["limits"] = json!({"connections": 1});
        config["clients"][3]["allow"] = json!([allow("late"), allow("nowhere")]);
    });
    for (ip, fields) in [
        ("127.0.0.2", String::new()),
        ("127.0.0.3", String::new()),
        ("127.0.0.3", users::shown(ADA)),
        ("127.0.0.3", basic("ada", "wrong")),
        ("127.0.0.4", users::shown(CAROL)),
        ("127.0.0.9", String::new()),
    ] {
        for host in ["all", "banned", "pods", "ci", "late", "nobody", "nowhere"] {
            for by in BOTH {
                place.ask(by, ip, host, &fields);
                // One connection at a time, for a client of one.
                place.wait_open("pods", 0);
            }
        }
        let port = place.origin.port();
        for junk in
            [format!("GET http://all.test:{port}/ HTTP/1.1\r\n\r\n"), "X\r\n\r\n".to_owned()]
        {
            let mut client = place.from(ip);
            client.send(junk);
            assert_eq!(client.response().status, 400);
        }
    }
    let mut held = place.from("127.0.0.2");
    held.send(place.request(By::Get, "all", ""));
    assert_eq!(held.response().status, 200);
    assert_eq!(place.ask(By::Get, "127.0.0.2", "all", "").status, 503);
    // A body each way.
    let target = format!("all.test:{}", place.origin.port());
    held.send(format!(
        "POST http://{target}/b HTTP/1.1\r\nHost: {target}\r\nContent-Length: 7\r\n\r\n1234567"
    ));
    assert_eq!(held.response().text(), "POST /b HTTP/1.1");
    drop(held);
    until("all of it is counted", || {
        let (requests, bytes) = logged(&place);
        samples(&place, REQUESTS, ["client", "decision"]) == requests
            && samples(&place, BYTES, ["client", "direction"]) == bytes
    });
    let counted = samples(&place, REQUESTS, ["client", "decision"]);
    for (labels, at_least) in [
        ("pods audit", 4.0),
        ("pods allow", 4.0),
        ("pods none", 1.0),
        ("late deny", 4.0),
        ("late allow", 6.0),
        ("ci deny", 6.0),
        ("both allow", 2.0),
    ] {
        assert!(
            counted.get(labels).is_some_and(|count| *count >= at_least),
            "{labels}: {counted:?}"
        );
    }
    // Who shows wrong credentials is who it would be without, and is told where they matter.
    let wrong: Vec<_> = place.proxy.requests();
    let wrong: Vec<_> = wrong.iter().filter(|line| line["reason"] == "credentials_wrong").collect();
    assert_eq!(wrong.len(), 8);
    assert!(wrong.iter().all(|line| line["client_name"] == "late" && line["user"].is_null()));
    place.keeps_secrets();
}

/// Nothing that comes from the network is a label: not a user, not a host, not an address.
#[test]
fn a_flood_of_users_and_hosts_adds_no_series() {
    let place = Place::with(|config| config["clients"][3]["mode"] = json!("audit"));
    let round = |i: usize| {
        for (ip, fields) in [
            ("127.0.0.9", basic(format!("user{i}"), "x")),
            ("127.0.0.9", basic(format!("evil\"}} {i}\n"), "x")),
            ("127.0.0.9", users::shown(ADA)),
            ("127.0.0.2", String::new()),
            ("127.0.0.3", String::new()),
            ("127.0.0.3", basic(format!("user{i}"), "x")),
            ("127.0.0.4", users::shown(CAROL)),
        ] {
            place.ask_for(By::Connect, ip, &format!("evil{i}.test:443"), &fields);
            place.ask_for(By::Get, ip, &format!("evil{i}.test:{}", 1000 + i), &fields);
            place.ask_for(By::Connect, ip, &format!("10.9.8.{i}:443"), &fields);
        }
        // Every address of a network is the same client.
        for ip in 1..8 {
            place.ask(By::Get, &format!("127.0.0.{ip}"), "all", "");
        }
    };
    let names = || place.proxy.metrics().into_keys().collect::<Vec<_>>();
    round(0);
    round(1);
    let settled = |requests: usize| {
        place.proxy.wait_requests(requests);
        for client in ["pods", "ci", "both", "late"] {
            place.wait_open(client, 0);
        }
    };
    settled(56);
    let before = names();
    for i in 2..10 {
        round(i);
    }
    settled(280);
    assert_eq!(names(), before);
    for word in ["evil", "user", "127.0.0", "10.9.8"] {
        assert!(!before.iter().any(|name| name.contains(word)), "{word} in {before:?}");
    }
    place.keeps_secrets();
}

/// The new families are explained, and the page is one that Prometheus reads.
#[test]
fn the_page_is_well_formed() {
    let place = Place::with(|config| config["clients"][0]["mode"] = json!("audit"));
    for (ip, host, fields) in [
        ("127.0.0.2", "nobody", String::new()),
        ("127.0.0.9", "ci", users::shown(ADA)),
        ("127.0.0.9", "ci", String::new()),
    ] {
        place.ask(By::Connect, ip, host, &fields);
    }
    let (_, text) = place.proxy.page("/metrics");
    let page = Page::parse(&text).unwrap();
    for (family, kind) in [
        (REQUESTS, "counter"),
        (BYTES, "counter"),
        ("pinhole_client_connections_open", "gauge"),
        ("pinhole_would_deny_total", "counter"),
    ] {
        assert_eq!(page.types.get(family).map(String::as_str), Some(kind), "{family}");
        assert!(text.contains(&format!("# HELP {family} ")), "{family} is not explained");
    }
}

/// A line for people names who asked, and what audit mode passed over.
#[test]
fn the_log_in_words_names_clients_and_users() {
    let place = Place::with(|config| {
        config["log"] = json!("text");
        config["clients"][0]["mode"] = json!("audit");
    });
    let rows = [
        (
            "127.0.0.9",
            "ci",
            users::shown(ADA),
            " (ci) as ada CONNECT ci.test:%P 200 closed by clients[1].allow[0] ",
        ),
        (
            "127.0.0.9",
            "all",
            users::shown(CAROL),
            " as carol@build-1.test CONNECT all.test:%P 200 closed by allow[0] ",
        ),
        ("127.0.0.3", "all", String::new(), " (late) CONNECT all.test:%P 200 closed by allow[0] "),
        ("127.0.0.9", "ci", String::new(), " CONNECT ci.test:%P 407 credentials_missing "),
        (
            "127.0.0.3",
            "all",
            basic("ada", "wrong"),
            " (late) CONNECT all.test:%P 407 credentials_wrong ",
        ),
        (
            "127.0.0.2",
            "banned",
            String::new(),
            " (pods) CONNECT banned.test:%P 200 but for audit denied closed ",
        ),
    ];
    for (ip, host, fields, words) in rows {
        let mut client = place.from(ip);
        client.send(place.request(By::Connect, host, &fields));
        let status = client.head().unwrap().status;
        client.fin();
        if status == 200 {
            client.ends();
        }
        let address = client.stream.local_addr().unwrap();
        let words = words.replace("%P", &place.origin.port().to_string());
        let start = format!(" {address}{words}");
        place.proxy.wait_line(&start, |line| line.text.contains(&start).then_some(()));
    }
    let line = place.proxy.wait_line("its detail", |line| {
        line.text.contains("but for audit").then(|| line.text.clone())
    });
    assert!(line.contains(" (banned.test:") && line.contains("is denied by deny[0]"), "{line}");
    place.keeps_secrets();
}
