//! Asks one of Rust's HTTP clients, one request a line. See `../../probe.rs` for the lines.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::runtime::{Builder, Runtime};

const PATIENCE: Duration = Duration::from_secs(10);

type Asked = Result<&'static str, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let client = env::args().nth(1).ok_or("which client?")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut out = io::stdout().lock();
    writeln!(out, "version\t{}", version(&client)?)?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, url, upper, lower] = fields[..] else { continue };
        set("NO_PROXY", upper);
        set("no_proxy", lower);
        match ask(&client, url, &runtime) {
            Ok(said) => writeln!(out, "{id}\t{said}\t")?,
            Err(error) => {
                writeln!(out, "{id}\terror\t{}", format!("{error:?}").replace('\n', " "))?
            }
        }
    }
    Ok(())
}

fn ask(client: &str, url: &str, runtime: &Runtime) -> Asked {
    match client {
        "hyper-util" => {
            let matched = Matcher::from_env().intercept(&url.parse::<http::Uri>()?).is_some();
            return Ok(if matched { "proxy" } else { "direct" });
        }
        "reqwest" => {
            let _entered = runtime.enter();
            // The environment is read when a client is made.
            let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
            runtime.block_on(client.get(url).send())?;
        }
        "ureq" => {
            let config = ureq::config::Config::builder().timeout_global(Some(PATIENCE));
            ureq::Agent::new_with_config(config.build()).get(url).call()?;
        }
        _ => {
            attohttpc::get(url).timeout(PATIENCE).send()?;
        }
    }
    Ok("ok")
}

/// What the manifest pins; the libraries themselves do not tell.
fn version(client: &str) -> Result<&'static str, Box<dyn Error>> {
    let of = |line: &'static str| line.strip_prefix(client)?.strip_prefix(" = ");
    let pinned = include_str!("Cargo.toml").lines().find_map(of).ok_or("not in the manifest")?;
    let rest = pinned.split_once("\"=").ok_or("not pinned")?.1;
    Ok(rest.split_once('"').ok_or("no version")?.0)
}

fn set(name: &str, field: &str) {
    match field.strip_prefix('=') {
        Some(value) => env::set_var(name, value.replace("\\n", "\n")),
        None => env::remove_var(name),
    }
}
