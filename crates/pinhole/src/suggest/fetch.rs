//! One page of an admin listener, asked for by hyper.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use policy::{Authority, Host};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long all of it may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Longest page, in bytes.
pub(crate) const MAX_PAGE: usize = 64 * 1024 * 1024;

/// Where an admin listener is asked: an address with its port, or a URL, whose path is left aside.
///
/// # Errors
/// What cannot be asked.
pub(crate) fn place(text: &str) -> Result<Authority> {
    let shown = text.escape_default();
    if text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
        bail!("`{shown}`: the admin listener speaks plain HTTP: write http://");
    }
    Authority::parse_target(text)
        .with_context(|| format!("`{shown}` is no admin listener, such as 127.0.0.1:9128"))
}

/// The admin listener of a configuration as this machine reaches it.
pub(crate) fn of_listener(admin: SocketAddr) -> Authority {
    let ip = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let text = SocketAddr::new(ip, admin.port()).to_string();
    Authority::parse(text.as_bytes()).expect("an address with its port")
}

/// The page `/denials`.
///
/// # Errors
/// There is none, or not in time.
pub(crate) async fn denials(at: &Authority, patience: Duration, most: usize) -> Result<Bytes> {
    match timeout(patience, page(at, most)).await {
        Ok(page) => page,
        Err(_) => bail!("no answer within {}", humantime::format_duration(patience)),
    }
}

async fn page(at: &Authority, most: usize) -> Result<Bytes> {
    let host = match at.host() {
        Host::Name(name) => name.to_string(),
        Host::Ip(ip) => ip.to_string(),
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the operator's own admin listener is asked: no client's target is dialled"
    )]
    let stream = TcpStream::connect((host.as_str(), at.port())).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/denials")
        .header(HOST, at.to_string())
        .header(ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())?;
    let read = async {
        let response = sender.send_request(request).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                bail!("it has no page /denials: it is another program, or an older pinhole")
            }
            status => bail!("it answered with status {status}"),
        }
        let body = Limited::new(response.into_body(), most).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("its answer cannot be read: {error}"))?;
        Ok(body.to_bytes())
    };
    // The connection moves while it is polled, and ends when its sender is gone.
    tokio::pin!(connection);
    tokio::pin!(read);
    tokio::select! {
        page = &mut read => page,
        ended = &mut connection => {
            // What has come whole is in the reader's hands by then.
            ended?;
            read.await
        }
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
