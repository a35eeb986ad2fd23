//! Where the entries of a long list stand, by one walk over the text: `locate` takes one for each.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::Position;

/// Where an entry, a map, stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    /// Its start: that of its first key, or of the brace or the anchor before it.
    pub(crate) start: Option<Position>,
    /// The value, a scalar, of the first of the keys that were asked for.
    pub(crate) value: Option<Position>,
}

/// Where each entry stands of the list under `list`, or of the list that the document is; none at
/// all where there is no such list.
pub(crate) fn positions(text: &str, list: Option<&str>, keys: &[&str]) -> Vec<At> {
    let found = RefCell::default();
    let walk = Walk { list, keys, found: &found };
    // What goes wrong has been found by others, and ends the walk.
    if let Some(document) = serde_yaml::Deserializer::from_str(text).next() {
        let _rest = walk.deserialize(document);
    }
    let lines = Lines::new(text);
    let found = found.into_inner().into_iter();
    found.map(|at| At { start: at.start.map(|key| lines.start(key)), ..at }).collect()
}

/// A text, and where each line of it begins.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts: starts.collect() }
    }

    /// Where the map starts whose first key stands here.
    fn start(&self, key: Position) -> Position {
        let line = self.starts.get(key.line - 1).and_then(|&start| self.text.get(start..));
        let column = line.and_then(|line| line.char_indices().nth(key.column - 1));
        let (Some(&start), Some((column, _))) = (self.starts.get(key.line - 1), column) else {
            return key;
        };
        let (mut before, mut at) = (&self.text[..start + column], None);
        loop {
            before = before.trim_end();
            let word = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
            if before.ends_with('{') {
                before = &before[..before.len() - 1];
            } else if before[word..].starts_with('&') {
                before = &before[..word];
            } else {
                break;
            }
            at = Some(before.len());
        }
        at.map_or(key, |at| {
            let line = self.starts.partition_point(|&start| start <= at);
            let column = self.text[self.starts[line - 1]..at].chars().count() + 1;
            Position { line, column }
        })
    }
}

/// Walks over the document.
struct Walk<'w> {
    list: Option<&'w str>,
    keys: &'w [&'w str],
    found: &'w RefCell<Vec<At>>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of maps")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { list: Some(list), keys, found } = self else {
            return Err(A::Error::custom("no list"));
        };
        while let Some(key) = map.next_key::<String>()? {
            if key == list {
                return map.next_value_seed(Walk { list: None, keys, found });
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.list.is_some() {
            return Err(A::Error::custom("no map"));
        }
        while let Some(at) = seq.next_element_seed(Element(self.keys))? {
            self.found.borrow_mut().push(at);
        }
        Ok(())
    }
}

/// One entry. The library tells positions in errors only. An error about a scalar comes when the
/// scalar is behind it, so each one fails, and reading goes on.
struct Element<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = At;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<At, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = At;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<At, A::Error> {
        let mut at = At::default();
        loop {
            let mut key = None;
            match map.next_key_seed(Fail(&mut key)) {
                Ok(None) => return Ok(at),
                Ok(Some(())) => {}
                Err(error) => at.start = at.start.or_else(|| position(&error)),
            }
            let Some(key) = key else { return Err(A::Error::custom("no key")) };
            if at.value.is_some() || !self.0.contains(&key.as_str()) {
                map.next_value::<IgnoredAny>()?;
            } else if let Err(error) = map.next_value_seed(Fail(&mut None)) {
                at.value = position(&error);
            }
        }
    }

    fn visit_str<E>(self, _: &str) -> Result<At, E> {
        Ok(At::default())
    }

    fn visit_unit<E>(self) -> Result<At, E> {
        Ok(At::default())
    }
}

/// Keeps the text of a scalar, and fails there.
struct Fail<'t>(&'t mut Option<String>);

impl<'de> DeserializeSeed<'de> for Fail<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Fail<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        *self.0 = Some(text.to_owned());
        Err(E::custom("here"))
    }
}

/// The position that an error's text ends in.
fn position(error: &impl fmt::Display) -> Option<Position> {
    let text = error.to_string();
    let (line, column) = text.rsplit_once(" at line ")?.1.split_once(" column ")?;
    Some(Position { line: line.parse().ok()?, column: column.parse().ok()? })
}

#[cfg(test)]
#[path = "positions_tests.rs"]
mod tests;
