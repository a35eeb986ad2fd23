//! The sitting: scenario by scenario, round by round, proxy by proxy.
//!
//! Proxies take turns within a round, so that whatever else the machine does meets all of them.
//! Each is started anew for each measurement, so that none pays for what it did before.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::Plan;
use super::launch::Yard;
use super::peer::Peer;
use super::results::{Results, Run};
use crate::Failure;
use crate::load::{Bed, Figures, Scenario};
use crate::origin::Origin;

pub(crate) fn sit(plan: &Plan, yard: &mut Yard, lines: &Path) -> Result<Results, Failure> {
    let mut lines = File::create(lines)?;
    let origin = Origin::start()?;
    let mut results = Results {
        scenarios: plan.scenarios.clone(),
        peers: plan.peers.clone(),
        rounds: plan.rounds,
        runs: Vec::new(),
    };
    for &scenario in &plan.scenarios {
        for round in 0..plan.rounds {
            let count = plan.peers.len();
            for turn in 0..count {
                let peer = plan.peers[(turn + round) % count];
                let outcome = match peer.cannot(scenario) {
                    Some(reason) => Err(reason.to_owned()),
                    None => one(yard, &origin, peer, scenario, plan.quick)
                        .map_err(|error| error.to_string()),
                };
                let run = Run { scenario, peer: peer.name, round, outcome };
                writeln!(lines, "{}", run.json())?;
                eprintln!("{}", run.json());
                results.runs.push(run);
            }
        }
    }
    Ok(results)
}

fn one(
    yard: &mut Yard,
    origin: &Origin,
    peer: &Peer,
    scenario: Scenario,
    quick: bool,
) -> Result<Figures, Failure> {
    let target = origin.port(scenario.service());
    let running = yard.start(peer, scenario, target)?;
    let bed = Bed { via: running.via, target, tree: running.tree(), quick };
    scenario.measure(&bed)
}
