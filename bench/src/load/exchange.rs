//! Small exchanges on open tunnels, one after the other on each.

use std::io;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::via::exchange;
use super::{Bed, Figures, crowd, latency, settle};
use crate::Failure;

/// Exchanges at least.
const LEAST: usize = 20_000;

pub(super) async fn measure(bed: &Bed, tunnels: usize) -> Result<Figures, Failure> {
    let least = bed.least(LEAST, tunnels);
    let tunnels = bed.open(tunnels).await?;
    let (tunnels, _) = all(tunnels, bed.duration() / 8, 0).await?;
    settle(20).await;
    let cpu = bed.tree.cpu();
    let (_tunnels, took) = all(tunnels, bed.duration(), least).await?;
    settle(20).await;
    Ok(latency::figures(took, bed.tree.cpu() - cpu))
}

async fn all(
    tunnels: Vec<TcpStream>,
    duration: Duration,
    least: usize,
) -> Result<(Vec<TcpStream>, Vec<Duration>), Failure> {
    let done = crowd::all(tunnels.into_iter().map(|tunnel| one(tunnel, duration, least))).await?;
    let (tunnels, took): (Vec<_>, Vec<_>) = done.into_iter().unzip();
    Ok((tunnels, took.concat()))
}

async fn one(
    mut tunnel: TcpStream,
    duration: Duration,
    least: usize,
) -> io::Result<(TcpStream, Vec<Duration>)> {
    let begin = Instant::now();
    let mut took = Vec::with_capacity(100_000);
    while begin.elapsed() < duration || took.len() < least {
        let start = Instant::now();
        exchange(&mut tunnel).await?;
        took.push(start.elapsed());
    }
    Ok((tunnel, took))
}
