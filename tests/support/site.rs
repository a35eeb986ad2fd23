//! The usual arrangement: a name server with a script, a target, and the program between.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::Response;
use super::origin::Origin;
use super::proxy::Proxy;
use super::structured::{self, Bare};
use super::{ensure, replace, shown, until};
use crate::dns::{FakeDns, Kind, Reply};

/// Names that lead to 127.0.0.1, where the usual target listens. Sentinels and cases have names of
/// their own, so that the name server's log shows whose were asked for.
const NAMES: [&str; 5] = ["ok.test", "other.test", "sentinel.test", "case.test", "in.sub.test"];

/// A name server, a target and the program.
pub(crate) struct Site {
    // The program first: it must be gone before those that it talks to.
    pub(crate) proxy: Proxy,
    pub(crate) origin: Origin,
    pub(crate) dns: FakeDns,
}

/// A configuration that allows the usual names, and loopback addresses, on every port.
pub(crate) fn config(dns: &FakeDns) -> Value {
    for name in NAMES {
        dns.on(name, Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
        dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
    }
    json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "allow": [
            {"host": "ok.test", "ports": "1-65535"},
            {"host": "other.test", "ports": "1-65535"},
            {"host": "sentinel.test", "ports": "1-65535"},
            {"host": "case.test", "ports": "1-65535"},
            {"host": "*.sub.test", "ports": "1-65535"},
            {"network": "127.0.0.0/8", "ports": "1-65535"},
        ],
        "dns": {"servers": dns.addr().to_string(), "hosts_file": false},
        // A machine under load may take its time.
        "timeouts": {"header": "60s"},
        "limits": {},
    })
}

impl Site {
    pub(crate) fn new(origin: Origin) -> Self {
        Self::with(origin, |_| {})
    }

    /// With changes to the usual configuration.
    pub(crate) fn with(origin: Origin, change: impl FnOnce(&mut Value)) -> Self {
        let dns = FakeDns::start();
        let mut config = config(&dns);
        change(&mut config);
        Self { proxy: Proxy::start(&config), origin, dns }
    }

    /// Puts this site's ports in: `%P` the target's, `%S` the proxy's own.
    pub(crate) fn fill(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let port = self.origin.port().to_string();
        let own = self.proxy.addr.port().to_string();
        let filled = replace(bytes.as_ref(), b"%P", port.as_bytes());
        replace(&filled, b"%S", own.as_bytes())
    }

    /// The log lines of all requests that have ended, of which there are as many as the metrics say.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.counters_agree();
        self.proxy.requests()
    }

    /// Waits for so many log lines first.
    pub(crate) fn counters_agree_after(&self, requests: usize) {
        self.proxy.wait_requests(requests);
        self.counters_agree();
    }

    /// The metrics count what the log says, no more and no less, as soon as all of it is written.
    pub(crate) fn counters_agree(&self) {
        let total = |counts: BTreeMap<String, usize>| counts.values().sum::<usize>();
        until("the log is as long as the metrics say", || {
            total(self.proxy.outcomes()) == total(self.proxy.outcomes_logged())
        });
        assert_eq!(self.proxy.outcomes(), self.proxy.outcomes_logged());
    }
}

/// Checks everything that holds for every refusal, and hands out the request's id: the reason
/// stands in the status line, in Proxy-Status and in the body, each with the same id; nothing but
/// visible ASCII; the connection is to be closed.
pub(crate) fn refusal_id(response: &Response, label: &str) -> Result<String, String> {
    let head = shown(&response.head);
    let visible = |b: &u8| (0x20..0x7f).contains(b);
    let head_is_clean = response.head.iter().all(|b| visible(b) || b"\r\n".contains(b));
    ensure!(head_is_clean, "a raw byte in {head}");
    ensure!(response.field("connection") == Some("close"), "no Connection: close in {head}");
    ensure!(response.field("cache-control") == Some("no-store"), "may be cached: {head}");
    let status = response.field("proxy-status").ok_or("no Proxy-Status")?;
    let items = structured::list(status).map_err(|error| format!("{error} in `{status}`"))?;
    let [item] = &items[..] else { return Err(format!("{} items in `{status}`", items.len())) };
    ensure!(item.value == Bare::Token("pinhole".to_owned()), "`{status}` is not pinhole's");
    ensure!(matches!(item.param("error"), Some(Bare::Token(_))), "no error in `{status}`");
    let Some(Bare::Text(details)) = item.param("details") else {
        return Err(format!("no details in `{status}`"));
    };
    let id = details.rsplit_once("; id ").ok_or(format!("no id in `{details}`"))?.1.to_owned();
    ensure!(details.starts_with(&format!("{label}: ")), "`{details}` is not {label}");
    ensure!(response.reason.contains(label), "`{}` does not say {label}", response.reason);
    ensure!(response.reason.ends_with(&format!("(pinhole {id})")), "id: `{}`", response.reason);
    if response.body.is_empty() {
        return Ok(id);
    }
    let (text, line) = response.body.split_at(response.body.len() - 1);
    ensure!(line == b"\n" && text.iter().all(visible), "the body is {}", shown(&response.body));
    let text = response.text();
    ensure!(text.contains(&format!("({label})")), "the body does not say {label}: {text}");
    ensure!(text.ends_with(&format!("request id {id}\n")), "no id in the body: {text}");
    Ok(id)
}
