//! The way to an origin: a tunnel through a CONNECT proxy, or a relay that leads nowhere else.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::{ANSWER, HELLO, REQUEST};

/// How an origin is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via {
    /// Through a proxy, by CONNECT.
    Connect(SocketAddr),
    /// Through a relay that was started for this one origin.
    Relay(SocketAddr),
}

impl Via {
    /// Where the load connects to.
    pub(crate) fn address(self) -> SocketAddr {
        match self {
            Self::Connect(address) | Self::Relay(address) => address,
        }
    }

    /// A connection that leads to the origin.
    pub(crate) async fn open(self, target: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address()).await?;
        stream.set_nodelay(true)?;
        if let Self::Connect(_) = self {
            connect(&mut stream, &target.to_string()).await?;
        }
        Ok(stream)
    }

    /// The same by the name of this machine: a ClientHello names no addresses.
    pub(crate) async fn open_by_name(self, target: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address()).await?;
        stream.set_nodelay(true)?;
        connect(&mut stream, &format!("localhost:{}", target.port())).await?;
        Ok(stream)
    }
}

async fn connect(stream: &mut TcpStream, target: &str) -> io::Result<()> {
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    answer(stream).await
}

/// Reads the head of the answer to CONNECT. No origin speaks first, so nothing follows it.
async fn answer(stream: &mut TcpStream) -> io::Result<()> {
    let (mut head, mut length) = ([0; 4096], 0);
    loop {
        let count = stream.read(&mut head[length..]).await?;
        length += count;
        let head = &head[..length];
        let refused = length > 12 && head[8..12] != *b" 200";
        if count == 0 || refused {
            let text = String::from_utf8_lossy(head);
            let line = text.lines().next().unwrap_or_default();
            return Err(io::Error::other(format!("CONNECT is answered with `{line}`")));
        }
        if head.ends_with(b"\r\n\r\n") {
            return Ok(());
        }
    }
}

/// One small exchange on an open tunnel.
pub(super) async fn exchange(stream: &mut TcpStream) -> io::Result<()> {
    ask(stream, &[b'q'; REQUEST]).await
}

/// The same that begins as TLS does.
pub(super) async fn greet(stream: &mut TcpStream) -> io::Result<()> {
    ask(stream, HELLO).await
}

async fn ask(stream: &mut TcpStream, request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    let mut answer = [0; ANSWER];
    stream.read_exact(&mut answer).await?;
    Ok(())
}
