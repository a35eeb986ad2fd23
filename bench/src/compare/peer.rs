//! The proxies, their configurations and how each is started: as equal as they can be made.
//!
//! Each has one worker, no cache, room for 9,000 tunnels, the one rule that 127.0.0.1 may be
//! reached, and writes a line of log for each request, to `/dev/null` where it can.

use crate::load::Scenario;

/// What a proxy is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The one that all this is about.
    Pinhole,
    /// The same without its SNI check, to see what that costs.
    Unchecked,
    /// The same with an http parent, to see what chaining costs.
    Chained,
    /// Another one that tunnels CONNECT.
    Connect,
    /// One that relays to a fixed origin only.
    Relay,
    /// The bare splice loop.
    Floor,
}

/// A proxy. In its files and arguments, `@NAME@` stands for what is known at its start.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) program: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// Names and contents.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Arguments which have it tell its version.
    pub(crate) version: &'static [&'static str],
}

impl Peer {
    /// Why it is not measured in a scenario, if it is not.
    pub(crate) fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        use Scenario::{Down, Exchange, Get, ShortTls, Up};
        match (self.kind, scenario) {
            (Kind::Pinhole | Kind::Unchecked, ShortTls) => None,
            (_, ShortTls) | (Kind::Unchecked, _) => Some("only to see what the SNI check costs"),
            (Kind::Chained, Down(1) | Up(1)) => None,
            (Kind::Chained, _) => Some("only to see what chaining costs"),
            (Kind::Floor, Down(_) | Up(_) | Exchange(_)) => None,
            (Kind::Floor, _) => Some("a bare relay: for bulk and exchanges only"),
            (Kind::Relay, Get) => Some("relays only in this mode"),
            _ => None,
        }
    }

    /// Whether a table of a scenario is better off without it.
    pub(crate) fn is_beside(&self, scenario: Scenario) -> bool {
        let beside = matches!(self.kind, Kind::Floor | Kind::Unchecked | Kind::Chained);
        self.cannot(scenario).is_some() && (beside || scenario == Scenario::ShortTls)
    }
}

/// All of them, pinhole first.
pub(crate) const ALL: [Peer; 11] = [
    Peer {
        name: "pinhole",
        kind: Kind::Pinhole,
        program: "@BIN@/pinhole",
        arguments: &["serve", "--config", "@DIR@/pinhole.yaml", "--log", "json"],
        files: &[("pinhole.yaml", include_str!("../../peers/pinhole.yaml"))],
        version: &["--version"],
    },
    Peer {
        name: "pinhole sni off",
        kind: Kind::Unchecked,
        program: "@BIN@/pinhole",
        arguments: &["serve", "--config", "@DIR@/pinhole.yaml", "--log", "json"],
        files: &[("pinhole.yaml", include_str!("../../peers/pinhole.sni-off.yaml"))],
        version: &[],
    },
    Peer {
        name: "pinhole chained",
        kind: Kind::Chained,
        program: "@BIN@/pinhole",
        arguments: &["serve", "--config", "@DIR@/pinhole.yaml", "--log", "json"],
        files: &[
            ("pinhole.yaml", include_str!("../../peers/pinhole.chained.yaml")),
            ("parent.yaml", include_str!("../../peers/pinhole.parent.yaml")),
        ],
        version: &[],
    },
    Peer {
        name: "squid",
        kind: Kind::Connect,
        program: "squid",
        // A name of its own: two squids of one name share memory, even of two users.
        arguments: &["-N", "-n", "bench@PORT@", "-f", "@DIR@/squid.conf"],
        files: &[("squid.conf", include_str!("../../peers/squid.conf"))],
        version: &["-v"],
    },
    Peer {
        name: "tinyproxy",
        kind: Kind::Connect,
        program: "tinyproxy",
        arguments: &["-d", "-c", "@DIR@/tinyproxy.conf"],
        files: &[
            ("tinyproxy.conf", include_str!("../../peers/tinyproxy.conf")),
            ("tinyproxy.filter", include_str!("../../peers/tinyproxy.filter")),
        ],
        version: &["-v"],
    },
    Peer {
        name: "trafficserver",
        kind: Kind::Connect,
        program: "traffic_server",
        arguments: &["--run-root=@DIR@/runroot.yaml"],
        files: &[
            ("runroot.yaml", include_str!("../../peers/trafficserver.runroot.yaml")),
            ("records.config", include_str!("../../peers/trafficserver.records.config")),
            ("ip_allow.yaml", include_str!("../../peers/trafficserver.ip_allow.yaml")),
            ("logging.yaml", include_str!("../../peers/trafficserver.logging.yaml")),
            ("storage.config", include_str!("../../peers/trafficserver.storage.config")),
            ("remap.config", ""),
            ("plugin.config", ""),
            ("ssl_multicert.config", ""),
        ],
        version: &["--version"],
    },
    Peer {
        name: "apache2",
        kind: Kind::Connect,
        program: "apache2",
        arguments: &["-D", "FOREGROUND", "-f", "@DIR@/apache2.conf"],
        files: &[("apache2.conf", include_str!("../../peers/apache2.conf"))],
        version: &["-v"],
    },
    Peer {
        name: "envoy",
        kind: Kind::Connect,
        program: "@ENVOY@",
        arguments: &[
            "-c",
            "@DIR@/envoy.yaml",
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "--log-level",
            "error",
        ],
        files: &[("envoy.yaml", include_str!("../../peers/envoy.yaml"))],
        version: &["--version"],
    },
    Peer {
        name: "haproxy",
        kind: Kind::Relay,
        program: "haproxy",
        arguments: &["-db", "-f", "@DIR@/haproxy.cfg"],
        files: &[("haproxy.cfg", include_str!("../../peers/haproxy.cfg"))],
        version: &["-v"],
    },
    floor("floor 64 KiB", &FLOOR_64),
    floor("floor 256 KiB", &FLOOR_256),
];

const FLOOR_64: [&str; 7] =
    ["floor", "--listen", "127.0.0.1:@PORT@", "--to", "@TARGET@", "--pipe", "65536"];
const FLOOR_256: [&str; 7] =
    ["floor", "--listen", "127.0.0.1:@PORT@", "--to", "@TARGET@", "--pipe", "262144"];

const fn floor(name: &'static str, arguments: &'static [&'static str]) -> Peer {
    Peer {
        name,
        kind: Kind::Floor,
        program: "@BIN@/pinhole-bench",
        arguments,
        files: &[],
        version: &[],
    }
}
