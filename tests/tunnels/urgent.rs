//! Bytes that are sent as urgent (`MSG_OOB`): the stream has them in their places, and nothing
//! stops at them.

use std::cell::Cell;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::thread::scope;

use socket2::SockRef;

use crate::pattern::{KIB, MIB, Pace, Pattern, random};
use crate::place::{DOWN, Ends, Place, UP, ends, head, ready};

/// How an urgent stream is sent.
#[derive(Clone, Copy)]
struct Pieces {
    /// At most so large.
    largest: u64,
    /// The last byte of one in so many is urgent.
    urgent: u64,
}

impl Pieces {
    fn send(self, to: &TcpStream, pattern: Pattern, range: Range<u64>, state: &Cell<u64>) {
        let to = SockRef::from(to);
        let mut at = range.start;
        while at < range.end {
            let most = (1 + random(state) % self.largest).min(range.end - at);
            let piece = pattern.at(at, most as usize);
            let sent = match random(state).is_multiple_of(self.urgent) {
                true => to.send_out_of_band(piece),
                false => to.send(piece),
            };
            at += sent.expect("send") as u64;
        }
    }
}

/// Bursts of this size, each of which has to arrive before the next one is sent, in one direction
/// and then in the other. What they come to is handed out.
fn bursts(ends: &Ends, count: u64, size: u64, pieces: Pieces, state: &Cell<u64>) -> u64 {
    let (client, target) = (&ends.client, &ends.target);
    let mut at = 0;
    for _ in 0..count {
        let end = at + 1 + random(state) % size;
        for (pattern, from, mut to) in [(UP, client, target), (DOWN, target, client)] {
            let seed = random(state);
            scope(|scope| {
                scope.spawn(move || pieces.send(from, pattern, at..end, &Cell::new(seed)));
                pattern.receive(&mut to, at..end, &Pace::full());
            });
        }
        at = end;
    }
    at
}

/// Whether it is copied or spliced, and wherever the urgent bytes lie.
#[test]
fn urgent_bytes_stay_in_their_places() {
    let few = Pieces { largest: 512 * KIB, urgent: 2 };
    let many = Pieces { largest: 3 * KIB, urgent: 3 };
    scope(|scope| {
        for pipes in [0, 8] {
            scope.spawn(move || {
                let place = Place::piped(pipes);
                for seed in 0..40 {
                    let state = Cell::new(seed);
                    let tunnel = place.open();
                    let from = tunnel.address();
                    let mut moved = bursts(&tunnel, 20, 10 * KIB, many, &state);
                    drop(tunnel);
                    place.counted(from, "closed", moved, moved);
                    let tunnel = place.open();
                    let from = tunnel.address();
                    moved = bursts(&tunnel, 4, 4 * MIB, few, &state);
                    drop(tunnel);
                    place.counted(from, "closed", moved, moved);
                }
            });
        }
    });
}

/// A stream with urgent bytes whose reader rests until some of it lies in a pipe, and behind which
/// the end comes at once, the last byte urgent too.
#[test]
fn a_fin_behind_an_urgent_byte() {
    let place = Place::new();
    for seed in 0..6 {
        let Ends { client, mut target } = place.open();
        let from = client.local_addr().unwrap();
        let bytes = 40 * MIB + seed;
        let pieces = Pieces { largest: 8 * MIB, urgent: 3 };
        scope(|scope| {
            scope.spawn(|| {
                pieces.send(&client, UP, 0..bytes - 1, &Cell::new(seed));
                let last = Pieces { largest: 1, urgent: 1 };
                last.send(&client, UP, bytes - 1..bytes, &Cell::new(seed));
                client.shutdown(Shutdown::Write).unwrap();
            });
            let at = place.spliced(UP, &mut target, 0);
            UP.receive(&mut target, at..bytes, &Pace::full());
            ends(&mut target);
        });
        drop(target);
        place.counted(from, "closed", bytes, 0);
    }
}

/// What comes right behind CONNECT, before anybody has said 200.
#[test]
fn early_urgent_bytes() {
    let place = Place::new();
    for seed in 0..60 {
        let mut client = ready(TcpStream::connect(place.proxy.addr).unwrap());
        let from = client.local_addr().unwrap();
        client.write_all(&place.connect()).unwrap();
        let bytes = 1 + seed * 200;
        let pieces = Pieces { largest: 1 + seed * 20, urgent: 2 };
        pieces.send(&client, UP, 0..bytes, &Cell::new(seed));
        head(&mut client);
        let mut target = ready(place.listener().accept().unwrap().0);
        UP.receive(&mut target, 0..bytes, &Pace::full());
        drop((client, target));
        place.counted(from, "closed", bytes, 0);
    }
}
