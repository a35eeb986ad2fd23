//! Asks libcurl, one transfer a line. See `../../probe.rs` for the lines.

use std::env;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use curl::easy::Easy;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "version\t{}", curl::Version::get().version())?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, url, upper, lower] = fields[..] else { continue };
        set("NO_PROXY", upper);
        set("no_proxy", lower);
        match ask(url) {
            Ok(()) => writeln!(out, "{id}\tok\t")?,
            Err(error) => writeln!(out, "{id}\terror\t{error}")?,
        }
    }
    Ok(())
}

fn ask(url: &str) -> Result<(), curl::Error> {
    let mut easy = Easy::new();
    easy.url(url)?;
    easy.timeout(Duration::from_secs(10))?;
    let mut transfer = easy.transfer();
    transfer.write_function(|bytes| Ok(bytes.len()))?;
    transfer.perform()
}

fn set(name: &str, field: &str) {
    match field.strip_prefix('=') {
        Some(value) => env::set_var(name, value.replace("\\n", "\n")),
        None => env::remove_var(name),
    }
}
