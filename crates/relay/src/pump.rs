//! One direction of a tunnel.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::Activity;

/// How much is read at once. One buffer per direction lives as long as the tunnel.
const BUFFER: usize = 16 * 1024;

/// Which socket failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The one that bytes come from.
    Source,
    /// The one that bytes go to.
    Sink,
}

/// Delivers `early`, then everything from `source`, then the end of it, to `sink`. `moved` counts
/// what `sink`'s socket took, so it is exact whenever the direction is cut.
pub(crate) async fn pump(
    mut source: ReadHalf<'_>,
    mut sink: WriteHalf<'_>,
    early: Bytes,
    moved: &AtomicU64,
    activity: &Activity,
) -> Result<(), Failure> {
    deliver(&mut sink, &early, moved, activity).await?;
    drop(early);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = source.read(&mut buffer).await.map_err(|_| Failure::Source)?;
        activity.touch();
        if read == 0 {
            return sink.shutdown().await.map_err(|_| Failure::Sink);
        }
        deliver(&mut sink, &buffer[..read], moved, activity).await?;
    }
}

async fn deliver(
    sink: &mut WriteHalf<'_>,
    mut bytes: &[u8],
    moved: &AtomicU64,
    activity: &Activity,
) -> Result<(), Failure> {
    while !bytes.is_empty() {
        let written = sink.write(bytes).await.map_err(|_| Failure::Sink)?;
        if written == 0 {
            return Err(Failure::Sink);
        }
        activity.touch();
        moved.fetch_add(written as u64, Relaxed);
        bytes = &bytes[written..];
    }
    Ok(())
}
