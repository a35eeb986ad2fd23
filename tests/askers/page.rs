//! The page of denials: what was denied, to whom, and which rules were used.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::thread;

use serde_json::{Value, json};

use crate::place::{BOTH, By, Place, bound, leads};
use crate::support::client::Client;
use crate::support::{find, shown};
use crate::users::{self, ADA, basic};

/// Most targets that the page has.
const MOST: usize = 4096;

fn place() -> Place {
    let place = Place::with(|config| {
        config["deny"] = json!([{"host": "banned.test"}, {"network": "127.0.0.99"}]);
        config["allow"].as_array_mut().unwrap().push(json!({"host": "*.sub.test"}));
    });
    leads(&place.dns, "private.sub.test", ["10.0.0.1"]);
    leads(&place.dns, "two.sub.test", ["10.0.0.1", "169.254.169.254"]);
    leads(&place.dns, "denied.sub.test", ["127.0.0.99"]);
    place
}

/// The times of a row are times, and are left out below.
fn without_times(mut row: Value) -> Value {
    let row = row.as_object_mut().expect("a map");
    let [first, last] = ["first", "last"].map(|key| row.remove(key).expect(key));
    let [first, last] = [first, last].map(|time| time.as_str().expect("text").to_owned());
    let is_time = |time: &str| time.len() == 24 && time.starts_with("20") && time.ends_with('Z');
    assert!(is_time(&first) && is_time(&last) && first <= last, "{first} {last}");
    Value::Object(row.clone())
}

/// A rule, and how often it was used.
fn used(rule: &Value) -> String {
    format!("{} {}", rule["rule"].as_str().expect("a place"), rule["count"])
}

#[test]
fn what_was_denied_to_whom_and_why() {
    let place = place();
    for (ip, times) in [("127.0.0.2", 3), ("127.0.0.3", 2), ("127.0.0.9", 1)] {
        for _ in 0..times {
            place.ask_for(By::Connect, ip, "Nobody.TEST.:443", "");
        }
    }
    place.ask_for(By::Get, "127.0.0.2", "nobody.test:443", "");
    place.ask_for(By::Connect, "127.0.0.2", "private.sub.test:443", "");
    place.ask_for(By::Connect, "127.0.0.9", "private.sub.test:22", "");
    place.ask_for(By::Connect, "127.0.0.9", "private.sub.test:22", users::shown(ADA).as_str());
    place.ask_for(By::Connect, "127.0.0.9", "denied.sub.test:80", "");
    place.ask_for(By::Connect, "127.0.0.9", "[fd00::1]:443", "");
    place.ask_for(By::Connect, "127.0.0.9", "193.0.0.1:443", "");
    place.ask_for(By::Get, "127.0.0.2", "taboo.test:80", "");
    // None of these is a denial by rules.
    place.ask(By::Connect, "127.0.0.9", "all", "");
    place.ask_for(By::Connect, "127.0.0.9", "ci.test:443", "");
    place.ask_for(By::Connect, "127.0.0.9", "ci.test:443", &basic("ada", "wrong"));
    place.ask_for(By::Connect, "127.0.0.9", "nx.sub.test:443", "");
    let page = place.denials();
    let rows: Vec<Value> =
        page["targets"].as_array().unwrap().iter().cloned().map(without_times).collect();
    let row = |target: &str, method: &str, count: u32, reasons: &[&str], more: [Value; 3]| {
        let [clients, names, addresses] = more;
        json!({
            "target": target, "method": method, "count": count, "reasons": reasons,
            "clients": clients, "more_clients": false, "names": names, "addresses": addresses,
        })
    };
    let none = || json!([]);
    let expected = [
        row(
            "nobody.test:443",
            "connect",
            6,
            &["not_allowed"],
            [json!(["127.0.0.2", "127.0.0.3", "127.0.0.9"]), json!(["pods", "late"]), none()],
        ),
        // Of those that were asked for as often, the last comes first.
        row(
            "private.sub.test:22",
            "connect",
            2,
            &["port_not_allowed"],
            [json!(["127.0.0.9"]), json!(["ci"]), none()],
        ),
        row(
            "taboo.test:80",
            "forward",
            1,
            &["denied"],
            [json!(["127.0.0.2"]), json!(["pods"]), none()],
        ),
        row(
            "193.0.0.1:443",
            "connect",
            1,
            &["literal_not_allowed"],
            [json!(["127.0.0.9"]), none(), none()],
        ),
        row(
            "[fd00::1]:443",
            "connect",
            1,
            &["address_class"],
            [json!(["127.0.0.9"]), none(), none()],
        ),
        row(
            "denied.sub.test:80",
            "connect",
            1,
            &["address_denied"],
            [json!(["127.0.0.9"]), none(), json!(["127.0.0.99"])],
        ),
        row(
            "private.sub.test:443",
            "connect",
            1,
            &["address_class"],
            [json!(["127.0.0.2"]), json!(["pods"]), json!(["10.0.0.1"])],
        ),
        row(
            "nobody.test:443",
            "forward",
            1,
            &["not_allowed"],
            [json!(["127.0.0.2"]), json!(["pods"]), none()],
        ),
    ];
    assert_eq!(rows, expected);
    let keys: Vec<&String> = page.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["forgotten", "rules", "rules_since", "since", "targets"]);
    assert_eq!(page["forgotten"], 0);
    place.keeps_secrets();
}

/// A target keeps eight of each kind, and says where there were more.
#[test]
fn a_target_keeps_a_few_of_each_kind() {
    let place = Place::with(|config| {
        let client = |i: usize| json!({"name": format!("c{i}"), "from": format!("127.0.1.{i}")});
        config["clients"] = (1..=12).map(client).collect();
        config.as_object_mut().unwrap().remove("credentials_file");
    });
    let ask = |i: usize| place.ask_for(By::Connect, &format!("127.0.1.{i}"), "a.test:443", "");
    let row = || place.denied("a.test:443", "connect").unwrap();
    for i in 1..=8 {
        ask(i);
    }
    assert_eq!(row()["more_clients"], false);
    ask(3);
    assert_eq!(row()["more_clients"], false);
    for i in 9..=12 {
        ask(i);
    }
    let row = row();
    assert_eq!((&row["count"], &row["more_clients"]), (&json!(13), &json!(true)));
    let first = |of: &dyn Fn(usize) -> String| (1..=8).map(of).map(Value::from).collect::<Value>();
    assert_eq!(row["clients"], first(&|i| format!("127.0.1.{i}")));
    assert_eq!(row["names"], first(&|i| format!("c{i}")));
}

/// Each rule with how often it decided: `allow` entries that granted, `deny` entries that denied, and
/// network entries that opened an address.
#[test]
fn rules_are_counted_where_they_decide() {
    let place = place();
    for by in BOTH {
        // allow[0] grants, allow[2] opens 127.0.0.1.
        place.ask(by, "127.0.0.9", "all", "");
        place.ask(by, "127.0.0.9", "banned", "");
        place.ask(by, "127.0.0.9", "nobody", "");
        place.ask(by, "127.0.0.2", "pods", "");
        place.ask(by, "127.0.0.2", "taboo", "");
        place.ask(by, "127.0.0.9", "ci", &users::shown(ADA));
        // allow[3] grants, deny[1] denies the address that the name leads to.
        place.ask_for(by, "127.0.0.9", "denied.sub.test:80", "");
        // allow[2] grants a literal and opens it; deny[1] denies one.
        place.ask_for(by, "127.0.0.9", &format!("127.0.0.1:{}", place.origin.port()), "");
        place.ask_for(by, "127.0.0.9", "127.0.0.99:1", "");
        // allow[3] would, on another port.
        place.ask_for(by, "127.0.0.9", "x.sub.test:22", "");
    }
    let rules =
        |page: &Value| page["rules"].as_array().unwrap().iter().map(used).collect::<Vec<String>>();
    let page = place.denials();
    let expected = [
        "allow[0] 2",
        "allow[2] 10",
        "allow[3] 2",
        "deny[0] 2",
        "deny[1] 4",
        "clients[0].allow[0] 2",
        "clients[0].deny[0] 2",
        "clients[1].allow[0] 2",
    ];
    assert_eq!(rules(&page), expected);
    assert_eq!(page["since"].as_str().map(str::len), Some(24));
    // Another configuration counts anew; what was denied stays.
    let targets = page["targets"].clone();
    assert_eq!(place.reload(|_| {}), "configuration reloaded");
    let after = place.denials();
    assert_eq!(rules(&after), [""; 0]);
    assert_eq!((&after["targets"], &after["since"]), (&targets, &page["since"]));
    assert!(after["rules_since"].as_str() > page["rules_since"].as_str());
    // Each request of a connection that is kept counts by itself.
    let mut client = place.from("127.0.0.9");
    for _ in 0..3 {
        client.send(place.request(By::Get, "all", ""));
        assert_eq!(client.response().status, 200);
    }
    assert_eq!(rules(&place.denials()), ["allow[0] 3", "allow[2] 3"]);
}

/// What audit mode lets through stands there, too; and its rules count as what they would have done.
#[test]
fn audit_mode_fills_the_same_table() {
    let place = Place::with(|config| {
        config["mode"] = json!("audit");
        config["clients"][2]["mode"] = json!("enforce");
    });
    for by in BOTH {
        for host in ["nobody", "banned", "all"] {
            assert_eq!(place.ask(by, "127.0.0.9", host, "").status, 200);
        }
    }
    let port = place.origin.port();
    for (host, reason) in [("nobody", "not_allowed"), ("banned", "denied")] {
        for method in ["connect", "forward"] {
            let row = place.denied(&format!("{host}.test:{port}"), method).unwrap();
            assert_eq!((&row["count"], &row["reasons"]), (&json!(1), &json!([reason])));
        }
    }
    let page = place.denials();
    assert_eq!(page["targets"].as_array().unwrap().len(), 4);
    let rules: Vec<String> = page["rules"].as_array().unwrap().iter().map(used).collect();
    assert_eq!(rules, ["allow[0] 2", "allow[2] 6", "deny[0] 2"]);
}

#[test]
fn the_page_is_read_only() {
    let place = Place::new();
    place.ask(By::Connect, "127.0.0.9", "nobody", "");
    let ask = |line: &str| {
        let mut client = Client::connect(place.proxy.admin());
        client.send(format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        if line.starts_with("HEAD") { client.response_to_head() } else { client.response() }
    };
    let page = ask("GET /denials");
    assert_eq!((page.status, page.field("content-type")), (200, Some("application/json")));
    assert!(page.text().ends_with("}\n") && !page.until_close);
    let head = ask("HEAD /denials");
    assert_eq!((head.status, head.field("content-type")), (200, Some("application/json")));
    assert_eq!(head.field("content-length"), page.field("content-length"));
    assert_eq!(ask("GET /denials?top=1").status, 200);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let response = ask(&format!("{method} /denials"));
        assert_eq!(
            (response.status, response.field("allow")),
            (405, Some("GET, HEAD")),
            "{method}"
        );
    }
    for path in ["/denials/", "/denials/x", "/DENIALS", "//denials", "/denial"] {
        let response = ask(&format!("GET {path}"));
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.text(), "pages: /healthz /readyz /metrics /denials\n");
    }
    assert_eq!(ask("GET /denials").text(), page.text());
    // It is no page of the proxy's own port.
    let mut client = place.from("127.0.0.9");
    client.send(format!("GET /denials HTTP/1.1\r\nHost: {}\r\n\r\n", place.proxy.admin()));
    assert_eq!(client.response().status, 400);
}

/// Who asks for what is for those on the machine itself, wherever the page is served.
#[test]
fn the_page_is_for_loopback_alone() {
    // Whoever talks to the machine's own address comes from it; nothing is sent to find it out.
    let probe = UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr());
    let place = Place::with(|config| config["admin"] = json!("0.0.0.0:0"));
    let port = place.proxy.admin().port();
    let page = |ip: IpAddr| {
        let mut client = Client::connect((ip, port).into());
        client.send("GET /denials HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.response()
    };
    for ip in ["127.0.0.1", "127.0.0.7"] {
        assert_eq!(page(ip.parse().unwrap()).status, 200, "{ip}");
    }
    match own.map(|own| own.ip()) {
        Ok(ip) if !ip.is_loopback() => {
            let response = page(ip);
            assert_eq!((response.status, response.field("content-type").is_some()), (403, true));
            assert!(response.text().starts_with("from loopback only: "), "{}", response.text());
        }
        _ => eprintln!("skipped: this machine has no address but loopback"),
    }
}

/// What a client writes stands on the page in its one spelling, or not at all.
#[test]
fn hostile_bytes_never_appear() {
    let place = Place::with(|config| config["clients"][3]["mode"] = json!("audit"));
    let long = "a".repeat(63);
    let longest = format!("{long}.{long}.{long}.{}", "a".repeat(61));
    let hostile: Vec<Vec<u8>> = [
        &b"CONNECT evil<script>.test:443 HTTP/1.0\r\n\r\n"[..],
        b"CONNECT evil\".test:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil\\u0000.test:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil\x1b[2J.test:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil\xff\xfe.test:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil\xe2\x80\xae.test:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil:secret@evil.test:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil.test:443:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil.test:0 HTTP/1.0\r\n\r\n",
        b"CONNECT evil.test HTTP/1.0\r\n\r\n",
        b"CONNECT 0x7f.1:443 HTTP/1.0\r\n\r\n",
        b"CONNECT evil%00.test:443 HTTP/1.0\r\n\r\n",
        b"GET http://evil.test/?evil=</script> HTTP/1.1\r\nHost: other.test\r\n\r\n",
        b"GET http://evil:secret@evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        b"EVIL http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        b"GET evil://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        b"GET /evil HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        b"{\"evil\":1}\r\n\r\n",
    ]
    .map(<[u8]>::to_vec)
    .into_iter()
    .chain([format!("CONNECT {}.test:443 HTTP/1.0\r\n\r\n", "evil".repeat(1000)).into_bytes()])
    .collect();
    for (request, ip) in
        hostile.iter().flat_map(|one| ["127.0.0.9", "127.0.0.3"].map(|ip| (one, ip)))
    {
        let mut client = place.from(ip);
        client.send(request);
        let status = client.response().status;
        assert!((400..500).contains(&status), "{status} to {}", shown(request));
    }
    let (_, text) = place.proxy.page("/denials");
    assert_eq!(find(text.as_bytes(), b"evil"), None, "{text}");
    assert_eq!(place.denials()["targets"], json!([]));
    // Paths, queries, fields and the like are no targets.
    for (target, spelled) in [
        ("LOUD.Test.:443", "loud.test:443"),
        (&format!("{longest}:65535"), &format!("{longest}:65535")),
        ("[FD00:0:0::0001]:443", "[fd00::1]:443"),
        ("[::ffff:1.2.3.4]:443", "[::ffff:1.2.3.4]:443"),
        ("xn--bcher-kva.test:443", "xn--bcher-kva.test:443"),
    ] {
        let fields = "User-Agent: evil\"\r\nX-Evil: evil\r\nCookie: evil\r\n";
        place.ask_for(By::Connect, "127.0.0.9", target, fields);
        assert!(place.denied(spelled, "connect").is_some(), "{spelled}");
    }
    let (_, text) = place.proxy.page("/denials");
    assert!(find(text.as_bytes(), b"evil").is_none() && text.is_ascii(), "{text}");
    let clean = |byte: u8| (0x20..0x7f).contains(&byte);
    assert!(text.trim_end().bytes().all(clean), "{text}");
}

/// What a process has allocated, in bytes. Pages of the program itself are its own or not as others
/// run it or do not.
fn memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("a process");
    let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Asks for tunnels to these targets, from addresses of its own, and for one more target in between:
/// when its line is there, so are all lines before it, and none waits in memory.
fn flood(place: &Place, targets: std::ops::Range<usize>) {
    const THREADS: usize = 4;
    const AT_ONCE: usize = 1_000;
    let proxy = place.proxy.addr;
    let ask = |i: usize| {
        // Few connections from one address to another: their ports are not free again so soon.
        let socket = bound(&format!("127.0.2.{}", 1 + i % 200), 0).expect("a port");
        socket.connect(&proxy.into()).expect("connect");
        let mut stream = TcpStream::from(socket);
        let name = format!("x{i}.{}.test:443", "y".repeat(50));
        stream.write_all(format!("CONNECT {name} HTTP/1.0\r\n\r\n").as_bytes()).expect("send");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 403 Forbidden: not_allowed"), "{}", shown(&answer));
    };
    for first in targets.clone().step_by(AT_ONCE) {
        thread::scope(|scope| {
            for nth in 0..THREADS {
                let mine = (first + nth..first + AT_ONCE).step_by(THREADS);
                scope.spawn(move || mine.for_each(ask));
            }
        });
        place.ask_for(By::Connect, "127.0.0.9", "wanted.test:443", "");
    }
}

#[test]
fn a_flood_of_targets_changes_no_bound() {
    const WARM: usize = 6_000;
    const ALL: usize = 20_000;
    const WANTED: usize = ALL / 1_000;
    let place = Place::new();
    place.ask_for(By::Connect, "127.0.0.9", "wanted.test:443", "");
    let names = || place.proxy.metrics().into_keys().collect::<Vec<_>>();
    let before = names();
    flood(&place, 0..WARM);
    let page = place.denials();
    assert_eq!(page["targets"].as_array().unwrap().len(), MOST);
    assert_eq!(page["forgotten"], WARM + 1 - MOST);
    let warm = memory(place.proxy.id());
    flood(&place, WARM..ALL);
    let flooded = memory(place.proxy.id());
    // Another fourteen thousand targets would be some megabytes more, if they were kept.
    assert!(flooded < warm + 4 * 1024 * 1024, "from {warm} to {flooded} bytes");
    let counted = place.proxy.outcomes();
    assert_eq!(counted.get("connect not_allowed"), Some(&(ALL + WANTED + 1)));
    let (status, text) = place.proxy.page("/denials");
    assert!(status == 200 && text.len() < MOST * 400, "{} bytes", text.len());
    let page: Value = serde_json::from_str(&text).unwrap();
    let targets = page["targets"].as_array().unwrap();
    assert_eq!((targets.len(), &page["forgotten"]), (MOST, &json!(ALL + 1 - MOST)));
    // The one that is wanted again and again is still there, and comes first.
    let first = (&targets[0]["target"], &targets[0]["count"]);
    assert_eq!(first, (&json!("wanted.test:443"), &json!(WANTED + 1)));
    assert_eq!(names(), before);
}
