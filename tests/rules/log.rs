//! The log: one line per request, which says what its client was told, and nothing raw.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::dns::FakeDns;
use crate::given::{config, leads_to};
use crate::support::proxy::{Proxy, program};
use crate::support::site::refusal_id;
use crate::support::structured::{self, Bare};
use crate::support::{each, ensure, shown};

/// What is sent, and how it is refused.
const ROWS: &[(&[u8], u16, &str)] = &[
    (b"CONNECT no.test:443 HTTP/1.1\r\nHost: no.test\r\n\r\n", 403, "not_allowed"),
    (b"CONNECT ok.test:22 HTTP/1.1\r\nHost: ok.test\r\n\r\n", 403, "port_not_allowed"),
    (b"CONNECT bad.ok.test:443 HTTP/1.1\r\nHost: bad.ok.test\r\n\r\n", 403, "denied"),
    (b"CONNECT ok.test:443 HTTP/1.1\r\nHost: ok.test\r\n\r\n", 403, "address_class"),
    (b"CONNECT nx.ok.test:443 HTTP/1.0\r\n\r\n", 502, "dns_not_found"),
    (b"CONNECT 10.0.0.1:443 HTTP/1.0\r\n\r\n", 403, "address_class"),
    (b"CONNECT 193.0.0.1:443 HTTP/1.0\r\n\r\n", 403, "literal_not_allowed"),
    (b"CONNECT proxy.test:443 HTTP/1.0\r\n\r\n", 403, "own_address"),
    (b"GET http://no.test/?q=\"><script> HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"GET http://no.test/?q='%0d%0aX:y;$(id)` HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"GET http://no.test/?q='%0d%0aX:y;$(id) HTTP/1.1\r\nHost: x\r\n\r\n", 403, "not_allowed"),
    (b"GET http://user:secret@no.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"CONNECT user:secret@ok.test:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"CONNECT a\x1b[2Jb.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a\x07\x08.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a\x7f.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a\xc2\x9b2Jb.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT \xff\xfe\x80.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT \xe2\x80\xae.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT \"quoted\\\".test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT {\"event\":\"request\"}:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a%0d%0aSet-Cookie:x.test:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a.test\nX: y:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a.test\0:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"CONNECT a.test\t:443 HTTP/1.0\r\n\r\n", 400, "malformed"),
    (b"GET /\x1b]0;title\x07 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "origin_form"),
    (b"GET /<script>alert(1)</script> HTTP/1.1\r\nHost: x\r\n\r\n", 400, "origin_form"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed"),
    (b"\xff\xff\xff\xff\r\n\r\n", 400, "malformed"),
    (b"BREW coffee://pot HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method"),
    (b"EV\"IL http://no.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"GET http://no.test/ HTTP/1.1\r\nHost: \x1b[31m\r\n\r\n", 400, "malformed"),
    (b"GET http://no.test/ HTTP/1.1\r\nHost: x\r\nX: \x1b[31m\r\n\r\n", 400, "malformed"),
    (b"GET http://no.test/ HTTP/9.9\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"GET http://ok.test:443/ HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\n\r\n", 400, "upgrade"),
];

fn rows() -> Vec<(Vec<u8>, u16, &'static str)> {
    let mut rows: Vec<_> = ROWS.iter().map(|row| (row.0.to_vec(), row.1, row.2)).collect();
    let long =
        |len| format!("CONNECT {}.test:443 HTTP/1.0\r\n\r\n", "\u{e9}".repeat(len)).into_bytes();
    rows.push((long(2000), 400, "malformed"));
    rows.push((long(6000), 414, "target_too_long"));
    for byte in (0..=0x20).chain(0x7f..=0xff) {
        let head = [b"CONNECT a".as_slice(), &[byte], b"b.test:443 HTTP/1.0\r\n\r\n"].concat();
        rows.push((head, 400, "malformed"));
    }
    rows
}

fn configuration(dns: &FakeDns) -> Value {
    leads_to(dns, "ok.test", "10.0.0.1");
    let mut config = config(dns, json!([{"host": "ok.test"}, {"host": "*.ok.test"}]));
    config["deny"] = json!([{"host": "bad.ok.test"}]);
    config["self"] = json!("proxy.test");
    config
}

/// The refusal's id, its text in Proxy-Status, and its status.
fn refused(proxy: &Proxy, row: &(Vec<u8>, u16, &str)) -> Result<(String, String), String> {
    let (bytes, status, label) = row;
    let mut client = proxy.client();
    client.send(bytes);
    let response = client.try_response(false)?;
    ensure!(response.status == *status, "{}", shown(&response.head));
    let id = refusal_id(&response, label)?;
    ensure!(!response.text().contains("secret"), "{}", response.text());
    let field = response.field("proxy-status").ok_or("no Proxy-Status")?;
    let items = structured::list(field)?;
    let Some(Bare::Text(details)) = items[0].param("details") else { return Err(field.to_owned()) };
    let text = details.strip_prefix(&format!("{label}: ")).ok_or(details.clone())?;
    let text = text.strip_suffix(&format!("; id {id}")).ok_or(details.clone())?;
    ensure!(response.text().contains(text), "{} is not {text}", response.text());
    Ok((id, text.to_owned()))
}

#[test]
fn json_lines_say_what_clients_are_told() {
    let dns = FakeDns::start();
    let proxy = Proxy::start(&configuration(&dns));
    let rows = rows();
    let count = rows.len();
    each(
        rows,
        |row| shown(&row.0),
        |row| {
            let (id, text) = refused(&proxy, row)?;
            let line = proxy.record_of(&id);
            ensure!(line["reason"] == row.2 && line["status"] == row.1, "{line}");
            ensure!(line["detail"] == text, "{line} does not say {text}");
            let target = line["target"].as_str().unwrap_or_default();
            ensure!(target.len() < 1100, "{} bytes of target", target.len());
            ensure!(!line.to_string().contains("secret"), "{line}");
            let decision = match row.1 {
                403 => "deny",
                500.. => "allow",
                _ => "malformed",
            };
            ensure!(line["decision"] == decision, "{line}");
            for key in
                ["time", "client", "head_ms", "total_ms", "up", "down", "end", "rule", "address"]
            {
                ensure!(line.get(key).is_some(), "no {key} in {line}");
            }
            Ok(())
        },
    );
    let requests = proxy.wait_requests(count);
    assert_eq!(requests.len(), count, "one line per request");
    for line in proxy.lines() {
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        assert!(line["event"].is_string(), "{line}");
    }
}

/// Every line's bytes are checked where they are read, in `support::proxy`.
#[test]
fn text_lines_say_what_clients_are_told() {
    let dns = FakeDns::start();
    let proxy = Proxy::spawn(&configuration(&dns), |file| {
        let mut command = program();
        command.args(["serve", "--log", "text", "--config"]).arg(file);
        command
    });
    let listening = proxy.lines().len();
    let rows = rows();
    let count = rows.len();
    each(
        rows,
        |row| shown(&row.0),
        |row| {
            let (id, text) = refused(&proxy, row)?;
            let line = proxy.wait_line("its line", |line| {
                line.text.ends_with(&format!(" id {id}")).then(|| line.text.clone())
            });
            let words = format!(" {} {} ", row.1, row.2);
            ensure!(line.contains(&words) && line.contains(&format!("({text})")), "{line}");
            ensure!(!line.contains("secret"), "{line}");
            Ok(())
        },
    );
    let lines = proxy.lines().len() - listening;
    assert!((count..count + 2).contains(&lines), "{lines} lines for {count} requests");
}

/// Ids do not repeat, in one process or in two.
#[test]
fn ids_are_unique() {
    let dns = FakeDns::start();
    let proxies = [(); 2].map(|()| Proxy::start(&configuration(&dns)));
    let mut ids = Vec::new();
    for proxy in &proxies {
        for _ in 0..20 {
            ids.push(refused(proxy, &(ROWS[0].0.to_vec(), 403, "not_allowed")).unwrap().0);
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

/// A broken reload is one line of the text log, however many mistakes the file has.
#[test]
fn a_broken_reload_is_one_line_of_text() {
    let dns = FakeDns::start();
    let mut path = std::path::PathBuf::new();
    let proxy = Proxy::spawn(&configuration(&dns), |file| {
        path = file.to_owned();
        let mut command = program();
        command.args(["serve", "--log", "text", "--config"]).arg(file);
        command
    });
    let lines = proxy.lines().len();
    std::fs::write(&path, "alow: []\n\"\\e[31m\": 1\nallow: [{host: \"\\e\\n\"}]\n").unwrap();
    proxy.signal(Signal::HUP);
    let line = proxy.wait_line("the warning", |line| {
        line.text.contains("stays in force").then(|| line.text.clone())
    });
    for place in ["alow: unknown key", "u{1b}[31m", "allow[0].host"] {
        assert!(line.contains(place), "no {place} in {line}");
    }
    refused(&proxy, &(ROWS[0].0.to_vec(), 403, "not_allowed")).unwrap();
    proxy.wait_line("its line", |line| line.text.contains("no.test").then_some(()));
    assert_eq!(proxy.lines().len(), lines + 2);
}
