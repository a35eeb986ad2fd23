//! Every proxy side by side, in one sitting: started, measured in turn, and written up.

mod chart;
mod launch;
mod machine;
mod peer;
mod report;
mod results;
mod sitting;
mod targets;

use std::fs;
use std::path::PathBuf;

use crate::load::Scenario;
use crate::options::Options;
use crate::{Failure, cores};
use launch::Yard;
use peer::Peer;

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) peers: Vec<&'static Peer>,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
}

impl Plan {
    /// `--only` names scenarios (or the beginnings of their names) and proxies, in any order.
    fn new(options: &Options) -> Result<Self, Failure> {
        let quick = options.has("quick");
        let rounds = options.value("rounds")?.unwrap_or(if quick { 1 } else { 5 });
        let mut plan =
            Self { scenarios: Scenario::all(), peers: peer::ALL.iter().collect(), rounds, quick };
        let Some(only) = options.text("only") else { return Ok(plan) };
        let named_peer = |peer: &Peer, name: &str| peer.name.starts_with(name);
        let named_scenario = |scenario: Scenario, name: &str| scenario.name().starts_with(name);
        let (mut scenarios, mut peers) = (Vec::new(), Vec::new());
        for name in only.split(',') {
            let (had_peers, had_scenarios) = (peers.len(), scenarios.len());
            peers.extend(peer::ALL.iter().filter(|peer| named_peer(peer, name)));
            scenarios.extend(Scenario::all().into_iter().filter(|s| named_scenario(*s, name)));
            if peers.len() + scenarios.len() == had_peers + had_scenarios {
                return Err(format!("--only {name}: no such proxy or scenario").into());
            }
        }
        if !peers.is_empty() {
            plan.peers = peers;
        }
        if !scenarios.is_empty() {
            plan.scenarios = scenarios;
        }
        Ok(plan)
    }
}

/// Measures and writes `RESULTS.md` and `results.svg`, and each single measurement as it is made.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let plan = Plan::new(options)?;
    let out: PathBuf = options.value("out")?.unwrap_or_else(|| PathBuf::from("."));
    if cores::available() < 2 {
        return Err("two cores are needed: one for the proxy, one for the load".into());
    }
    let mut yard = Yard::new(options.text("envoy"), options.has("keep"))?;
    let versions: Vec<(&str, String)> = plan
        .peers
        .iter()
        .filter(|peer| !peer.version.is_empty())
        .map(|peer| (peer.name, yard.version(peer).unwrap_or_else(|| "not installed".into())))
        .collect();
    let machine = machine::facts();
    cores::pin(cores::LOAD)?;
    fs::create_dir_all(&out)?;
    let lines: PathBuf = options.value("lines")?.unwrap_or_else(|| out.join("results.jsonl"));
    let results = sitting::sit(&plan, &mut yard, &lines)?;
    let report = report::write(&results, plan.quick, &machine, &versions);
    fs::write(out.join("RESULTS.md"), &report)?;
    fs::write(out.join("results.svg"), chart::draw(&results))?;
    println!("{}", targets::table(&results));
    println!("written: {}/RESULTS.md", out.display());
    Ok(())
}
