//! Names that look like a preset's host, and have another owner.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::super::known;
use crate::wide::owned;

/// A name that others may be taken for.
struct Original {
    name: String,
    preset: &'static str,
    letters: Letters,
}

/// How often each letter and digit stands in a name, which bounds how near another can be.
type Letters = [u8; 38];

struct Originals {
    /// Preset hosts, and the domains that own them, in order.
    all: Vec<Original>,
    owners: HashSet<String>,
    /// By the dashed spelling of each.
    dashed: HashMap<String, usize>,
    /// How these begin.
    firsts: HashSet<String>,
    /// Most labels of a dashed one.
    longest: usize,
    skeletons: HashMap<String, usize>,
}

static ORIGINALS: LazyLock<Originals> = LazyLock::new(|| {
    let mut names: Vec<(String, &'static str)> = Vec::new();
    for (host, preset) in known::hosts() {
        names.push((host.to_string(), preset.name));
        names.push((owned(host.as_str()).to_owned(), preset.name));
    }
    names.sort_unstable();
    names.dedup_by(|one, other| one.0 == other.0);
    let owners = known::hosts().map(|(host, _)| owned(host.as_str()).to_owned()).collect();
    let all: Vec<Original> = names
        .into_iter()
        .map(|(name, preset)| {
            let letters = letters(&name);
            Original { name, preset, letters }
        })
        .collect();
    let by = |key: fn(&Original) -> String| {
        all.iter().enumerate().map(|(i, one)| (key(one), i)).collect()
    };
    let dashed: HashMap<String, usize> = by(|one| one.name.replace('.', "-"));
    let longest = dashed.keys().map(|name| name.split('-').count()).max().unwrap_or_default();
    let first = |name: &String| name.split('-').next().unwrap_or_default().to_owned();
    let firsts = dashed.keys().map(first).collect();
    let skeletons = by(|one| skeleton(&one.name));
    Originals { dashed, firsts, longest, skeletons, all, owners }
});

/// The preset's host that a name looks like, and is not.
pub(super) fn like(name: &str) -> Option<String> {
    let originals = &*ORIGINALS;
    let own = owned(name);
    if originals.owners.contains(own) {
        return None;
    }
    let said = |how: &str, i: usize| {
        let Original { name, preset, .. } = &originals.all[i];
        Some(format!("it {how} `{name}` (preset {preset}), and has another owner"))
    };
    if let Some(i) = holds(originals, name) {
        return said("holds the name of", i);
    }
    let spellings = if own == name { vec![name] } else { vec![name, own] };
    for spelling in &spellings {
        if let Some(i) = originals.skeletons.get(&skeleton(spelling)) {
            return said("can be read as", *i);
        }
    }
    let mut near = spellings.iter().filter_map(|spelling| nearest(originals, spelling));
    near.next().and_then(|i| said("is spelled almost as", i))
}

/// A preset's host whose labels stand in the name, one after the other, divided by dots or dashes.
fn holds(originals: &Originals, name: &str) -> Option<usize> {
    let pieces: Vec<&str> = name.split(['.', '-']).collect();
    let starts = (0..pieces.len()).filter(|start| originals.firsts.contains(pieces[*start]));
    // The longest first: it says most.
    let found = starts.flat_map(|start| {
        let most = originals.longest.min(pieces.len() - start);
        (2..=most).rev().map(move |count| (start, count))
    });
    let mut found = found;
    found.find_map(|(start, count)| {
        originals.dashed.get(&pieces[start..start + count].join("-")).copied()
    })
}

/// The nearest host of a preset, within as many slips as its length allows.
fn nearest(originals: &Originals, name: &str) -> Option<usize> {
    let letters = letters(name);
    let near = originals.all.iter().enumerate().filter_map(|(i, original)| {
        let slips = slips(original.name.len());
        if slips == 0 || name.len().abs_diff(original.name.len()) > slips {
            return None;
        }
        let both = letters.iter().zip(&original.letters);
        let differ: usize = both.map(|(one, other)| usize::from(one.abs_diff(*other))).sum();
        // Each slip changes the counts of two letters at most.
        let distance = (differ <= 2 * slips).then(|| strsim::osa_distance(name, &original.name))?;
        (distance <= slips).then_some((distance, i))
    });
    near.min().map(|(_, i)| i)
}

/// How many slips leave a name of this length recognizable.
fn slips(length: usize) -> usize {
    match length {
        0..6 => 0,
        6..12 => 1,
        _ => 2,
    }
}

/// The name as the eye may read it.
fn skeleton(name: &str) -> String {
    let read = |c: char| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        '3' => 'e',
        '5' => 's',
        c => c,
    };
    name.replace("rn", "m").replace("vv", "w").chars().map(read).collect()
}

fn letters(name: &str) -> Letters {
    let mut letters: Letters = [0; 38];
    for b in name.bytes() {
        let i = match b {
            b'a'..=b'z' => b - b'a',
            b'0'..=b'9' => 26 + b - b'0',
            b'.' => 36,
            _ => 37,
        };
        letters[usize::from(i)] = letters[usize::from(i)].saturating_add(1);
    }
    letters
}
