//! What can be measured.

use std::str::FromStr;
use std::time::Duration;

use super::{Bed, Figures, bulk, exchange, get, idle, rest, scale, short};
use crate::wire::Service;
use crate::{Failure, awake};

/// One measurement's limit.
const LIMIT: Duration = Duration::from_secs(120);

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Memory of a process that does nothing.
    Rest,
    /// Bulk from the origin to the client, over so many tunnels at once.
    Down(usize),
    /// Bulk from the client to the origin.
    Up(usize),
    /// Tunnels opened for one small exchange each.
    Short,
    /// The same with a ClientHello, for a name.
    ShortTls,
    /// Small exchanges on so many open tunnels.
    Exchange(usize),
    /// Plain-HTTP GETs on kept connections.
    Get,
    /// Tunnels that are open and silent.
    Idle,
    /// So many tunnels open at once, all transferring, every byte checked.
    Scale(usize),
}

/// One figure of a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name in JSON.
    pub(crate) key: &'static str,
    /// Its name in a table.
    pub(crate) title: &'static str,
    /// Digits behind the point.
    pub(crate) digits: usize,
}

const fn column(key: &'static str, title: &'static str, digits: usize) -> Column {
    Column { key, title, digits }
}

const REST: [Column; 1] = [column("mib", "PSS, MiB", 1)];
const BULK: [Column; 2] =
    [column("cpu_s_per_gib", "CPU-s per GiB", 3), column("gib_per_s", "GiB/s", 2)];
const SMALL: [Column; 3] = [
    column("cpu_us", "CPU, µs", 1),
    column("p50_us", "p50, µs", 0),
    column("p99_us", "p99, µs", 0),
];
const IDLE: [Column; 3] = [
    column("kib_per_tunnel", "PSS per tunnel, KiB", 2),
    column("fds_per_tunnel", "descriptors per tunnel", 2),
    column("pipes", "pipes held", 0),
];
const SCALE: [Column; 5] = [
    column("cpu_us", "CPU per tunnel, µs", 1),
    column("open_us", "of it to open, µs", 1),
    column("transfer_us", "to transfer, µs", 1),
    column("kib_per_tunnel", "PSS per tunnel at most, KiB", 1),
    column("pipes", "pipes at most", 0),
];

impl Scenario {
    /// All of them, in the order in which they are measured and shown.
    pub(crate) fn all() -> Vec<Self> {
        let streams = [1, 8, 64];
        let mut all = vec![Self::Rest];
        all.extend(streams.map(Self::Down));
        all.extend(streams.map(Self::Up));
        all.extend([Self::Short, Self::ShortTls, Self::Exchange(1), Self::Exchange(16)]);
        all.extend([Self::Get, Self::Idle]);
        all.extend([100, 1_000, 9_000].map(Self::Scale));
        all
    }

    /// Its name on the command line and in JSON.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Rest => "rest".to_owned(),
            Self::Down(streams) => format!("down-{streams}"),
            Self::Up(streams) => format!("up-{streams}"),
            Self::Short => "short".to_owned(),
            Self::ShortTls => "short-tls".to_owned(),
            Self::Exchange(tunnels) => format!("exchange-{tunnels}"),
            Self::Get => "get".to_owned(),
            Self::Idle => "idle".to_owned(),
            Self::Scale(tunnels) => format!("scale-{tunnels}"),
        }
    }

    /// Its name in words.
    pub(crate) fn title(self) -> String {
        let plural = |count| if count == 1 { "" } else { "s" };
        match self {
            Self::Rest => "Process at rest".to_owned(),
            Self::Down(streams) => format!("Bulk down, {streams} stream{}", plural(streams)),
            Self::Up(streams) => format!("Bulk up, {streams} stream{}", plural(streams)),
            Self::Short => "Short tunnel (connect, CONNECT, 64 B → 1 KiB, close)".to_owned(),
            Self::ShortTls => {
                "Short TLS tunnel (connect, CONNECT, ClientHello → 1 KiB, close)".to_owned()
            }
            Self::Exchange(tunnels) => {
                format!("Exchange 64 B → 1 KiB on {tunnels} open tunnel{}", plural(tunnels))
            }
            Self::Get => "Plain-HTTP GET, keep-alive, 1 KiB".to_owned(),
            Self::Idle => "Idle tunnel (2,000 open after one exchange)".to_owned(),
            Self::Scale(tunnels) => {
                let tunnels = match tunnels {
                    1_000.. => format!("{},{:03}", tunnels / 1_000, tunnels % 1_000),
                    _ => tunnels.to_string(),
                };
                format!("{tunnels} tunnels open and transferring at once")
            }
        }
    }

    /// The figures, the main one first.
    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            Self::Rest => &REST,
            Self::Down(_) | Self::Up(_) => &BULK,
            Self::Short | Self::ShortTls | Self::Exchange(_) | Self::Get => &SMALL,
            Self::Idle => &IDLE,
            Self::Scale(_) => &SCALE,
        }
    }

    /// What the origin does.
    pub(crate) fn service(self) -> Service {
        match self {
            Self::Down(_) => Service::Source,
            Self::Up(_) => Service::Sink,
            Self::Rest | Self::Short | Self::Exchange(_) | Self::Idle => Service::Reply,
            Self::ShortTls => Service::Greet,
            Self::Get => Service::Web,
            Self::Scale(_) => Service::Check,
        }
    }

    /// How many connections the proxy must have room for.
    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Rest | Self::Short | Self::ShortTls | Self::Get => 16,
            Self::Down(count) | Self::Up(count) | Self::Exchange(count) | Self::Scale(count) => {
                count
            }
            Self::Idle => idle::TUNNELS,
        }
    }

    /// Measures it, at a proxy that has just been started.
    pub(crate) fn measure(self, bed: &Bed) -> Result<Figures, Failure> {
        awake::block_on(self.measured(bed), LIMIT)
    }

    async fn measured(self, bed: &Bed) -> Result<Figures, Failure> {
        match self {
            Self::Rest => Ok(rest::measure(bed).await),
            Self::Down(streams) => bulk::measure(bed, bulk::Direction::Down, streams).await,
            Self::Up(streams) => bulk::measure(bed, bulk::Direction::Up, streams).await,
            Self::Short => short::measure(bed, false).await,
            Self::ShortTls => short::measure(bed, true).await,
            Self::Exchange(tunnels) => exchange::measure(bed, tunnels).await,
            Self::Get => get::measure(bed).await,
            Self::Idle => idle::measure(bed).await,
            Self::Scale(tunnels) => scale::measure(bed, tunnels).await,
        }
    }
}

impl FromStr for Scenario {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        let found = Self::all().into_iter().find(|scenario| scenario.name() == name);
        found.ok_or_else(|| format!("no scenario `{name}`").into())
    }
}
