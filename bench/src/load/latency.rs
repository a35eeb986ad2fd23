//! How long each of many small things took.

use std::time::Duration;

use super::Figures;

/// The figures of many small things: processor time for each, and how long they took.
pub(super) fn figures(mut took: Vec<Duration>, cpu: Duration) -> Figures {
    took.sort_unstable();
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    vec![
        ("cpu_us", micros(cpu) / took.len() as f64),
        ("p50_us", micros(at(0.50))),
        ("p99_us", micros(at(0.99))),
        ("count", took.len() as f64),
    ]
}
