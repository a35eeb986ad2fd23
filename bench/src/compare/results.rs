//! What a sitting has measured.

use super::peer::{Kind, Peer};
use crate::load::{Figures, Scenario, json};

/// One proxy in one scenario, once.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) peer: &'static str,
    pub(crate) round: usize,
    pub(crate) outcome: Result<Figures, String>,
}

impl Run {
    /// A line of JSON.
    pub(crate) fn json(&self) -> String {
        let (scenario, peer) = (self.scenario.name(), self.peer);
        let head = format!(r#"{{"round":{},"proxy":"{peer}","#, self.round);
        match &self.outcome {
            Ok(figures) => head + &json(&scenario, figures)[1..],
            Err(reason) => {
                let reason = reason.escape_default().to_string().replace("\\'", "'");
                format!(r#"{head}"scenario":"{scenario}","failed":"{reason}"}}"#)
            }
        }
    }
}

/// All runs of a sitting.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) peers: Vec<&'static Peer>,
    pub(crate) rounds: usize,
    pub(crate) runs: Vec<Run>,
}

/// The middle of some values, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Results {
    fn of<'a>(&'a self, scenario: Scenario, peer: &'a Peer) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.scenario == scenario && run.peer == peer.name)
    }

    /// A figure over the rounds, if it was measured at all.
    pub(crate) fn spread(&self, scenario: Scenario, peer: &Peer, key: &str) -> Option<Spread> {
        let figures = self.of(scenario, peer).filter_map(|run| run.outcome.as_ref().ok()).flatten();
        let mut values: Vec<f64> =
            figures.filter(|(other, _)| *other == key).map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        };
        Some(Spread { median, least, most })
    }

    /// Why a proxy was not measured, or not in every round.
    pub(crate) fn reason(&self, scenario: Scenario, peer: &Peer) -> Option<String> {
        let failed: Vec<&String> =
            self.of(scenario, peer).filter_map(|run| run.outcome.as_ref().err()).collect();
        let first = failed.first()?;
        Some(match failed.len() == self.of(scenario, peer).count() {
            true => (*first).clone(),
            false => format!("{} of {} rounds failed: {first}", failed.len(), self.rounds),
        })
    }

    /// The lowest median among proxies of some kinds, and whose it is.
    pub(crate) fn best(
        &self,
        scenario: Scenario,
        key: &str,
        kinds: &[Kind],
    ) -> Option<(f64, &'static str)> {
        let peers = self.peers.iter().filter(|peer| kinds.contains(&peer.kind));
        let medians =
            peers.filter_map(|peer| Some((self.spread(scenario, peer, key)?.median, peer.name)));
        medians.min_by(|one, other| one.0.total_cmp(&other.0))
    }

    /// pinhole's median.
    pub(crate) fn ours(&self, scenario: Scenario, key: &str) -> Option<f64> {
        self.best(scenario, key, &[Kind::Pinhole]).map(|(median, _)| median)
    }
}
