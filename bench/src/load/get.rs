//! Plain-HTTP GETs in absolute form, on connections that are kept.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::via::Via;
use super::{Bed, Figures, crowd, latency, settle};
use crate::Failure;
use crate::wire::ANSWER;

/// Clients at once, each with one connection and one request at a time.
const CLIENTS: usize = 8;

/// Requests at least.
const LEAST: usize = 20_000;

pub(super) async fn measure(bed: &Bed) -> Result<Figures, Failure> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::new(bed).await?);
    }
    let (clients, _) = all(clients, bed.duration() / 8, 0).await?;
    settle(20).await;
    let cpu = bed.tree.cpu();
    let (_clients, took) = all(clients, bed.duration(), bed.least(LEAST, CLIENTS)).await?;
    settle(20).await;
    Ok(latency::figures(took, bed.tree.cpu() - cpu))
}

async fn all(
    clients: Vec<Client>,
    duration: Duration,
    least: usize,
) -> Result<(Vec<Client>, Vec<Duration>), Failure> {
    let done = crowd::all(clients.into_iter().map(|client| client.many(duration, least))).await?;
    let (clients, took): (Vec<_>, Vec<_>) = done.into_iter().unzip();
    Ok((clients, took.concat()))
}

struct Client {
    stream: TcpStream,
    request: String,
    served: usize,
}

impl Client {
    async fn new(bed: &Bed) -> Result<Self, Failure> {
        let Via::Connect(proxy) = bed.via else { return Err("speaks no HTTP".into()) };
        let stream = TcpStream::connect(proxy).await?;
        stream.set_nodelay(true)?;
        let target = bed.target;
        let request = format!("GET http://{target}/file HTTP/1.1\r\nHost: {target}\r\n\r\n");
        Ok(Self { stream, request, served: 0 })
    }

    async fn many(mut self, duration: Duration, least: usize) -> io::Result<(Self, Vec<Duration>)> {
        let begin = Instant::now();
        let mut took = Vec::with_capacity(100_000);
        while begin.elapsed() < duration || took.len() < least {
            let start = Instant::now();
            self.get().await?;
            took.push(start.elapsed());
        }
        Ok((self, took))
    }

    async fn get(&mut self) -> io::Result<()> {
        self.stream.write_all(self.request.as_bytes()).await?;
        let (mut buffer, mut length, mut whole) = ([0; 8192], 0, None);
        while whole.is_none_or(|whole| length < whole) {
            let count = self.stream.read(&mut buffer[length..]).await?;
            if count == 0 {
                let kept = ["no response", "closes a kept connection after a response"];
                return Err(io::Error::other(kept[usize::from(self.served > 0)]));
            }
            length += count;
            whole = whole.or(whole_length(&buffer[..length])?);
        }
        let body = length.saturating_sub(ANSWER);
        if whole != Some(length) || buffer[body..length].iter().any(|byte| *byte != b'w') {
            return Err(io::Error::other("not the body that was sent"));
        }
        self.served += 1;
        Ok(())
    }
}

/// How long the response is, once its head is there. It must be a 200 with the length that was
/// sent.
fn whole_length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = format!("\r\ncontent-length: {ANSWER}");
    match head.get(8..12) == Some(" 200") && head.contains(&length) {
        true => Ok(Some(end + 4 + ANSWER)),
        false => Err(io::Error::other(format!("unusable response: `{head}`"))),
    }
}
