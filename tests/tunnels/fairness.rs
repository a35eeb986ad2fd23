//! On one core, streams do not hold up a small exchange.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::scope;
use std::time::{Duration, Instant};

use crate::pattern::{MIB, Pace};
use crate::place::{DOWN, Ends, Place, serve};
use crate::support::PATIENCE;
use crate::support::proxy::program;

const STREAMS: usize = 8;
const EXCHANGES: usize = 200;
/// How much all streams may have moved while the median exchange took place. A turn is half a MiB,
/// and each stream may have one before the question and one before the answer: 8 MiB in all. The
/// rest is for what the test's own threads wait for a core.
const MEANWHILE: u64 = 64 * MIB;

/// The first core that this process may use.
fn core() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    list.trim().split([',', '-']).next().unwrap().to_owned()
}

#[test]
fn streams_do_not_hold_up_an_exchange() {
    let place = Place::run(
        |_| {},
        |file| {
            let mut command = Command::new("taskset");
            command.args(["-c", &core()]).arg(program().get_program());
            serve(command, file)
        },
    );
    let streams: Vec<Ends> = (0..STREAMS).map(|_| place.open()).collect();
    let Ends { mut client, mut target } = place.open();
    let (moved, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut times = Vec::new();
    scope(|scope| {
        for Ends { mut client, mut target } in streams {
            let (moved, over) = (&moved, &over);
            scope.spawn(move || {
                let mut at = 0;
                while !over.load(Relaxed) {
                    DOWN.send(&mut target, at..at + MIB, &Pace::full());
                    at += MIB;
                }
            });
            scope.spawn(move || {
                let mut room = vec![0; 256 * 1024];
                let mut at = 0;
                loop {
                    let read = client.read(&mut room).expect("receive") as u64;
                    if read == 0 {
                        break;
                    }
                    // Enough of them are compared elsewhere: here they must be many.
                    at += read;
                    moved.fetch_add(read, Relaxed);
                }
                assert!(at > 0);
            });
        }
        let until = Instant::now() + PATIENCE;
        while moved.load(Relaxed) < 64 * MIB {
            assert!(Instant::now() < until, "the streams do not flow");
            std::thread::sleep(Duration::from_millis(1));
        }
        for _ in 0..EXCHANGES {
            let (began, before) = (Instant::now(), moved.load(Relaxed));
            let (mut question, mut answer) = ([0; 64], [0; 1024]);
            client.write_all(&question).expect("send");
            target.read_exact(&mut question).expect("a question");
            target.write_all(&answer).expect("send");
            client.read_exact(&mut answer).expect("an answer");
            times.push((began.elapsed(), moved.load(Relaxed) - before));
        }
        over.store(true, Relaxed);
    });
    let mut moved: Vec<u64> = times.iter().map(|(_, moved)| *moved).collect();
    moved.sort_unstable();
    times.sort_unstable();
    let (median, worst) = (times[EXCHANGES / 2].0, times[EXCHANGES - 1].0);
    let (median_moved, worst_moved) = (moved[EXCHANGES / 2] / MIB, moved[EXCHANGES - 1] / MIB);
    println!("an exchange: median {median:?}, worst {worst:?}");
    println!("meanwhile: median {median_moved} MiB, most {worst_moved} MiB");
    assert!(moved[EXCHANGES / 2] < MEANWHILE, "{median_moved} MiB went before");
}
