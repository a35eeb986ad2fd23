//! Small messages: answers to requests on tunnels, and a plain-HTTP server.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::{ANSWER, HELLO, REQUEST};

/// Answers every small request with a small answer, until the client ends.
pub(super) async fn reply(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; REQUEST];
    loop {
        stream.read_exact(&mut request).await?;
        stream.write_all(&[b'r'; ANSWER]).await?;
    }
}

/// Answers a ClientHello with a small answer.
pub(super) async fn greet(mut stream: TcpStream) -> io::Result<()> {
    let mut hello = [0; HELLO.len()];
    stream.read_exact(&mut hello).await?;
    stream.write_all(&[b'r'; ANSWER]).await
}

/// Answers GETs on a kept connection. Requests come one at a time and have no body.
pub(super) async fn web(mut stream: TcpStream) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\
         Cache-Control: no-store\r\nContent-Length: {ANSWER}\r\n\r\n"
    );
    let response = [head.as_bytes(), &[b'w'; ANSWER]].concat();
    let mut request = Vec::with_capacity(4096);
    loop {
        request.clear();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(&response).await?;
    }
}
