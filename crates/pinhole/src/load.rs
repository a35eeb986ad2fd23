//! Configuration files, read and judged whole.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::config::{self, Config};
use crate::reader::Problem;

/// A configuration's text, and how to call it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Longest configuration file, in bytes: room for a million rules, and no more than memory has.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// The file's text, or the built-in default's.
pub(crate) fn source(file: Option<&Path>) -> Result<Source> {
    let Some(file) = file else {
        return Ok(Source {
            name: "built-in default".to_owned(),
            text: config::DEFAULT.to_owned(),
        });
    };
    let name = file.display().to_string();
    let mut text = String::new();
    // Not by the size that it says it has: a device or a pipe has none.
    let read = File::open(file)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read {name}"))?;
    if read as u64 > MAX_FILE {
        bail!("cannot read {name}: larger than {MAX_FILE} bytes");
    }
    Ok(Source { name, text })
}

/// What is piped in.
pub(crate) fn standard_input() -> Result<Source> {
    let name = "standard input".to_owned();
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {name}"))?;
    if read as u64 > MAX_FILE {
        bail!("cannot read {name}: larger than {MAX_FILE} bytes");
    }
    Ok(Source { name, text })
}

/// The file's configuration, or the built-in default's.
///
/// # Errors
/// What is wrong with it, a line each.
pub(crate) fn config(file: Option<&Path>) -> Result<Config> {
    let source = source(file)?;
    config::parse(&source.text).map_err(|problems| anyhow::Error::msg(listed(&source, &problems)))
}

/// Problems, a line each, each with its file.
pub(crate) fn listed(source: &Source, problems: &[Problem]) -> String {
    let mut text = String::new();
    for (i, problem) in problems.iter().enumerate() {
        let newline = if i == 0 { "" } else { "\n" };
        let space = if problem.position.is_none() { " " } else { "" };
        // Writing to a string does not fail.
        let _infallible = write!(text, "{newline}{}:{space}{problem}", source.name);
    }
    text
}

/// Warnings, in the same way, each called one.
pub(crate) fn warned(source: &Source, warnings: &[Problem]) -> String {
    let warning = |one: &Problem| {
        let place = match one.place.as_str() {
            "" => "warning".to_owned(),
            place => format!("warning: {place}"),
        };
        Problem { place, ..one.clone() }
    };
    listed(source, &warnings.iter().map(warning).collect::<Vec<_>>())
}
