//! The limits that end tunnels, and the end of the program around them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::machine::until;
use crate::pattern::{MIB, Pace};
use crate::place::{DOWN, Ends, Flow, Place, UP, ends};
use crate::support::PATIENCE;

/// Reads until the connection ends, which it must do by a reset.
fn is_reset(mut stream: &TcpStream) {
    let mut room = vec![0; 256 * 1024];
    loop {
        match stream.read(&mut room) {
            Ok(read) => assert!(read > 0, "a clean end"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                return;
            }
        }
    }
}

/// Sends until the other side is gone, and hands out how much was taken.
fn send_until_cut(mut stream: &TcpStream) -> u64 {
    let mut at = 0;
    loop {
        match stream.write(UP.at(at, 256 * 1024)) {
            Ok(written) => at += written as u64,
            Err(error) => {
                let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                assert!(kinds.contains(&error.kind()), "{error}");
                return at;
            }
        }
    }
}

/// A side that takes nothing of a stream is cut off, whether or not it talks meanwhile, and
/// whether the stream is spliced or copied.
#[test]
fn a_side_that_takes_nothing() {
    scope(|scope| {
        for pipes in [0, 8] {
            for client_stalls in [true, false] {
                for talks in [true, false] {
                    scope.spawn(move || stalls(pipes, client_stalls, talks));
                }
            }
        }
    });
}

fn stalls(pipes: usize, client_stalls: bool, talks: bool) {
    let place = Place::with(|config| {
        config["timeouts"] = json!({"stall": "1s"});
        config["limits"] = json!({"pipes": pipes});
    });
    let Ends { client, target } = place.open();
    let from = client.local_addr().unwrap();
    let (stalled, sender) = if client_stalls { (client, target) } else { (target, client) };
    let began = Instant::now();
    scope(|scope| {
        let sending = scope.spawn(|| send_until_cut(&sender));
        // A socket tells of a reset once: to whichever call comes first.
        let mut told = false;
        while talks && !told {
            if let Err(error) = (&stalled).write(b"x") {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                told = true;
            }
            assert!(began.elapsed() < PATIENCE, "it lives as long as it talks");
            sleep(Duration::from_millis(20));
        }
        let sent = sending.join().unwrap();
        assert!(began.elapsed() >= Duration::from_secs(1), "cut too early");
        if !told {
            is_reset(&stalled);
        }
        let line = place.record(from);
        assert_eq!(line["end"], "stall_timeout", "{line}");
        let moved = if client_stalls { &line["down"] } else { &line["up"] };
        assert!(moved.as_u64().is_some_and(|moved| 0 < moved && moved <= sent), "{line}");
    });
}

/// The half-close limit runs from the FIN, however long nothing had moved before it.
#[test]
fn a_fin_after_a_silence() {
    let place = Place::timed(json!({"half_close": "2s"}));
    let ends_of = place.open();
    ends_of.echo();
    let from = ends_of.address();
    let Ends { mut client, mut target } = ends_of;
    sleep(Duration::from_millis(2300));
    client.shutdown(Shutdown::Write).unwrap();
    ends(&mut target);
    DOWN.send(&mut target, 0..100, &Pace::full());
    drop(target);
    DOWN.receive(&mut client, 0..100, &Pace::full());
    ends(&mut client);
    place.counted(from, "closed", 4, 104);
}

/// Behind a half-close the other side is cut off only when it is silent.
#[test]
fn half_close_limits_silence_only() {
    let place = Place::timed(json!({"half_close": "1s"}));
    let opened = place.open();
    let from = opened.address();
    let Ends { mut client, mut target } = opened;
    client.shutdown(Shutdown::Write).unwrap();
    ends(&mut target);
    let began = Instant::now();
    let mut down = 0;
    while began.elapsed() < Duration::from_millis(1500) {
        DOWN.send(&mut target, down..down + 1, &Pace::full());
        DOWN.receive(&mut client, down..down + 1, &Pace::full());
        down += 1;
        sleep(Duration::from_millis(20));
    }
    is_reset(&client);
    place.counted(from, "half_close_timeout", 0, down);
}

/// A stream under way ends by itself after SIGTERM, every byte of it.
#[test]
fn sigterm_lets_a_stream_end() {
    let mut place = Place::timed(json!({"drain": "1h"}));
    let opened = place.open();
    let from = opened.address();
    let addr = place.proxy.addr;
    // It is under way, and waits for its reader.
    let Ends { mut client, mut target } = opened;
    let bytes = 64 * MIB;
    scope(|scope| {
        scope.spawn(|| {
            DOWN.send(&mut target, 0..bytes, &Pace::full());
            target.shutdown(Shutdown::Write).unwrap();
        });
        let at = place.spliced(DOWN, &mut client, 0);
        place.proxy.signal(Signal::TERM);
        until("nobody is accepted", || TcpStream::connect(addr).is_err());
        DOWN.receive(&mut client, at..bytes, &Pace::full());
        ends(&mut client);
    });
    UP.send(&mut client, 0..1000, &Pace::full());
    client.shutdown(Shutdown::Write).unwrap();
    UP.receive(&mut target, 0..1000, &Pace::full());
    ends(&mut target);
    assert_eq!(place.proxy.exit().code(), Some(0));
    place.counted(from, "closed", 1000, bytes);
}

fn cut_by(place: &mut Place, cut: impl FnOnce(&Place)) -> Value {
    let opened = place.open();
    let from = opened.address();
    let Ends { client, mut target } = opened;
    scope(|scope| {
        let sending = scope.spawn(|| send_until_cut(&client));
        place.spliced(UP, &mut target, 0);
        cut(place);
        let sent = sending.join().unwrap();
        is_reset(&target);
        let line = place.record(from);
        assert!(line["up"].as_u64().is_some_and(|up| 0 < up && up <= sent), "{line}");
    });
    assert_eq!(place.proxy.exit().code(), Some(0));
    place.record(from)
}

/// When the drain limit has passed, or at a second signal, a stream is cut, and looks cut.
#[test]
fn a_stream_is_cut_at_last() {
    let mut place = Place::timed(json!({"drain": "300ms"}));
    let line = cut_by(&mut place, |place| place.proxy.signal(Signal::TERM));
    assert_eq!(line["end"], "stopped");

    let mut place = Place::timed(json!({"drain": "1h"}));
    let line = cut_by(&mut place, |place| {
        place.proxy.signal(Signal::TERM);
        until("nobody is accepted", || TcpStream::connect(place.proxy.addr).is_err());
        place.proxy.signal(Signal::TERM);
    });
    assert_eq!(line["end"], "stopped");
}

/// A reload that no longer allows a target, midway: the stream goes on, the next one is refused.
#[test]
fn a_reload_in_a_stream() {
    let place = Place::new();
    let opened = place.open();
    let from = opened.address();
    let Ends { mut client, mut target } = opened;
    scope(|scope| {
        scope.spawn(|| UP.send(&mut client, 0..32 * MIB, &Pace::full()));
        let at = place.spliced(UP, &mut target, 0);
        let said = place.proxy.reload(r#"{"listen": "127.0.0.1:0", "allow": []}"#);
        assert_eq!(said, "configuration reloaded");
        UP.receive(&mut target, at..32 * MIB, &Pace::full());
    });
    drop((client, target));
    place.counted(from, "closed", 32 * MIB, 0);
    let mut refused = place.proxy.client();
    refused.send(place.connect());
    assert_eq!(refused.response().status, 403);
}

/// Many tunnels at once come to their ends under a drain.
#[test]
fn sigterm_with_many_streams() {
    let mut place = Place::timed(json!({"drain": "1h"}));
    let tunnels: Vec<_> = (0..16).map(|_| place.open()).collect();
    place.proxy.signal(Signal::TERM);
    until("nobody is accepted", || TcpStream::connect(place.proxy.addr).is_err());
    scope(|scope| {
        for ends in tunnels {
            scope.spawn(|| ends.carry(Flow::full(4 * MIB), Flow::full(4 * MIB)));
        }
    });
    assert_eq!(place.proxy.exit().code(), Some(0));
    for line in place.proxy.wait_requests(16) {
        let found = (line["end"].as_str(), line["up"].as_u64(), line["down"].as_u64());
        assert_eq!(found, (Some("closed"), Some(4 * MIB), Some(4 * MIB)), "{line}");
    }
}
