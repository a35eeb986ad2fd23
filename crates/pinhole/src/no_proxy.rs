//! `pinhole no-proxy`: what real clients make of a NO_PROXY value.

mod routes;
mod words;

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::Result;
use no_proxy::clients::{self, Client};
use no_proxy::{Environment, Spelling, Target, lint};

use crate::reader::unknown;

pub(crate) use self::words::names;

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct NoProxyArgs {
    /// The value of NO_PROXY
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
    /// A list of objects instead of a table
    #[arg(long)]
    json: bool,
    /// Report the entries that some clients ignore or misread, and what to write instead
    #[arg(long)]
    lint: bool,
    /// Only NO_PROXY is set; without this or --lower, both spellings are
    #[arg(long, conflicts_with = "lower")]
    upper: bool,
    /// Only no_proxy is set
    #[arg(long)]
    lower: bool,
    /// What the URLs' names resolve to, for clients that look names up themselves (Ruby); may be
    /// repeated
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<IpAddr>,
    /// Only this client; may be repeated
    #[arg(long = "client", value_name = "ID", value_parser = client)]
    clients: Vec<String>,
    /// What the clients are asked for: http:// and https://
    #[arg(value_name = "URL", required_unless_present = "lint", value_parser = Target::parse)]
    urls: Vec<Target>,
}

impl NoProxyArgs {
    fn spelling(&self) -> Spelling {
        match (self.upper, self.lower) {
            (true, _) => Spelling::Upper,
            (_, true) => Spelling::Lower,
            _ => Spelling::Both,
        }
    }

    fn wants(&self, client: &Client) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|id| id == client.id())
    }
}

/// Prints the way that each client takes to each URL, or what is to be said of the value.
pub(crate) fn run(args: &NoProxyArgs) -> Result<(String, u8)> {
    let environment = Environment::proxied(&args.value, args.spelling());
    let wanted: Vec<_> = clients::all().filter(|client| args.wants(client)).collect();
    let of_url = |url| routes::of(url, &environment, &args.addresses, &wanted);
    let answers: Vec<_> = args.urls.iter().flat_map(of_url).collect();
    let report = args.lint.then(|| lint::lint(&args.value, args.spelling()));
    let text = match (&report, args.json) {
        (None, true) => serde_json::to_string_pretty(&answers)? + "\n",
        (None, false) => words::of_routes(&answers),
        (Some(report), true) => {
            serde_json::to_string_pretty(&routes::judged(&args.value, report, &answers, &wanted))?
                + "\n"
        }
        (Some(report), false) => words::of_routes(&answers) + &words::of_report(report, &wanted),
    };
    Ok((text, 0))
}

/// A client's id, or which one may be meant.
fn client(id: &str) -> Result<String, String> {
    let known: BTreeSet<_> = clients::all().map(Client::id).collect();
    match known.contains(id) {
        true => Ok(id.to_owned()),
        false => Err(unknown("client", id, known.into_iter())),
    }
}

#[cfg(test)]
#[path = "no_proxy_tests.rs"]
mod tests;
