//! Versions as `pinhole no-proxy` writes them: `7.86.0`, `6`, `7.87–8.8`, `≤7.85`, `≥8.18`.

/// A version that was executed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Executed<'a> {
    pub(crate) version: &'a str,
    /// Its libcurl's, where it has one.
    pub(crate) libcurl: Option<&'a str>,
    /// What it was run with, where the version alone does not tell.
    pub(crate) with: Option<&'a str>,
}

impl Executed<'_> {
    /// Whether it is one of these versions, with this.
    pub(crate) fn is_of(&self, range: &str, with: &str) -> Result<bool, String> {
        let libcurl = match (with.split_once("libcurl "), self.libcurl) {
            (Some((_, range)), Some(libcurl)) => holds(range, libcurl)?,
            _ => true,
        };
        let fits = self.with.is_none_or(|wanted| with == wanted);
        Ok(libcurl && fits && holds(range, self.version)?)
    }
}

/// Whether a version is in a range. A bound speaks for everything below it: 8.8 is also 8.8.1.
fn holds(range: &str, version: &str) -> Result<bool, String> {
    let (low, high) = match range.split_once('–') {
        Some((low, high)) => (Some(low), Some(high)),
        None => match (range.strip_prefix('≤'), range.strip_prefix('≥')) {
            (Some(high), _) => (None, Some(high)),
            (_, Some(low)) => (Some(low), None),
            (None, None) => (Some(range), Some(range)),
        },
    };
    let version = numbers(version)?;
    let cut = |bound: &[u32]| version[..version.len().min(bound.len())].to_vec();
    let low = low.map(numbers).transpose()?;
    let high = high.map(numbers).transpose()?;
    Ok(low.is_none_or(|low| cut(&low) >= low) && high.is_none_or(|high| cut(&high) <= high))
}

fn numbers(version: &str) -> Result<Vec<u32>, String> {
    let parts = version.trim().split('.').map(str::parse);
    parts.collect::<Result<_, _>>().map_err(|_| format!("`{version}` is no version"))
}

/// The ranges above, tried.
pub(crate) fn are_understood() -> Result<(), String> {
    let rows = [
        ("7.86.0", "7.86.0", true),
        ("7.86.0", "7.86.1", false),
        ("6", "6.29.1", true),
        ("6", "7.0.0", false),
        ("7.87–8.8", "7.87.0", true),
        ("7.87–8.8", "8.8.9", true),
        ("7.87–8.8", "8.9.0", false),
        ("7.87–8.8", "7.86.0", false),
        ("≤7.85", "7.85.0", true),
        ("≤7.85", "7.86.0", false),
        ("≥8.18", "8.22.0", true),
        ("≥8.18", "8.17.0", false),
        ("34.1–35", "35.0.0", true),
        ("34.1–35", "34.0.0", false),
        ("≥2", "10.0", true),
    ];
    for (range, version, expected) in rows {
        if holds(range, version)? != expected {
            return Err(format!("{version} in {range}: {expected} was expected"));
        }
    }
    Ok(())
}
