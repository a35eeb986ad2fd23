//! Who a client is, and what holds for it.

use serde_json::{Value, json};

use crate::dns::FakeDns;
use crate::place::{BOTH, By, Place, allow, from};
use crate::support::client::Client;
use crate::support::{each, ensure, shown};
use crate::users::{ADA, BOB, CAROL, User, basic, shown as login};

/// Where it comes from and as whom it logs in; what it is called; what it may reach; and what it
/// could reach if it logged in. Everything else is denied.
type Row = (
    &'static str,
    Option<User>,
    Option<&'static str>,
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: &[Row] = &[
    // By its network, before which nobody stands who logs in.
    ("127.0.0.2", None, Some("pods"), &["all", "pods"], &[]),
    ("127.0.0.2", Some(ADA), Some("pods"), &["all", "pods"], &[]),
    // By its network, unless it logs in.
    ("127.0.0.3", None, Some("late"), &["all", "taboo", "late"], &["ci"]),
    ("127.0.0.1", None, Some("late"), &["all", "taboo", "late"], &["ci"]),
    // By its user, wherever it comes from.
    ("127.0.0.3", Some(ADA), Some("ci"), &["all", "taboo", "ci"], &[]),
    ("127.0.0.3", Some(BOB), Some("ci"), &["all", "taboo", "ci"], &[]),
    ("127.0.0.9", Some(ADA), Some("ci"), &["all", "taboo", "ci"], &[]),
    // By both, or by neither.
    ("127.0.0.4", Some(CAROL), Some("both"), &["all", "taboo", "both"], &[]),
    ("127.0.0.5", Some(CAROL), Some("both"), &["all", "taboo", "both"], &[]),
    ("127.0.0.6", Some(CAROL), Some("late"), &["all", "taboo", "late"], &[]),
    ("127.0.0.9", Some(CAROL), None, &["all", "taboo"], &[]),
    ("127.0.0.4", None, Some("late"), &["all", "taboo", "late"], &["ci", "both"]),
    // By the first of two that fit.
    ("127.0.0.4", Some(ADA), Some("ci"), &["all", "taboo", "ci"], &[]),
    // Somebody else.
    ("127.0.0.9", None, None, &["all", "taboo"], &["ci"]),
];

const NAMES: [&str; 8] = ["all", "taboo", "banned", "pods", "ci", "both", "late", "nobody"];

/// The place of the rule that decides, for whoever it is.
fn rule(host: &str, client: Option<&str>, allowed: bool) -> Value {
    match (host, client) {
        ("banned", _) => json!("deny[0]"),
        ("taboo", Some("pods")) => json!("clients[0].deny[0]"),
        ("all", _) => json!("allow[0]"),
        ("taboo", _) => json!("allow[1]"),
        ("pods", _) if allowed => json!("clients[0].allow[0]"),
        ("ci", _) if allowed => json!("clients[1].allow[0]"),
        ("both", _) if allowed => json!("clients[2].allow[0]"),
        ("late", _) if allowed => json!("clients[3].allow[0]"),
        _ => json!(null),
    }
}

#[test]
fn each_client_has_its_own_rules_and_those_of_all() {
    let place = Place::new();
    let mut accepts = 0;
    each(
        ROWS,
        |(ip, user, name, ..)| format!("{ip} as {:?}, {name:?}", user.map(|user| user.0)),
        |(ip, user, name, allowed, by_login)| {
            let fields = user.map(login).unwrap_or_default();
            // Who is known by the network alone is not asked for a user.
            let logged_in = user.map(|user| user.0).filter(|_| *name != Some("pods"));
            for (host, by) in NAMES.into_iter().flat_map(|host| BOTH.map(|by| (host, by))) {
                let answer = place.ask(by, ip, host, &fields);
                let what = format!("{by:?} {host}: {} {}", answer.status, answer.record);
                let may = allowed.contains(&host);
                let expected = match () {
                    () if may => (200, "", "allow"),
                    () if by_login.contains(&host) => (407, "credentials_missing", "deny"),
                    () if host == "banned" || host == "taboo" => (403, "denied", "deny"),
                    () => (403, "not_allowed", "deny"),
                };
                let decision = answer.record["decision"].as_str().unwrap_or_default();
                ensure!((answer.status, answer.label(), decision) == expected, "{what}");
                ensure!(answer.record["client_name"] == json!(name), "{what}");
                ensure!(answer.record["user"] == json!(logged_in), "{what}");
                ensure!(answer.record["rule"] == rule(host, *name, may), "{what}");
                ensure!(answer.record["would_deny"].is_null(), "{what}");
                // Nothing was dialled, or looked up, for what is denied.
                accepts += usize::from(may);
                ensure!(place.origin.accepts() == accepts, "{what}");
            }
            Ok(())
        },
    );
    let asked = place.dns.asked_names();
    let denied = ["banned.test", "nobody.test"];
    assert!(asked.iter().all(|name| !denied.iter().any(|denied| name.contains(denied))));
    place.keeps_secrets();
}

/// Addresses are judged for each client by its own network entries, too.
#[test]
fn network_entries_of_a_client_are_its_own() {
    let place = Place::with(|config| {
        config["allow"] = json!([allow("all")]);
        config["deny"] = json!([]);
        config["clients"] = json!([
            {"name": "open", "from": "127.0.0.2", "allow": [{"network": "127.0.0.1", "ports": "1-65535"}]},
            {"name": "shut", "from": "127.0.0.3", "allow": [{"network": "127.0.0.1", "ports": "1-65535"}],
             "deny": [{"network": "127.0.0.0/8"}]},
        ]);
    });
    let literal = format!("127.0.0.1:{}", place.origin.port());
    for by in BOTH {
        let answer = place.ask(by, "127.0.0.2", "all", "");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.record["address_rule"], "clients[0].allow[0]");
        assert_eq!(
            place.ask_for(by, "127.0.0.2", &literal, "").record["rule"],
            "clients[0].allow[0]"
        );
        for (ip, label, rule) in [
            ("127.0.0.3", "address_denied", json!("clients[1].deny[0]")),
            ("127.0.0.4", "address_class", json!(null)),
        ] {
            let literal = place.ask_for(by, ip, &literal, "");
            assert_eq!((literal.status, literal.label()), (403, label), "{}", literal.record);
            assert_eq!(literal.record["rule"], rule);
            let name = place.ask(by, ip, "all", "");
            assert_eq!((name.status, name.label()), (403, label), "{}", name.record);
            assert_eq!(name.record["address"], "127.0.0.1");
        }
    }
    assert_eq!(place.origin.accepts(), 4);
}

/// A client's own entry decides before one for all, with what it sets for its tunnels.
#[test]
fn a_clients_own_entry_goes_first() {
    let place = Place::with(|config| {
        let own = |idle: &str| json!([{"host": "all.test", "ports": "1-65535", "idle": idle}]);
        config["clients"] = json!([
            {"name": "hasty", "from": "127.0.0.2", "allow": own("100ms")},
            {"name": "slow", "from": "127.0.0.3", "allow": own("1h")},
        ]);
        config["allow"][0]["idle"] = json!("1h");
    });
    let mut hasty = place.from("127.0.0.2");
    hasty.send(place.request(By::Connect, "all", ""));
    assert_eq!(hasty.head().unwrap().status, 200);
    let line = place.proxy.record("it ends", |line| line["client_name"] == "hasty");
    assert_eq!(
        (&line["end"], &line["rule"]),
        (&json!("idle_timeout"), &json!("clients[0].allow[0]"))
    );
    let answer = place.ask(By::Connect, "127.0.0.3", "all", "");
    assert_eq!(answer.record["rule"], "clients[1].allow[0]");
    assert_eq!(place.ask(By::Connect, "127.0.0.4", "all", "").record["rule"], "allow[0]");
}

/// What is asked for with which fields; the status; and whose it is, by client and user.
type Asked<'t> = (&'t str, String, u16, Option<&'t str>, Option<&'t str>);

/// One request on a connection, without its end.
fn next(client: &mut Client, request: Vec<u8>) -> u16 {
    client.send(request);
    client.response().status
}

/// Each request on a connection is judged by what it shows itself.
#[test]
fn credentials_hold_for_their_own_request_alone() {
    let place = Place::new();
    let get = |host: &str, fields: &str| place.request(By::Get, host, fields);
    let wrong = basic("ada", "close sesame");
    // The last of each is refused, and ends the connection.
    let rows: [(&str, Vec<Asked<'_>>); 3] = [
        (
            "127.0.0.9",
            vec![
                ("all", String::new(), 200, None, None),
                ("ci", login(ADA), 200, Some("ci"), Some("ada")),
                ("all", login(CAROL), 200, None, Some(CAROL.0)),
                ("ci", login(BOB), 200, Some("ci"), Some("bob")),
                ("all", String::new(), 200, None, None),
                ("ci", String::new(), 407, None, None),
            ],
        ),
        (
            "127.0.0.4",
            vec![
                ("both", login(CAROL), 200, Some("both"), Some(CAROL.0)),
                ("late", String::new(), 200, Some("late"), None),
                ("ci", login(ADA), 200, Some("ci"), Some("ada")),
                ("both", login(ADA), 403, Some("ci"), Some("ada")),
            ],
        ),
        (
            "127.0.0.3",
            vec![
                ("ci", login(ADA), 200, Some("ci"), Some("ada")),
                ("all", wrong, 407, Some("late"), None),
            ],
        ),
    ];
    for pipelined in [false, true] {
        for (ip, requests) in &rows {
            let mut client = place.from(ip);
            let before = place.proxy.requests().len();
            if pipelined {
                let all: Vec<u8> =
                    requests.iter().flat_map(|(host, fields, ..)| get(host, fields)).collect();
                client.send([all, get("all", "")].concat());
                for (_, _, status, ..) in requests {
                    assert_eq!(client.response().status, *status);
                }
            } else {
                for (host, fields, status, ..) in requests {
                    assert_eq!(next(&mut client, get(host, fields)), *status, "{host}");
                }
            }
            client.ends();
            let records = place.proxy.wait_requests(before + requests.len());
            let records = &records[before..];
            assert_eq!(records.len(), requests.len(), "a request behind a refusal was read");
            for (record, (_, _, status, name, user)) in records.iter().zip(requests) {
                let found = [&record["status"], &record["client_name"], &record["user"]];
                assert_eq!(found, [&json!(status), &json!(name), &json!(user)], "{record}");
            }
        }
    }
    place.keeps_secrets();
}

/// A connection to a target that one has opened is none of another's, on the same connection to the
/// proxy: its target may know its client by it.
#[test]
fn targets_connections_are_kept_for_their_asker_alone() {
    let place = Place::new();
    let mut client = place.from("127.0.0.9");
    let mut opened = 0;
    for (fields, another) in [
        (String::new(), true),
        (String::new(), false),
        (login(ADA), true),
        (login(ADA), false),
        (login(BOB), true),
        (login(CAROL), true),
        (String::new(), true),
        (String::new(), false),
        (login(ADA), true),
    ] {
        assert_eq!(next(&mut client, place.request(By::Get, "all", &fields)), 200);
        opened += usize::from(another);
        assert_eq!(place.origin.accepts(), opened, "{fields}");
    }
}

/// Behind a load balancer the client's address is the one that the header names.
#[test]
fn networks_hold_for_the_address_of_a_proxy_protocol_header() {
    let place = Place::with(|config| {
        config["proxy_protocol"] = json!({"from": "127.0.0.1"});
        config["clients"] = json!([
            {"name": "four", "from": "10.20.0.0/16", "allow": [allow("pods")]},
            {"name": "six", "from": "fd00:30::/64", "allow": [allow("ci")]},
            {"name": "balancer", "from": "127.0.0.1", "allow": [allow("both")]},
            {"name": "beside", "from": "127.0.0.2", "allow": [allow("late")]},
        ]);
    });
    place_of_headers(&place);
}

fn place_of_headers(place: &Place) {
    let v2 = |addrs: &[u8]| {
        let family = if addrs.len() == 12 { 0x11 } else { 0x21 };
        let len = u16::try_from(addrs.len()).unwrap().to_be_bytes();
        [&b"\r\n\r\n\0\r\nQUIT\n\x21"[..], &[family], &len, addrs].concat()
    };
    let six = [&[0xfd, 0, 0, 0x30][..], &[0; 11], &[9], &[0; 15], &[1], &[1, 2, 3, 4]].concat();
    let rows: [(&str, Vec<u8>, Option<&str>, &str); 9] = [
        ("127.0.0.1", b"PROXY TCP4 10.20.0.9 127.0.0.1 99 80\r\n".to_vec(), Some("four"), "pods"),
        ("127.0.0.1", b"PROXY TCP6 ::ffff:10.20.0.9 ::1 99 80\r\n".to_vec(), Some("four"), "pods"),
        ("127.0.0.1", v2(&[10, 20, 255, 255, 1, 1, 1, 1, 9, 9, 0, 80]), Some("four"), "pods"),
        ("127.0.0.1", b"PROXY TCP6 fd00:30::9 ::1 99 80\r\n".to_vec(), Some("six"), "ci"),
        ("127.0.0.1", v2(&six), Some("six"), "ci"),
        ("127.0.0.1", b"PROXY TCP4 10.21.0.9 127.0.0.1 99 80\r\n".to_vec(), None, ""),
        ("127.0.0.1", b"PROXY TCP4 127.0.0.2 127.0.0.1 99 80\r\n".to_vec(), Some("beside"), "late"),
        // It names nobody: the client is the load balancer.
        ("127.0.0.1", b"PROXY UNKNOWN\r\n".to_vec(), Some("balancer"), "both"),
        // From here no header is looked for.
        ("127.0.0.2", Vec::new(), Some("beside"), "late"),
    ];
    each(
        rows,
        |row| format!("{} {}", row.0, shown(&row.1)),
        |(ip, header, name, its)| {
            for host in ["all", "pods", "ci", "both", "late"] {
                let before = place.proxy.requests().len();
                let mut client = place.from(ip);
                client.send([&header[..], &place.request(By::Get, host, "")].concat());
                let expected = if host == "all" || host == *its { 200 } else { 403 };
                let status = client.response().status;
                ensure!(status == expected, "{host}: {status}");
                client.fin().ends();
                let records = place.proxy.wait_requests(before + 1);
                let record = records.last().ok_or("no line")?;
                ensure!(record["client_name"] == json!(name), "{record}");
            }
            Ok(())
        },
    );
}

/// An IPv4 client of a dual-stack listener is known by its IPv4 address.
#[test]
fn a_dual_stack_listener_makes_no_difference() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no ::1");
        return;
    }
    let dns = FakeDns::start();
    let mut config = crate::place::config(&dns);
    config["listen"] = json!("[::]:0");
    config["clients"] = json!([
        {"name": "four", "from": "127.0.0.2"},
        {"name": "six", "from": "::1"},
    ]);
    let proxy = crate::support::proxy::Proxy::start(&config);
    let port = proxy.addr.port();
    let four = from(([127, 0, 0, 1], port).into(), "127.0.0.2");
    let six = Client::connect((std::net::Ipv6Addr::LOCALHOST, port).into());
    for (mut client, name) in [(four, "four"), (six, "six")] {
        client.send("CONNECT nobody.test:1 HTTP/1.0\r\n\r\n");
        assert_eq!(client.response().status, 403);
        let address = client.stream.local_addr().unwrap().to_string();
        let line = proxy.record("its line", |line| line["client"] == json!(address));
        assert_eq!(line["client_name"], name, "{line}");
    }
}
