//! What several tests start from.

use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::dns::{FakeDns, Kind, Reply};
use crate::support::client::{Client, Response};
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::refusal_id;

/// A configuration with these rules, on ports that the kernel chooses.
pub(crate) fn config(dns: &FakeDns, allow: Value) -> Value {
    json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "allow": allow,
        // Patient, so that a machine under load changes nothing.
        "dns": {"servers": dns.addr().to_string(), "hosts_file": false, "query_timeout": "5s"},
        "timeouts": {"dns": "10s"},
    })
}

/// The same with the ports that a proxy really has, for `explain`, each value on a line.
pub(crate) fn as_served(config: &Value, proxy: &Proxy) -> String {
    let mut config = config.clone();
    config["listen"] = json!(proxy.addr.to_string());
    config["admin"] = json!(proxy.admin().to_string());
    serde_json::to_string_pretty(&config).expect("JSON")
}

/// A name with these A and AAAA records.
pub(crate) fn leads(dns: &FakeDns, name: &str, a: Reply, aaaa: Reply) {
    dns.on(name, Kind::A, [a]);
    dns.on(name, Kind::Aaaa, [aaaa]);
}

/// A name with one IPv4 address.
pub(crate) fn leads_to(dns: &FakeDns, name: &str, addr: &str) {
    leads(dns, name, Reply::addrs(60, [addr]), Reply::nodata(60));
}

/// A target that takes tunnels and answers plain requests, at one address.
pub(crate) fn origin(addr: &str) -> Origin {
    Origin::on(addr, |peer| {
        if peer.head()?.is_some() {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
            peer.fin()?;
        }
        peer.rest().map(drop)
    })
}

/// A port that is taken, and at which nothing listens: connecting to it is refused.
pub(crate) struct Closed {
    _socket: Socket,
    pub(crate) port: u16,
}

pub(crate) fn closed(addr: SocketAddr) -> std::io::Result<Closed> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.bind(&addr.into())?;
    let port = socket.local_addr()?.as_socket().expect("an address").port();
    Ok(Closed { _socket: socket, port })
}

/// Whether this machine has IPv6 at all; what needs it is left out where it has not.
pub(crate) fn has_ipv6() -> bool {
    let has = TcpListener::bind("[::1]:0").is_ok();
    if !has {
        eprintln!("skipped: this machine has no ::1");
    }
    has
}

/// Asks for a tunnel, without a Host that could be wrong as well.
pub(crate) fn connect(proxy: &Proxy, target: &str) -> (Client, Response) {
    let mut client = proxy.client();
    client.send(format!("CONNECT {target} HTTP/1.0\r\n\r\n"));
    let head = client.head().expect("a response");
    if head.status == 200 {
        return (client, head);
    }
    let mut whole = head.clone();
    whole.body = client.rest().0;
    (client, whole)
}

/// The same where a refusal is expected: its status and its log line.
pub(crate) fn refused(proxy: &Proxy, target: &str, label: &str) -> Value {
    let (_, response) = connect(proxy, target);
    let id = refusal_id(&response, label).unwrap_or_else(|why| panic!("{target}: {why}"));
    let record = proxy.record_of(&id);
    assert_eq!(record["status"], response.status, "{target}");
    assert_eq!(record["reason"], label, "{target}");
    record
}
