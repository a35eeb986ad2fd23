//! A question to a name server, for which there is no tool on every machine: whether anything comes
//! back. It runs in a namespace, as a process of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

/// What this program is told when it is to knock.
pub(crate) const KNOCK: &str = "--knock";

/// `A registry.example` (RFC 1035 §4.1).
const QUESTION: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08registry\x07example\x00\x00\x01\x00\x01";

/// Succeeds if somebody answers.
pub(crate) fn knock(how: &str, at: &str, seconds: &str) -> ExitCode {
    let at: SocketAddr = at.parse().expect("an address");
    let patience = Duration::from_secs(seconds.parse().expect("a number"));
    let answered = match how {
        "udp" => udp(at, patience),
        "tcp" => tcp(at, patience),
        _ => panic!("`{how}`"),
    };
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn udp(at: SocketAddr, patience: Duration) -> io::Result<()> {
    let any = if at.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(patience))?;
    socket.connect(at)?;
    socket.send(QUESTION)?;
    socket.recv(&mut [0; 512]).map(drop)
}

fn tcp(at: SocketAddr, patience: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&at, patience)?;
    stream.set_read_timeout(Some(patience))?;
    let length = u16::try_from(QUESTION.len()).expect("a short question");
    stream.write_all(&[&length.to_be_bytes(), QUESTION].concat())?;
    stream.read_exact(&mut [0; 2])
}
