//! `pinhole suggest`: from what was denied to the rules that would allow it, for review.

mod admin;
mod choose;
mod closed;
mod fetch;
#[cfg(test)]
mod given;
mod greedy;
mod known;
mod lines;
mod marks;
mod needs;
mod reason;
mod rules;
mod seen;
mod suffixes;
mod write;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use policy::{Authority, Host, Reason as Denial};

use self::reason::Reason;
use self::rules::Rules;
use self::seen::Seen;
use crate::config::{self, Config};
use crate::load;

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SuggestArgs {
    /// Leave out what this configuration allows, and name its rules that nothing uses
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The admin listener to ask, `address:port` or a URL, instead of the configuration's
    #[arg(long, value_name = "ADDR", conflicts_with = "files")]
    admin: Option<String>,
    /// Logs in JSON; `-` is standard input. Without one the admin listener is asked
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Prints the rules.
///
/// # Errors
/// What cannot be read or asked.
pub(crate) fn run(args: &SuggestArgs) -> Result<(String, u8)> {
    let (rules, admin) = match &args.config {
        None => (None, Config::default().admin),
        Some(file) => {
            let source = load::source(Some(file))?;
            let config = config::parse(&source.text)
                .map_err(|problems| anyhow!(load::listed(&source, &problems)))?;
            (Some(Rules::new(&source, &config)), config.admin)
        }
    };
    let mut seen = Seen::new(rules);
    for file in &args.files {
        read(file, &mut seen)?;
    }
    if args.files.is_empty() {
        let at = match (&args.admin, admin) {
            (Some(text), _) => fetch::place(text)?,
            (None, Some(listener)) => fetch::of_listener(listener),
            (None, None) => {
                bail!("the configuration has `admin: off`: name --admin, or log files")
            }
        };
        ask(&at, &mut seen)?;
    }
    Ok((suggestion(&seen), 0))
}

/// The YAML lines that a person would add to allow a target that was denied for this reason: a preset
/// that covers it, where there is one, and the target alone. None where no entry of `allow` cures it;
/// for an address to which a name leads, ask with that address as the target.
pub(crate) fn to_add(target: &Authority, reason: &str) -> Vec<String> {
    use Denial::{AddressClass, LiteralNotAllowed, NotAllowed, PortNotAllowed};
    let Some(Reason::Rules(reason)) = Reason::parse(reason) else { return Vec::new() };
    let ports = BTreeSet::from([target.port()]);
    let item = match (target.host(), reason) {
        (Host::Name(name), NotAllowed | PortNotAllowed) => {
            choose::host(name, ports, marks::of_host(name))
        }
        (Host::Ip(ip), LiteralNotAllowed | PortNotAllowed | AddressClass)
            if closed::closed(*ip, target.port()).is_none() =>
        {
            choose::address(*ip, ports)
        }
        _ => return Vec::new(),
    };
    let comments = |item: &choose::Item| {
        let marks = item.marks.iter().map(|mark| format!("# REVIEW: {mark}"));
        marks.collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    if let Some(preset) = choose::preset_of(target) {
        lines.extend(comments(&preset));
        lines.extend(write::entry(&preset));
        lines.push("# or this alone:".to_owned());
    }
    lines.extend(comments(&item));
    lines.extend(write::entry(&item));
    lines
}

/// All that is to be said of what was seen.
fn suggestion(seen: &Seen) -> String {
    let needs = needs::of(seen);
    write::yaml(seen, &needs, &choose::entries(&needs))
}

fn read(file: &Path, seen: &mut Seen) -> Result<()> {
    if file == Path::new("-") {
        return lines::read(std::io::stdin().lock(), seen).context("cannot read standard input");
    }
    let log = File::open(file);
    log.and_then(|log| lines::read(BufReader::new(log), seen))
        .with_context(|| format!("cannot read {}", file.display()))
}

fn ask(at: &Authority, seen: &mut Seen) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let page = runtime.block_on(fetch::denials(at, fetch::PATIENCE, fetch::MAX_PAGE));
    page.and_then(|page| admin::read(&page, seen)).map_err(|error| {
        anyhow!(
            "cannot ask the admin listener at {at}: {error:#}; is pinhole running there? Or name \
             log files"
        )
    })
}

#[cfg(test)]
#[path = "suggest_properties.rs"]
mod properties;
#[cfg(test)]
#[path = "suggest_tests.rs"]
mod tests;
