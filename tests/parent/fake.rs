//! A fake parent, and what its tests share.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::client::{Client, Response};
use crate::support::find;
use crate::support::origin::{Origin, Peer};
use crate::support::site::{Site, refusal_id};

pub(crate) const CONNECT: &str = "CONNECT ok.test:%P HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n";
pub(crate) const GET: &str = "GET http://ok.test:%P/x HTTP/1.1\r\nHost: ok.test:%P\r\n\r\n";
pub(crate) const OK: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// The lines of each head that a parent was sent.
pub(crate) type Heads = Arc<Mutex<Vec<Vec<String>>>>;

/// A parent.
pub(crate) struct Parent {
    pub(crate) listener: Origin,
    heads: Heads,
}

impl Parent {
    /// Reads a head from each connection, and runs the script.
    pub(crate) fn with(
        script: impl Fn(&mut Peer, &[String]) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::on("127.0.0.1:0", script)
    }

    pub(crate) fn on(
        addr: &str,
        script: impl Fn(&mut Peer, &[String]) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let heads = Heads::default();
        let noted = Arc::clone(&heads);
        let listener = Origin::on(addr, move |peer| {
            let head = head(peer)?;
            noted.lock().expect("no panic").push(head.clone());
            script(peer, &head)
        });
        Self { listener, heads }
    }

    /// Answers a CONNECT with these bytes, and is the target itself: it sends back what comes.
    pub(crate) fn answering(answer: impl AsRef<[u8]>) -> Self {
        let answer = answer.as_ref().to_vec();
        Self::with(move |peer, _| {
            peer.send(&answer)?;
            echo(peer)
        })
    }

    /// Answers with these bytes, and closes.
    pub(crate) fn refusing(answer: impl AsRef<[u8]>) -> Self {
        let answer = answer.as_ref().to_vec();
        Self::with(move |peer, _| peer.send(&answer))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.listener.port())
    }

    /// What it was asked for so far: the lines of each head.
    pub(crate) fn heads(&self) -> Vec<Vec<String>> {
        self.heads.lock().expect("no panic").clone()
    }

    /// The first line of each head so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heads().into_iter().map(|mut head| head.swap_remove(0)).collect()
    }
}

/// The lines of the next head.
pub(crate) fn head(peer: &mut Peer) -> io::Result<Vec<String>> {
    let mut head = Vec::new();
    while find(&head, b"\r\n\r\n").is_none() {
        head.extend(peer.bytes(1)?);
    }
    let text = String::from_utf8(head).expect("ASCII");
    Ok(text.trim_end().split("\r\n").map(str::to_owned).collect())
}

/// Sends back what comes, piece by piece, until its end.
pub(crate) fn echo(peer: &mut Peer) -> io::Result<()> {
    loop {
        let byte = peer.bytes(1)?;
        peer.send(byte)?;
    }
}

/// The usual site, with these parents.
pub(crate) fn behind(urls: &[String]) -> Site {
    behind_with(urls, |_| {})
}

pub(crate) fn behind_with(urls: &[String], change: impl FnOnce(&mut Value)) -> Site {
    Site::with(Origin::start(), |config| {
        config["parent"] = json!({"urls": urls});
        change(config);
    })
}

/// What the site answers to a CONNECT.
pub(crate) fn connect(site: &Site) -> (Client, Response) {
    let mut client = site.proxy.client();
    client.send(site.fill(CONNECT));
    let response = client.head().expect("a head");
    (client, response)
}

/// An open tunnel.
pub(crate) fn open(site: &Site) -> Client {
    let (client, response) = connect(site);
    assert_eq!(response.status, 200, "{response:?}");
    client
}

/// Asserts that a request is refused: by this status and label, and in all the right places. What
/// follows it is not read as a request.
pub(crate) fn refused(site: &Site, request: &str, label: &str) -> Response {
    let mut client = site.proxy.client();
    let sentinel = "GET http://sentinel.test:%P/ HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(site.fill([request, sentinel].concat()));
    let response = client.response();
    assert_eq!(response.status, 502, "{response:?}");
    let id = refusal_id(&response, label).unwrap();
    client.ends();
    let line = site.proxy.record_of(&id);
    assert_eq!((&line["reason"], &line["status"]), (&json!(label), &json!(502)), "{line}");
    assert_eq!(site.origin.accepts(), 0, "a sentinel got through");
    response
}

/// How many attempts at a parent came to this.
pub(crate) fn attempts(site: &Site, parent: usize, outcome: &str) -> f64 {
    let labels = format!("parent=\"{parent}\",outcome=\"{outcome}\"");
    site.proxy.metric(&format!("pinhole_parent_attempts_total{{{labels}}}"))
}
