//! The room's name server: every name there is has one address.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

/// What every name leads to, but for `localhost`. No case's network holds it by chance.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
const HEADER: usize = 12;
const A: [u8; 2] = [0, 1];

/// What a name leads to, here and in the room's hosts file.
pub(crate) fn address(name: &str) -> Ipv4Addr {
    let local = name.trim_end_matches('.').eq_ignore_ascii_case("localhost");
    if local { Ipv4Addr::LOCALHOST } else { ADDRESS }
}

/// Answers for as long as the process lives.
pub(crate) fn serve() -> Result<(), String> {
    let socket = UdpSocket::bind("127.0.0.1:53").map_err(|error| format!("DNS: {error}"))?;
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut query) {
            if let Some(answer) = answer(&query[..length]) {
                // Who has gone needs none.
                let _ = socket.send_to(&answer, asker);
            }
        }
    });
    Ok(())
}

/// One address for A, none for anything else.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = name(query)?;
    let kind = query.get(end..end + 2)?;
    let question = query.get(HEADER..end + 4)?;
    let mut answer = query[..2].to_vec();
    // A response, recursion desired and available, one question, and nothing beyond the answer.
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(kind == A), 0, 0, 0, 0]);
    answer.extend(question);
    if kind == A {
        // The name of the question, A, IN, no time to live, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address(&name).octets());
    }
    Some(answer)
}

/// The name asked for, and where it ends.
fn name(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).into_owned());
        at += length;
    }
}
