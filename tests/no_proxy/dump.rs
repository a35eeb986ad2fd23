//! What the clients did, as a file: `PINHOLE_NO_PROXY_DUMP` names it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::clients::Client;
use crate::room::Answer;

/// Held while the file is rewritten.
static FILE: Mutex<()> = Mutex::new(());

#[derive(Deserialize, Serialize)]
struct Row {
    client: String,
    version: String,
    /// What it was run with, where the version does not tell.
    with: String,
    value: String,
    url: String,
    spelling: String,
    route: String,
    /// What the client said in the end.
    said: String,
}

/// Puts these answers in the place of this client's earlier ones, if a file is wanted.
pub(crate) fn write(client: &Client, answer: &Answer, cases: &[Case]) -> Result<(), String> {
    // The test runs in its package's directory, whoever named the file in another.
    let Some(file) = env::var_os("PINHOLE_NO_PROXY_DUMP").filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PathBuf::from(file));
    let _held = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rows: Vec<Row> = match fs::read(&file) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string())?,
        Err(_) => Vec::new(),
    };
    let with = client.with.unwrap_or_default();
    let is_it = |row: &Row| row.client == client.id && row.with == with;
    rows.retain(|row| !is_it(row) || row.version != answer.version);
    rows.extend(answer.routes.iter().map(|(number, routed)| {
        let Case { value, url, spelling, .. } = &cases[*number];
        Row {
            client: client.id.to_owned(),
            version: answer.version.clone(),
            with: with.to_owned(),
            value: value.clone(),
            url: url.clone(),
            spelling: spelling.to_string(),
            route: routed.route.clone(),
            said: routed.said.clone(),
        }
    }));
    let text: Vec<String> = rows
        .iter()
        .map(|row| serde_json::to_string(row).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    fs::write(&file, format!("[\n{}\n]\n", text.join(",\n"))).map_err(|error| error.to_string())
}
