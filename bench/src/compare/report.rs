//! `RESULTS.md`: the targets, then a table for each scenario.

use super::peer::{Kind, Peer};
use super::results::Results;
use super::targets;
use crate::load::{Column, Scenario};

/// The whole report.
pub(crate) fn write(
    results: &Results,
    quick: bool,
    machine: &[String],
    versions: &[(&str, String)],
) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| -> String {
        items.map(|item| format!("- {item}\n")).collect()
    };
    let mut text = String::from("# Results\n\nWritten by `bench/compare`; ");
    text.push_str("`bench/README.md` says what each figure means and how it was measured.\n\n");
    if quick {
        text.push_str("**A quick run, to see whether everything works: not for comparing.**\n\n");
    }
    let rounds = results.rounds;
    text.push_str(&format!(
        "Medians of {rounds} round{}; within a round the proxies take turns. Compare ratios \
         within one sitting, never absolute figures between sittings.\n\n",
        if rounds == 1 { "" } else { "s" }
    ));
    text.push_str(&list(&mut machine.iter().cloned()));
    text.push_str("\n## Targets\n\n");
    text.push_str(&targets::table(results));
    text.push_str("\n![The main figures, lower is better](results.svg)\n");
    for scenario in &results.scenarios {
        text.push_str(&section(results, *scenario));
    }
    text.push_str("\n## Versions\n\n");
    let version = |(name, version): &(&str, String)| format!("{name} {version}");
    text.push_str(&list(&mut versions.iter().map(version)));
    text
}

/// One scenario's table, and the reasons for what is missing in it.
fn section(results: &Results, scenario: Scenario) -> String {
    let columns = scenario.columns();
    let main = columns[0];
    let floor = results.best(scenario, main.key, &[Kind::Floor]).map(|(median, _)| median);
    let best = results.best(scenario, main.key, &[Kind::Connect]).map(|(median, _)| median);
    let mut titles = vec!["proxy", main.title, "least – most", "÷ best CONNECT peer"];
    if floor.is_some() {
        titles.push("÷ floor");
    }
    titles.extend(columns[1..].iter().map(|column| column.title));
    let mut text = format!("\n## {}\n\n| {} |\n", scenario.title(), titles.join(" | "));
    text.push_str(&format!("|---{}\n", "|---:".repeat(titles.len() - 1) + "|"));
    let mut notes = String::new();
    for peer in &results.peers {
        let reason = results.reason(scenario, peer);
        if peer.is_beside(scenario) {
            continue;
        }
        text.push_str(&row(results, scenario, peer, best, floor));
        if let Some(reason) = reason {
            notes.push_str(&format!("\n{}: {}.\n", peer.name, reason.trim_end_matches('.')));
        }
    }
    text + &notes
}

fn row(
    results: &Results,
    scenario: Scenario,
    peer: &Peer,
    best: Option<f64>,
    floor: Option<f64>,
) -> String {
    let columns = scenario.columns();
    let main = columns[0];
    let spread = results.spread(scenario, peer, main.key);
    let number = |value: f64, column: Column| format!("{value:.0$}", column.digits);
    let cell = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let ratio = |to: Option<f64>| cell(spread.and_then(|s| Some(format!("{:.2}", s.median / to?))));
    let mut cells = vec![
        label(peer),
        cell(spread.map(|spread| number(spread.median, main))),
        cell(spread.map(|s| format!("{} – {}", number(s.least, main), number(s.most, main)))),
        ratio(best),
    ];
    if floor.is_some() {
        cells.push(ratio(floor));
    }
    cells.extend(columns[1..].iter().map(|column| {
        let spread = results.spread(scenario, peer, column.key);
        cell(spread.map(|spread| number(spread.median, *column)))
    }));
    format!("| {} |\n", cells.join(" | "))
}

fn label(peer: &Peer) -> String {
    match peer.kind {
        Kind::Pinhole => format!("**{}**", peer.name),
        Kind::Connect | Kind::Unchecked | Kind::Chained => peer.name.to_owned(),
        Kind::Relay => format!("_{}, relay only_", peer.name),
        Kind::Floor => format!("_{}_", peer.name),
    }
}
