//! How tunnels end: half-close, resets, and what is left behind.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::scope;

use crate::machine::until;
use crate::pattern::{MIB, Pace, Pattern};
use crate::place::{DOWN, Ends, Flow, Place, UP, ends, reset};

/// Which side does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Client,
    Target,
}

const BOTH: [Who; 2] = [Who::Client, Who::Target];

impl Who {
    /// What this side sends, and what the other one does.
    fn patterns(self) -> (Pattern, Pattern) {
        if self == Self::Client { (UP, DOWN) } else { (DOWN, UP) }
    }

    /// This side's socket, and the other's.
    fn split(self, ends: Ends) -> (TcpStream, TcpStream) {
        match self {
            Self::Client => (ends.client, ends.target),
            Self::Target => (ends.target, ends.client),
        }
    }

    /// How it is said that it has reset the tunnel.
    fn reset_label(self) -> &'static str {
        if self == Self::Client { "client_reset" } else { "target_reset" }
    }

    /// What this side sent and the other one did, as the log has them.
    fn of(self, line: &serde_json::Value) -> (u64, u64) {
        let (up, down) = (line["up"].as_u64().unwrap(), line["down"].as_u64().unwrap());
        if self == Self::Client { (up, down) } else { (down, up) }
    }
}

/// One side ends its direction at once or midway; the other sends on.
#[test]
fn half_close_while_the_other_side_sends() {
    let bytes = 80 * MIB;
    for (first, pipes) in BOTH.into_iter().flat_map(|who| [(who, 0), (who, 8)]) {
        for early in [0, 5, 3 * MIB] {
            let place = Place::piped(pipes);
            let opened = place.open();
            let from = opened.address();
            let (mut one, mut other) = first.split(opened);
            let (mine, its) = first.patterns();
            scope(|scope| {
                scope.spawn(|| {
                    mine.send(&mut one, 0..early, &Pace::full());
                    one.shutdown(Shutdown::Write).unwrap();
                    its.receive(&mut one, 0..bytes, &Pace::full());
                    ends(&mut one);
                });
                // The FIN comes through while the other direction has all before it.
                mine.receive(&mut other, 0..early, &Pace::full());
                ends(&mut other);
                its.send(&mut other, 0..bytes, &Pace::full());
                other.shutdown(Shutdown::Write).unwrap();
            });
            let (up, down) = if first == Who::Client { (early, bytes) } else { (bytes, early) };
            place.counted(from, "closed", up, down);
        }
    }
}

/// A FIN behind a great deal that is stuck on the way comes when all of it has been delivered.
#[test]
fn a_fin_comes_last() {
    for sender in BOTH {
        let place = Place::new();
        let (mut from, mut to) = sender.split(place.open());
        let (mine, its) = sender.patterns();
        let bytes = 48 * MIB;
        scope(|scope| {
            scope.spawn(|| {
                mine.send(&mut from, 0..bytes, &Pace::full());
                from.shutdown(Shutdown::Write).unwrap();
            });
            let at = place.spliced(mine, &mut to, 0);
            mine.receive(&mut to, at..bytes, &Pace::full());
            ends(&mut to);
        });
        its.send(&mut to, 0..10, &Pace::full());
        drop(to);
        its.receive(&mut from, 0..10, &Pace::full());
        ends(&mut from);
    }
}

/// Both ends at once, over and over: neither is lost, and neither is taken for a reset.
#[test]
fn crossing_fins() {
    let place = Place::new();
    for round in 0..100 {
        place.carry(place.open(), Flow::full(round * 311), Flow::full(round % 7 * 9001));
    }
}

/// What comes of a stream that is cut: bytes of the pattern, then a reset. Hands out how far.
fn cut(from: &mut TcpStream, pattern: Pattern, mut at: u64) -> u64 {
    let mut room = vec![0; 256 * 1024];
    loop {
        let read = match from.read(&mut room) {
            Ok(read) => read,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                return at;
            }
        };
        assert!(read > 0, "a clean end after {at} bytes");
        let end = at + read as u64;
        pattern.receive(&mut &room[..read], at..end, &Pace::full());
        at = end;
    }
}

/// Each stage at which a side may reset, by what it and the other side have sent.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Right after the 200.
    Fresh,
    /// After a few messages.
    Copying,
    /// While what it sends is stuck in a pipe: the other side takes nothing.
    Stuck,
    /// While what it is sent is stuck in a pipe: it takes nothing itself.
    Taking,
    /// Both.
    BothStuck,
    /// While it sends a stream that flows.
    Flowing,
    /// After its own FIN.
    Ended,
    /// After its own FIN, while it takes nothing of a stream.
    EndedTaking,
    /// After the other side's FIN.
    OtherEnded,
    /// After the other side's FIN, while what it sends is stuck.
    OtherEndedStuck,
}

const STAGES: [Stage; 10] = [
    Stage::Fresh,
    Stage::Copying,
    Stage::Stuck,
    Stage::Taking,
    Stage::BothStuck,
    Stage::Flowing,
    Stage::Ended,
    Stage::EndedTaking,
    Stage::OtherEnded,
    Stage::OtherEndedStuck,
];

/// Sends until nothing more is taken, and bytes lie in so many pipes, as far as there are any; hands
/// out how much.
fn stuff(to: &mut TcpStream, pattern: Pattern, mut at: u64, place: &Place, pipes: usize) -> u64 {
    let pipes = pipes.min(place.most_pipes);
    to.set_nonblocking(true).unwrap();
    let mut full = 0;
    until("nothing more is taken", || {
        match to.write(pattern.at(at, 256 * 1024)) {
            Ok(written) => (at, full) = (at + written as u64, 0),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                full += 1;
            }
        }
        full > 20 && place.pipes().values().filter(|pipe| pipe.held > 0).count() == pipes
    });
    to.set_nonblocking(false).unwrap();
    at
}

fn resets_at(stage: Stage, who: Who, place: &Place) {
    let opened = place.open();
    let address = opened.address();
    let (mut one, mut other) = who.split(opened);
    let (mine, its) = who.patterns();
    // What each has sent and read before the reset.
    let (mut sent, mut its_sent, mut read, mut its_read) = (0, 0, 0, 0);
    let fin = |from: &TcpStream, to: &mut TcpStream| {
        from.shutdown(Shutdown::Write).unwrap();
        ends(to);
    };
    if !matches!(stage, Stage::Fresh) {
        for _ in 0..3 {
            mine.send(&mut one, sent..sent + 700, &Pace::full());
            mine.receive(&mut other, sent..sent + 700, &Pace::full());
            its.send(&mut other, its_sent..its_sent + 300, &Pace::full());
            its.receive(&mut one, its_sent..its_sent + 300, &Pace::full());
            (sent, its_sent) = (sent + 700, its_sent + 300);
        }
        (read, its_read) = (its_sent, sent);
    }
    match stage {
        Stage::Fresh | Stage::Copying => {}
        Stage::Stuck => sent = stuff(&mut one, mine, sent, place, 1),
        Stage::Taking => its_sent = stuff(&mut other, its, its_sent, place, 1),
        Stage::BothStuck => {
            sent = stuff(&mut one, mine, sent, place, 1);
            its_sent = stuff(&mut other, its, its_sent, place, 2);
        }
        Stage::Flowing => {
            let (one, other) = (&mut one, &mut other);
            scope(|scope| {
                // What is not received must find room on the way.
                scope.spawn(move || mine.send(one, sent..sent + 17 * MIB, &Pace::full()));
                mine.receive(other, its_read..its_read + 16 * MIB, &Pace::full());
            });
            (sent, its_read) = (sent + 17 * MIB, its_read + 16 * MIB);
        }
        Stage::Ended => fin(&one, &mut other),
        Stage::EndedTaking => {
            fin(&one, &mut other);
            its_sent = stuff(&mut other, its, its_sent, place, 1);
        }
        Stage::OtherEnded => fin(&other, &mut one),
        Stage::OtherEndedStuck => {
            fin(&other, &mut one);
            sent = stuff(&mut one, mine, sent, place, 1);
        }
    }
    reset(one);
    // It is noticed while the other side does nothing: every limit here is minutes away.
    let line = place.record(address);
    assert_eq!(line["end"], who.reset_label(), "{line}");
    assert_eq!(place.held(), 0, "the pipe of a tunnel that was cut is still there");
    if matches!(stage, Stage::Ended | Stage::EndedTaking) {
        // Whoever has read an end reads no reset: it is the socket's error.
        until("the reset comes", || {
            let kind = other.take_error().unwrap().map(|error| error.kind());
            assert!(kind.is_none_or(|kind| kind == ErrorKind::BrokenPipe), "{kind:?}");
            kind.is_some()
        });
    } else {
        its_read = cut(&mut other, mine, its_read);
    }
    // What a socket took may be lost behind it; it was not less than what was read of it, nor
    // more than what was sent.
    let (moved, its_moved) = who.of(&line);
    assert!((its_read..=sent).contains(&moved), "{its_read} read of {sent} sent: {line}");
    assert!((read..=its_sent).contains(&its_moved), "{read} read of {its_sent} sent: {line}");
}

/// A reset at any stage is a reset to the other side, at once.
#[test]
fn a_reset_at_every_stage() {
    scope(|scope| {
        for (who, pipes) in BOTH.into_iter().flat_map(|who| [(who, 0), (who, 8)]) {
            scope.spawn(move || {
                let place = Place::piped(pipes);
                for stage in STAGES {
                    println!("{who:?} resets, with {pipes} pipes: {stage:?}");
                    resets_at(stage, who, &place);
                    // Nothing of it comes out of the pipe that the next one uses.
                    place.carry(place.open(), Flow::full(4 * MIB), Flow::full(4 * MIB));
                }
                until("nothing is left", || {
                    place.pipes().is_empty() && place.proxy.metric("pinhole_tunnels_open") == 0.0
                });
            });
        }
    });
}

/// A client that is gone before its tunnel was there.
#[test]
fn a_reset_before_any_byte() {
    let place = Place::new();
    let mut client = TcpStream::connect(place.proxy.addr).unwrap();
    client.write_all(&place.connect()).unwrap();
    let address = client.local_addr().unwrap();
    reset(client);
    // Either nobody was dialled, or whoever was is told of the reset.
    let line = place.record(address);
    assert_eq!(line["end"], "client_reset", "{line}");
    let mut target = place.listener().accept().unwrap().0;
    assert_eq!(cut(&mut target, UP, 0), 0);
    assert_eq!((line["up"].as_u64(), line["down"].as_u64()), (Some(0), Some(0)));
}
