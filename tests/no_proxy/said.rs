//! What `pinhole no-proxy` says.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::case::{self, Case, Spelling};
use crate::dns;
use crate::versions::Executed;

/// What it says of one case and one client, at the versions that do the same.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Said {
    url: String,
    pub(crate) client: String,
    pub(crate) version: String,
    /// What it is run with, where the version alone does not tell.
    #[serde(default)]
    pub(crate) with: String,
    pub(crate) route: String,
    pub(crate) why: String,
    /// `executed`, or `from source`.
    pub(crate) evidence: String,
    /// The versions that were.
    pub(crate) executed: Vec<String>,
}

/// A value, where it is set, and what the URLs' names lead to.
type Question = (String, Spelling, Ipv4Addr);

/// All that it says, asked once for each value.
static SAID: LazyLock<Result<BTreeMap<Question, Vec<Said>>, String>> = LazyLock::new(|| {
    let mut urls: BTreeMap<Question, Vec<String>> = BTreeMap::new();
    for case in case::all() {
        urls.entry(question(&case)).or_default().push(case.url);
    }
    let asked = urls.into_iter().map(|(question, urls)| {
        let said = ask(&question, &urls)?;
        Ok((question, said))
    });
    asked.collect()
});

/// What it says of this client, at this version.
pub(crate) fn of(
    client: &str,
    executed: &Executed<'_>,
    case: &Case,
) -> Result<&'static Said, String> {
    let all = everything()?.get(&question(case)).ok_or("not asked")?;
    let mut found = Vec::new();
    for said in all.iter().filter(|said| said.url == case.url && said.client == client) {
        if executed.is_of(&said.version, &said.with)? {
            found.push(said);
        }
    }
    match found[..] {
        [said] => Ok(said),
        _ => {
            let versions: Vec<&String> = found.iter().map(|said| &said.version).collect();
            Err(format!("{client}: {executed:?} must be in one range, and is in {versions:?}"))
        }
    }
}

/// A row for each client and range of versions.
pub(crate) fn claims() -> Result<Vec<&'static Said>, String> {
    let first = everything()?.values().next().and_then(|said| Some((said, &said.first()?.url)));
    let (said, url) = first.ok_or("it says nothing")?;
    Ok(said.iter().filter(|one| one.url == *url).collect())
}

fn everything() -> Result<&'static BTreeMap<Question, Vec<Said>>, String> {
    SAID.as_ref().map_err(Clone::clone)
}

fn question(case: &Case) -> Question {
    (case.value.clone(), case.spelling, dns::address(case.host()))
}

fn ask((value, spelling, address): &Question, urls: &[String]) -> Result<Vec<Said>, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinhole"));
    command.args(["no-proxy", "--json", "--value", value]);
    command.args(["--address", &address.to_string()]);
    command.args(match spelling {
        Spelling::Both => None,
        Spelling::Upper => Some("--upper"),
        Spelling::Lower => Some("--lower"),
    });
    let asked = command.args(urls).output().map_err(|error| error.to_string())?;
    if !asked.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&asked.stderr)));
    }
    serde_json::from_slice(&asked.stdout).map_err(|error| format!("{command:?}: {error}"))
}
