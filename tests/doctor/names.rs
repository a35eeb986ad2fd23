//! Name servers: tables of A records, and NXDOMAIN for everything else.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

const HEADER: usize = 12;
const A: [u8; 2] = [0, 1];
const NXDOMAIN: u8 = 3;

/// Answers for as long as the process lives; hands out where.
pub(crate) fn serve(at: &str, table: &[(&str, &str)]) -> SocketAddr {
    let of = |&(name, ip): &(&str, &str)| (name.to_owned(), ip.parse().expect("an address"));
    let table: HashMap<String, Ipv4Addr> = table.iter().map(of).collect();
    serve_by(at, move |name| table.get(&name.to_ascii_lowercase()).copied())
}

/// The same; every name leads to this address.
pub(crate) fn serve_all(at: &str, ip: &str) -> SocketAddr {
    let ip = ip.parse().expect("an address");
    serve_by(at, move |_| Some(ip))
}

fn serve_by(at: &str, find: impl Fn(&str) -> Option<Ipv4Addr> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind(at).expect("a port");
    let addr = socket.local_addr().expect("bound");
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut query) {
            if let Some(answer) = answer(&find, &query[..length]) {
                // Who has gone needs none.
                let _ = socket.send_to(&answer, asker);
            }
        }
    });
    addr
}

fn answer(find: impl Fn(&str) -> Option<Ipv4Addr>, query: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = name(query)?;
    let question = query.get(HEADER..end + 4)?;
    let address = find(&name);
    let found = address.filter(|_| query.get(end..end + 2) == Some(&A));
    let code = if address.is_some() { 0 } else { NXDOMAIN };
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(found.is_some()), 0, 0, 0, 0]);
    answer.extend(question);
    if let Some(address) = found {
        // The name of the question, A, IN, a minute, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address.octets());
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
