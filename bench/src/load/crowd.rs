//! Several clients at once.

use std::future::Future;
use std::io;

use tokio::task::JoinSet;

use crate::Failure;

/// Runs all clients side by side and hands back what they bring, in no order.
pub(super) async fn all<C>(clients: impl Iterator<Item = C>) -> Result<Vec<C::Out>, Failure>
where
    C: Client,
{
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client);
    }
    let mut brought = Vec::with_capacity(running.len());
    while let Some(done) = running.join_next().await {
        brought.push(done??);
    }
    Ok(brought)
}

/// What a client does until it is done.
pub(super) trait Client: Future<Output = io::Result<Self::Out>> + Send + 'static {
    /// What it brings.
    type Out: Send + 'static;
}

impl<F, T> Client for F
where
    F: Future<Output = io::Result<T>> + Send + 'static,
    T: Send + 'static,
{
    type Out = T;
}
