//! How `pinhole serve` starts, or says why it does not.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::{Files, Said, arg, pinhole};
use crate::dns::FakeDns;
use crate::given::{config, connect, has_ipv6, leads_to, origin, refused};
use crate::support::client::Client;
use crate::support::proxy::{Proxy, program};
use crate::support::site::refusal_id;

fn serve(flags: &[&str], text: impl AsRef<[u8]>) -> Said {
    let files = Files::new();
    let file = files.write("pinhole.yaml", text);
    pinhole([&["serve", "--config", arg(&file)], flags].concat())
}

fn busy(said: &Said, addr: &str) {
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    let start = format!("pinhole: cannot listen on {addr}: ");
    assert!(said.err.starts_with(&start) && said.err.contains("in use"), "{}", said.err);
}

#[test]
fn a_busy_port_is_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (free, wildcard) = ("127.0.0.1:0", addr.replace("127.0.0.1", "0.0.0.0"));
    busy(&serve(&["--listen", &addr, "--admin", free], ""), &addr);
    busy(&serve(&["--listen", free, "--admin", &addr], ""), &addr);
    busy(&serve(&["--listen", free, "--listen", &addr, "--admin", free], ""), &addr);
    busy(&serve(&["--listen", &wildcard, "--admin", free], ""), &wildcard);
    busy(&serve(&["--admin", free], format!("listen: '{addr}'")), &addr);
    busy(&serve(&["--listen", free], format!("admin: '{addr}'")), &addr);
    busy(&pinhole(["--listen", &addr, "--admin", free]), &addr);
    // Turned off, the configuration's busy admin port is none of its business.
    let other = TcpListener::bind(free).unwrap();
    let both = format!("admin: '{addr}'");
    let other = other.local_addr().unwrap().to_string();
    busy(&serve(&["--listen", &other, "--admin", "off"], both), &other);
    let said = serve(&["--listen", free, "--admin", "nowhere"], "");
    assert_eq!(said.code, Some(2), "{said:?}");
    drop(taken);
}

/// The ports are shared among the workers of one process, not with another pinhole's.
#[test]
fn a_port_of_another_pinhole_is_busy() {
    let dns = FakeDns::start();
    let proxy = Proxy::start(&config(&dns, json!([])));
    let (own, admin) = (proxy.addr.to_string(), proxy.admin().to_string());
    let free = "127.0.0.1:0";
    busy(&serve(&["--listen", &own, "--admin", free], ""), &own);
    busy(&serve(&["--listen", free, "--admin", &admin], ""), &admin);
    busy(&serve(&["--listen", &admin, "--admin", free], ""), &admin);
    busy(&serve(&["--listen", free, "--admin", &own], ""), &own);
    // The first one serves on.
    for _ in 0..8 {
        refused(&proxy, "any.test:443", "not_allowed");
    }
}

/// One address twice, or for clients and admin pages alike.
#[test]
fn an_address_cannot_be_shared() {
    // Below the range from which the kernel takes ports for others.
    let free = (20_000..30_000).map(|port| format!("127.0.0.1:{port}"));
    let addr = free.into_iter().find(|addr| TcpListener::bind(addr).is_ok()).unwrap();
    busy(&serve(&["--listen", &addr, "--admin", &addr], ""), &addr);
    busy(&serve(&["--listen", &addr, "--listen", &addr, "--admin", "127.0.0.1:0"], ""), &addr);
}

#[test]
fn an_address_of_another_machine_is_one_line() {
    let said = serve(&["--listen", "192.0.2.1:3128", "--admin", "127.0.0.1:0"], "");
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.err.starts_with("pinhole: cannot listen on 192.0.2.1:3128: "), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

#[test]
fn mistakes_are_all_listed_and_nothing_is_started() {
    let text = "\
listen: 127.0.0.1:0
alow: []
allow:
  - host: '*'
  - network: 10.0.0.1/8
    ports: 99999
timeouts: {idle: 5}
dns: {servers: here}
";
    let said = serve(&["--admin", "127.0.0.1:0"], text);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    let places = [
        ":2:7: alow: ",
        ":4:11: allow[0].host: ",
        ":5:14: allow[1].network: ",
        ":6:12: allow[1].ports: ",
        ":7:18: timeouts.idle: ",
        ":8:16: dns.servers: ",
    ];
    assert_eq!(said.err.lines().count(), places.len(), "{}", said.err);
    for (line, place) in said.err.lines().zip(places) {
        assert!(line.contains(place), "{line} is not about {place}");
    }
    for (text, why) in
        [(&b"allow: ["[..], "not YAML"), (b"\xff\xfe", "UTF-8"), (b"[]", "a map belongs")]
    {
        let said = serve(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], text);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.err.contains(why) && said.err.lines().count() == 1, "{}", said.err);
    }
}

/// Every worker's socket of every address is there; the family of each is its own.
#[test]
fn both_families_listen() {
    if !has_ipv6() {
        return;
    }
    for listen in [json!(["127.0.0.1:0", "[::1]:0"]), json!(["[::1]:0", "127.0.0.1:0"])] {
        let dns = FakeDns::start();
        let mut config = config(&dns, json!([]));
        config["listen"] = listen;
        let proxy = Proxy::start(&config);
        let addrs = listening(&proxy, 2);
        assert!(addrs.iter().any(SocketAddr::is_ipv4) && addrs.iter().any(SocketAddr::is_ipv6));
        for addr in addrs.iter().cycle().take(8) {
            let client = serves(*addr);
            let line = proxy.record("its line", |line| line["client"] == client.to_string());
            assert_eq!(client.ip(), addr.ip(), "{line}");
        }
    }
}

/// `[::]` takes clients of both families, each known by its own address.
#[test]
fn the_ipv6_wildcard_takes_both_families() {
    if !has_ipv6() {
        return;
    }
    let dns = FakeDns::start();
    let mut config = config(&dns, json!([]));
    config["listen"] = json!("[::]:0");
    let proxy = Proxy::start(&config);
    let port = listening(&proxy, 1)[0].port();
    for ip in ["127.0.0.1", "::1"] {
        let client = serves(SocketAddr::new(ip.parse().unwrap(), port));
        let line = proxy.record("its line", |line| line["client"] == client.to_string());
        assert_eq!(line["reason"], "not_allowed");
    }
}

fn listening(proxy: &Proxy, count: usize) -> Vec<SocketAddr> {
    // The admin pages are named behind the last of them.
    proxy.wait_line("its last address", |line| (line.json["event"] == "admin").then_some(()));
    let lines = proxy.lines().into_iter().filter_map(|line| {
        let line: Value = serde_json::from_str(&line).ok()?;
        (line["event"] == "listening").then(|| line["address"].as_str()?.parse().ok())?
    });
    let addrs: Vec<SocketAddr> = lines.collect();
    assert_eq!(addrs.len(), count, "{addrs:?}");
    addrs
}

/// A proxy with no rules answers there. The client's address.
fn serves(addr: SocketAddr) -> SocketAddr {
    let mut client = Client::connect(addr);
    client.send("CONNECT any.test:443 HTTP/1.1\r\nHost: any.test\r\n\r\n");
    let local = client.stream.local_addr().unwrap();
    let response = client.response();
    assert_eq!(response.status, 403);
    refusal_id(&response, "not_allowed").unwrap();
    local
}

/// Without a file the built-in default holds, with the command or without one.
#[test]
fn without_a_file() {
    let addresses = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    for command in [&["serve"][..], &[]] {
        let start = |_: &Path| {
            let mut program = program();
            program.args(command).args(addresses);
            program
        };
        let proxy = Proxy::spawn(&json!({}), start);
        assert_eq!(proxy.page("/readyz").0, 200);
        refused(&proxy, "denied.test:443", "not_allowed");
        refused(&proxy, "127.0.0.1:443", "address_class");
        let ports = pinhole(["presets", "conda"]).out;
        let host = ports.lines().find_map(|line| line.split_once(" (ports 443)")).unwrap().0;
        let record = refused(&proxy, &format!("{host}:22"), "port_not_allowed");
        assert_eq!(record["rule"], "allow[6]");
        let warned = proxy.lines().iter().any(|line| line.contains("allowlist is empty"));
        assert!(!warned);
    }
}

#[test]
fn addresses_of_the_command_line_win() {
    let files = Files::new();
    let file = files.write("pinhole.yaml", "listen: 192.0.2.1:1\nadmin: 192.0.2.1:2\nlog: text\n");
    let proxy = Proxy::spawn(&json!({}), |_| {
        let mut program = program();
        program.args(["serve", "--config", arg(&file), "--listen", "127.0.0.1:0"]);
        program.args(["--admin", "127.0.0.1:0", "--log", "json"]);
        program
    });
    refused(&proxy, "any.test:443", "not_allowed");
}

#[test]
fn an_empty_allowlist_denies_everything_and_says_so() {
    let dns = FakeDns::start();
    for allow in [Some(json!([])), Some(json!(null)), None] {
        let mut config = config(&dns, json!([]));
        match allow {
            Some(allow) => config["allow"] = allow,
            None => drop(config.as_object_mut().unwrap().remove("allow")),
        }
        let proxy = Proxy::start(&config);
        proxy.wait_line("the warning", |line| {
            let said = line.json["message"].as_str()?.contains("the allowlist is empty");
            (said && line.json["event"] == "warning").then_some(())
        });
        refused(&proxy, "any.test:443", "not_allowed");
        refused(&proxy, "any.test:80", "not_allowed");
        refused(&proxy, "8.8.8.8:443", "literal_not_allowed");
        refused(&proxy, "127.0.0.1:443", "address_class");
    }
    assert_eq!(dns.asked(), []);
}

#[test]
fn log_text() {
    let (dns, origin) = (FakeDns::start(), origin("127.0.0.1:0"));
    leads_to(&dns, "ok.test", "127.0.0.1");
    let any = "1-65535";
    let allow =
        json!([{"host": "ok.test", "ports": any}, {"network": "127.0.0.0/8", "ports": any}]);
    let proxy = Proxy::spawn(&config(&dns, allow), |file| {
        let mut command = Command::new(program().get_program());
        command.args(["serve", "--config"]).arg(file).args(["--log", "text"]);
        command
    });
    let target = format!("ok.test:{}", origin.port());
    let (client, response) = connect(&proxy, &target);
    assert_eq!(response.status, 200);
    drop(client);
    let line = |words: &[&str]| {
        proxy.wait_line("its line", |line| {
            words.iter().all(|word| line.text.contains(word)).then(|| line.text.clone())
        })
    };
    line(&[
        &format!(" CONNECT {target} "),
        " closed ",
        " by allow[0] ",
        " at 127.0.0.1 ",
        " up 0 down 0 ",
        " id ",
    ]);
    let (_, response) = connect(&proxy, "no.test:443");
    let id = refusal_id(&response, "not_allowed").unwrap();
    let line = line(&[&id]);
    assert!(line.contains(" CONNECT no.test:443 403 not_allowed "), "{line}");
    assert!(line.contains("(no allow entry covers no.test)"), "{line}");
    assert!(line.ends_with(&format!(" id {id}")), "{line}");
    for line in proxy.lines() {
        assert!(serde_json::from_str::<Value>(&line).is_err(), "JSON in text: {line}");
        assert!(line.starts_with("20") && line.contains("Z "), "no time: {line}");
    }
}
