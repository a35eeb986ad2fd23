//! The load: what is asked of a proxy, and what that cost it.

mod bulk;
mod crowd;
mod exchange;
mod get;
mod idle;
mod latency;
mod rest;
mod scale;
mod scenario;
mod short;
mod via;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::options::Options;
use crate::origin::Origin;
use crate::process::Tree;
use crate::{Failure, cores};

use rest::settle;
pub(crate) use scenario::{Column, Scenario};
pub(crate) use via::Via;

/// Tunnels that are being opened at once.
const OPENING: usize = 64;

/// What was measured: the figures' keys and values.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// Where a scenario takes place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bed {
    /// The way to the origin.
    pub(crate) via: Via,
    /// The origin's port.
    pub(crate) target: SocketAddr,
    /// The proxy's processes.
    pub(crate) tree: Tree,
    /// Less of everything, to see whether it works.
    pub(crate) quick: bool,
}

impl Bed {
    /// How long a scenario with no natural end goes on.
    fn duration(&self) -> Duration {
        if self.quick { Duration::from_millis(400) } else { Duration::from_secs(2) }
    }

    /// How many of so many things each of some clients does at least, however long it takes.
    fn least(&self, all: usize, clients: usize) -> usize {
        all / clients / if self.quick { 10 } else { 1 }
    }

    /// So many tunnels, opened some at a time.
    async fn open(&self, count: usize) -> Result<Vec<TcpStream>, Failure> {
        let permits = Arc::new(Semaphore::new(OPENING));
        let one = |_| {
            let (bed, permits) = (*self, Arc::clone(&permits));
            async move {
                let _permit = permits.acquire().await.map_err(io::Error::other)?;
                bed.via.open(bed.target).await
            }
        };
        crowd::all((0..count).map(one)).await
    }
}

/// One scenario against a CONNECT proxy that runs already.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let scenario: Scenario = options.word().unwrap_or_default().parse()?;
    cores::pin(cores::LOAD)?;
    let origin = Origin::start()?;
    let bed = Bed {
        via: Via::Connect(options.needed("proxy")?),
        target: origin.port(scenario.service()),
        tree: Tree::new(options.needed("pid")?),
        quick: options.has("quick"),
    };
    println!("{}", json(&scenario.name(), &scenario.measure(&bed)?));
    Ok(())
}

/// Figures as a line of JSON.
pub(crate) fn json(scenario: &str, figures: &Figures) -> String {
    let figures = figures.iter().map(|(key, value)| format!(r#","{key}":{value:.3}"#));
    format!(r#"{{"scenario":"{scenario}"{}}}"#, figures.collect::<String>())
}
