//! Strays: targets that the clients' NO_PROXY exempts, and that come to the proxy all the same.

use serde_json::{Value, json};

use crate::dns::FakeDns;
use crate::given::{config, leads_to};
use crate::support::client::Client;
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::refusal_id;
use crate::support::until;

const NO_PROXY: &str = "localhost, .svc,10.96.0.0/12";

fn configuration(dns: &FakeDns, origin: &Origin, strays: &str) -> Value {
    leads_to(dns, "db.shop.svc", "127.0.0.1");
    leads_to(dns, "registry.test", "127.0.0.1");
    let port = origin.port();
    let mut config = config(
        dns,
        json!([
            {"host": "db.shop.svc", "ports": port},
            {"host": "registry.test", "ports": port},
            {"network": "127.0.0.1/32", "ports": port},
        ]),
    );
    config["client_no_proxy"] = json!(NO_PROXY);
    config["strays"] = json!(strays);
    config
}

fn connect(proxy: &Proxy, host: &str, port: u16, agent: &str) -> (Client, u16, String) {
    let mut client = proxy.client();
    client.send(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{agent}\r\n"));
    let response = client.head().expect("a response");
    let reason = response.field("proxy-status").unwrap_or_default().to_owned();
    (client, response.status, reason)
}

#[test]
fn a_stray_that_policy_allows_is_carried_out_and_counted() {
    let (dns, origin) = (FakeDns::start(), Origin::start());
    let proxy = Proxy::start(&configuration(&dns, &origin, "tunnel"));
    let agents = ["User-Agent: Go-http-client/1.1\r\n", "User-Agent: Evil\"/1 x\r\n", ""];
    for agent in agents {
        assert_eq!(connect(&proxy, "db.shop.svc", origin.port(), agent).1, 200);
    }
    assert_eq!(connect(&proxy, "registry.test", origin.port(), agents[0]).1, 200);
    // Policy is asked as for any other target.
    assert_eq!(connect(&proxy, "other.svc", origin.port(), agents[0]).1, 403);
    let requests = proxy.wait_requests(5);
    let of = |target: &str| -> Vec<&Value> {
        let begins = |r: &&Value| r["target"].as_str().is_some_and(|t| t.starts_with(target));
        requests.iter().filter(begins).map(|r| &r["stray"]).collect()
    };
    let mut strays: Vec<_> = of("db.shop.svc").into_iter().map(Value::to_string).collect();
    strays.sort();
    let mut expected = [
        json!({"entry": ".svc", "client": "go", "agent": "Go-http-client/1.1"}),
        json!({"entry": ".svc", "client": "other", "agent": "Evil\\\"/1"}),
        json!({"entry": ".svc", "client": "unnamed", "agent": null}),
    ]
    .map(|stray| stray.to_string());
    expected.sort();
    assert_eq!(strays, expected);
    assert_eq!(of("registry.test"), [&Value::Null]);
    let counted =
        |client: &str| proxy.metric(&format!("pinhole_strays_total{{client=\"{client}\"}}"));
    assert_eq!((counted("go"), counted("other"), counted("unnamed")), (2.0, 1.0, 1.0));
}

#[test]
fn a_stray_is_refused_with_the_entry_that_its_client_has_missed() {
    let (dns, origin) = (FakeDns::start(), Origin::start());
    let proxy = Proxy::start(&configuration(&dns, &origin, "refuse"));
    for (host, entry) in [("db.shop.svc", ".svc"), ("10.96.0.1", "10.96.0.0/12")] {
        let (_, status, reason) = connect(&proxy, host, origin.port(), "");
        assert_eq!(status, 403, "{host}");
        assert!(reason.contains("http_request_denied") && reason.contains(entry), "{reason}");
    }
    let mut client = proxy.client();
    client.send("GET http://Api.SVC./x HTTP/1.1\r\nHost: api.svc\r\nUser-Agent: curl/8\r\n\r\n");
    let response = client.response();
    let id = refusal_id(&response, "stray").unwrap();
    assert_eq!(proxy.record_of(&id)["stray"]["client"], "curl");
    client.ends();
    // Nobody was asked and nothing was dialled for them; other targets are served.
    assert!(dns.asked().is_empty());
    assert_eq!(connect(&proxy, "registry.test", origin.port(), "").1, 200);
    until("one connection to the origin", || origin.accepts() == 1);
}
