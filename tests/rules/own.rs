//! The proxy is no target of its own, by whatever name, and however wide its networks are.

use std::net::{IpAddr, UdpSocket};

use serde_json::{Value, json};

use crate::cli::{Files, arg, pinhole};
use crate::dns::{FakeDns, Reply};
use crate::given::{as_served, config, connect, has_ipv6, leads, leads_to, origin, refused};
use crate::support::client::Client;
use crate::support::proxy::Proxy;

/// Everything on which this machine may be reached from itself is open.
fn rules() -> Value {
    let any = "1-65535";
    let mut allow = vec![];
    for net in ["127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128", "::ffff:0:0/96", "::/96"] {
        allow.push(json!({"network": net, "ports": any}));
    }
    if let Some(ip) = machine() {
        allow.push(json!({"network": ip, "ports": any}));
    }
    allow.push(json!({"host": "*.own.test", "ports": any}));
    json!(allow)
}

/// The machine's address on its network, where it has one. No packet is sent.
fn machine() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|addr| addr.ip()).filter(|ip| !ip.is_unspecified())
}

/// Spellings of this machine, as hosts of an authority.
fn spellings() -> Vec<String> {
    let mut hosts: Vec<String> = [
        "127.0.0.1",
        "127.0.0.2",
        "127.255.255.254",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[::ffff:0.0.0.0]",
        "[::127.0.0.1]",
        "[::0.0.0.0]",
    ]
    .map(str::to_owned)
    .to_vec();
    hosts.extend(machine().map(|ip| ip.to_string()));
    hosts
}

fn names(dns: &FakeDns) -> Vec<&'static str> {
    leads_to(dns, "four.own.test", "127.0.0.1");
    leads_to(dns, "other.own.test", "127.9.9.9");
    leads_to(dns, "zero.own.test", "0.0.0.0");
    leads(dns, "six.own.test", Reply::nodata(60), Reply::addrs(60, ["::1"]));
    leads(dns, "mapped.own.test", Reply::nodata(60), Reply::addrs(60, ["::ffff:127.0.0.1"]));
    leads(dns, "any.own.test", Reply::nodata(60), Reply::addrs(60, ["::"]));
    leads(dns, "both.own.test", Reply::addrs(60, ["127.0.0.1"]), Reply::addrs(60, ["::1"]));
    let alias = Reply::cname(60, "x.test").addr(Some("x.test"), 60, "127.0.0.1");
    leads(dns, "alias.own.test", alias, Reply::nodata(60));
    vec![
        "four.own.test",
        "other.own.test",
        "zero.own.test",
        "six.own.test",
        "mapped.own.test",
        "any.own.test",
        "both.own.test",
        "alias.own.test",
    ]
}

#[test]
fn its_listeners_are_no_targets() {
    let (dns, origin) = (FakeDns::start(), origin("0.0.0.0:0"));
    let names = names(&dns);
    let mut listens = vec!["127.0.0.1:0", "0.0.0.0:0"];
    if has_ipv6() {
        listens.push("[::]:0");
    }
    for listen in listens {
        let mut config = config(&dns, rules());
        config["listen"] = json!(listen);
        let proxy = Served::start(&config);
        // Nothing but the port makes the difference.
        let (_client, head) = connect(&proxy.0, &format!("127.0.0.1:{}", origin.port()));
        assert_eq!(head.status, 200);
        let (_client, head) = connect(&proxy.0, &format!("four.own.test:{}", origin.port()));
        assert_eq!(head.status, 200);
        let hosts = spellings().into_iter().chain(names.iter().map(ToString::to_string));
        let hosts: Vec<String> = hosts.collect();
        let ports = [proxy.0.addr.port(), proxy.0.admin().port()];
        let targets: Vec<String> = ports
            .iter()
            .flat_map(|port| hosts.iter().map(move |host| format!("{host}:{port}")))
            .collect();
        for target in &targets {
            let record = refused(&proxy.0, target, "own_address");
            assert_eq!(record["status"], 403, "{target}");
            // A plain-HTTP request is no other.
            let mut client = proxy.0.client();
            client.send(format!("GET http://{target}/metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert_eq!(client.response().status, 403, "{target}");
        }
        // `explain` knows the ports by the configuration.
        let files = Files::new();
        let text = as_served(&config, &proxy.0);
        let file = files.write("pinhole.yaml", text);
        let mut args = vec!["explain", "--json", "--resolve", "--config", arg(&file)];
        args.extend(targets.iter().map(String::as_str));
        for said in pinhole(&args).json() {
            assert_eq!(said["reason"], "own_address", "{said}");
        }
    }
}

/// One that listens on a wildcard is asked by loopback.
struct Served(Proxy);

impl Served {
    fn start(config: &Value) -> Self {
        let mut proxy = Proxy::start(config);
        if proxy.addr.ip().is_unspecified() {
            proxy.addr.set_ip([127, 0, 0, 1].into());
        }
        Self(proxy)
    }
}

/// Every listener counts, not only the one that was asked.
#[test]
fn each_of_several_listeners_is_closed() {
    let dns = FakeDns::start();
    let mut config = config(&dns, rules());
    config["listen"] = json!(["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"]);
    let proxy = Proxy::start(&config);
    let ports: Vec<u64> = proxy
        .lines()
        .iter()
        .filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["address"].as_str()?.rsplit_once(':')?.1.parse().ok()
        })
        .collect();
    assert_eq!(ports.len(), 4, "three and the admin pages");
    for port in ports {
        for ip in ["127.0.0.1", "127.0.0.2", "127.0.0.3", "[::ffff:127.0.0.2]"] {
            refused(&proxy, &format!("{ip}:{port}"), "own_address");
        }
    }
}

/// Names and addresses that no process can see.
#[test]
fn what_self_lists_is_no_target() {
    let dns = FakeDns::start();
    leads_to(&dns, "vip.own.test", "127.66.0.1");
    leads_to(&dns, "balancer.own.test", "127.66.0.2");
    let mut config = config(&dns, rules());
    config["self"] = json!([
        "proxy.own.test",
        "port.own.test:3128",
        "127.66.0.1",
        "127.66.0.2:3128",
        "[::ffff:127.66.0.3]",
        "::ffff:127.66.0.4",
    ]);
    let proxy = Proxy::start(&config);
    for target in [
        "proxy.own.test:443",
        "PROXY.own.test.:1",
        "port.own.test:3128",
        "127.66.0.1:443",
        "127.66.0.1:1",
        "[::ffff:127.66.0.1]:443",
        "[::127.66.0.1]:443",
        "127.66.0.2:3128",
        "[::ffff:127.66.0.2]:3128",
        "127.66.0.3:80",
        "[::ffff:127.66.0.3]:80",
        "127.66.0.4:80",
        "vip.own.test:443",
        "vip.own.test:80",
        "balancer.own.test:3128",
    ] {
        refused(&proxy, target, "own_address");
    }
    // A name that `self` lists is not looked up, and neither is one below it.
    assert!(
        dns.asked().iter().all(|q| !q.name.starts_with("proxy.") && !q.name.starts_with("port."))
    );
    // Beside what it lists: nobody is there, and that is all.
    for target in
        ["port.own.test:3129", "127.66.0.2:3129", "127.66.0.5:80", "sub.proxy.own.test:443"]
    {
        let (_, response) = connect(&proxy, target);
        assert_ne!(response.status, 403, "{target}: {}", response.reason);
    }
    // Its own name as Host is let through, as one old agent sends it, and never used.
    let mut client = Client::connect(proxy.addr);
    client.send("CONNECT no.test:443 HTTP/1.1\r\nHost: proxy.own.test\r\n\r\n");
    assert_eq!(client.response().status, 403);
}
