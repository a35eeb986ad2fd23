//! `pinhole emit`: from one description of a site to the configurations for it.

mod cluster;
mod notes;
mod output;
pub(crate) mod site;
mod starter;

use std::io::Write as _;
use std::path::PathBuf;

use ::emit::{Judgement, Target};
use anyhow::{Error, Result, bail};
use clap::builder::PossibleValuesParser;

use crate::load::{self, Source};

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EmitArgs {
    /// What to emit: `site` is a description to start from, `all` the rest and a README.md
    #[arg(value_name = "TARGET", value_parser = targets())]
    target: String,
    /// The description of the site
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// The folder that files are written to; without it they are printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite files that say something else
    #[arg(long, requires = "out")]
    force: bool,
    /// Of `site`: what `kubectl get nodes,services,pods,endpointslices -A -o json` printed (`-`:
    /// standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["site", "out"])]
    from_cluster: Option<PathBuf>,
}

/// The target that describes a site, and is not made from a description.
const SITE: &str = "site";

fn targets() -> PossibleValuesParser {
    PossibleValuesParser::new(std::iter::once(SITE).chain(Target::ALL.map(Target::label)))
}

/// Prints what the target comes to, or writes it.
pub(crate) fn run(args: &EmitArgs) -> Result<(String, u8)> {
    let Some(target) = Target::ALL.into_iter().find(|target| target.label() == args.target) else {
        return starter(args);
    };
    if args.from_cluster.is_some() {
        bail!("--from-cluster goes with `pinhole emit site`, whose result goes with --site");
    }
    let Some(file) = &args.site else {
        bail!("--site FILE is missing: `pinhole emit site` prints one to start from");
    };
    let source = load::source(Some(file))?;
    let site = site::parse(&source.text).map_err(|problems| listed(&source, &problems))?;
    let Judgement { refusals, warnings } = site.judge();
    if !refusals.is_empty() {
        return Err(listed(&source, &notes::problems(&source.text, &refusals)));
    }
    if !warnings.is_empty() {
        let said = load::warned(&source, &notes::problems(&source.text, &warnings));
        let _unread = writeln!(std::io::stderr(), "{said}");
    }
    let files = ::emit::emit(&site, target)
        .map_err(|refusals| listed(&source, &notes::problems(&source.text, &refusals)))?;
    match &args.out {
        Some(folder) => Ok((output::write(&files, folder, args.force)?, 0)),
        None => Ok((output::printed(&files), 0)),
    }
}

/// What there is to start from.
fn starter(args: &EmitArgs) -> Result<(String, u8)> {
    if args.site.is_some() || args.out.is_some() {
        bail!("`pinhole emit site` prints a description: it takes neither --site nor --out");
    }
    let Some(file) = &args.from_cluster else { return Ok((starter::text(None), 0)) };
    let source = match file.as_os_str() == "-" {
        true => load::standard_input()?,
        false => load::source(Some(file))?,
    };
    let found = cluster::read(&source.text)
        .map_err(|error| Error::msg(format!("{}: {error}", source.name)))?;
    Ok((starter::text(Some(&found)), 0))
}

fn listed(source: &Source, problems: &[crate::reader::Problem]) -> Error {
    Error::msg(load::listed(source, problems))
}

#[cfg(test)]
#[path = "emit/golden_tests.rs"]
mod golden_tests;

#[cfg(test)]
#[path = "emit/guide_tests.rs"]
mod guide_tests;

#[cfg(test)]
#[path = "emit/emit_properties.rs"]
mod properties;
