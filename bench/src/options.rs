//! The command line.

use std::collections::HashMap;
use std::str::FromStr;

use crate::Failure;

/// Flags that take no value.
const SWITCHES: [&str; 2] = ["quick", "keep"];

/// What follows the command: words, and `--flag value` pairs.
#[derive(Debug)]
pub(crate) struct Options {
    words: Vec<String>,
    flags: HashMap<String, String>,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self { words: Vec::new(), flags: HashMap::new() };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let Some(flag) = argument.strip_prefix("--") else {
                options.words.push(argument);
                continue;
            };
            let value = match SWITCHES.contains(&flag) {
                true => String::new(),
                false => arguments.next().ok_or_else(|| format!("--{flag} needs a value"))?,
            };
            options.flags.insert(flag.to_owned(), value);
        }
        Ok(options)
    }

    /// The word after the command.
    pub(crate) fn word(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }

    pub(crate) fn text(&self, flag: &str) -> Option<&str> {
        self.flags.get(flag).map(String::as_str)
    }

    /// A flag's value, if the flag was given.
    pub(crate) fn value<T: FromStr>(&self, flag: &str) -> Result<Option<T>, Failure> {
        let parse = |text: &String| text.parse().map_err(|_| format!("--{flag} {text}: not valid"));
        Ok(self.flags.get(flag).map(parse).transpose()?)
    }

    /// A flag's value, which must be there.
    pub(crate) fn needed<T: FromStr>(&self, flag: &str) -> Result<T, Failure> {
        self.value(flag)?.ok_or_else(|| format!("--{flag} is missing").into())
    }
}
