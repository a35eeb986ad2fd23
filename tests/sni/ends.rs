//! Whatever ends the wait for a ClientHello.

use std::thread::scope;

use rustix::process::Signal;
use serde_json::json;

use crate::craft::{Craft, REAL};
use crate::place::{Ends, Place, Told};
use crate::support::client::Ending;

/// The tunnel from here ended in this way, without a byte moved.
fn ended(place: &Place, ends: &Ends, end: &str) {
    let line = place.record(ends.address());
    let found = (line["end"].as_str(), line["up"].as_u64(), line["down"].as_u64());
    assert_eq!(found, (Some(end), Some(0), Some(0)), "{line}");
    let judged = end.starts_with("sni_").then_some(end);
    assert_eq!(
        (line["tls"]["check"].as_str(), line["reason"].as_str()),
        (judged, judged),
        "{line}"
    );
}

fn hello() -> Vec<u8> {
    Craft::naming("ok.test").bytes()
}

/// Not one byte, some of them, or all but one: however long it takes, it is no reason to let it go.
#[test]
fn the_limit_passes() {
    let place = &Place::with(|config, _| config["timeouts"] = json!({"header": "700ms"}));
    let hello = hello();
    scope(|scope| {
        let rows = [
            (0, Told::Reset),
            (1, Told::Alert(49)),
            (5, Told::Alert(49)),
            (hello.len() - 1, Told::Alert(49)),
        ];
        for (count, told) in rows {
            let sent = &hello[..count];
            scope.spawn(move || {
                let mut ends = place.open();
                ends.client.send(sent);
                ends.fails(told).unwrap();
                ended(place, &ends, "sni_timeout");
            });
        }
        // The limit is one for all of it, however often a byte comes.
        scope.spawn(|| {
            let mut ends = place.open();
            let long = Craft::naming("ok.test").padded_to(10_000).bytes();
            for byte in &long {
                if ends.client.has_something_within(std::time::Duration::from_millis(20)) {
                    break;
                }
                ends.send(&[*byte], 1);
            }
            ends.fails(Told::Alert(49)).unwrap();
            ended(place, &ends, "sni_timeout");
        });
    });
    assert_eq!(place.checks("enforce", "sni_timeout"), 5.0);
    place.is_empty();
}

#[test]
fn the_target_speaks_first() {
    let place = Place::new();
    for (sent, told) in [(&b""[..], Told::Reset), (&hello()[..20], Told::Alert(49))] {
        let mut ends = place.open();
        ends.client.send(sent);
        ends.target.send(b"SSH-2.0-OpenSSH_9.9p1\r\n");
        ends.fails(told).unwrap();
        ended(&place, &ends, "sni_target_first");
    }
    // A target that speaks and goes.
    let mut ends = place.open();
    ends.target.send(b"220 ready\r\n");
    ends.target.fin();
    ends.fails(Told::Reset).unwrap();
    ended(&place, &ends, "sni_target_first");
    assert_eq!(place.checks("enforce", "sni_target_first"), 3.0);
    place.is_empty();
}

#[test]
fn the_target_goes() {
    let place = Place::new();
    for sent in [&b""[..], &hello()[..20]] {
        let mut ends = place.open();
        ends.client.send(sent);
        ends.target.fin();
        ends.client.ends();
        ended(&place, &ends, "target_closed");
        ends.target.ends_unspoken();
        let Ends { mut client, target, .. } = place.open();
        let from = client.stream.local_addr().unwrap();
        client.send(sent);
        target.reset();
        assert_eq!(client.rest(), (Vec::new(), Ending::Reset));
        assert_eq!(place.record(from)["end"], "target_reset");
    }
    place.is_empty();
}

#[test]
fn the_client_goes() {
    let place = Place::new();
    // A tunnel of which nobody has asked anything.
    let mut ends = place.open();
    ends.client.fin().ends();
    ends.target.ends_unspoken();
    ended(&place, &ends, "closed");
    for count in [1, 5, 100] {
        let mut ends = place.open();
        ends.client.send(&hello()[..count]).fin();
        ends.fails(Told::Alert(49)).unwrap();
        ended(&place, &ends, "sni_cut");
    }
    for count in [0, 1, 100] {
        let Ends { mut client, mut target, .. } = place.open();
        let from = client.stream.local_addr().unwrap();
        client.send(&hello()[..count]);
        client.reset();
        target.is_reset_unspoken().unwrap();
        assert_eq!(place.record(from)["end"], "client_reset");
    }
    assert_eq!(place.checks("enforce", "sni_cut"), 3.0);
    place.is_empty();
}

/// The end of the program does not wait for a ClientHello.
#[test]
fn the_program_stops() {
    for mode in ["enforce", "log"] {
        let mut place = Place::with(|config, _| {
            config["tls"]["sni"] = json!(mode);
            // So that the wait where the check only logs is no shorter than this.
            config["timeouts"] = json!({"header": "60s", "drain": "200ms"});
        });
        let mut ends = place.open();
        ends.client.send(&hello()[..20]);
        place.proxy.signal(Signal::TERM);
        let (_, ending) = ends.client.rest();
        assert_eq!(ending, Ending::Reset);
        assert!(place.proxy.exit().success());
        let line = place.record(ends.address());
        assert_eq!(line["end"], "stopped", "{line}");
    }
}

/// What a tunnel that failed had is free again.
#[test]
fn permits_are_given_back() {
    let place = Place::with(|config, _| {
        config["limits"] = json!({"connections": 3, "connections_per_client": 3});
    });
    for _ in 0..20 {
        let mut ends = place.open();
        ends.send(b"SSH-2.0-x\r\n", 100).fails(Told::Reset).unwrap();
        drop(ends);
        let mut ends = place.open();
        ends.send(&Craft::naming("other.test").bytes(), 1000).fails(Told::Alert(112)).unwrap();
        drop(ends);
        place.is_empty();
    }
    let mut three = [(); 3].map(|()| place.open());
    for ends in &mut three {
        ends.client.send(REAL[0].1);
        ends.carries(REAL[0].1).unwrap();
    }
}
