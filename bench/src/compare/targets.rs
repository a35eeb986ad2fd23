//! What pinhole is to reach, and whether it does.

use super::peer::Kind;
use super::results::Results;
use crate::load::Scenario;

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
enum Limit {
    /// So many times the best proxy that tunnels CONNECT.
    Connect(f64),
    /// So many times the best proxy, those that relay only included.
    Any(f64),
    /// So many times the floor with the better pipe.
    Floor(f64),
    /// So much.
    Absolute(f64),
    /// So many times what pinhole needs without its SNI check.
    Unchecked(f64),
    /// So many times what pinhole needs without a parent, where it has one.
    Direct(f64),
    /// So many times what pinhole itself needs in another scenario.
    Own(Scenario, f64),
}

/// By how much the cost of a tunnel may rise from 100 tunnels to 9,000 and still be called flat.
const FLAT: f64 = 1.25;

/// By how much two figures may differ and still be called the same.
const SAME: f64 = 1.05;

/// Scenario, figure and limit.
fn all() -> Vec<(Scenario, &'static str, Limit)> {
    use Limit::{Absolute, Any, Connect, Direct, Floor, Own, Unchecked};
    use Scenario::{Down, Exchange, Get, Idle, Rest, Scale, Short, ShortTls, Up};
    let mut targets = Vec::new();
    for bulk in [Down, Up] {
        targets.push((bulk(1), "cpu_s_per_gib", Connect(0.45)));
        targets.push((bulk(1), "cpu_s_per_gib", Floor(1.3)));
        targets.push((bulk(1), "cpu_s_per_gib", Direct(SAME)));
        targets.push((bulk(8), "cpu_s_per_gib", Any(0.45)));
        targets.push((bulk(64), "cpu_s_per_gib", Any(0.45)));
    }
    targets.push((Short, "cpu_us", Connect(0.85)));
    targets.push((Short, "p99_us", Connect(1.0)));
    targets.push((ShortTls, "cpu_us", Unchecked(1.1)));
    targets.push((Exchange(1), "cpu_us", Any(1.0)));
    targets.push((Exchange(16), "cpu_us", Any(1.0)));
    targets.push((Get, "cpu_us", Any(0.9)));
    targets.push((Idle, "kib_per_tunnel", Absolute(4.0)));
    targets.push((Idle, "kib_per_tunnel", Connect(1.0)));
    targets.push((Rest, "mib", Absolute(10.0)));
    targets.push((Scale(9_000), "cpu_us", Own(Scale(100), FLAT)));
    targets
}

/// A table of those targets whose figures were measured.
pub(crate) fn table(results: &Results) -> String {
    let mut text = String::from(
        "| figure | pinhole | held against | ratio | target | |\n|---|---|---|---|---|---|\n",
    );
    for (scenario, key, limit) in all() {
        if results.scenarios.contains(&scenario) {
            text.push_str(&row(results, scenario, key, limit));
        }
    }
    text
}

fn row(results: &Results, scenario: Scenario, key: &str, limit: Limit) -> String {
    let column = scenario.columns().iter().find(|column| column.key == key).expect("its own");
    let digits = column.digits;
    let what = format!("{}: {}", scenario.title(), column.title);
    let ours = match limit {
        Limit::Direct(_) => results.best(scenario, key, &[Kind::Chained]).map(|(figure, _)| figure),
        _ => results.ours(scenario, key),
    };
    let best = |kinds: &[Kind]| results.best(scenario, key, kinds);
    let (against, factor, target) = match limit {
        Limit::Connect(times) => {
            (best(&[Kind::Connect]), times, format!("≤ {times} × the best CONNECT peer"))
        }
        Limit::Any(times) => {
            let peers = best(&[Kind::Connect, Kind::Relay]);
            (peers, times, format!("≤ {times} × the best peer, haproxy counted"))
        }
        Limit::Floor(times) => (best(&[Kind::Floor]), times, format!("≤ {times} × the floor")),
        Limit::Unchecked(times) => {
            (best(&[Kind::Unchecked]), times, format!("≤ {times} × without the SNI check"))
        }
        Limit::Direct(times) => {
            let direct = results.ours(scenario, key).map(|own| (own, "pinhole, direct"));
            (direct, times, format!("chained ≤ {times} × direct"))
        }
        Limit::Absolute(most) => (Some((most, "")), 1.0, format!("≤ {most}")),
        Limit::Own(other, times) => {
            let own = results.ours(other, key).map(|own| (own, "pinhole with 100"));
            (own, times, format!("≤ {times} × with 100"))
        }
    };
    let (Some(ours), Some((against, whose))) = (ours, against) else {
        return format!("| {what} | – | – | – | {target} | not measured |\n");
    };
    let ratio = ours / against;
    let verdict = if ratio <= factor { "met" } else { "**MISSED**" };
    let held = match limit {
        Limit::Absolute(_) => "–".to_owned(),
        _ => format!("{against:.digits$} ({whose})"),
    };
    format!("| {what} | {ours:.digits$} | {held} | {ratio:.2} | {target} | {verdict} |\n")
}
