//! Idle tunnels: open, used once, silent since.

use tokio::net::TcpStream;

use super::via::exchange;
use super::{Bed, Figures, settle};
use crate::Failure;

/// How many there are.
pub(super) const TUNNELS: usize = 2_000;

/// The difference in memory between a process that has served some tunnels and the same with
/// `TUNNELS` silent ones. Kernel memory of sockets and pipes is not in it: hence the descriptors.
pub(super) async fn measure(bed: &Bed) -> Result<Figures, Failure> {
    drop(open(bed, 16).await?);
    settle(1_000).await;
    let (memory, descriptors) = (bed.tree.pss_kib(), bed.tree.descriptors());
    let tunnels = open(bed, TUNNELS).await?;
    settle(if bed.quick { 1_500 } else { 3_000 }).await;
    let grown = bed.tree.pss_kib() as f64 - memory as f64;
    let now = bed.tree.descriptors();
    let more = now.all as f64 - descriptors.all as f64;
    let count = tunnels.len() as f64;
    Ok(vec![
        ("kib_per_tunnel", grown / count),
        ("fds_per_tunnel", more / count),
        ("pipes", (now.pipes as f64 - descriptors.pipes as f64) / 2.0),
    ])
}

async fn open(bed: &Bed, count: usize) -> Result<Vec<TcpStream>, Failure> {
    let mut tunnels = bed.open(count).await?;
    for tunnel in &mut tunnels {
        exchange(tunnel).await?;
    }
    Ok(tunnels)
}
