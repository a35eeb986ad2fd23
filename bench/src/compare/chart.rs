//! `results.svg`: a panel of bars for each scenario, readable on light and dark pages.

use super::peer::Kind;
use super::results::Results;
use crate::load::Scenario;

const COLUMNS: usize = 2;
const PANEL: usize = 430;
const GAP: usize = 30;
const ROW: usize = 19;
const LABEL: usize = 118;
const VALUE: usize = 58;
const HEAD: usize = 46;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600;font-size:13px}\
.u{fill:#59636e;font-size:11px}.v{font-variant-numeric:tabular-nums}\
.ours{fill:#0a7d5a}.peer{fill:#8c959f}.relay{fill:#b9a26a}.floor{fill:#c5ccd3}.page{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.u{fill:#9198a1}.ours{fill:#2fbf8f}\
.peer{fill:#6e7781}.relay{fill:#8a7644}.floor{fill:#3d444d}.page{fill:#0d1117}}";

/// The picture of the main figures: shorter bars are better.
pub(crate) fn draw(results: &Results) -> String {
    let mut panels: Vec<String> = Vec::new();
    let mut heights = Vec::new();
    for scenario in &results.scenarios {
        if let Some((panel, height)) = panel(results, *scenario) {
            panels.push(panel);
            heights.push(height);
        }
    }
    let (mut body, mut y) = (String::new(), 40);
    for (row, pair) in panels.chunks(COLUMNS).enumerate() {
        for (column, panel) in pair.iter().enumerate() {
            let x = GAP + column * (PANEL + GAP);
            body.push_str(&format!("<g transform=\"translate({x},{y})\">{panel}</g>\n"));
        }
        let tallest = heights[row * COLUMNS..].iter().take(COLUMNS).max();
        y += tallest.copied().unwrap_or_default() + GAP;
    }
    let width = GAP + COLUMNS * (PANEL + GAP);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" \
         width=\"{width}\" height=\"{y}\" role=\"img\" \
         aria-label=\"pinhole and other proxies: the main figures, lower is better\">\n\
         <style>{STYLE}</style>\n<rect class=\"page\" width=\"{width}\" height=\"{y}\"/>\n\
         <text class=\"u\" x=\"{GAP}\" y=\"24\">Lower is better. Rounds: {}, medians shown. One core \
         for the proxy. – means not measured.</text>\n{body}</svg>\n",
        results.rounds
    )
}

/// One scenario's bars, and how tall they are together.
fn panel(results: &Results, scenario: Scenario) -> Option<(String, usize)> {
    let main = scenario.columns()[0];
    let median = |peer| results.spread(scenario, peer, main.key).map(|spread| spread.median);
    let shown = results.peers.iter().filter(|peer| !peer.is_beside(scenario));
    let bars: Vec<_> = shown.map(|peer| (*peer, median(peer))).collect();
    let longest = bars.iter().filter_map(|(_, value)| *value).reduce(f64::max)?;
    let mut text = format!(
        "<text class=\"t\" y=\"12\">{}</text><text class=\"u\" y=\"29\">{}</text>",
        scenario.title(),
        main.title
    );
    for (index, (peer, value)) in bars.iter().enumerate() {
        let y = HEAD + index * ROW;
        let class = match peer.kind {
            Kind::Pinhole => "ours",
            Kind::Connect | Kind::Unchecked | Kind::Chained => "peer",
            Kind::Relay => "relay",
            Kind::Floor => "floor",
        };
        let middle = y + 4;
        let weight = if peer.kind == Kind::Pinhole { " font-weight=\"600\"" } else { "" };
        text.push_str(&format!("<text y=\"{middle}\"{weight}>{}</text>", peer.name));
        let room = (PANEL - LABEL - VALUE) as f64;
        let length = value.map_or(0.0, |value| (value / longest).max(0.0) * room);
        let top = y - 6;
        text.push_str(&format!(
            "<rect class=\"{class}\" x=\"{LABEL}\" y=\"{top}\" width=\"{length:.1}\" height=\"13\" rx=\"2\"/>"
        ));
        let end = LABEL as f64 + length + 6.0;
        let value = value.map_or("–".to_owned(), |value| format!("{value:.0$}", main.digits));
        text.push_str(&format!("<text class=\"v\" x=\"{end:.1}\" y=\"{middle}\">{value}</text>"));
    }
    Some((text, HEAD + bars.len() * ROW))
}
