//! Requests by way of a proxy: as few bytes as tell whether it would let a client through.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use policy::{Authority, Host};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout_at;

use super::answer::Answer;
use super::check::NO_TIME;
use super::hello::{Hello, Shaker};
use super::net::Net;
use super::proxies::Proxy;

/// How many requests of one proxy are under way at once: it may have a limit per client.
const AT_ONCE: usize = 16;
/// How long one request may take, the proxy's own waiting for the target included.
const LIMIT: Duration = Duration::from_secs(9);
/// How long a body that tells why is waited for.
const BODY: Duration = Duration::from_secs(1);
/// How long TLS in a tunnel may take.
const HELLO: Duration = Duration::from_secs(5);
/// Longest head of a response.
const MAX_HEAD: usize = 32 * 1024;
/// As much of a body as is read.
const MAX_BODY: usize = 4 * 1024;

/// How a target is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// CONNECT, and a ClientHello in the tunnel.
    Tls,
    /// CONNECT, and nothing in the tunnel.
    Tunnel,
    /// `HEAD http://…`.
    Forward,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    pub(super) target: Authority,
    pub(super) way: Way,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The tunnel is open; and what came of the ClientHello, where there was one.
    Open(Option<Hello>),
    /// Anything but 2xx to a CONNECT; anything at all to a HEAD.
    Answered(Answer),
    NotHttp,
    /// The proxy closed the connection without a word.
    Closed,
    /// It did not answer in time.
    Silent,
    /// It was not reached.
    Unreached(String),
    /// There is no proxy to ask, and why; or no time was left.
    NotTried(String),
}

/// A proxy that accepts connections.
#[derive(Clone)]
pub(super) struct Met<'p> {
    pub(super) proxy: &'p Proxy,
    pub(super) addr: SocketAddr,
}

/// Makes all of the requests, and hands out what came of each, in their order.
pub(super) async fn all(
    net: &Net,
    shaker: &Shaker,
    asks: &[(Ask, Result<Met<'_>, String>)],
) -> Vec<Outcome> {
    let each = asks.iter().enumerate().map(|(at, (ask, proxy))| async move {
        let outcome = match proxy {
            Err(why) => Outcome::NotTried(why.clone()),
            Ok(_) if net.is_over() => no_time(),
            Ok(met) => {
                let asked = timeout_at(net.deadline(LIMIT), one(net, shaker, met, ask)).await;
                asked.unwrap_or_else(|_| if net.is_over() { no_time() } else { Outcome::Silent })
            }
        };
        (at, outcome)
    });
    // Not in order, so that one that hangs does not hold up those behind it.
    let mut outcomes: Vec<_> = stream::iter(each).buffer_unordered(AT_ONCE).collect().await;
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn no_time() -> Outcome {
    Outcome::NotTried(NO_TIME.to_owned())
}

async fn one(net: &Net, shaker: &Shaker, met: &Met<'_>, ask: &Ask) -> Outcome {
    let stream = match net.connect(&[met.addr]).await {
        Ok((stream, _)) => stream,
        Err(why) => return Outcome::Unreached(why),
    };
    if !met.proxy.url.is_tls() {
        return over(net, shaker, met, ask, stream).await;
    }
    match shaker.shake(met.proxy.url.authority().host(), stream).await {
        Ok(stream) => over(net, shaker, met, ask, stream).await,
        Err(hello) => Outcome::Unreached(hello.text()),
    }
}

/// Asks over a connection to the proxy.
async fn over<S>(net: &Net, shaker: &Shaker, met: &Met<'_>, ask: &Ask, mut stream: S) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if stream.write_all(request(met.proxy, ask).as_bytes()).await.is_err()
        || stream.flush().await.is_err()
    {
        return Outcome::Closed;
    }
    let (answer, rest) = match answer(&mut stream).await {
        Ok(answered) => answered,
        Err(outcome) => return outcome,
    };
    match ask.way {
        Way::Forward => Outcome::Answered(answer),
        Way::Tunnel | Way::Tls if !answer.is_success() => {
            let body = timeout_at(net.deadline(BODY), body(&mut stream, &answer, rest)).await;
            Outcome::Answered(answer.with_body(body.unwrap_or_default()))
        }
        Way::Tunnel => Outcome::Open(None),
        // Whatever speaks first is no TLS server.
        Way::Tls if !rest.is_empty() => Outcome::Open(Some(Hello::NotTls)),
        Way::Tls => {
            let shaking = shaker.shake(ask.target.host(), stream);
            Outcome::Open(Some(match timeout_at(net.deadline(HELLO), shaking).await {
                Ok(Ok(_)) => Hello::Done,
                Ok(Err(hello)) => hello,
                Err(_) => Hello::Silent,
            }))
        }
    }
}

fn request(proxy: &Proxy, ask: &Ask) -> String {
    let target = &ask.target;
    let (line, host) = match ask.way {
        Way::Forward => {
            // The port that http:// has anyway is left out, as clients do.
            let port = Some(target.port()).filter(|port| *port != 80);
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let host = match target.host() {
                Host::Ip(ip) if ip.is_ipv6() => format!("[{ip}]{port}"),
                host => format!("{host}{port}"),
            };
            (format!("HEAD http://{host}/ HTTP/1.1"), host)
        }
        Way::Tunnel | Way::Tls => (format!("CONNECT {target} HTTP/1.1"), target.to_string()),
    };
    let credentials = proxy
        .credentials
        .as_ref()
        .map(|credentials| format!("Proxy-Authorization: {}\r\n", credentials.authorization()));
    let close = if ask.way == Way::Forward { "Connection: close\r\n" } else { "" };
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{line}\r\nHost: {host}\r\nUser-Agent: pinhole-doctor/{version}\r\n{}{close}\r\n",
        credentials.unwrap_or_default()
    )
}

/// The final answer's head, and what came behind it.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> Result<(Answer, Vec<u8>), Outcome> {
    let mut bytes = Vec::new();
    loop {
        while let Some((end, next)) = end_of_head(&bytes) {
            let Some(answer) = Answer::parse(&bytes[..end]) else { return Err(Outcome::NotHttp) };
            bytes.drain(..next);
            // 1xx is not the answer yet.
            if answer.status >= 200 {
                return Ok((answer, bytes));
            }
        }
        let begins = bytes.iter().zip(b"HTTP/").all(|(here, there)| here == there);
        if !begins || bytes.len() > MAX_HEAD {
            return Err(Outcome::NotHttp);
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) if bytes.is_empty() => return Err(Outcome::Closed),
            Ok(0) | Err(_) => return Err(Outcome::NotHttp),
            Ok(_) => {}
        }
    }
}

/// Where the head ends, and where what follows it begins.
fn end_of_head(bytes: &[u8]) -> Option<(usize, usize)> {
    let find = |needle: &[u8]| bytes.windows(needle.len()).position(|window| window == needle);
    match (find(b"\r\n\r\n"), find(b"\n\n")) {
        (Some(at), None) => Some((at, at + 4)),
        (Some(at), Some(bare)) if at < bare => Some((at, at + 4)),
        (_, Some(at)) => Some((at, at + 2)),
        (None, None) => None,
    }
}

async fn body(
    stream: &mut (impl AsyncRead + Unpin),
    answer: &Answer,
    mut bytes: Vec<u8>,
) -> String {
    let wanted = answer.length().unwrap_or(MAX_BODY).min(MAX_BODY);
    while bytes.len() < wanted {
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    bytes.truncate(wanted);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
