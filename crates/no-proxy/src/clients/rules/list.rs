//! How a value becomes entries.

/// The way a client splits a value.
#[derive(Clone, Copy, Debug)]
pub(in crate::clients) struct List {
    /// What stands between entries.
    pub(in crate::clients) separators: Separators,
    /// What is cut off an entry.
    pub(in crate::clients) trim: Trim,
    /// Whether an entry without a character counts as one.
    pub(in crate::clients) keeps_empty: bool,
    /// Whether a variable that is set and empty is split as well.
    pub(in crate::clients) reads_empty: bool,
}

/// What stands between entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Separators {
    /// Commas.
    Comma,
    /// Commas and spaces.
    CommaSpace,
    /// Commas, spaces and tabs.
    CommaBlank,
    /// Commas, with blanks around them; a blank between two entries ends the list.
    CommaOrEnd,
    /// Commas and any white space.
    CommaWhitespace,
    /// Commas and `|`.
    CommaBar,
    /// Commas, white space, and colons but for one with a port behind it.
    Ruby,
}

/// What is cut off an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Trim {
    /// Nothing.
    Nothing,
    /// White space at both ends.
    Both,
    /// White space in front.
    Front,
    /// White space behind a comma, so none in front of the first entry.
    BehindComma,
    /// Every space of the value, wherever it stands.
    AllSpaces,
}

/// An entry as a client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) struct Raw<'v> {
    /// Its text.
    pub(in crate::clients) text: &'v str,
    /// The value from its first character on.
    pub(in crate::clients) onward: &'v str,
}

impl List {
    /// The entries of a value, in their order.
    ///
    /// Where all spaces are deleted, entries that hold some are returned with them:
    /// [`Trim::AllSpaces`] has a step of its own to delete them.
    pub(in crate::clients) fn entries<'v>(&self, value: &'v str) -> Vec<Raw<'v>> {
        let deleted = self.trim == Trim::AllSpaces && value.bytes().all(|b| b == b' ');
        if (value.is_empty() || deleted) && !self.reads_empty {
            return Vec::new();
        }
        let texts: Vec<&str> = match self.separators {
            Separators::Comma => value.split(',').collect(),
            Separators::CommaBar => value.split([',', '|']).collect(),
            Separators::CommaSpace => value.split([',', ' ']).collect(),
            Separators::CommaBlank => value.split([',', ' ', '\t']).collect(),
            Separators::CommaOrEnd => comma_or_end(value),
            Separators::CommaWhitespace => {
                value.split(|c: char| c == ',' || c.is_whitespace()).collect()
            }
            Separators::Ruby => ruby(value),
        };
        let raw = texts.into_iter().enumerate().map(|(place, text)| {
            let start = text.as_ptr() as usize - value.as_ptr() as usize;
            let text = match self.trim {
                Trim::Nothing | Trim::AllSpaces => text,
                Trim::Both => text.trim(),
                Trim::Front => text.trim_start(),
                Trim::BehindComma if place == 0 => text,
                Trim::BehindComma => text.trim_start(),
            };
            Raw { text, onward: &value[start..] }
        });
        raw.filter(|raw| self.keeps_empty || !raw.text.is_empty()).collect()
    }
}

/// curl since 8.9: what follows a blank, and is not a comma, is never read.
fn comma_or_end(value: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for part in value.split(',') {
        let part = part.trim_start_matches([' ', '\t']);
        let Some(blank) = part.find([' ', '\t']) else {
            found.push(part);
            continue;
        };
        found.push(&part[..blank]);
        if !part[blank..].trim_start_matches([' ', '\t']).is_empty() {
            break;
        }
    }
    found
}

/// Ruby's `scan(/([^:,\s]+)(?::(\d+))?/)`.
fn ruby(value: &str) -> Vec<&str> {
    let ends = |c: char| c == ':' || c == ',' || c.is_ascii_whitespace();
    let (mut found, mut rest) = (Vec::new(), value);
    loop {
        rest = rest.trim_start_matches(ends);
        if rest.is_empty() {
            return found;
        }
        let host = rest.find(ends).unwrap_or(rest.len());
        let digits = rest[host..]
            .strip_prefix(':')
            .map_or(0, |port| port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len()));
        let end = if digits == 0 { host } else { host + 1 + digits };
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
