//! Ten thousand tunnels leave nothing behind: most of them short, some a stream, some cut.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::scope;

use crate::machine::{descriptors, memory, until};
use crate::pattern::MIB;
use crate::place::{Place, head, ready, reset};

const SHORT: usize = 1024;
/// Enough to be spliced.
const LONG: usize = 300_000;

/// What a tunnel carries, and how it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A short answer.
    Short,
    /// A long one.
    Stream,
    /// A long one that the client cuts off.
    Cut,
}

impl Kind {
    fn of(number: usize) -> Self {
        match number % 40 {
            0 => Self::Cut,
            20 => Self::Stream,
            _ => Self::Short,
        }
    }

    fn answer(self) -> usize {
        if self == Self::Short { SHORT } else { LONG }
    }

    /// How many of the first `count` tunnels are of this kind.
    fn among(self, count: usize) -> usize {
        (0..count).filter(|&number| Self::of(number) == self).count()
    }
}

/// A question, whose first byte says what is asked for; an answer, and the end.
fn ask(place: &Place, connect: &[u8], kind: Kind) {
    let mut client = ready(TcpStream::connect(place.proxy.addr).expect("connect"));
    client.write_all(connect).expect("send");
    head(&mut client);
    client.write_all(&[kind as u8; 64]).expect("send");
    if kind == Kind::Cut {
        client.read_exact(&mut [0; SHORT]).expect("an answer");
        reset(client);
    } else {
        client.read_exact(&mut vec![0; kind.answer()]).expect("an answer");
    }
}

/// Answers one question; false is the test's own knock.
fn answer(mut target: TcpStream) -> bool {
    let mut question = [0; 64];
    if target.read_exact(&mut question).is_err() {
        return false;
    }
    let kind = [Kind::Short, Kind::Stream, Kind::Cut][usize::from(question[0])];
    let sent = target.write_all(&vec![1; kind.answer()]);
    assert!(sent.is_ok() || kind == Kind::Cut, "{sent:?}");
    true
}

fn tunnels(place: &Place, count: usize) {
    let (connect, left) = (place.connect(), AtomicUsize::new(count));
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Each of these serves as many as it gets; which one does not matter.
                while answer(ready(place.listener().accept().expect("accept").0)) {}
            });
        }
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let next = || left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
                    while let Ok(left) = next() {
                        ask(place, &connect, Kind::of(left - 1));
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        for _ in 0..2 {
            let _knock = TcpStream::connect(place.listener().local_addr().unwrap()).unwrap();
        }
    });
    until("all have ended", || place.proxy.metric("pinhole_connections_open") == 0.0);
}

#[test]
fn ten_thousand_tunnels_leave_nothing() {
    let place = Place::new();
    let pid = place.proxy.id();
    tunnels(&place, 1000);
    until("a proxy at rest holds no pipe", || place.pipes().is_empty());
    let before = descriptors(pid, u32::MAX);
    // What the log has queued is on its way out.
    place.proxy.wait_requests(1000);
    let memory_before = memory(pid);
    tunnels(&place, 10_000);
    let records = place.proxy.wait_requests(11_000);
    let (mut short, mut whole) = (0, 0);
    for line in &records {
        assert_eq!(line["up"], 64, "{line}");
        match line["down"].as_u64().unwrap() as usize {
            SHORT => short += 1,
            LONG => whole += 1,
            down => assert!(down < LONG && line["end"] == "client_reset", "{line}"),
        }
    }
    let expected = |kind: Kind| kind.among(1000) + kind.among(10_000);
    assert_eq!(short, expected(Kind::Short));
    // One that is cut may be so behind its last byte.
    let (streams, cut) = (expected(Kind::Stream), expected(Kind::Cut));
    assert!((streams..=streams + cut).contains(&whole), "{whole} of {streams}, and {cut} cut");
    until("every descriptor is given back", || descriptors(pid, u32::MAX) <= before);
    until("a proxy at rest holds no pipe", || place.pipes().is_empty());
    let grown = memory(pid).saturating_sub(memory_before);
    println!("memory: {memory_before} before, grown by {grown}");
    assert!(grown < 4 * MIB, "{grown} bytes more than before");
    let outcomes = place.proxy.outcomes();
    assert_eq!(outcomes.values().sum::<usize>(), 11_000, "{outcomes:?}");
}
