//! The program, its clients at their addresses, and a target behind several names.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::cli::{Files, arg};
use crate::dns::{FakeDns, Kind, Reply};
use crate::support::client::{Client, Response};
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::refusal_id;
use crate::support::{shown, until};
use crate::users;

/// Names that lead to 127.0.0.1.
pub(crate) const NAMES: [&str; 8] =
    ["all", "taboo", "banned", "pods", "ci", "both", "late", "nobody"];

/// A running program, and a target.
pub(crate) struct Place {
    // The program first: it must be gone before those that it talks to.
    pub(crate) proxy: Proxy,
    pub(crate) origin: Origin,
    pub(crate) files: Files,
    pub(crate) config: Value,
    pub(crate) dns: FakeDns,
}

/// In which way a target is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Connect,
    Get,
}

pub(crate) const BOTH: [By; 2] = [By::Connect, By::Get];

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) response: Response,
    /// Its log line.
    pub(crate) record: Value,
}

impl Answer {
    /// The label of its refusal; empty where there is none.
    pub(crate) fn label(&self) -> &str {
        self.record["reason"].as_str().unwrap_or_default()
    }
}

/// What all clients may reach, and where the rest of a configuration comes from.
pub(crate) fn config(dns: &FakeDns) -> Value {
    for name in NAMES {
        leads(dns, &format!("{name}.test"), ["127.0.0.1"]);
    }
    json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "allow": [
            allow("all"),
            allow("taboo"),
            {"network": "127.0.0.0/8", "ports": "1-65535"},
        ],
        "deny": [{"host": "banned.test"}],
        "dns": {"servers": dns.addr().to_string(), "hosts_file": false},
        "timeouts": {"header": "60s"},
        "limits": {},
    })
}

/// An entry that allows one of the names on every port.
pub(crate) fn allow(name: &str) -> Value {
    json!({"host": format!("{name}.test"), "ports": "1-65535"})
}

/// A name with these IPv4 addresses.
pub(crate) fn leads<const N: usize>(dns: &FakeDns, name: &str, addrs: [&str; N]) {
    dns.on(name, Kind::A, [Reply::addrs(60, addrs)]);
    dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
}

/// The clients of most tests. The last fits everybody in 127.0.0.0/29 who is none of the others.
pub(crate) fn clients() -> Value {
    let (ada, bob, carol) = (users::ADA.0, users::BOB.0, users::CAROL.0);
    json!([
        {
            "name": "pods",
            "from": "127.0.0.2/32",
            "allow": [allow("pods"), allow("banned")],
            "deny": [{"host": "taboo.test"}],
        },
        {"name": "ci", "users": [ada, bob], "allow": [allow("ci")]},
        {"name": "both", "from": ["127.0.0.4", "127.0.0.5"], "users": [carol, ada], "allow": [allow("both")]},
        {"name": "late", "from": "127.0.0.0/29", "allow": [allow("late")]},
    ])
}

impl Place {
    /// With the usual clients.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With changes to the configuration.
    pub(crate) fn with(change: impl FnOnce(&mut Value)) -> Self {
        Self::of(Origin::start(), |config, _| change(config))
    }

    /// With another target, whose port is known by then.
    pub(crate) fn of(origin: Origin, change: impl FnOnce(&mut Value, u16)) -> Self {
        let (dns, files) = (FakeDns::start(), Files::new());
        let mut config = config(&dns);
        let users = files.path("users");
        users::write(&users, users::file(&users::ALL), 0o600);
        config["credentials_file"] = json!(arg(&users));
        config["clients"] = clients();
        change(&mut config, origin.port());
        Self { proxy: Proxy::start(&config), origin, files, config, dns }
    }

    /// A client that comes from this address.
    pub(crate) fn from(&self, ip: &str) -> Client {
        from(self.proxy.addr, ip)
    }

    /// A request for one of the names, with more fields.
    pub(crate) fn request(&self, by: By, host: &str, fields: &str) -> Vec<u8> {
        request(by, &format!("{host}.test:{}", self.origin.port()), fields)
    }

    /// Asks for one of the names from this address.
    pub(crate) fn ask(&self, by: By, ip: &str, host: &str, fields: &str) -> Answer {
        self.send(by, ip, &self.request(by, host, fields))
    }

    /// Asks for a target that is written out.
    pub(crate) fn ask_for(&self, by: By, ip: &str, target: &str, fields: &str) -> Answer {
        self.send(by, ip, &request(by, target, fields))
    }

    /// Sends a request, uses what it leads to, and has everything that is said of it. What holds
    /// for every refusal is checked.
    pub(crate) fn send(&self, by: By, ip: &str, request: &[u8]) -> Answer {
        let mut client = self.from(ip);
        client.send(request);
        let mut response = client.head().expect("a response");
        if (by, response.status) == (By::Connect, 200) {
            client.send("GET /within HTTP/1.1\r\nHost: within\r\n\r\n");
            assert_eq!(client.response().text(), "GET /within HTTP/1.1");
        } else {
            let length = response.field("content-length").expect("a length").parse();
            response.body = client.bytes(length.expect("a number"));
        }
        client.fin().ends();
        let address = json!(client.stream.local_addr().expect("a socket").to_string());
        let record = self.proxy.record("its line", |line| line["client"] == address);
        if response.status != 200 {
            let label = record["reason"].as_str().expect("a reason");
            let id = refusal_id(&response, label).unwrap_or_else(|why| panic!("{why}: {record}"));
            assert_eq!(record["id"], id);
            for secret in users::secrets() {
                let said = [&response.head[..], &response.body].concat();
                assert!(!shown(&said).contains(&secret), "{}", shown(&said));
            }
        }
        assert_eq!(record["status"], response.status, "{record}");
        Answer { status: response.status, response, record }
    }

    /// Changes the configuration, and takes it.
    pub(crate) fn reload(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut config = self.config.clone();
        change(&mut config);
        self.proxy.reload(&config.to_string())
    }

    /// The page of denials.
    pub(crate) fn denials(&self) -> Value {
        let (status, text) = self.proxy.page("/denials");
        assert_eq!(status, 200);
        serde_json::from_str(&text).expect("JSON")
    }

    /// Its row of a target.
    pub(crate) fn denied(&self, target: &str, method: &str) -> Option<Value> {
        let page = self.denials();
        let rows = page["targets"].as_array().expect("rows");
        let of = |row: &&Value| row["target"] == target && row["method"] == method;
        rows.iter().find(of).cloned()
    }

    /// No password, hash or field with credentials stands in any line, on any page, or in what the
    /// target saw.
    pub(crate) fn keeps_secrets(&self) {
        let pages = ["/metrics", "/denials"].map(|page| self.proxy.page(page).1);
        let lines = self.origin.seen().into_iter().flat_map(|seen| seen.lines);
        let said: Vec<String> = self.proxy.lines().into_iter().chain(pages).chain(lines).collect();
        assert!(said.len() > 2);
        for secret in users::secrets() {
            let escaped = secret.as_bytes().escape_ascii().to_string();
            let shows = said.iter().find(|text| text.contains(&secret) || text.contains(&escaped));
            assert_eq!(shows, None, "{secret} is shown");
        }
    }

    /// How many connections a client has open, as the metrics have it.
    pub(crate) fn open(&self, client: &str) -> f64 {
        self.proxy.metric(&format!("pinhole_client_connections_open{{client=\"{client}\"}}"))
    }

    /// Waits until a client has so many connections open.
    pub(crate) fn wait_open(&self, client: &str, count: usize) {
        until(&format!("{client} has {count} open"), || self.open(client) == count as f64);
    }

    /// How often audit mode passed over this reason.
    pub(crate) fn would_deny(&self, reason: &str) -> f64 {
        self.proxy.metric(&format!("pinhole_would_deny_total{{reason=\"{reason}\"}}"))
    }
}

/// A client of the program at `addr` that comes from this address, by a port that no other client
/// of this test program has: log lines are known by it.
pub(crate) fn from(addr: SocketAddr, ip: &str) -> Client {
    // Below those that the kernel hands out.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let port = 10_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 22_000;
        match bound(ip, port) {
            Ok(socket) => {
                socket.connect(&addr.into()).expect("connect");
                return Client::over(socket.into());
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse, "{ip}: {error}"),
        }
    }
}

pub(crate) fn bound(ip: &str, port: u16) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(ip.parse().expect("an address"), port).into())?;
    Ok(socket)
}

/// A request for a target, with more fields.
pub(crate) fn request(by: By, target: &str, fields: &str) -> Vec<u8> {
    let line = match by {
        By::Connect => format!("CONNECT {target}"),
        By::Get => format!("GET http://{target}/path"),
    };
    format!("{line} HTTP/1.1\r\nHost: {target}\r\n{fields}\r\n").into_bytes()
}
