//! What is doubtful about the rules as a whole: such as change nothing, and such as allow more than
//! they seem to.

use policy::{Entry, List, Matcher, Place, Why, needless};

use crate::reader::Problem;
use crate::wide::wide;
use crate::yaml::{self, At};

/// The keys that say what an entry covers.
const COVERS: [&str; 4] = ["host", "glob", "network", "preset"];

/// With more doubts than this, the rest is counted: nobody reads a hundred thousand lines, and the
/// log of a proxy that starts is not the place for them.
const MAX_DOUBTS: usize = 1_000;

/// The warnings about the entries of a configuration without problems, in their order.
pub(crate) fn of(text: &str, entries: &[Entry]) -> Vec<Problem> {
    let allowed = entries.iter().filter(|entry| entry.place.list == List::Allow).count();
    // Those of `allow` come first, and each list is in its order.
    let entry = |place: Place| match place.list {
        List::Allow => &entries[place.index],
        List::Deny => &entries[allowed + place.index],
    };
    let mut doubts: Vec<(Place, &'static str, String)> = Vec::new();
    for one in needless(entries) {
        let (by, covers) = (one.by.place, &one.by.text);
        let message = match one.why {
            Why::Denied => format!("this entry allows nothing: {by} ({covers}) denies all of it"),
            Why::First => {
                format!("this entry changes nothing: {by} ({covers}) is the same and stands first")
            }
            Why::Covered => format!("this entry changes nothing: {by} ({covers}) covers all of it"),
        };
        doubts.push((one.place, key_of(entry(one.place)), message));
    }
    for entry in entries {
        if let Some(message) = wide(entry) {
            doubts.push((entry.place, key_of(entry), message));
        }
    }
    if doubts.is_empty() {
        return Vec::new();
    }
    let (allow, deny) = places(text);
    let at = |place: Place| match place.list {
        List::Allow => allow.get(place.index),
        List::Deny => deny.get(place.index),
    };
    doubts.sort_by_key(|(place, _, _)| (place.list == List::Deny, place.index));
    let more = doubts.len().saturating_sub(MAX_DOUBTS);
    doubts.truncate(MAX_DOUBTS);
    let problem = |(place, key, message)| Problem {
        place: format!("{place}.{key}"),
        position: at(place).and_then(|at| at.value),
        message,
    };
    let mut problems: Vec<Problem> = doubts.into_iter().map(problem).collect();
    if more > 0 {
        let message = format!("{more} more entries change nothing, or allow more than they seem");
        problems.push(Problem { place: String::new(), position: None, message });
    }
    problems
}

/// Where each entry of `allow` and of `deny` stands.
pub(crate) fn places(text: &str) -> (Vec<At>, Vec<At>) {
    let of = |list| yaml::positions(text, Some(list), &COVERS);
    (of("allow"), of("deny"))
}

fn key_of(entry: &Entry) -> &'static str {
    use policy::HostPattern::Glob;
    match &entry.matcher {
        Matcher::Host(Glob(_)) => "glob",
        Matcher::Host(_) => "host",
        Matcher::Network(_) => "network",
        Matcher::Preset(_) => "preset",
    }
}

#[cfg(test)]
#[path = "doubts_tests.rs"]
mod tests;
