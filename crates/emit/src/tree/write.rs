//! Writes a document in block style. What a reader could take for anything but text is quoted.

use std::fmt::Write as _;

use super::{Entry, List, Map, Tree};

/// Columns that comments keep to, unless a word is longer.
const WIDTH: usize = 100;
/// Columns that comments have at least, however deep they stand.
const NARROW: usize = 40;

impl Map {
    /// The whole document, below a comment.
    pub(crate) fn document(&self, head: &str) -> String {
        let mut out = String::new();
        comment(&mut out, 0, head);
        if self.is_empty() {
            out.push_str("{}\n");
        }
        for (i, entry) in self.0.iter().enumerate() {
            // A comment on its first key would be read as a part of the document's own.
            if !entry.comment.is_empty() && (i > 0 || !head.is_empty()) {
                out.push('\n');
            }
            one(&mut out, 0, entry);
        }
        out
    }
}

/// Several documents in one text.
pub(crate) fn documents<'d>(all: impl IntoIterator<Item = &'d (String, Map)>) -> String {
    let texts: Vec<String> = all.into_iter().map(|(head, map)| map.document(head)).collect();
    texts.join("---\n")
}

/// Lines of `#`, wrapped; a line break in the text stays one.
pub(crate) fn comment(out: &mut String, indent: usize, text: &str) {
    let width = WIDTH.saturating_sub(indent + 2).max(NARROW);
    for line in text.lines() {
        for line in wrapped(line, width) {
            let space = if line.is_empty() { "" } else { " " };
            // Writing to a string does not fail.
            let _infallible = writeln!(out, "{:indent$}#{space}{line}", "");
        }
    }
}

/// A line's words on lines of that width. What stands further in stays so.
pub(crate) fn wrapped(line: &str, width: usize) -> Vec<String> {
    let margin = line.len() - line.trim_start().len();
    let mut lines = vec![" ".repeat(margin)];
    for word in line.split_whitespace() {
        let last = lines.last_mut().expect("one is there from the start");
        let empty = last.trim().is_empty();
        if empty {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("{:margin$}{word}", ""));
        } else {
            last.push(' ');
            last.push_str(word);
        }
    }
    if lines[0].trim().is_empty() {
        lines[0].clear();
    }
    lines
}

fn map(out: &mut String, indent: usize, map: &Map) {
    for entry in &map.0 {
        one(out, indent, entry);
    }
}

fn one(out: &mut String, indent: usize, Entry { key, comment: above, value }: &Entry<String>) {
    comment(out, indent, above);
    let key = scalar(key);
    let _infallible = write!(out, "{:indent$}{key}:", "");
    match value {
        Tree::Map(inner) if !inner.is_empty() => {
            out.push('\n');
            map(out, indent + 2, inner);
        }
        Tree::List(inner) if !inner.is_empty() => {
            out.push('\n');
            list(out, indent + 2, inner);
        }
        value => {
            out.push(' ');
            leaf(out, indent, value);
        }
    }
}

fn list(out: &mut String, indent: usize, list: &List) {
    for Entry { comment: above, value, .. } in &list.0 {
        comment(out, indent, above);
        if let Tree::Map(Map(entries)) = value {
            // Behind the dash it would stand in the way of the key.
            comment(out, indent, entries.first().map_or("", |first| &first.comment));
        }
        let _infallible = write!(out, "{:indent$}- ", "");
        match value {
            Tree::Map(inner) if !inner.is_empty() => {
                let (first, rest) = (&inner.0[0], &inner.0[1..]);
                let bare = Entry { comment: String::new(), ..first.clone() };
                let mut text = String::new();
                one(&mut text, indent + 2, &bare);
                out.push_str(text.trim_start());
                for entry in rest {
                    one(out, indent + 2, entry);
                }
            }
            Tree::List(inner) if !inner.is_empty() => {
                out.push('\n');
                self::list(out, indent + 2, inner);
            }
            value => leaf(out, indent, value),
        }
    }
}

/// What stands on the key's own line, or begins there.
fn leaf(out: &mut String, indent: usize, value: &Tree) {
    match value {
        Tree::Text(text) if block(text) => {
            let chomp = if text.ends_with('\n') { "" } else { "-" };
            let _infallible = writeln!(out, "|{chomp}");
            for line in text.lines() {
                let margin = if line.is_empty() { 0 } else { indent + 2 };
                let _infallible = writeln!(out, "{:margin$}{line}", "");
            }
        }
        Tree::Text(text) => {
            out.push_str(&scalar(text));
            out.push('\n');
        }
        Tree::Int(number) => {
            let _infallible = writeln!(out, "{number}");
        }
        Tree::Bool(value) => {
            let _infallible = writeln!(out, "{value}");
        }
        Tree::List(_) => out.push_str("[]\n"),
        Tree::Map(_) => out.push_str("{}\n"),
    }
}

/// Whether a text is better off as a literal block, and can be one: several lines, or one that quotes
/// would make unreadable.
fn block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let plain = |c: char| c == '\n' || c == '\t' || !escaped(c);
    body.contains(['\n', '"', '\\']) && !body.ends_with('\n') && !body.starts_with([' ', '\n', '\t'])
        // White space alone on a line could be read as indentation.
        && body.lines().all(|line| line.is_empty() || !line.trim().is_empty())
        && text.chars().all(plain)
}

/// Text on one line, in quotes where it could be read as anything else.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let first = |c: char| c.is_ascii_alphabetic() || c == '/';
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    if text.starts_with(first) && text.chars().all(plain) && !word {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if escaped(c) => {
                let _infallible = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character cannot stand in a document as it is, or would show another one than it says.
fn escaped(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    c.is_control() || turns || breaks
}
