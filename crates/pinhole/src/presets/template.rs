//! Hosts with placeholders: `ssm.{region}.amazonaws.com`.

use std::fmt;

use policy::HostPattern;

/// A host pattern in which parameters may stand for a label or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `{name}`.
    Parameter(String),
}

impl Template {
    /// Takes a text apart. What it comes to is a matter of its values.
    ///
    /// # Errors
    /// A brace without its other half.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or(format!("`{text}` has a brace without its end"))?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Parameter(name.to_owned()));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }

    /// Which parameters it takes.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The pattern that it comes to with these values.
    ///
    /// # Errors
    /// A parameter without a value, and what is no host pattern, such as a label that is too long.
    pub(crate) fn fill<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<HostPattern, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Parameter(name) => {
                    text.push_str(value(name).ok_or(format!("`{name}` has no value"))?);
                }
            }
        }
        HostPattern::parse(&text).map_err(|error| error.to_string())
    }

    /// The values with which it comes to this host, each of its parameters once.
    pub(crate) fn values<'h>(&self, host: &'h str) -> Option<Vec<(&str, &'h str)>> {
        let mut found = Vec::new();
        read(&self.0, host, &mut found).then_some(found)
    }
}

/// Whether the pieces come to the host, with the values that `found` has in the end.
fn read<'t, 'h>(pieces: &'t [Piece], host: &'h str, found: &mut Vec<(&'t str, &'h str)>) -> bool {
    match pieces.split_first() {
        None => host.is_empty(),
        Some((Piece::Text(text), rest)) => {
            host.strip_prefix(text.as_str()).is_some_and(|host| read(rest, host, found))
        }
        Some((Piece::Parameter(name), rest)) => {
            let label = host.find('.').unwrap_or(host.len());
            (1..=label).any(|end| {
                let (text, host) = host.split_at(end);
                let known = found.iter().find(|(known, _)| known == name).map(|known| known.1);
                if value(text).is_err() || known.is_some_and(|known| known != text) {
                    return false;
                }
                let before = found.len();
                if known.is_none() {
                    found.push((name, text));
                }
                let fits = read(rest, host, found);
                if !fits {
                    found.truncate(before);
                }
                fits
            })
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Parameter(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// Takes a parameter's value. A dot in it would make two labels of one, and another host.
///
/// # Errors
/// Anything but 1 to 63 of `[a-z0-9-]`, the first and the last no hyphen.
pub(crate) fn value(text: &str) -> Result<&str, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(|&b| plain(b)) && bytes.last().is_some_and(|&b| plain(b));
    if ends && bytes.len() <= 63 && bytes.iter().all(|&b| plain(b) || b == b'-') {
        return Ok(text);
    }
    Err(format!(
        "`{}` cannot stand in a host's name: write 1 to 63 lower-case letters, digits and hyphens, \
         with no hyphen at either end",
        text.escape_debug()
    ))
}
