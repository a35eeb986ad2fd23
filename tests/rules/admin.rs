//! The admin pages, and what the network can make of them.

use serde_json::json;

use crate::dns::FakeDns;
use crate::dns::Reply;
use crate::given::{config, connect, leads, leads_to, origin};
use crate::prometheus::Page;
use crate::support::client::Client;
use crate::support::proxy::Proxy;
use crate::support::site::refusal_id;
use crate::support::{each, ensure};

fn rules() -> serde_json::Value {
    json!([
        {"host": "*.many.test", "ports": "1-65535"},
        {"network": "127.0.0.0/8", "ports": "1-65535"},
    ])
}

fn metrics(proxy: &Proxy) -> Page {
    let (status, text) = proxy.page("/metrics");
    assert_eq!(status, 200);
    Page::parse(&text).unwrap_or_else(|why| panic!("{why} in\n{text}"))
}

#[test]
fn pages() {
    let dns = FakeDns::start();
    let proxy = Proxy::start(&config(&dns, rules()));
    let rows = [
        ("GET /healthz", 200, "ok\n"),
        ("GET /readyz", 200, "ready\n"),
        ("GET /healthz?verbose=1", 200, "ok\n"),
        ("HEAD /healthz", 200, ""),
        ("GET /", 404, "pages: /healthz /readyz /metrics /denials\n"),
        ("GET /metrics/", 404, "pages: "),
        ("GET /healthz/x", 404, "pages: "),
        ("GET /HEALTHZ", 404, "pages: "),
        ("GET //healthz", 404, "pages: "),
        ("GET /debug/pprof", 404, "pages: "),
        ("GET /%68ealthz", 404, "pages: "),
        ("GET /../metrics", 404, "pages: "),
        ("POST /healthz", 405, "GET only\n"),
        ("PUT /metrics", 405, "GET only\n"),
        ("DELETE /readyz", 405, "GET only\n"),
        ("OPTIONS /metrics", 405, "GET only\n"),
        ("TRACE /metrics", 405, "GET only\n"),
        ("QUIT /quitquitquit", 405, "GET only\n"),
    ];
    each(
        rows,
        |row| row.0.to_owned(),
        |(line, status, body)| {
            let mut client = Client::connect(proxy.admin());
            client.send(format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
            let head = line.starts_with("HEAD");
            let response = if head { client.response_to_head() } else { client.response() };
            ensure!(response.status == *status, "{}", response.status);
            ensure!(response.text().starts_with(body), "{}", response.text());
            ensure!(*status != 405 || response.field("allow") == Some("GET, HEAD"), "no Allow");
            let kind = response.field("content-type").unwrap_or_default();
            ensure!(kind.starts_with("text/plain"), "it is {kind}");
            Ok(())
        },
    );
    let (_, text) = proxy.page("/metrics");
    let page = Page::parse(&text).unwrap();
    for (family, kind) in [
        ("pinhole_connections_open", "gauge"),
        ("pinhole_tunnels_open", "gauge"),
        ("pinhole_bytes_total", "counter"),
        ("pinhole_accept_errors_total", "counter"),
        ("pinhole_log_dropped_total", "counter"),
        ("pinhole_sni_checks_total", "counter"),
    ] {
        assert_eq!(page.types.get(family).map(String::as_str), Some(kind), "{family}");
        assert!(text.contains(&format!("# HELP {family} ")), "{family} is not explained");
    }
}

/// What the admin pages are asked for is not asked of the proxy's port, and the other way round.
#[test]
fn each_listener_has_its_own_work() {
    let (dns, origin) = (FakeDns::start(), origin("127.0.0.1:0"));
    leads_to(&dns, "a.many.test", "127.0.0.1");
    let proxy = Proxy::start(&config(&dns, rules()));
    for path in ["/healthz", "/readyz", "/metrics", "/", "*", "/metrics?x"] {
        let mut client = proxy.client();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", proxy.admin()));
        let response = client.response();
        assert_eq!(response.status, 400, "{path}");
        refusal_id(&response, "origin_form").unwrap();
    }
    let target = format!("a.many.test:{}", origin.port());
    for request in [
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
        format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\nHost: x\r\n\r\n", origin.port()),
        format!("GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"),
        // The path alone would name a page.
        format!(
            "POST http://{target}/metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
    ] {
        let mut client = Client::connect(proxy.admin());
        client.send(&request);
        let status = client.head().unwrap().status;
        assert!([400, 404, 405].contains(&status), "{status} to {request}");
    }
    // A page is its own even where the request names a host: nothing was dialled or looked up.
    let mut client = Client::connect(proxy.admin());
    client.send(format!(
        "GET http://{target}/healthz HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"
    ));
    assert_eq!(client.response().text(), "ok\n");
    assert_eq!((origin.accepts(), dns.asked().len()), (0, 0));
    // The same through the proxy works, so it was the listener that made the difference.
    let (_client, response) = connect(&proxy, &target);
    assert_eq!(response.status, 200);
}

/// Names, addresses, methods and paths that only an attacker thinks of leave no label behind.
#[test]
fn labels_are_bounded() {
    const EACH: usize = 25;
    let dns = FakeDns::start();
    let proxy = Proxy::start(&config(&dns, rules()));
    for i in 0..EACH {
        leads(
            &dns,
            &format!("bad{i}.many.test"),
            Reply::addrs(60, ["10.0.0.1"]),
            Reply::nodata(60),
        );
        leads(&dns, &format!("fail{i}.many.test"), Reply::rcode(2), Reply::rcode(2));
    }
    let rounds = |i: usize| {
        [
            format!("CONNECT evil{i}.test:443 HTTP/1.1\r\nHost: evil{i}.test\r\n\r\n"),
            format!("CONNECT evil{i}.test:{} HTTP/1.0\r\n\r\n", 1000 + i),
            format!("CONNECT 10.9.8.{i}:443 HTTP/1.0\r\n\r\n"),
            format!("CONNECT [fd00::{i:x}]:443 HTTP/1.0\r\n\r\n"),
            format!("CONNECT bad{i}.many.test:443 HTTP/1.0\r\n\r\n"),
            format!("CONNECT nx{i}.many.test:443 HTTP/1.0\r\n\r\n"),
            format!("CONNECT fail{i}.many.test:443 HTTP/1.0\r\n\r\n"),
            format!("CONNECT evil{i} HTTP/1.0\r\n\r\n"),
            format!("GET http://evil{i}.test/evil{i} HTTP/1.1\r\nHost: evil{i}.test\r\n\r\n"),
            format!("EVIL{i} http://evil{i}.test/ HTTP/1.1\r\nHost: x\r\n\r\n"),
            format!("GET /evil{i} HTTP/1.1\r\nHost: evil{i}.test\r\n\r\n"),
            format!("GET http://x.test/ HTTP/1.1\r\nHost: a\r\nHost: evil{i}\r\n\r\n"),
            format!("evil{i}\"}} 1\nevil_total{{a=\"b\r\n\r\n"),
        ]
    };
    let send = |i: usize| {
        let requests = rounds(i);
        for request in &requests {
            let mut client = proxy.client();
            client.send(request);
            let status = client.response().status;
            assert!(status >= 400, "{status} to {request}");
        }
        requests.len()
    };
    let mut count = send(0);
    proxy.wait_requests(count);
    let before = metrics(&proxy);
    for i in 1..EACH {
        count += send(i);
    }
    assert!(count > 200);
    proxy.wait_requests(count);
    let after = metrics(&proxy);
    // One round has made every label that twenty-four more could.
    assert_eq!(after.labels(), before.labels());
    assert_eq!(after.samples.len(), before.samples.len());
    let counted = |page: &Page| {
        let requests = page.samples.iter().filter(|s| s.name == "pinhole_requests_total");
        requests.map(|sample| sample.value).sum::<f64>()
    };
    assert_eq!(counted(&after), count as f64);
    let words = [
        ("method", &["connect", "forward", "none"][..]),
        ("direction", &["up", "down"]),
        ("stage", &["head", "dns", "connect"]),
        ("mode", &["enforce", "log"]),
        // Of PROXY protocol headers, all of them at zero from the start.
        (
            "reason",
            &["absent", "malformed", "too_long", "unsupported", "checksum", "cut", "timeout"],
        ),
        (
            "outcome",
            &[
                "match",
                "not_allowed",
                "address_class",
                "dns_not_found",
                "dns_failed",
                "malformed",
                "method",
                "origin_form",
            ],
        ),
    ];
    for (label, value) in after.labels() {
        let known = words.iter().find(|word| word.0 == label).map_or(&[][..], |word| word.1);
        assert!(known.contains(&value.as_str()), "{label}={value}");
    }
}
