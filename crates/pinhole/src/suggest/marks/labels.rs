//! Labels that say more than a name: data on its way out, or letters beyond ASCII.

use std::collections::HashMap;

/// Longer than any label that a person chose.
const LONG_LABEL: usize = 40;
/// Longer than any name that a person chose.
const LONG_NAME: usize = 100;
/// Shorter ones tell too little.
const MIN_RANDOM: usize = 16;
/// Bits a character: `aaaa…` has none, random hexadecimal digits nearly four.
const MIN_ENTROPY: f64 = 3.0;
/// How often letters and digits take turns in what nobody has chosen.
const MIN_TURNS: usize = 4;
/// How many letters without a vowel nobody can speak.
const MIN_RUN: usize = 7;

/// A label with letters beyond ASCII, which may look like others.
pub(super) fn punycode(name: &str) -> Option<String> {
    let label = name.split('.').find(|label| label.starts_with("xn--"))?;
    Some(format!("`{label}` stands for letters beyond ASCII, which may look like others"))
}

/// A label that may carry data out in the name alone.
pub(super) fn data(name: &str) -> Option<String> {
    let long = name.split('.').map(str::len).max().filter(|len| *len > LONG_LABEL);
    if let Some(len) = long {
        return Some(format!("a label of {len} characters: data can leave in names"));
    }
    if name.len() > LONG_NAME {
        return Some(format!("a name of {} characters: data can leave in names", name.len()));
    }
    let label = name.split('.').find(|label| is_random(label))?;
    Some(format!("`{label}` looks random: data can leave in names"))
}

/// Whether it looks like nothing that a person would write.
fn is_random(label: &str) -> bool {
    // Dashes divide words, and also the parts of a UUID.
    let plain: Vec<u8> = label.bytes().filter(u8::is_ascii_alphanumeric).collect();
    if plain.len() < MIN_RANDOM || entropy(&plain) < MIN_ENTROPY {
        return false;
    }
    let turns = plain.windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit());
    // A date between words is no such run.
    let breaks = |b: &u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'0'..=b'9');
    let run = plain.split(breaks).map(<[u8]>::len).max().unwrap_or_default();
    turns.count() >= MIN_TURNS || run >= MIN_RUN
}

/// Shannon's, in bits a character.
fn entropy(text: &[u8]) -> f64 {
    let mut counts: HashMap<u8, f64> = HashMap::new();
    for b in text {
        *counts.entry(*b).or_default() += 1.0;
    }
    let all = text.len() as f64;
    counts.values().map(|count| count / all).map(|share| -share * share.log2()).sum()
}
