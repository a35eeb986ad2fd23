//! Short tunnels: connect, CONNECT, one small exchange, close. The exchange may begin as TLS does.

use std::io;
use std::time::{Duration, Instant};

use super::via::{exchange, greet};
use super::{Bed, Figures, crowd, latency, settle};
use crate::Failure;

/// Clients at once, each with one tunnel at a time.
const CLIENTS: usize = 8;
/// Tunnels at least.
const LEAST: usize = 4_000;
/// Tunnels of one client at most: the origin's port must not run out of address pairs.
const MOST: usize = 1_200;

pub(super) async fn measure(bed: &Bed, tls: bool) -> Result<Figures, Failure> {
    tunnels(bed, bed.duration() / 8, tls).await?;
    settle(100).await;
    let cpu = bed.tree.cpu();
    let took = tunnels(bed, bed.duration(), tls).await?;
    // What the proxy does after a tunnel's end is part of its cost.
    settle(300).await;
    Ok(latency::figures(took, bed.tree.cpu() - cpu))
}

async fn tunnels(bed: &Bed, duration: Duration, tls: bool) -> Result<Vec<Duration>, Failure> {
    let clients = (0..CLIENTS).map(|_| one_client(*bed, duration, tls));
    Ok(crowd::all(clients).await?.concat())
}

async fn one_client(bed: Bed, duration: Duration, tls: bool) -> io::Result<Vec<Duration>> {
    let begin = Instant::now();
    let mut took = Vec::with_capacity(MOST);
    let least = bed.least(LEAST, CLIENTS);
    while took.len() < MOST && (begin.elapsed() < duration || took.len() < least) {
        let start = Instant::now();
        if tls {
            let mut tunnel = bed.via.open_by_name(bed.target).await?;
            greet(&mut tunnel).await?;
        } else {
            let mut tunnel = bed.via.open(bed.target).await?;
            exchange(&mut tunnel).await?;
        }
        took.push(start.elapsed());
    }
    Ok(took)
}
