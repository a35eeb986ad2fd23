//! What is doubtful about the rules as a whole: such as change nothing, and such as allow more than
//! they seem to.

use std::collections::HashMap;

use policy::{Client, Entry, List, Matcher, Overrides, Place, Why, needless};

use crate::reader::Problem;
use crate::wide::wide;
use crate::yaml::{self, At, Step, locate};

/// The keys that say what an entry covers.
const COVERS: [&str; 4] = ["host", "glob", "network", "preset"];

/// With more doubts than this, the rest is counted: nobody reads a hundred thousand lines, and the
/// log of a proxy that starts is not the place for them.
const MAX_DOUBTS: usize = 1_000;

/// With more comparisons than this, a client's rules are held against its own alone.
const MAX_COMPARED: usize = 100_000;
/// How many doubts about clients' rules are given their positions: finding one takes reading the
/// text anew.
const MAX_POSITIONS: usize = 100;

/// One doubt: about which entry, under which of its keys, and what.
type Doubt = (Place, &'static str, String);

/// The warnings about the entries of a configuration without problems, in their order.
pub(crate) fn of(text: &str, shared: &[Entry], clients: &[Client]) -> Vec<Problem> {
    let mut doubts = of_list(shared, None);
    let compared = clients.iter().map(|client| client.entries.len() + shared.len()).sum::<usize>();
    for (index, client) in (0..).zip(clients) {
        let mut entries = client.entries.clone();
        if compared <= MAX_COMPARED {
            // What a client's entry sets goes before what one for all sets, so that the two are
            // comparable only where they set nothing.
            let plain = |entry: &&Entry| entry.overrides == Overrides::default();
            let all_plain = entries.iter().chain(shared).all(|entry| plain(&entry));
            let holds = |entry: &&Entry| all_plain || entry.place.list == List::Deny;
            entries.extend(shared.iter().filter(holds).cloned());
        }
        doubts.extend(of_list(&entries, Some(index)));
    }
    if doubts.is_empty() {
        return Vec::new();
    }
    let (allow, deny) = places(text);
    let at = |place: Place, key: &str| match (place.client, place.list) {
        (None, List::Allow) => allow.get(place.index).and_then(|at| at.value),
        (None, List::Deny) => deny.get(place.index).and_then(|at| at.value),
        (Some(_), _) => locate(text, &[path(place), vec![Step::Key(key.to_owned())]].concat()),
    };
    doubts.sort_by_key(|(place, _, _)| *place);
    let more = doubts.len().saturating_sub(MAX_DOUBTS);
    doubts.truncate(MAX_DOUBTS);
    let problem = |(i, (place, key, message)): (usize, Doubt)| Problem {
        place: format!("{place}.{key}"),
        position: (place.client.is_none() || i < MAX_POSITIONS).then(|| at(place, key)).flatten(),
        message,
    };
    let mut problems: Vec<Problem> = doubts.into_iter().enumerate().map(problem).collect();
    if more > 0 {
        let message = format!("{more} more entries change nothing, or allow more than they seem");
        problems.push(Problem { place: String::new(), position: None, message });
    }
    problems
}

/// The doubts about a client's entries, or about those for all, among others that hold with them.
fn of_list(entries: &[Entry], client: Option<u16>) -> Vec<Doubt> {
    let its = |place: Place| place.client == client;
    let mut keys = HashMap::new();
    for entry in entries.iter().filter(|entry| its(entry.place)) {
        keys.insert(entry.place, key_of(entry));
    }
    let mut doubts = Vec::new();
    for one in needless(entries).into_iter().filter(|one| its(one.place)) {
        let (by, covers) = (one.by.place, &one.by.text);
        let message = match one.why {
            Why::Denied => format!("this entry allows nothing: {by} ({covers}) denies all of it"),
            Why::First if by.client == client => {
                format!("this entry changes nothing: {by} ({covers}) is the same and stands first")
            }
            Why::First | Why::Covered => {
                format!("this entry changes nothing: {by} ({covers}) covers all of it")
            }
        };
        doubts.push((one.place, keys[&one.place], message));
    }
    for entry in entries.iter().filter(|entry| its(entry.place)) {
        if let Some(message) = wide(entry) {
            doubts.push((entry.place, key_of(entry), message));
        }
    }
    doubts
}

/// The way to an entry in the document.
pub(crate) fn path(place: Place) -> Vec<Step> {
    let list = match place.list {
        List::Allow => "allow",
        List::Deny => "deny",
    };
    let client = place
        .client
        .map(|client| [Step::Key("clients".to_owned()), Step::Index(usize::from(client))]);
    let entry = [Step::Key(list.to_owned()), Step::Index(place.index)];
    client.into_iter().flatten().chain(entry).collect()
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
