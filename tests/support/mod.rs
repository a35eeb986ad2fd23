//! What black-box tests of the built program share: the program, fake targets, raw clients.

pub(crate) mod client;
pub(crate) mod origin;
pub(crate) mod proxy;
pub(crate) mod site;
pub(crate) mod structured;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives it up for lost. Nothing is measured by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what no event tells.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Bytes as they may be shown in a failure.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(300)];
    cut.escape_ascii().to_string()
}

/// Where `needle` first stands in `bytes`.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Each `from` replaced by `to`.
pub(crate) fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Runs cases and names every one that failed, not only the first.
pub(crate) fn each<T>(
    cases: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> String,
    mut run: impl FnMut(&T) -> Result<(), String>,
) {
    let (mut count, mut failed) = (0, Vec::new());
    for case in cases {
        count += 1;
        if let Err(why) = run(&case) {
            failed.push(format!("{}\n    {why}", name(&case)));
        }
    }
    assert!(count > 0, "no case at all");
    assert!(failed.is_empty(), "{} of {count} failed:\n{}", failed.len(), failed.join("\n"));
}

/// Fails with a text unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
pub(crate) use ensure;
