//! ClientHellos that fit their target, in every shape they may come in.

use std::thread::scope;

use serde_json::json;

use crate::craft::{Craft, ECH, KEY_SHARE, NAME, NAMELESS, REAL, content, ech, in_records};
use crate::place::Place;
use crate::support::{each, ensure};

/// What stands behind a ClientHello: early data (RFC 8446 §2.3), which goes on with it.
const BEHIND: &[u8] = b"\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x05early";

/// Every cut of a real ClientHello into two, the first with CONNECT or behind the 200. What the
/// two pieces are to the proxy is the kernel's choice; that cuts do not matter to the parser
/// itself is tested beside it.
#[test]
fn cut_at_every_byte() {
    let place = &Place::new();
    let cuts: Vec<(&str, &[u8], usize)> = REAL
        .iter()
        .flat_map(|(client, bytes)| {
            // Each of the small ones, which are alike in what matters, and a post-quantum one.
            let every = client.contains("tls1.2") || client.starts_with("node-24");
            let step = if every { 1 } else { 23 };
            (0..=bytes.len()).step_by(step).map(move |cut| (*client, *bytes, cut))
        })
        .collect();
    assert!((2000..4000).contains(&cuts.len()), "{}", cuts.len());
    let share = cuts.len().div_ceil(4);
    scope(|scope| {
        for cuts in cuts.chunks(share) {
            scope.spawn(move || {
                each(
                    cuts,
                    |(client, _, cut)| format!("{client} at {cut}"),
                    |(_, bytes, cut)| {
                        let sent = [*bytes, BEHIND].concat();
                        let early = if cut % 2 == 0 { *cut } else { 0 };
                        let mut ends = place.open_to(NAME, &sent[..early]);
                        ends.client.send(&sent[early..*cut]);
                        ends.client.send(&sent[*cut..]);
                        ends.carries(&sent)
                    },
                );
            });
        }
    });
    place.is_empty();
    assert_eq!(place.checks("enforce", "match"), cuts.len() as f64);
}

#[test]
fn byte_by_byte() {
    let place = Place::new();
    each(
        REAL,
        |row| row.0.to_owned(),
        |(_, bytes)| {
            let mut ends = place.open();
            ends.client.drip(bytes);
            ends.carries(bytes)
        },
    );
}

/// Whatever the records, they go on as they came.
#[test]
fn records_of_every_size() {
    let place = Place::new();
    for (client, bytes) in REAL {
        let message = content(bytes);
        let sizes = [1, 2, 3, 4, 5, 6, 7, 64, 100, message.len() - 1, message.len()];
        each(
            sizes,
            |size| format!("{client} in {size}"),
            |size| {
                let sent = [&in_records(&message, *size), BEHIND].concat();
                place.open_to(NAME, &sent).carries(&sent)?;
                let mut ends = place.open();
                ends.client.send(&sent);
                ends.carries(&sent)
            },
        );
    }
}

#[test]
fn names_that_fit() {
    let place = Place::new();
    let crafted = |name: &str| Craft::naming(name).bytes();
    let post_quantum = {
        let mut craft = Craft::naming("ok.test");
        // X25519MLKEM768 (0x11ec): more than a segment of the usual size, and of a jumbo one.
        let share =
            |len: u16| [&[0x11, 0xec][..], &len.to_be_bytes(), &vec![7; len.into()]].concat();
        for extension in craft.extensions.iter_mut().flatten() {
            if extension.0 == KEY_SHARE {
                let entries = [share(1216), share(9000)].concat();
                extension.1 = [&(entries.len() as u16).to_be_bytes(), &entries[..]].concat();
            }
        }
        craft.bytes()
    };
    let largest =
        in_records(&Craft::naming("ok.test").padded_to(32 * 1024 - 10).message(), 1 << 14);
    let rows = [
        ("ok.test", crafted("ok.test")),
        ("ok.test", crafted("OK.Test")),
        ("OK.TEST", crafted("ok.test")),
        ("ok.test.", crafted("ok.test")),
        ("in.sub.test", crafted("IN.sub.TEST")),
        ("127.0.0.1", NAMELESS.to_vec()),
        ("127.0.0.1", Craft::nameless().bytes()),
        ("ok.test", Craft::naming("ok.test").with(ECH, ech()).bytes()),
        ("127.0.0.1", Craft::nameless().with(ECH, ech()).bytes()),
        ("ok.test", post_quantum),
        ("ok.test", largest),
    ];
    each(
        rows,
        |row| format!("{} {}", row.0, row.1.len()),
        |(host, bytes)| {
            place.open_to(host, bytes).carries(bytes)?;
            let mut ends = place.open_to(host, &[]);
            ends.client.send(bytes);
            ends.carries(bytes)?;
            let (from, len) = (ends.address(), bytes.len() as u64);
            drop(ends);
            let line = place.record(from);
            let found = (&line["tls"]["check"], &line["reason"], line["up"].as_u64());
            ensure!(found == (&json!("match"), &json!(null), Some(len + 7)), "{line}");
            Ok(())
        },
    );
}

/// A client that has nothing but its hello to send, and ends: the target's answer still comes.
#[test]
fn a_hello_with_its_end() {
    let place = Place::new();
    for (_, bytes) in REAL {
        let mut ends = place.open();
        ends.client.send(bytes).fin();
        assert_eq!(ends.target.bytes(bytes.len()), *bytes);
        ends.target.ends_unspoken();
        ends.target.send(b"answer");
        ends.target.fin();
        assert_eq!(ends.client.rest().0, b"answer");
    }
}
