//! Every byte, by every way through the relay.

use std::io::{Read, Write};
use std::thread::scope;

use crate::machine::until;
use crate::pattern::{KIB, MIB, Pace, Pattern};
use crate::place::{DOWN, Ends, Flow, Place, UP};

/// Question and answer, sizes from one byte to more than the relay's buffer.
#[test]
fn small_messages() {
    let place = Place::new();
    let Ends { mut client, mut target } = place.open();
    let from = client.local_addr().unwrap();
    let sizes = [1, 2, 100, 1000, 1460, 4096, 16_383, 16_384, 16_385, 20_000, 40_000];
    let (mut up, mut down) = (0, 0);
    for round in 0..20 {
        for size in sizes {
            let answer = if round % 2 == 0 { 1000 } else { size };
            UP.send(&mut client, up..up + size, &Pace::full());
            UP.receive(&mut target, up..up + size, &Pace::full());
            DOWN.send(&mut target, down..down + answer, &Pace::full());
            DOWN.receive(&mut client, down..down + answer, &Pace::full());
            (up, down) = (up + size, down + answer);
        }
    }
    drop((client, target));
    place.counted(from, "closed", up, down);
}

/// Two streams of small messages at once, nobody waiting for an answer.
#[test]
fn crossing_small_messages() {
    let place = Place::new();
    let flow = |seed| Flow {
        bytes: 400 * KIB,
        sent: Pace::rough(seed, 2000),
        received: Pace::rough(seed + 1, 4000),
    };
    place.carry(place.open(), flow(1), flow(3));
}

#[test]
fn bulk_both_ways_at_once() {
    let place = Place::new();
    place.carry(place.open(), Flow::full(192 * MIB), Flow::full(160 * MIB + 12_345));
    place.carry(place.open(), Flow::full(64 * MIB + 1), Flow::full(0));
    place.carry(place.open(), Flow::full(0), Flow::full(64 * MIB + 1));
}

/// Sends so many bytes up, and does not receive all of them before some lie in a pipe.
fn bulk_through_a_pipe(place: &Place, ends: &mut Ends, up: &mut u64, bytes: u64) {
    let start = *up;
    let (client, target) = (&mut ends.client, &mut ends.target);
    scope(|scope| {
        scope.spawn(|| UP.send(client, start..start + bytes, &Pace::full()));
        let at = place.spliced(UP, target, start);
        UP.receive(target, at..start + bytes, &Pace::full());
    });
    *up = start + bytes;
}

/// Bulk is spliced, chatter copied, bulk spliced again, and so on.
#[test]
fn the_switch_both_ways() {
    let place = Place::new();
    let mut ends = place.open();
    let from = ends.address();
    let (mut up, mut down) = (0, 0);
    for round in 0..3 {
        bulk_through_a_pipe(&place, &mut ends, &mut up, 24 * MIB + round);
        for message in 1..30 {
            let size = message * 13 % 500 + 1;
            UP.send(&mut ends.client, up..up + size, &Pace::full());
            UP.receive(&mut ends.target, up..up + size, &Pace::full());
            DOWN.send(&mut ends.target, down..down + 1, &Pace::full());
            DOWN.receive(&mut ends.client, down..down + 1, &Pace::full());
            (up, down) = (up + size, down + 1);
        }
        until("a quiet tunnel holds no pipe", || place.pipes().is_empty());
    }
    drop(ends);
    place.counted(from, "closed", up, down);
}

#[test]
fn idle_tunnel_holds_no_pipe() {
    let place = Place::new();
    let mut ends = place.open();
    let mut up = 0;
    bulk_through_a_pipe(&place, &mut ends, &mut up, 24 * MIB);
    // Not a byte more: the direction ends its bulk as it stands.
    until("an idle tunnel holds no pipe", || place.pipes().is_empty());
    // A message now and then takes one only for as long as it is on its way.
    ends.echo();
    until("an idle tunnel holds no pipe", || place.pipes().is_empty());
    assert_eq!(place.proxy.metric("pinhole_tunnels_open"), 1.0);
}

/// Bulk whose reader stops: where there are pipes, bytes lie in one; here there are none.
#[test]
fn no_pipes_at_all() {
    let place = Place::piped(0);
    let mut ends = place.open();
    let from = ends.address();
    let (bytes, (client, target)) = (24 * MIB, (&mut ends.client, &mut ends.target));
    scope(|scope| {
        let sending = scope.spawn(|| UP.send(client, 0..bytes, &Pace::full()));
        // More than a pipe holds, and less than what fills every buffer on the way.
        for at in 0..8 {
            UP.receive(target, at * MIB..(at + 1) * MIB, &Pace::full());
            assert!(place.pipes().is_empty());
        }
        UP.receive(target, 8 * MIB..bytes, &Pace::full());
        sending.join().unwrap();
    });
    drop(ends);
    place.counted(from, "closed", bytes, 0);
    place.carry(place.open(), Flow::full(64 * MIB), Flow::full(64 * MIB + 3));
    assert!(place.pipes().is_empty());
}

/// A dozen streams and one pipe: it goes from hand to hand, and whoever has none copies.
#[test]
fn one_pipe_for_many() {
    let place = Place::piped(1);
    let tunnels: Vec<Ends> = (0..12).map(|_| place.open()).collect();
    let addresses: Vec<_> = tunnels.iter().map(Ends::address).collect();
    let (up, down) = (12 * MIB + 7, 9 * MIB + 5);
    scope(|scope| {
        let all: Vec<_> = tunnels
            .into_iter()
            .map(|ends| scope.spawn(|| ends.carry(Flow::full(up), Flow::full(down))))
            .collect();
        let mut most = 0;
        while !all.iter().all(|tunnel| tunnel.is_finished()) {
            most = most.max(place.pipes().len());
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(most <= 1, "{most} pipes");
    });
    for from in addresses {
        place.counted(from, "closed", up, down);
    }
}

/// Whoever holds the only pipe, and is stuck, does not hold up the others.
#[test]
fn a_stuck_tunnel_keeps_its_pipe() {
    let place = Place::piped(1);
    let Ends { mut client, mut target } = place.open();
    let from = client.local_addr().unwrap();
    let bytes = 24 * MIB;
    scope(|scope| {
        scope.spawn(|| UP.send(&mut client, 0..bytes, &Pace::full()));
        let at = place.spliced(UP, &mut target, 0);
        place.carry(place.open(), Flow::full(16 * MIB), Flow::full(16 * MIB));
        assert!(place.held() > 0, "somebody else was given the pipe");
        UP.receive(&mut target, at..bytes, &Pace::full());
    });
    drop((client, target));
    place.counted(from, "closed", bytes, 0);
}

/// What comes in CONNECT's own segment, and right behind it.
#[test]
fn early_bytes() {
    let (copying, splicing) = (Place::piped(0), Place::piped(8));
    let sizes = [1, 3, 1000, 8191, 20_000, 70_000, 3 * MIB];
    for (early, place) in sizes.iter().flat_map(|&size| [(size, &copying), (size, &splicing)]) {
        let ends = place.open_with(&UP.start(early), None);
        let from = ends.address();
        // The sender of so many is still at it: more may not be sent beside it.
        let up = early + if early < 16 * KIB { 2 * MIB } else { 0 };
        if up == early {
            let Ends { mut client, mut target } = ends;
            UP.receive(&mut target, 0..up, &Pace::full());
            DOWN.send(&mut target, 0..5, &Pace::full());
            DOWN.receive(&mut client, 0..5, &Pace::full());
            drop((client, target));
        } else {
            ends.carry_behind(early, Flow::full(up), Flow::full(5));
        }
        place.counted(from, "closed", up, 5);
    }
}

/// A target that speaks at once: nothing of it is lost behind the 200, or comes before it.
#[test]
fn a_target_that_speaks_first() {
    let place = Place::new();
    for banner in [1, 100, 300_000] {
        let mut client = std::net::TcpStream::connect(place.proxy.addr).unwrap();
        client.write_all(&place.connect()).unwrap();
        let from = client.local_addr().unwrap();
        let mut target = place.listener().accept().unwrap().0;
        DOWN.send(&mut target, 0..banner, &Pace::full());
        crate::place::head(&mut client);
        DOWN.receive(&mut client, 0..banner, &Pace::full());
        drop((client, target));
        place.counted(from, "closed", 0, banner);
    }
}

/// Small windows at both ends, rests of both writers and both readers; where nobody has a pipe,
/// where few have one, and where all do.
#[test]
fn random_stalls() {
    scope(|scope| {
        for pipes in [0, 2, 64] {
            scope.spawn(move || stalls(&Place::piped(pipes)));
        }
    });
}

fn stalls(place: &Place) {
    let tunnels: Vec<_> = (0..24_u64)
        .map(|seed| {
            let window = [None, Some(32 << 10), Some(80 << 10), Some(4 << 10)][seed as usize % 4];
            // Through a window below a segment's size, the kernel itself is slow.
            let tiny = window == Some(4 << 10);
            let flow = |seed: u64| Flow {
                bytes: if tiny { 60 * KIB } else { (1 + seed % 6) * MIB } + seed * 77,
                sent: Pace::rough(seed, [200_000, 9000][seed as usize % 2]),
                received: Pace::rough(seed ^ 99, [300, 20_000, 400_000][seed as usize % 3]),
            };
            (place.open_with(&[], window), flow(3 * seed), flow(5 * seed + 1))
        })
        .collect();
    scope(|scope| {
        for (ends, up, down) in tunnels {
            scope.spawn(|| place.carry(ends, up, down));
        }
    });
}

/// A stream of zeros, and one of lines: what is sent does not matter.
#[test]
fn plain_patterns() {
    let place = Place::new();
    for unit in [&b"\0"[..], b"\r\n", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xfe"] {
        let Ends { mut client, mut target } = place.open();
        let sent = unit.repeat(3_000_000 / unit.len());
        let got = scope(|scope| {
            scope.spawn(|| {
                client.write_all(&sent).unwrap();
                client.shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut got = Vec::new();
            target.read_to_end(&mut got).unwrap();
            got
        });
        assert!(got == sent, "the bytes differ");
    }
}

/// The patterns tell one place from another: else these tests would prove nothing.
#[test]
fn patterns_are_told_apart() {
    let start = UP.start(4 * MIB);
    assert_ne!(start[..100], DOWN.start(100)[..]);
    for shift in [1, 4096, 65_536, MIB as usize - 3, MIB as usize] {
        assert_ne!(start[..100], start[shift..shift + 100]);
    }
    assert_eq!(UP.at(2 * MIB, 100), &start[2 * MIB as usize..][..100]);
    let stolen = [&start[..70_000], &start[70_001..]].concat();
    let check = || Pattern(1).receive(&mut stolen.as_slice(), 0..MIB, &Pace::full());
    assert!(std::panic::catch_unwind(check).is_err());
}
