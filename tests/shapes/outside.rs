//! The outside: a registry by TLS and by plain HTTP, a name server, and something on UDP. It is a
//! process of its own, in its namespace, and ends with the room.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;

use rustls::{ServerConnection, StreamOwned};

use crate::dns::{FakeDns, Kind, Reply};
use crate::room::within;
use crate::site::{OUTSIDE as FOUR, OUTSIDE_SIX as SIX};
use crate::support::find;
use crate::support::origin::Origin;
use crate::tls::{Ca, Certificate};

/// What this program is told when it is to be the outside.
pub(crate) const OUTSIDE: &str = "--outside";

/// Names that lead to it.
pub(crate) const REGISTRY: &str = "registry.example";
pub(crate) const DENIED: &str = "denied.example";
/// What it serves.
pub(crate) const PAGE: &str = "what the registry serves\n";

const CERTIFICATE: Certificate =
    Certificate { names: &[REGISTRY, DENIED, FOUR, SIX], years: [2000, 4000] };

/// The process. It serves from when this is there.
pub(crate) struct Outside {
    _child: Child,
    /// Who vouches for it.
    pub(crate) ca: PathBuf,
}

impl Outside {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("a path");
        let spawned = within("outside", program).arg(OUTSIDE).stdout(Stdio::piped()).spawn();
        let mut child = spawned.expect("the outside");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("UTF-8");
        assert!(line.ends_with('\n'), "the outside did not start");
        Self { _child: child, ca: line.trim_end().into() }
    }
}

/// Serves for as long as there is somebody to be served.
pub(crate) fn serve() -> ExitCode {
    let ca = Ca::new();
    let config = ca.server(CERTIFICATE);
    let _plain = Origin::on("[::]:80", |peer| {
        while peer.request()?.is_some() {
            peer.send(page())?;
        }
        Ok(())
    });
    let _tls = Origin::on("[::]:443", move |peer| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a server");
        answer(&mut StreamOwned::new(connection, peer.stream.try_clone()?))
    });
    let dns = FakeDns::at(SocketAddr::new(FOUR.parse().expect("an address"), 53));
    for name in [REGISTRY, DENIED] {
        dns.on(name, Kind::A, [Reply::addrs(60, [FOUR])]);
        dns.on(name, Kind::Aaaa, [Reply::addrs(60, [SIX])]);
    }
    let udp = UdpSocket::bind("[::]:443").expect("a port");
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = udp.recv_from(&mut buffer) {
            // Who has gone needs no answer.
            let _ = udp.send_to(&buffer[..length], peer);
        }
    });
    println!("{}", ca.file().display());
    loop {
        thread::park();
    }
}

fn answer(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut head = Vec::new();
    while find(&head, b"\r\n\r\n").is_none() {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    stream.write_all(page().as_bytes())?;
    stream.flush()
}

fn page() -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{PAGE}", PAGE.len())
}
