//! `pinhole check` and `pinhole presets`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};

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

/// The presets, or one's hosts.
pub(crate) fn presets(name: Option<&str>) -> Result<(String, u8)> {
    let mut text = String::new();
    let Some(name) = name else {
        for preset in presets::names().filter_map(presets::load) {
            writeln!(text, "{:<14} {}", preset.name, preset.about)?;
        }
        return Ok((text, 0));
    };
    let Some(preset) = presets::load(name) else {
        bail!("{}", unknown("preset", name, presets::names()));
    };
    writeln!(text, "{}: {}", preset.name, preset.about)?;
    for host in &preset.hosts {
        writeln!(text, "\n{} (ports {})", host.pattern, host.ports)?;
        writeln!(text, "  for:  {}", host.why)?;
        writeln!(text, "  from: {}", host.source)?;
    }
    Ok((text, 0))
}
