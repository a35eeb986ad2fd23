//! How much each client may have open.

use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::place::{BOTH, By, Place, allow};
use crate::support::client::{Client, Response};
use crate::support::origin::Origin;
use crate::support::site::refusal_id;
use crate::support::structured::{self, Bare};
use crate::users::{self, ADA, BOB};

/// A few connections, fewer from each address; as many as may be; two for a user, wherever from.
fn few() -> Place {
    Place::with(|config| config["clients"] = clients())
}

fn clients() -> Value {
    json!([
        {"name": "few", "from": "127.0.0.2/31", "allow": [allow("pods")],
         "limits": {"connections": 3, "connections_per_address": 2}},
        {"name": "many", "from": "127.0.0.4", "allow": [allow("pods")]},
        {"name": "ci", "users": [ADA.0, BOB.0], "allow": [allow("ci")], "limits": {"connections": 2}},
    ])
}

/// Asks without an end: what is open stays so.
fn ask(place: &Place, by: By, ip: &str, host: &str, fields: &str) -> (Client, Response) {
    let mut client = place.from(ip);
    client.send(place.request(by, host, fields));
    let mut response = client.head().expect("a response");
    if let Some(length) = response.field("content-length") {
        let length = length.parse().expect("a number");
        response.body = client.bytes(length);
    }
    (client, response)
}

fn open(place: &Place, by: By, ip: &str, host: &str, fields: &str) -> Client {
    let (client, response) = ask(place, by, ip, host, fields);
    assert_eq!(response.status, 200);
    client
}

/// There is no room for one more, and its client is told so.
fn full(place: &Place, by: By, ip: &str, host: &str, fields: &str, name: &str) {
    let (mut client, response) = ask(place, by, ip, host, fields);
    assert_eq!(response.status, 503);
    let id = refusal_id(&response, "client_connections").unwrap();
    client.ends();
    let text = format!("the client {name} has all the connections it may have");
    assert!(response.text().contains(&text), "{}", response.text());
    assert_eq!(response.field("retry-after"), Some("5"));
    let status = structured::list(response.field("proxy-status").unwrap()).unwrap();
    let error = Bare::Token("connection_limit_reached".to_owned());
    assert_eq!(status[0].param("error"), Some(&error));
    let line = place.proxy.record_of(&id);
    assert_eq!((&line["client_name"], &line["decision"]), (&json!(name), &json!(null)), "{line}");
    assert_eq!(line["detail"], text);
}

/// Tunnels, and idle connections that are kept, count alike.
#[test]
fn a_client_has_no_more_than_its_limits() {
    let place = few();
    for by in BOTH {
        let one = open(&place, by, "127.0.0.2", "pods", "");
        let mut two = open(&place, by, "127.0.0.2", "all", "");
        place.wait_open("few", 2);
        // From this address there are two, whatever is asked for; from the other there is one more.
        for host in ["pods", "all", "nobody"] {
            for by in BOTH {
                full(&place, by, "127.0.0.2", host, "", "few");
            }
        }
        let three = open(&place, by, "127.0.0.3", "pods", "");
        full(&place, by, "127.0.0.3", "pods", "", "few");
        place.wait_open("few", 3);
        // No one else has any less.
        let others: Vec<Client> =
            (0..6).map(|_| open(&place, by, "127.0.0.4", "pods", "")).collect();
        let nobodies: Vec<Client> =
            (0..6).map(|_| open(&place, by, "127.0.0.9", "all", "")).collect();
        place.wait_open("many", 6);
        // What has ended is given back, in whichever way it did.
        one.reset();
        place.wait_open("few", 2);
        let one = open(&place, by, "127.0.0.3", "pods", "");
        full(&place, by, "127.0.0.2", "pods", "", "few");
        two.fin().ends();
        place.wait_open("few", 2);
        full(&place, by, "127.0.0.3", "pods", "", "few");
        let two = open(&place, by, "127.0.0.2", "pods", "");
        place.wait_open("few", 3);
        drop((one, two, three, others, nobodies));
        place.wait_open("few", 0);
        place.wait_open("many", 0);
    }
    let clients: Vec<String> = place.proxy.metrics().into_keys().collect();
    let gauges = clients.iter().filter(|name| name.contains("client_connections_open")).count();
    assert_eq!(gauges, 2, "{clients:?}");
}

/// Users have theirs wherever they come from.
#[test]
fn a_limit_of_users_holds_over_all_addresses() {
    let place = few();
    let one = open(&place, By::Connect, "127.0.0.9", "ci", &users::shown(ADA));
    let two = open(&place, By::Get, "127.0.0.10", "ci", &users::shown(BOB));
    full(&place, By::Connect, "127.0.0.11", "ci", &users::shown(ADA), "ci");
    // Whoever does not log in is not theirs.
    let _three = open(&place, By::Connect, "127.0.0.9", "all", "");
    full(&place, By::Get, "127.0.0.9", "all", &users::shown(BOB), "ci");
    drop(one);
    place.wait_open("ci", 1);
    let _four = open(&place, By::Connect, "127.0.0.11", "ci", &users::shown(ADA));
    drop(two);
    place.wait_open("ci", 1);
    place.keeps_secrets();
}

/// A connection counts from its first request on, for whom that request is; and once.
#[test]
fn a_connection_counts_for_whom_its_last_request_was() {
    let place = few();
    let waiting: Vec<Client> = (0..5).map(|_| place.from("127.0.0.2")).collect();
    let mut client = open(&place, By::Get, "127.0.0.9", "ci", &users::shown(ADA));
    for _ in 0..5 {
        client.send(place.request(By::Get, "ci", &users::shown(BOB)));
        assert_eq!(client.response().status, 200);
    }
    place.wait_open("ci", 1);
    assert_eq!(place.open("few"), 0.0);
    // The same connection as nobody's, and as theirs again.
    client.send(place.request(By::Get, "all", ""));
    assert_eq!(client.response().status, 200);
    place.wait_open("ci", 0);
    client.send(place.request(By::Get, "ci", &users::shown(ADA)));
    assert_eq!(client.response().status, 200);
    place.wait_open("ci", 1);
    // A tunnel that nobody in particular opens is nobody's.
    client.send(place.request(By::Connect, "all", ""));
    assert_eq!(client.head().unwrap().status, 200);
    place.wait_open("ci", 0);
    drop((client, waiting));
    place.wait_open("few", 0);
}

/// Whatever a request comes to, what it took is given back.
#[test]
fn every_end_gives_back() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let origin = Origin::start();
    let target = origin.port();
    let place = Place::of(origin, |config, port| {
        config["clients"] = json!([{
            "name": "one",
            "from": "127.0.0.2",
            "allow": [allow("pods"), allow("nowhere")],
            "limits": {"connections": 1},
        }]);
        config.as_object_mut().unwrap().remove("credentials_file");
        config["tls"] = json!({"ports": port});
    });
    let asks = [
        (By::Connect, "nobody.test:443".to_owned(), 403),
        (By::Get, "nobody.test:443".to_owned(), 403),
        (By::Connect, "10.0.0.1:443".to_owned(), 403),
        (By::Connect, format!("127.0.0.1:{port}"), 502),
        (By::Get, format!("127.0.0.1:{port}"), 502),
        (By::Connect, "nowhere.test:443".to_owned(), 502),
        (By::Get, format!("pods.test:{target}"), 200),
    ];
    for (by, target, status) in asks {
        for _ in 0..3 {
            assert_eq!(place.ask_for(by, "127.0.0.2", &target, "").status, status, "{target}");
            place.wait_open("one", 0);
        }
    }
    // A tunnel that fails the SNI check, and one whose client never says a word.
    for said in [&b"GET / HTTP/1.0\r\n\r\n"[..], b""] {
        for resets in [false, true] {
            let mut client = place.from("127.0.0.2");
            client.send(place.request(By::Connect, "pods", ""));
            assert_eq!(client.head().unwrap().status, 200);
            place.wait_open("one", 1);
            client.send(said);
            match resets {
                true => client.reset(),
                false => drop(client),
            }
            place.wait_open("one", 0);
        }
    }
}

/// However many come at once, no more get in than may.
#[test]
fn limits_are_exact() {
    let place = Place::with(|config| {
        config["clients"] = json!([
            {"name": "ten", "from": "127.0.0.0/26", "allow": [allow("pods")],
             "limits": {"connections": 10, "connections_per_address": 4}},
        ]);
        config.as_object_mut().unwrap().remove("credentials_file");
    });
    for addresses in [2, 5, 8] {
        let opened = thread::scope(|scope| {
            let ask = |i: usize| {
                let ip = format!("127.0.0.{}", 2 + i % addresses);
                ask(&place, BOTH[i / addresses % 2], &ip, "pods", "")
            };
            let asking: Vec<_> = (0..40).map(|i| scope.spawn(move || ask(i))).collect();
            asking.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        let (got, refused): (Vec<_>, Vec<_>) =
            opened.into_iter().partition(|(_, response)| response.status == 200);
        assert_eq!(got.len(), (addresses * 4).min(10));
        for (_, response) in &refused {
            refusal_id(response, "client_connections").unwrap();
        }
        place.wait_open("ten", got.len());
        drop((got, refused));
        place.wait_open("ten", 0);
    }
}

/// Lower limits leave open what is open.
#[test]
fn other_limits_after_a_reload() {
    let place = few();
    let set = |connections: usize| {
        let said = place.reload(|config| {
            config["clients"][0]["limits"] = json!({"connections": connections});
        });
        assert_eq!(said, "configuration reloaded");
    };
    set(5);
    let mut all: Vec<Client> =
        (0..5).map(|_| open(&place, By::Get, "127.0.0.2", "pods", "")).collect();
    full(&place, By::Get, "127.0.0.3", "pods", "", "few");
    set(2);
    // They go on, for they count already.
    for client in &mut all {
        client.send(place.request(By::Get, "pods", ""));
        assert_eq!(client.response().status, 200);
    }
    all.truncate(2);
    place.wait_open("few", 2);
    full(&place, By::Get, "127.0.0.3", "pods", "", "few");
    all.truncate(1);
    place.wait_open("few", 1);
    all.push(open(&place, By::Connect, "127.0.0.3", "pods", ""));
    place.wait_open("few", 2);
    drop(all);
    place.wait_open("few", 0);
}

/// Behind a load balancer, an address is the one that the header names.
#[test]
fn addresses_behind_a_load_balancer_have_their_own_limits() {
    let place = Place::with(|config| {
        config["proxy_protocol"] = json!({"from": "127.0.0.1"});
        config["clients"] = json!([{
            "name": "few",
            "from": "10.20.0.0/16",
            "limits": {"connections": 3, "connections_per_address": 1},
        }]);
        config.as_object_mut().unwrap().remove("credentials_file");
    });
    let open = |ip: &str| {
        let mut client = place.from("127.0.0.1");
        let header = format!("PROXY TCP4 {ip} 127.0.0.1 99 80\r\n");
        client.send([header.as_bytes(), &place.request(By::Connect, "all", "")].concat());
        let status = client.head().unwrap().status;
        (client, status)
    };
    let rows = [
        ("10.20.0.1", 200),
        ("10.20.0.1", 503),
        ("10.20.0.2", 200),
        ("10.20.0.2", 503),
        ("10.20.0.3", 200),
        ("10.20.0.4", 503),
        ("10.21.0.1", 200),
        ("10.21.0.1", 200),
    ];
    let opened: Vec<Client> = rows
        .into_iter()
        .map(|(ip, expected)| {
            let (client, status) = open(ip);
            assert_eq!(status, expected, "{ip}");
            client
        })
        .collect();
    place.wait_open("few", 3);
    drop(opened);
    place.wait_open("few", 0);
    assert_eq!(open("10.20.0.4").1, 200);
}
