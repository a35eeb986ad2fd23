//! Ten thousand tunnels leave nothing behind.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::scope;

use crate::machine::{descriptors, memory, until};
use crate::pattern::MIB;
use crate::place::{Place, head, ready};

/// Short tunnels: a question, an answer, and any kind of end.
fn short(place: &Place, count: usize) {
    let (connect, left) = (place.connect(), AtomicUsize::new(count));
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Each of these serves as many as it gets; which one does not matter.
                while let Ok((target, _)) = place.listener().accept() {
                    let mut target = ready(target);
                    let mut question = [0; 64];
                    if target.read_exact(&mut question).is_err() {
                        // The test's own knock: it is over.
                        return;
                    }
                    target.write_all(&[1; 1024]).expect("send");
                }
            });
        }
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    while left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                        let client = TcpStream::connect(place.proxy.addr).expect("connect");
                        let mut client = ready(client);
                        client.write_all(&connect).expect("send");
                        head(&mut client);
                        client.write_all(&[2; 64]).expect("send");
                        let mut answer = [0; 1024];
                        client.read_exact(&mut answer).expect("an answer");
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
    short(&place, 1000);
    let before = descriptors(pid, u32::MAX);
    // What the log has queued is on its way out.
    place.proxy.wait_requests(1000);
    let memory_before = memory(pid);
    short(&place, 10_000);
    let records = place.proxy.wait_requests(11_000);
    for line in &records {
        let found = (line["up"].as_u64(), line["down"].as_u64());
        assert_eq!(found, (Some(64), Some(1024)), "{line}");
    }
    until("every descriptor is given back", || descriptors(pid, u32::MAX) <= before);
    assert!(place.pipes().is_empty());
    let grown = memory(pid).saturating_sub(memory_before);
    println!("memory: {memory_before} before, grown by {grown}");
    assert!(grown < 4 * MIB, "{grown} bytes more than before");
    let outcomes = place.proxy.outcomes();
    assert_eq!(outcomes.values().sum::<usize>(), 11_000, "{outcomes:?}");
}
