//! Many tunnels at once: all open, then all transferring both ways, every byte checked.
//!
//! The same work is done in all, whatever the number of tunnels: 9 rounds of 1,000 tunnels, or 90
//! of 100. So the cost of one tunnel can be compared.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Bed, Figures, crowd, settle};
use crate::Failure;
use crate::origin::{RIGHT, swap};
use crate::process::Tree;
use crate::wire::Patterned;

/// Bytes of one tunnel, each way.
const LENGTH: usize = 128 * 1024;
/// Tunnels in all.
const IN_ALL: usize = 9_000;

pub(super) async fn measure(bed: &Bed, tunnels: usize) -> Result<Figures, Failure> {
    let rounds = (if bed.quick { 1_000 } else { IN_ALL }).div_ceil(tunnels);
    let before = bed.tree.pss_kib() as f64;
    let pipes = bed.tree.descriptors().pipes / 2;
    let mut spent = Spent::default();
    let mut peak = Peak::default();
    for _ in 0..rounds {
        round(bed, tunnels, &mut spent, &mut peak).await?;
    }
    settle(200).await;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / (rounds * tunnels) as f64;
    Ok(vec![
        ("cpu_us", each(spent.open + spent.transfer + spent.close)),
        ("open_us", each(spent.open)),
        ("transfer_us", each(spent.transfer)),
        ("kib_per_tunnel", (peak.pss_kib as f64 - before) / tunnels as f64),
        ("pipes", peak.pipes as f64 - pipes as f64),
        ("seconds", spent.transfer_wall.as_secs_f64() / rounds as f64),
    ])
}

/// Processor time of the proxy, by phase.
#[derive(Default)]
struct Spent {
    open: Duration,
    transfer: Duration,
    close: Duration,
    transfer_wall: Duration,
}

/// The most that was seen during a transfer.
#[derive(Default)]
struct Peak {
    pss_kib: u64,
    pipes: usize,
}

async fn round(
    bed: &Bed,
    tunnels: usize,
    spent: &mut Spent,
    peak: &mut Peak,
) -> Result<(), Failure> {
    let start = bed.tree.cpu();
    let open = bed.open(tunnels).await?;
    let opened = bed.tree.cpu();
    let (watch, begun) = (Watch::start(bed.tree), Instant::now());
    let transfers = (1..).zip(open).map(|(seed, tunnel)| transfer(tunnel, seed));
    let done = crowd::all(transfers).await?;
    spent.transfer_wall += begun.elapsed();
    let seen = watch.finish();
    peak.pss_kib = peak.pss_kib.max(seen.pss_kib);
    peak.pipes = peak.pipes.max(seen.pipes);
    let transferred = bed.tree.cpu();
    drop(done);
    settle(50).await;
    spent.open += opened - start;
    spent.transfer += transferred - opened;
    spent.close += bed.tree.cpu() - transferred;
    Ok(())
}

/// The other end of `origin::check`.
async fn transfer(mut tunnel: TcpStream, seed: u64) -> io::Result<TcpStream> {
    let mut request = seed.to_be_bytes().to_vec();
    request.extend((LENGTH as u64).to_be_bytes());
    tunnel.write_all(&request).await?;
    swap(&mut tunnel, Patterned::new(seed, LENGTH), Patterned::new(!seed, LENGTH)).await?;
    match tunnel.read_u8().await? {
        RIGHT => Ok(tunnel),
        _ => Err(io::Error::other("the origin did not get what was sent")),
    }
}

/// Looks at the proxy now and then while a transfer goes on.
struct Watch {
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Peak>,
}

impl Watch {
    fn start(tree: Tree) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let look = move || {
            let mut peak = Peak::default();
            loop {
                peak.pss_kib = peak.pss_kib.max(tree.pss_kib());
                peak.pipes = peak.pipes.max(tree.descriptors().pipes / 2);
                if until.load(Ordering::Relaxed) {
                    return peak;
                }
                // Looking takes the load's core, and its share of the descriptors' lock.
                thread::sleep(Duration::from_millis(100));
            }
        };
        Self { over, thread: thread::spawn(look) }
    }

    fn finish(self) -> Peak {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("no panic")
    }
}
