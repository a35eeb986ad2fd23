//! Reading a configuration's values, and collecting what is wrong with them.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::yaml::{self, Node, Position, Step, locate};

/// One thing that is wrong with a configuration, or doubtful in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where: `allow[3].ports`. Empty for the whole file.
    pub(crate) place: String,
    pub(crate) position: Option<Position>,
    /// What is wrong, and what to write instead.
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.place.is_empty() {
            write!(f, "{}: ", Plain(&self.place))?;
        }
        Plain(&self.message).fmt(f)
    }
}

/// What a file says, as it may be printed: what a terminal would obey is escaped.
struct Plain<'t>(&'t str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\'' | '"' | '\\' => f.write_char(c)?,
                _ => write!(f, "{}", c.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Value<'n> {
    pub(crate) node: &'n Node,
    path: Vec<Step>,
}

impl<'n> Value<'n> {
    pub(crate) fn root(node: &'n Node) -> Self {
        Self { node, path: Vec::new() }
    }

    fn child(&self, step: Step, node: &'n Node) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self { node, path }
    }

    /// `allow[3].ports`.
    pub(crate) fn place(&self) -> String {
        place(&self.path)
    }
}

/// `allow[3].ports`.
pub(crate) fn place(path: &[Step]) -> String {
    let mut place = String::new();
    for step in path {
        match step {
            Step::Key(key) if place.is_empty() => place.push_str(key),
            Step::Key(key) => {
                place.push('.');
                place.push_str(key);
            }
            Step::Index(index) => place.push_str(&format!("[{index}]")),
        }
    }
    place
}

/// Reads values of known types. What does not fit is a problem, and reading goes on, so that all
/// problems are found at once.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    text: &'t str,
    pub(crate) problems: Vec<Problem>,
    /// What is doubtful, but no error.
    pub(crate) warnings: Vec<Problem>,
}

/// Reads a whole document, by what notes the problems of it.
///
/// # Errors
/// All of them, in the order of their places; a syntax error alone stops at the first.
pub(crate) fn document<T>(
    text: &str,
    read: impl FnOnce(&mut Reader<'_>, &Value<'_>) -> T,
) -> Result<T, Vec<Problem>> {
    let root = yaml::parse(text).map_err(|error| {
        vec![Problem {
            place: String::new(),
            position: error.position,
            message: format!("not YAML: {}", error.message),
        }]
    })?;
    let mut reader = Reader::new(text);
    let read = read(&mut reader, &Value::root(&root));
    reader.problems.sort_by_key(|problem| (problem.position.is_none(), problem.position));
    if reader.problems.is_empty() { Ok(read) } else { Err(reader.problems) }
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Notes a problem with a value.
    pub(crate) fn problem(&mut self, value: &Value<'_>, message: impl Into<String>) {
        let problem = self.about(value, message.into());
        self.problems.push(problem);
    }

    /// Notes what is doubtful about a value.
    pub(crate) fn warn(&mut self, value: &Value<'_>, message: impl Into<String>) {
        let warning = self.about(value, message.into());
        self.warnings.push(warning);
    }

    fn about(&self, value: &Value<'_>, message: String) -> Problem {
        let near = self.problems.len() + self.warnings.len() < MAX_POSITIONS;
        let position = near.then(|| locate(self.text, &value.path)).flatten();
        Problem { place: value.place(), position, message }
    }

    /// The entries of a map by the known keys, in their order; null is an empty map. A key that
    /// is unknown or stands twice is a problem.
    pub(crate) fn map<'n, const N: usize>(
        &mut self,
        value: &Value<'n>,
        keys: [&str; N],
    ) -> [Option<Value<'n>>; N] {
        let mut found = [const { None }; N];
        let entries: &[(String, Node)] = match value.node {
            Node::Map(entries) => entries,
            Node::Null => &[],
            other => {
                let message = format!("{} where a map belongs", kind(other));
                self.problem(value, message);
                &[]
            }
        };
        for (key, node) in entries {
            let child = value.child(Step::Key(key.clone()), node);
            match keys.iter().position(|known| known == key) {
                Some(i) if found[i].is_some() => self.problem(&child, "this key stands twice"),
                Some(i) => found[i] = Some(child),
                None => {
                    let message = unknown("key", key, keys.into_iter());
                    self.problem(&child, message);
                }
            }
        }
        found
    }

    /// The entries of a map whose keys may be any; null is an empty map.
    pub(crate) fn entries<'n>(&mut self, value: &Value<'n>) -> Vec<(&'n str, Value<'n>)> {
        match value.node {
            Node::Map(entries) => {
                let child = |key: &str, node| value.child(Step::Key(key.to_owned()), node);
                entries.iter().map(|(key, node)| (key.as_str(), child(key, node))).collect()
            }
            Node::Null => Vec::new(),
            other => {
                let message = format!("{} where a map belongs", kind(other));
                self.problem(value, message);
                Vec::new()
            }
        }
    }

    /// The elements of a list; null is an empty one, and `single` values stand for themselves.
    pub(crate) fn list<'n>(&mut self, value: &Value<'n>, single: bool) -> Vec<Value<'n>> {
        match value.node {
            Node::List(nodes) => {
                let child = |(i, node)| value.child(Step::Index(i), node);
                nodes.iter().enumerate().map(child).collect()
            }
            Node::Null => Vec::new(),
            _ if single => vec![value.clone()],
            other => {
                let message = format!("{} where a list belongs", kind(other));
                self.problem(value, message);
                Vec::new()
            }
        }
    }

    pub(crate) fn text<'n>(&mut self, value: &Value<'n>) -> Option<&'n str> {
        match value.node {
            Node::Text(text) => Some(text),
            other => {
                let quotes = match other {
                    Node::Bool(_) | Node::Int(_) | Node::Float(_) => "; put it in quotes",
                    _ => "",
                };
                self.problem(value, format!("{} where text belongs{quotes}", kind(other)));
                None
            }
        }
    }

    pub(crate) fn bool(&mut self, value: &Value<'_>) -> Option<bool> {
        match value.node {
            Node::Bool(value) => Some(*value),
            other => {
                let message = format!("{} where true or false belongs", kind(other));
                self.problem(value, message);
                None
            }
        }
    }

    /// A number within bounds.
    pub(crate) fn number(
        &mut self,
        value: &Value<'_>,
        bounds: std::ops::RangeInclusive<usize>,
    ) -> Option<usize> {
        let number = match value.node {
            Node::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        let fitting = number.filter(|number| bounds.contains(number));
        if fitting.is_none() {
            let (least, most) = bounds.into_inner();
            let message = format!("write a whole number from {least} to {most}");
            self.problem(value, message);
        }
        fitting
    }

    /// A time with its unit.
    pub(crate) fn duration(&mut self, value: &Value<'_>) -> Option<Duration> {
        let parsed = match value.node {
            Node::Text(text) => humantime::parse_duration(text).ok(),
            _ => None,
        };
        let fitting = parsed.filter(|time| (Duration::from_millis(1)..=YEAR).contains(time));
        if fitting.is_none() {
            let example = match value.node {
                Node::Int(number) if *number > 0 => format!("such as {number}s"),
                _ => "such as 500ms, 10s, 5m or 1h".to_owned(),
            };
            self.problem(value, format!("write a time with its unit, {example}"));
        }
        fitting
    }

    /// What a text parses to, by the type's own words where it does not.
    pub(crate) fn parsed<T, E: fmt::Display>(
        &mut self,
        value: &Value<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.text(value)?) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(value, error.to_string());
                None
            }
        }
    }
}

/// How many problems are given their positions: finding one takes reading the text anew.
pub(crate) const MAX_POSITIONS: usize = 100;

/// Longest time that any wait may take.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn kind(node: &Node) -> &'static str {
    match node {
        Node::Null => "nothing",
        Node::Bool(_) => "true or false",
        Node::Int(_) | Node::Float(_) => "a number",
        Node::Text(_) => "text",
        Node::List(_) => "a list",
        Node::Map(_) => "a map",
    }
}

/// Most known words that a message lists: there are more users than a line takes.
const MAX_LISTED: usize = 200;

/// Says that a word is unknown, and which known one is meant.
pub(crate) fn unknown<'k>(what: &str, word: &str, known: impl Iterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.collect();
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, word), known))
        .min()
        // A slip in a short word, two or three in a longer one; beyond that it is another word.
        .filter(|(slips, known)| *slips <= 1 + known.len() / 4);
    let shown = word.escape_debug();
    match nearest {
        Some((_, nearest)) => format!("unknown {what} `{shown}`; did you mean `{nearest}`?"),
        None if known.is_empty() => format!("unknown {what} `{shown}`; there is none"),
        None => {
            let listed = known[..known.len().min(MAX_LISTED)].join(", ");
            let more = match known.len().saturating_sub(MAX_LISTED) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("unknown {what} `{shown}`; known are: {listed}{more}")
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
