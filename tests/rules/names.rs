//! Names through the program, with a name server that follows a script.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{Files, arg, pinhole};
use crate::dns::{FakeDns, Kind, Reply};
use crate::given::{
    as_served, closed, config, connect, has_ipv6, leads, leads_to, origin, refused,
};
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, program};
use crate::support::site::refusal_id;
use crate::support::{each, ensure};

const ANY: &str = "1-65535";

/// Names below dns.test on every port, and the networks that lead to the test's own targets.
fn rules() -> Value {
    json!([
        {"host": "*.dns.test", "ports": ANY},
        {"network": "127.0.0.0/24", "ports": ANY},
        {"network": "::1/128", "ports": ANY},
    ])
}

fn asked(name: &str) -> Vec<String> {
    vec![format!("{name} A"), format!("{name} AAAA")]
}

/// What two families of a name answer, and what becomes of it: `200` and the address dialled, or
/// the refusal's label and the address that it is about.
struct Row {
    name: &'static str,
    a: Reply,
    aaaa: Reply,
    becomes: &'static str,
    address: Option<&'static str>,
}

fn row(
    name: &'static str,
    a: Reply,
    aaaa: Reply,
    becomes: &'static str,
    address: impl Into<Option<&'static str>>,
) -> Row {
    Row { name, a, aaaa, becomes, address: address.into() }
}

fn rows() -> Vec<Row> {
    let none = || Reply::nodata(60);
    let (nx, servfail, refused) = (|| Reply::rcode(3), || Reply::rcode(2), || Reply::rcode(5));
    let good = || Reply::addrs(60, ["127.0.0.1"]);
    let one = |addr| Reply::addrs(60, [addr]);
    let via = |addr| Reply::cname(60, "end.dns.test").addr(Some("end.dns.test"), 60, addr);
    vec![
        row("good.dns.test", good(), none(), "200", "127.0.0.1"),
        row("cname.dns.test", via("127.0.0.1"), none(), "200", "127.0.0.1"),
        // One forbidden address is skipped, and does not fail a name that has a good one.
        row(
            "mixed1.dns.test",
            Reply::addrs(60, ["10.0.0.1", "127.0.0.1"]),
            none(),
            "200",
            "127.0.0.1",
        ),
        row(
            "mixed2.dns.test",
            Reply::addrs(60, ["127.0.0.1", "10.0.0.1"]),
            none(),
            "200",
            "127.0.0.1",
        ),
        row("mixed3.dns.test", good(), one("fd00::1"), "200", "127.0.0.1"),
        row("mixed4.dns.test", good(), one("::ffff:127.0.0.1"), "200", "127.0.0.1"),
        row(
            "mixed5.dns.test",
            Reply::addrs(60, ["169.254.169.254", "0.0.0.0", "127.0.0.1"]),
            one("::"),
            "200",
            "127.0.0.1",
        ),
        row("private.dns.test", one("10.0.0.1"), none(), "address_class", "10.0.0.1"),
        row("loopback.dns.test", one("127.0.1.1"), none(), "address_class", "127.0.1.1"),
        row(
            "metadata.dns.test",
            one("169.254.169.254"),
            none(),
            "address_class",
            "169.254.169.254",
        ),
        row("azure.dns.test", one("168.63.129.16"), none(), "address_class", "168.63.129.16"),
        row("zero.dns.test", one("0.0.0.0"), none(), "address_class", "0.0.0.0"),
        row("cgnat.dns.test", one("100.64.0.1"), none(), "address_class", "100.64.0.1"),
        row(
            "broadcast.dns.test",
            one("255.255.255.255"),
            none(),
            "address_class",
            "255.255.255.255",
        ),
        row(
            "mapped.dns.test",
            none(),
            one("::ffff:127.0.0.1"),
            "address_class",
            "::ffff:127.0.0.1",
        ),
        row("nat64.dns.test", nx(), one("64:ff9b::7f00:1"), "address_class", "64:ff9b::7f00:1"),
        row("6to4.dns.test", none(), one("2002:7f00:1::1"), "address_class", "2002:7f00:1::1"),
        row("ula.dns.test", none(), one("fd00::1"), "address_class", "fd00::1"),
        row("linklocal.dns.test", none(), one("fe80::1"), "address_class", "fe80::1"),
        row(
            "all-bad.dns.test",
            one("10.0.0.1"),
            one("fd00::1"),
            "address_class",
            "fd00::1 or 10.0.0.1",
        ),
        row("cname-private.dns.test", via("10.0.0.1"), none(), "address_class", "10.0.0.1"),
        row(
            "cname-metadata.dns.test",
            via("169.254.169.254"),
            none(),
            "address_class",
            "169.254.169.254",
        ),
        row("deny.dns.test", one("127.0.0.66"), none(), "address_denied", "127.0.0.66"),
        row(
            "deny-mixed.dns.test",
            Reply::addrs(60, ["127.0.0.66", "127.0.0.1"]),
            none(),
            "200",
            "127.0.0.1",
        ),
        row("nx.dns.test", nx().soa(60), nx().soa(60), "dns_not_found", None),
        row("nx-no-soa.dns.test", nx(), nx(), "dns_not_found", None),
        row("nodata.dns.test", none(), none(), "dns_not_found", None),
        row("servfail.dns.test", servfail(), servfail(), "dns_failed", None),
        row("refused.dns.test", refused(), refused(), "dns_failed", None),
        row("half.dns.test", good(), servfail(), "200", "127.0.0.1"),
        row("half-nx.dns.test", good(), nx(), "200", "127.0.0.1"),
        row("half-bad.dns.test", servfail(), one("fd00::1"), "address_class", "fd00::1"),
        row("half-none.dns.test", servfail(), none(), "dns_failed", None),
        row("truncated.dns.test", good().truncated(), none(), "200", "127.0.0.1"),
        row(
            "truncated-bad.dns.test",
            one("10.0.0.1").truncated(),
            none(),
            "address_class",
            "10.0.0.1",
        ),
        row(
            "forged.dns.test",
            one("10.0.0.1").behind_forged(good()),
            none(),
            "address_class",
            "10.0.0.1",
        ),
        // Another name's address in the answer is nobody's.
        row(
            "foreign.dns.test",
            Reply::default().addr(Some("other.dns.test"), 60, "127.0.0.1"),
            none(),
            "dns_not_found",
            None,
        ),
    ]
}

/// The proxy and `explain --resolve` do the same, each with one question per family.
#[test]
fn what_answers_become() {
    let origin = origin("127.0.0.1:0");
    let servers = [FakeDns::start(), FakeDns::start()];
    for (dns, row) in servers.iter().flat_map(|dns| rows().into_iter().map(move |row| (dns, row))) {
        leads(dns, row.name, row.a, row.aaaa);
    }
    let [dns, dns_of_explain] = servers;
    let with_deny = |dns: &FakeDns| {
        let mut config = config(dns, rules());
        config["deny"] = json!([{"network": "127.0.0.66"}]);
        config
    };
    let proxy = Proxy::start(&with_deny(&dns));
    let target = |row: &Row| format!("{}:{}", row.name, origin.port());
    each(
        rows(),
        |row| row.name.to_owned(),
        |row| {
            let before = dns.asked().len();
            let target = target(row);
            let (client, response) = connect(&proxy, &target);
            drop(client);
            let status = response.status;
            if row.becomes == "200" {
                ensure!(status == 200, "{}", response.reason);
            } else {
                refusal_id(&response, row.becomes)?;
                let expected = if row.becomes.starts_with("dns") { 502 } else { 403 };
                ensure!(status == expected, "{}", response.reason);
            }
            let record = proxy.record("its line", |line| line["target"] == target);
            ensure!(fits(row, record["address"].as_str()), "{record}");
            let mut asked_now: Vec<String> = dns.asked()[before..]
                .iter()
                .filter(|question| !question.tcp)
                .map(|q| format!("{} {}", q.name, if q.kind == 1 { "A" } else { "AAAA" }))
                .collect();
            asked_now.sort();
            asked_now.dedup();
            ensure!(asked_now == asked(row.name), "{asked_now:?} was asked");
            Ok(())
        },
    );
    assert!(dns.asked().iter().any(|q| q.tcp && q.name == "truncated.dns.test"));

    let files = Files::new();
    let file = files.write("pinhole.yaml", as_served(&with_deny(&dns_of_explain), &proxy));
    let targets: Vec<String> = rows().iter().map(target).collect();
    let mut args = vec!["explain", "--json", "--resolve", "--config", arg(&file)];
    args.extend(targets.iter().map(String::as_str));
    for (row, said) in rows().iter().zip(pinhole(&args).json()) {
        let reason = if row.becomes == "200" { "allowed" } else { row.becomes };
        assert_eq!(said["reason"], reason, "{said}");
        let addresses = said["address"].as_array().map_or(&[][..], Vec::as_slice);
        let verdict = if reason == "allowed" { "allow" } else { "deny" };
        let judged = addresses.iter().find(|one| one["decision"] == verdict);
        assert!(fits(row, judged.and_then(|one| one["ip"].as_str())), "{said}");
    }
    let questions = |dns: &FakeDns| dns.asked().into_iter().collect::<HashSet<_>>();
    assert_eq!(questions(&dns_of_explain), questions(&dns));
}

/// Where two addresses are denied, it depends on which answer comes first what is said of it.
fn fits(row: &Row, address: Option<&str>) -> bool {
    match (row.address, address) {
        (Some(known), Some(address)) => known.split(" or ").any(|known| known == address),
        (known, address) => known == address,
    }
}

/// A name that changes its mind: the second answer comes for another request, never for a retry
/// of this one's connection.
#[test]
fn rebinding() {
    // At one port, somebody at 127.0.0.2 and nobody at 127.0.0.1.
    let (origin, _closed) = (0..100)
        .find_map(|_| {
            let origin = origin("127.0.0.2:0");
            let other = format!("127.0.0.1:{}", origin.port()).parse().unwrap();
            closed(other).ok().map(|closed| (origin, closed))
        })
        .expect("a port that is free at both");
    let dns = FakeDns::start();
    let answers = [Reply::addrs(0, ["127.0.0.1"]), Reply::addrs(0, ["127.0.0.2"])];
    dns.on("flips.dns.test", Kind::A, answers);
    dns.on("flips.dns.test", Kind::Aaaa, [Reply::nodata(None)]);
    let answers = [Reply::addrs(0, ["127.0.0.2"]), Reply::addrs(0, ["10.66.0.1"])];
    dns.on("turns.dns.test", Kind::A, answers);
    dns.on("turns.dns.test", Kind::Aaaa, [Reply::nodata(None)]);
    let mut config = config(&dns, rules());
    config["dns"]["min_ttl"] = json!("1ms");
    let proxy = Proxy::start(&config);

    let record = refused(&proxy, &format!("flips.dns.test:{}", origin.port()), "connect_refused");
    assert_eq!(dns.asked_names(), asked("flips.dns.test"));
    assert_eq!(origin.accepts(), 0);
    assert_eq!((&record["status"], &record["decision"]), (&json!(502), &json!("allow")));

    let target = format!("turns.dns.test:{}", origin.port());
    let (client, response) = connect(&proxy, &target);
    assert_eq!(response.status, 200);
    wait_accepts(&origin, 1);
    drop(client);
    // Its time to live is over: the next request asks anew, and the private address is refused.
    std::thread::sleep(Duration::from_millis(5));
    let record = refused(&proxy, &target, "address_class");
    assert_eq!(record["address"], "10.66.0.1");
    assert_eq!(origin.accepts(), 1);
    let asked_twice = dns.asked_names().into_iter().filter(|name| name.starts_with("turns"));
    let twice = ["A", "A", "AAAA", "AAAA"].map(|kind| format!("turns.dns.test {kind}"));
    assert_eq!(asked_twice.collect::<Vec<_>>(), twice);
}

/// What was answered is kept for its time, and judged anew for each request.
#[test]
fn answers_are_kept() {
    let (dns, origin) = (FakeDns::start(), origin("127.0.0.1:0"));
    leads_to(&dns, "kept.dns.test", "127.0.0.1");
    leads_to(&dns, "bad.dns.test", "10.0.0.1");
    leads(&dns, "nx.dns.test", Reply::rcode(3).soa(60), Reply::rcode(3).soa(60));
    let proxy = Proxy::start(&config(&dns, rules()));
    for _ in 0..4 {
        let (_, response) = connect(&proxy, &format!("kept.dns.test:{}", origin.port()));
        assert_eq!(response.status, 200);
        refused(&proxy, "bad.dns.test:443", "address_class");
        refused(&proxy, "nx.dns.test:443", "dns_not_found");
    }
    let expected: Vec<String> =
        ["bad.dns.test", "kept.dns.test", "nx.dns.test"].into_iter().flat_map(asked).collect();
    assert_eq!(dns.asked_names(), expected);
}

/// `dns.hosts` stands in place of every other source, and opens nothing by itself.
#[test]
fn names_with_addresses_of_their_own() {
    let (dns, origin) = (FakeDns::start(), origin("127.0.0.1:0"));
    leads_to(&dns, "own.dns.test", "127.0.0.66");
    let mut config = config(&dns, rules());
    config["dns"]["hosts"] = json!({
        "OWN.dns.test": ["10.0.0.1", "127.0.0.1"],
        "private.dns.test": "10.0.0.1",
        "other.test": "127.0.0.1",
    });
    let proxy = Proxy::start(&config);
    let target = format!("own.dns.test:{}", origin.port());
    let (client, response) = connect(&proxy, &target);
    assert_eq!(response.status, 200, "{}", response.reason);
    drop(client);
    let record = proxy.record("its line", |line| line["target"] == target);
    assert_eq!(record["address"], "127.0.0.1");
    let record = refused(&proxy, "private.dns.test:443", "address_class");
    assert_eq!(record["address"], "10.0.0.1");
    refused(&proxy, "other.test:443", "not_allowed");
    assert_eq!(dns.asked(), []);
}

#[test]
fn a_silent_name_server_is_given_up() {
    let dns = FakeDns::start();
    for name in ["silent.dns.test", "half.dns.test"] {
        leads(&dns, name, Reply::silence(), Reply::silence());
    }
    dns.on("half.dns.test", Kind::Aaaa, [Reply::nodata(60)]);
    let mut config = config(&dns, rules());
    config["timeouts"] = json!({"dns": "200ms"});
    config["dns"]["query_timeout"] = json!("100ms");
    let proxy = Proxy::start(&config);
    for name in ["silent.dns.test:443", "half.dns.test:443"] {
        let record = refused(&proxy, name, "dns_timeout");
        assert_eq!(record["status"], 504);
        assert_eq!(record["decision"], "allow");
    }
    let files = Files::new();
    let file = files.write("pinhole.yaml", as_served(&config, &proxy));
    let said = pinhole(["explain", "--resolve", "--config", arg(&file), "silent.dns.test:443"]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("but no name server answered in time"), "{}", said.out);
}

#[test]
fn only_ipv6() {
    if !has_ipv6() {
        return;
    }
    let (dns, origin) = (FakeDns::start(), origin("[::1]:0"));
    for (name, a) in [
        ("six.dns.test", Reply::nodata(60)),
        ("six-nx.dns.test", Reply::rcode(3)),
        ("six-servfail.dns.test", Reply::rcode(2)),
        ("six-bad-four.dns.test", Reply::addrs(60, ["10.0.0.1"])),
    ] {
        leads(&dns, name, a, Reply::addrs(60, ["::1"]));
    }
    let proxy = Proxy::start(&config(&dns, rules()));
    for name in
        ["six.dns.test", "six-nx.dns.test", "six-servfail.dns.test", "six-bad-four.dns.test"]
    {
        let target = format!("{name}:{}", origin.port());
        let (client, response) = connect(&proxy, &target);
        assert_eq!(response.status, 200, "{name}: {}", response.reason);
        drop(client);
        let record = proxy.record("its line", |line| line["target"] == target);
        assert_eq!(record["address"], "::1");
    }
    wait_accepts(&origin, 4);
}

/// Names are absolute, whatever the machine's resolver would make of them.
#[test]
fn search_domains_are_never_asked() {
    let dns = FakeDns::start();
    leads_to(&dns, "short.search.test", "127.0.0.1");
    let allow = json!([
        {"host": "short"}, {"host": "two.labels"}, {"host": "*.dns.test"}, {"host": "*.search.test"},
    ]);
    let proxy = Proxy::spawn(&config(&dns, allow), |file| {
        let mut command = program();
        command.args(["serve", "--config"]).arg(file);
        command.env("LOCALDOMAIN", "search.test dns.test").env("RES_OPTIONS", "ndots:5");
        command
    });
    let mut expected = Vec::new();
    for name in ["short", "two.labels", "a.dns.test"] {
        refused(&proxy, &format!("{name}:443"), "dns_not_found");
        expected.extend(asked(name));
    }
    expected.sort();
    assert_eq!(dns.asked_names(), expected);
}

/// What the name alone decides is never asked, nor is what is not well-formed.
#[test]
fn denied_names_do_not_leak() {
    let dns = FakeDns::start();
    let mut config =
        config(&dns, json!([{"host": "*.dns.test"}, {"host": "narrow.test", "ports": 8443}]));
    config["deny"] =
        json!([{"host": "secret.dns.test"}, {"host": "*.never.dns.test", "ports": 443}]);
    config["self"] = json!(["own.dns.test"]);
    let proxy = Proxy::start(&config);
    let rows = [
        ("other.test:443", "not_allowed"),
        ("dns.test:443", "not_allowed"),
        ("secret-data-in-a-name.evil.test:443", "not_allowed"),
        ("secret.dns.test:443", "denied"),
        ("a.never.dns.test:443", "denied"),
        ("a.dns.test:8443", "port_not_allowed"),
        ("narrow.test:443", "port_not_allowed"),
        ("own.dns.test:443", "own_address"),
        ("user@a.dns.test:443", "malformed"),
        ("a.dns.test:99999", "malformed"),
        ("a.dns.test", "malformed"),
        ("10.0.0.1:443", "address_class"),
        ("193.0.0.1:443", "literal_not_allowed"),
    ];
    for (target, label) in rows {
        refused(&proxy, target, label);
        if label != "malformed" {
            let mut client = proxy.client();
            client.send(format!("GET http://{target}/ HTTP/1.1\r\nHost: x\r\n\r\n"));
            refusal_id(&client.response(), label).unwrap();
        }
    }
    assert_eq!(dns.asked(), []);
}

/// A name on a private address takes two entries on the same port, and no less.
#[test]
fn a_name_and_a_network_open_a_listener_together() {
    let (dns, origin) = (FakeDns::start(), origin("127.0.0.1:0"));
    leads_to(&dns, "mirror.dns.test", "127.0.0.1");
    let port = origin.port();
    let other = if port == 65535 { 1 } else { port + 1 };
    let host = json!({"host": "mirror.dns.test", "ports": port});
    let named = format!("mirror.dns.test:{port}");
    let literal = format!("127.0.0.1:{port}");
    let net = |net: &str, ports: Value| json!({"network": net, "ports": ports});
    let rows = [
        // The entries besides the host's; what becomes of the name, and of the literal.
        (vec![], "address_class", "address_class"),
        (vec![net("127.0.0.1", json!(port))], "200", "200"),
        (vec![net("127.0.0.0/8", json!(port))], "200", "200"),
        (vec![net("127.0.0.0/8", json!(format!("1-{port}")))], "200", "200"),
        (vec![net("127.0.0.1", json!(other))], "address_class", "port_not_allowed"),
        (vec![json!({"network": "127.0.0.0/8"})], "address_class", "port_not_allowed"),
        (vec![net("127.0.0.2", json!(port))], "address_class", "address_class"),
        (vec![net("126.0.0.0/7", json!(port))], "address_class", "address_class"),
        (vec![net("0.0.0.0/0", json!(port))], "address_class", "address_class"),
        (vec![net("::ffff:127.0.0.0/104", json!(port))], "address_class", "address_class"),
        (vec![net("10.0.0.0/8", json!(port))], "address_class", "address_class"),
    ];
    let mut reached = 0;
    for (entries, of_name, of_literal) in rows {
        let allow: Vec<Value> = [host.clone()].into_iter().chain(entries).collect();
        let proxy = Proxy::start(&config(&dns, json!(allow)));
        for (target, becomes) in [(&named, of_name), (&literal, of_literal)] {
            let (_, response) = connect(&proxy, target);
            if becomes == "200" {
                assert_eq!(response.status, 200, "{target} with {allow:?}: {}", response.reason);
                reached += 1;
            } else {
                refusal_id(&response, becomes)
                    .unwrap_or_else(|why| panic!("{target} with {allow:?}: {why}"));
                assert_eq!(response.status, 403);
            }
        }
    }
    // The network alone opens no name.
    let proxy = Proxy::start(&config(&dns, json!([net("127.0.0.1", json!(port))])));
    refused(&proxy, &named, "not_allowed");
    wait_accepts(&origin, reached);
}

/// A tunnel is answered when the kernel has connected it, which is before the target accepts it.
fn wait_accepts(origin: &Origin, count: usize) {
    let until = std::time::Instant::now() + crate::support::PATIENCE;
    while origin.accepts() < count {
        assert!(std::time::Instant::now() < until, "{} of {count}", origin.accepts());
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(origin.accepts(), count);
}
