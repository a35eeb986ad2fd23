//! The section `clients`, and the file of their credentials.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ipnet::IpNet;
use policy::{Client, List, MAX_CLIENTS, Mode};
use proxy::{ClientLimits, Credentials, is_user_name};

use crate::file::{Contents, contents};
use crate::reader::{Reader, Value};
use crate::{entries, networks, reader};

/// Largest file of credentials, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Longest name of a client, in bytes.
const MAX_NAME: usize = 63;

/// The clients of the configuration, with their limits in the same order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients {
    pub(crate) list: Vec<Client>,
    limits: Vec<ClientLimits>,
    credentials: Option<Arc<Credentials>>,
}

impl Clients {
    /// What holds for them besides their rules.
    pub(crate) fn terms(&self) -> proxy::Clients {
        proxy::Clients { credentials: self.credentials.clone(), limits: self.limits.clone() }
    }
}

/// Reads both.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    clients: Option<&Value<'_>>,
    file: Option<&Value<'_>>,
) -> Clients {
    let mut read = Clients::default();
    let users = file.and_then(|value| credentials(reader, value));
    let mut named = Named::default();
    let values = clients.map(|value| reader.list(value, false)).unwrap_or_default();
    if let Some(value) = values.get(MAX_CLIENTS) {
        reader.problem(value, format!("{MAX_CLIENTS} clients are the most"));
        return read;
    }
    for (index, value) in (0..).zip(&values) {
        if let Some((client, limits)) = client(reader, value, index, &mut named) {
            read.list.push(client);
            read.limits.push(limits);
        }
    }
    match (&users, file) {
        (None, None) => {
            for (value, _) in &named.users {
                reader.problem(value, "name a credentials_file, in which this user has a hash");
            }
        }
        (Some(known), Some(file)) => {
            let mut in_file: Vec<&str> = known.users().collect();
            in_file.sort_unstable();
            for (value, name) in named.users.iter().filter(|(_, name)| !known.has(name)) {
                let message = reader::unknown("user", name, in_file.iter().copied());
                reader.problem(value, message);
            }
            let all: HashSet<&str> = named.users.iter().map(|(_, name)| &**name).collect();
            in_file.retain(|user| !all.contains(user));
            if let Some(first) = in_file.first() {
                let message = match in_file.len() {
                    1 => format!("no client has the user `{first}`"),
                    2 => format!("no client has the user `{first}`, nor another one"),
                    more => format!("no client has the user `{first}`, nor {} others", more - 1),
                };
                reader.warn(file, message);
            }
        }
        _ => {}
    }
    read.credentials = users.map(Arc::new);
    warn_of_shadowed(reader, &read.list, &values);
    read
}

/// Says of each client that nobody can ever be it: for all of its networks, one that stands before
/// it fits whoever comes. What only several together take from it is not found.
fn warn_of_shadowed(reader: &mut Reader<'_>, clients: &[Client], values: &[Value<'_>]) {
    // One that could not be read is in none of the two lists' places.
    if clients.len() != values.len() {
        return;
    }
    for (i, client) in clients.iter().enumerate() {
        let takes_users = |first: &&Client| {
            let has = |user| first.users.contains(user);
            first.users.is_empty() || (!client.users.is_empty() && client.users.iter().all(has))
        };
        let before: Vec<&Client> = clients[..i].iter().filter(takes_users).collect();
        let by_all = || before.iter().find(|first| first.from.is_empty());
        let taker = |net: &IpNet| {
            let holds = |first: &&&Client| first.from.iter().any(|wider| wider.contains(net));
            before.iter().find(holds).or_else(by_all)
        };
        let takers: Option<Vec<_>> = match client.from[..] {
            [] => by_all().map(|first| vec![first]),
            _ => client.from.iter().map(taker).collect(),
        };
        if let Some(first) = takers.as_ref().and_then(|takers| takers.first()) {
            let message = format!("nobody is ever this client: `{}` stands first", first.name);
            reader.warn(&values[i], message);
        }
    }
}

/// What the clients name.
#[derive(Default)]
struct Named<'n> {
    /// Each name of a client, with its index.
    clients: HashMap<Arc<str>, u16>,
    users: Vec<(Value<'n>, Arc<str>)>,
}

fn client<'n>(
    reader: &mut Reader<'_>,
    value: &Value<'n>,
    index: u16,
    named: &mut Named<'n>,
) -> Option<(Client, ClientLimits)> {
    let before = reader.problems.len();
    let keys = ["name", "from", "users", "allow", "deny", "mode", "limits"];
    let [name, from, users, allow, deny, mode, limits] = reader.map(value, keys);
    if name.is_none() && reader.problems.len() == before {
        reader.problem(value, "`name` is missing: the log and the metrics call the client so");
    }
    let name = name.and_then(|value| {
        let name: Arc<str> = reader.parsed(&value, self::name)?.into();
        if let Some(first) = named.clients.insert(Arc::clone(&name), index) {
            reader.problem(&value, format!("clients[{first}] is called `{name}` already"));
        }
        Some(name)
    });
    let known = from.is_some() || users.is_some();
    let from = from.map(|value| networks::read(reader, &value)).unwrap_or_default();
    let from: Vec<_> = from.into_iter().map(|(_, network)| network).collect();
    let mut names: Vec<Arc<str>> = Vec::new();
    for value in users.map(|value| reader.list(&value, true)).unwrap_or_default() {
        let Some(user) = reader.parsed(&value, user) else { continue };
        if names.contains(&user) {
            reader.problem(&value, format!("`{user}` stands here twice"));
        }
        named.users.push((value, Arc::clone(&user)));
        names.push(user);
    }
    if from.is_empty() && names.is_empty() && reader.problems.len() == before {
        let message = match known {
            false => "say who this is: `from:` with networks, `users:` with names, or both",
            true => "this is nobody: name a network in `from:`, or a user in `users:`",
        };
        reader.problem(value, message);
    }
    let mut entries = Vec::new();
    for (list, value) in [(List::Allow, &allow), (List::Deny, &deny)] {
        if let Some(value) = value {
            entries.extend(entries::read(reader, value, list, Some(index)));
        }
    }
    let mode = mode.and_then(|value| reader.parsed(&value, Mode::parse));
    let limits = limits.map(|value| self::limits(reader, &value)).unwrap_or(UNLIMITED);
    Some((Client { name: name?, from, users: names, entries, mode }, limits))
}

fn name(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if begins && text.len() <= MAX_NAME && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}`: write small letters, digits, and . _ - behind the first, {MAX_NAME} at most",
        text.escape_debug()
    ))
}

fn user(text: &str) -> Result<Arc<str>, String> {
    match is_user_name(text) {
        true => Ok(text.into()),
        false => Err(format!(
            "`{}`: a user's name has letters, digits, and . _ @ + - only, 64 at most",
            text.escape_debug()
        )),
    }
}

const UNLIMITED: ClientLimits =
    ClientLimits { connections: usize::MAX, connections_per_address: usize::MAX };

fn limits(reader: &mut Reader<'_>, value: &Value<'_>) -> ClientLimits {
    let [all, here] = reader.map(value, ["connections", "connections_per_address"]);
    let mut number = |value: Option<Value<'_>>| {
        value.and_then(|value| reader.number(&value, 1..=1_000_000)).unwrap_or(usize::MAX)
    };
    ClientLimits { connections: number(all), connections_per_address: number(here) }
}

fn credentials(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Credentials> {
    let Contents { bytes, mode } = contents(reader, value, MAX_FILE)?;
    reader.parsed(value, |path| {
        let path = path.escape_debug();
        // Guessing is cheap for whoever has the hashes, and whoever may write is a user already.
        if mode & 0o027 != 0 {
            return Err(format!(
                "{path}: its mode is {:04o}, and others may read or write it: chmod 640 (in \
                 Kubernetes, defaultMode: 0440)",
                mode & 0o7777
            ));
        }
        let text = String::from_utf8(bytes).map_err(|_| format!("{path}: not UTF-8"))?;
        Credentials::parse(&text).map_err(|error| format!("{path}: {error}"))
    })
}
