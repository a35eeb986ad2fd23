//! Bulk: processor time per GiB through 1, 8 and 64 tunnels at once.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Bed, Figures, crowd, settle};
use crate::Failure;
use crate::origin::{discard, send};

const MIB: u64 = 1024 * 1024;
/// What the first transfer moves. It tells how much the measured one takes.
const FIRST: u64 = 256 * MIB;
/// What the measured one moves at least and at most.
const LEAST: u64 = 512 * MIB;
const MOST: u64 = 16_384 * MIB;

/// Which way the bytes go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    /// From the origin to the client.
    Down,
    /// From the client to the origin.
    Up,
}

/// A length is agreed beforehand and verified at the end, on every stream.
pub(super) async fn measure(
    bed: &Bed,
    direction: Direction,
    streams: usize,
) -> Result<Figures, Failure> {
    let (_, took) = transfer(bed, direction, streams, FIRST).await?;
    let wanted = FIRST as f64 * bed.duration().as_secs_f64() / took.as_secs_f64();
    let total = (wanted as u64).clamp(LEAST, MOST);
    let (cpu, took) = transfer(bed, direction, streams, total).await?;
    let gib = total as f64 / (1024 * MIB) as f64;
    Ok(vec![
        ("cpu_s_per_gib", cpu.as_secs_f64() / gib),
        ("gib_per_s", gib / took.as_secs_f64()),
        ("gib", gib),
    ])
}

/// Moves about so many bytes in all. The tunnels are open before the clocks start.
async fn transfer(
    bed: &Bed,
    direction: Direction,
    streams: usize,
    total: u64,
) -> Result<(Duration, Duration), Failure> {
    let each = total / streams as u64;
    let tunnels = bed.open(streams).await?;
    let (cpu, start) = (bed.tree.cpu(), Instant::now());
    let one = |tunnel| one(tunnel, direction, each);
    let ended = crowd::all(tunnels.into_iter().map(one)).await?;
    let took = ended.into_iter().max().unwrap_or(start) - start;
    settle(50).await;
    Ok((bed.tree.cpu() - cpu, took))
}

/// Moves so many bytes on one stream, and tells when the last one was there. The end that follows
/// is waited for as well, but some proxies take a second for it.
async fn one(mut stream: TcpStream, direction: Direction, length: u64) -> io::Result<Instant> {
    stream.write_u64(length).await?;
    let (taken, end) = match direction {
        Direction::Down => {
            let taken = discard(&stream, length).await?;
            let end = Instant::now();
            // The origin's end, and not a byte more.
            (taken + stream.read(&mut [0; 1]).await? as u64, end)
        }
        Direction::Up => {
            send(&stream, length).await?;
            (stream.read_u64().await?, Instant::now())
        }
    };
    match taken == length {
        true => Ok(end),
        false => Err(io::Error::other(format!("{taken} bytes arrived of {length}"))),
    }
}
