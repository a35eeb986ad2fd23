//! `pinhole check` and `pinhole presets`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::presets::{LeftOut, Parameter};
use crate::reader::unknown;
use crate::{config, load, presets};

/// Every problem of every file, and 1 if there is any.
pub(crate) fn check(files: &[PathBuf]) -> (String, u8) {
    let (mut text, mut code) = (String::new(), 0);
    for file in files {
        let said =
            load::source(Some(file)).map_err(|error| format!("{error:#}")).and_then(|source| {
                match config::parse(&source.text) {
                    Ok(config) => {
                        let ok = format!("{}: ok", source.name);
                        let warnings = load::warned(&source, &config.warnings);
                        Ok([warnings, ok]
                            .into_iter()
                            .filter(|s| !s.is_empty())
                            .collect::<Vec<_>>()
                            .join("\n"))
                    }
                    Err(problems) => Err(load::listed(&source, &problems)),
                }
            });
        if said.is_err() {
            code = 1;
        }
        let (Ok(said) | Err(said)) = said;
        text.push_str(&said);
        text.push('\n');
    }
    (text, code)
}

/// The presets, or what one covers.
pub(crate) fn presets(name: Option<&str>) -> Result<(String, u8)> {
    let mut text = String::new();
    let Some(name) = name else {
        let width = presets::names().map(str::len).max().unwrap_or_default();
        for preset in presets::names().filter_map(presets::find) {
            writeln!(text, "{:<width$} {}", preset.name, preset.about)?;
        }
        return Ok((text, 0));
    };
    let Some(preset) = presets::find(name) else {
        bail!("{}", unknown("preset", name, presets::names()));
    };
    writeln!(text, "{}: {}", preset.name, preset.about)?;
    for Parameter { name, about, example } in &preset.parameters {
        writeln!(text, "  {{{name}}}: {about}, such as {example}")?;
    }
    for row in &preset.rows {
        let schemes: Vec<&str> = row.schemes.iter().map(|scheme| scheme.label()).collect();
        writeln!(text, "\n{} (ports {})", row.covers, row.ports)?;
        writeln!(text, "  by:   {}", schemes.join(", "))?;
        writeln!(text, "  for:  {}", row.why)?;
        writeln!(text, "  from: {}", row.source)?;
    }
    for LeftOut { host, why } in &preset.left_out {
        writeln!(text, "\nleft out: {host}\n  {why}")?;
    }
    Ok((text, 0))
}
