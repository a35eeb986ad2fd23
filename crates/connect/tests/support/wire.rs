//! A port for DNS, and its messages by hand (RFC 1035 §4): a question read, a reply written.

use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

use super::reply::{Data, Reply};

/// UDP and TCP on the same free port.
pub(super) fn bind() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a UDP port");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("bound")) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

/// The first question's name in lower case, its type, and where it ends.
pub(super) fn question(message: &[u8]) -> (String, u16, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while message[at] != 0 {
        let len = usize::from(message[at]);
        labels.push(String::from_utf8(message[at + 1..=at + len].to_vec()).expect("ASCII"));
        at += 1 + len;
    }
    let kind = u16::from_be_bytes([message[at + 1], message[at + 2]]);
    (labels.join(".").to_ascii_lowercase(), kind, at + 5)
}

/// A reply to `asked`, which is the head and the question of a query.
pub(super) fn encode(reply: &Reply, asked: &[u8], tcp: bool) -> Vec<u8> {
    if let Some(raw) = &reply.raw {
        return [&asked[..2], raw].concat();
    }
    let truncated = reply.truncated && !tcp;
    let records = if truncated { &[] } else { reply.records.as_slice() };
    let mut out = asked[..2].to_vec();
    // QR, RD, and TC; then RA and the code.
    out.extend([0x81 | u8::from(truncated) << 1, 0x80 | reply.rcode]);
    let counts = [1, records.len(), usize::from(reply.soa.is_some()), 0];
    out.extend(counts.iter().flat_map(|&n| u16::try_from(n).expect("few records").to_be_bytes()));
    match &reply.question {
        Some(other) if tcp => {
            out.extend(name(other));
            out.extend(&asked[asked.len() - 4..]);
        }
        _ => out.extend(&asked[12..]),
    }
    let own = &asked[12..asked.len() - 4];
    for (owner, data, ttl) in records {
        let owner = owner.as_deref().map_or_else(|| own.to_vec(), name);
        match data {
            Data::Addr(IpAddr::V4(ip)) => record(&mut out, &owner, 1, *ttl, &ip.octets()),
            Data::Addr(IpAddr::V6(ip)) => record(&mut out, &owner, 28, *ttl, &ip.octets()),
            Data::Cname(target) => record(&mut out, &owner, 5, *ttl, &name(target)),
        }
    }
    if let Some(ttl) = reply.soa {
        // Two root names, four timers, and the minimum.
        let mut data = vec![0; 2 + 16];
        data.extend(ttl.to_be_bytes());
        record(&mut out, own, 6, ttl, &data);
    }
    out
}

fn record(out: &mut Vec<u8>, owner: &[u8], kind: u16, ttl: u32, data: &[u8]) {
    out.extend(owner);
    out.extend(kind.to_be_bytes());
    out.extend(1u16.to_be_bytes());
    out.extend(ttl.to_be_bytes());
    out.extend(u16::try_from(data.len()).expect("short data").to_be_bytes());
    out.extend(data);
}

fn name(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in text.split('.') {
        out.push(u8::try_from(label.len()).expect("a short label"));
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
