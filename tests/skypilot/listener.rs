//! The proxy, and every target: listeners on the room's ports that note what they see and answer
//! with as little as will do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::grpc;
use crate::seen::{Seen, Seer};

const PATIENCE: Duration = Duration::from_secs(15);
const MAX_HEAD: u64 = 64 * 1024;
/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// Listens on a port of every address, for as long as the process lives.
pub(crate) fn listen(port: u16, seer: Seer, seen: &Seen) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port));
    let listener = listener.map_err(|error| format!("port {port}: {error}"))?;
    let seen = seen.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = seen.clone();
            let open = seen.open();
            thread::spawn(move || {
                // A client may go whenever it likes.
                let _ = serve(stream, seer, &seen);
                drop(open);
            });
        }
    });
    Ok(())
}

fn serve(stream: TcpStream, seer: Seer, seen: &Seen) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if seer == Seer::Direct {
        // Every address is here: the one that was dialled tells where the client wanted to go.
        let dialled = stream.local_addr()?;
        seen.add(format!("direct {}:{}", dialled.ip().to_canonical(), dialled.port()));
    }
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        if reader.fill_buf()?.first() == Some(&HANDSHAKE) {
            return Ok(());
        }
        let Some(line) = head(&mut reader)? else { return Ok(()) };
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
        // HTTP/2, which gRPC speaks at once.
        if method == "PRI" {
            return grpc::answer(&mut reader, &mut writer);
        }
        if seer == Seer::Proxy {
            seen.add(format!("proxy {method} {target}"));
        }
        if method != "CONNECT" {
            return writer.write_all(ANSWER);
        }
        writer.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    }
}

/// Reads a head, and gives its first line. None: the client had nothing to say.
fn head(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut reader = reader.take(MAX_HEAD);
    let mut first = None;
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            return Ok(first);
        }
        first.get_or_insert(line);
    }
}
