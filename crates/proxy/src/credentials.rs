//! Who clients are by their credentials: Basic (RFC 7617), against a file of hashes.

mod basic;
mod hash;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(crate) use basic::{Basic, authorization};
use hash::Hash;

use crate::tally::Tally;

/// Most users that a file may have.
const MAX_USERS: usize = 100_000;
/// How many checks may wait for their turn. A hash takes milliseconds on purpose, and one thread
/// checks them, one after the other: whoever guesses passwords slows down others that log in for
/// the first time, and nothing that is relayed.
const QUEUE: usize = 64;
/// How many of them may be one address's, so that nobody alone keeps the others from logging in.
const QUEUE_OF_ONE: usize = 2;
/// How many lines that are wrong are named.
const MAX_WRONG: usize = 20;

/// The users of a credentials file. What it remembers is its own: one that is read anew begins
/// anew.
pub struct Credentials {
    users: HashMap<Arc<str>, User>,
    /// The hashes, by which a name that is nobody's is checked as well.
    decoys: Vec<Arc<Hash>>,
    pick: RandomState,
    key: hmac::Key,
    checks: SyncSender<Check>,
    /// How many checks wait, by the address that wants them. Bounded by the queue.
    waiting: Mutex<Tally>,
}

struct User {
    name: Arc<str>,
    hash: Arc<Hash>,
    /// What was right the last time, as a keyed hash of it: clients show the same on each
    /// connection.
    remembered: Mutex<Option<hmac::Tag>>,
}

/// A password that is to be held against a hash.
struct Check {
    hash: Arc<Hash>,
    password: Vec<u8>,
    right: oneshot::Sender<bool>,
}

/// A line of a credentials file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CredentialsLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it. It never shows what stands there.
    pub problem: String,
}

/// What is wrong with a credentials file.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Its lines, the first of those that are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Lines(Vec<CredentialsLine>),
    /// The machine gave no randomness, or no thread.
    #[error("cannot set up the check of credentials: {0}")]
    Setup(io::Error),
}

/// Why nobody is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotLoggedIn {
    /// There are no credentials, and without them the target is denied.
    Missing,
    /// What stands there is not Basic, or not well-formed.
    Malformed,
    /// No user has this name and password.
    Wrong,
    /// Too many are being checked already.
    Busy,
}

impl NotLoggedIn {
    /// A stable label for logs, metrics and refusals.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Missing => "credentials_missing",
            Self::Malformed => "credentials_malformed",
            Self::Wrong => "credentials_wrong",
            Self::Busy => "credentials_busy",
        }
    }

    /// One line for a person.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Missing => {
                "only some users may reach this target: set the proxy as \
                 http://USER:PASSWORD@HOST:PORT"
            }
            Self::Malformed => "what stands in Proxy-Authorization is no Basic credentials",
            Self::Wrong => "no user has this name and this password",
            Self::Busy => "too many passwords are being checked",
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads lines `user:hash`, as `htpasswd` writes them; empty ones and those that begin with `#`
    /// are passed over. The hash is bcrypt (`$2y$`) or SHA-crypt (`$6$`, `$5$`).
    ///
    /// # Errors
    /// See [`CredentialsError`].
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let (mut users, mut wrong) = (HashMap::<Arc<str>, (usize, User)>::new(), Vec::new());
        for (i, text) in text.lines().enumerate() {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let line = i + 1;
            if wrong.len() == MAX_WRONG {
                let problem = "and here reading ended".to_owned();
                wrong.push(CredentialsLine { line, problem });
                break;
            }
            match user(text) {
                Err(problem) => wrong.push(CredentialsLine { line, problem }),
                Ok(_) if users.len() == MAX_USERS => {
                    let problem = format!("{MAX_USERS} users are the most");
                    wrong.push(CredentialsLine { line, problem });
                    break;
                }
                Ok(user) => {
                    if let Some((first, _)) = users.get(&user.name) {
                        let problem = format!("`{}` stands on line {first} already", user.name);
                        wrong.push(CredentialsLine { line, problem });
                    } else {
                        users.insert(Arc::clone(&user.name), (line, user));
                    }
                }
            }
        }
        if users.is_empty() && wrong.is_empty() {
            let problem = "no user stands here: write lines `user:hash`".to_owned();
            wrong.push(CredentialsLine { line: 1, problem });
        }
        if !wrong.is_empty() {
            return Err(CredentialsError::Lines(wrong));
        }
        let users: HashMap<_, _> =
            users.into_iter().map(|(name, (_, user))| (name, user)).collect();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| CredentialsError::Setup(io::Error::other("no randomness")))?;
        let (checks, queue) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("credentials".to_owned())
            .spawn(move || check_all(&queue))
            .map_err(CredentialsError::Setup)?;
        let decoys = users.values().map(|user| Arc::clone(&user.hash)).collect();
        let (pick, waiting) = (RandomState::new(), Mutex::default());
        Ok(Self { users, decoys, pick, key, checks, waiting })
    }

    /// Whether there is such a user.
    #[must_use]
    pub fn has(&self, user: &str) -> bool {
        self.users.contains_key(user)
    }

    /// The users, in no order.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(|name| &**name)
    }

    /// The user who has shown these credentials, from this address. A check takes no longer than
    /// `patience`.
    pub(crate) async fn check(
        &self,
        shown: &Basic,
        from: IpAddr,
        patience: Duration,
    ) -> Result<Arc<str>, NotLoggedIn> {
        let user = self.users.get(shown.user.as_str());
        let message = shown.message();
        if let Some(user) = user {
            let remembered = user.remembered();
            // Compared in constant time.
            let same = |tag: hmac::Tag| hmac::verify(&self.key, &message, tag.as_ref()).is_ok();
            if remembered.is_some_and(same) {
                return Ok(Arc::clone(&user.name));
            }
        }
        // Whether there is such a user takes as long to find out as whether a password is right.
        let hash = user.map_or_else(|| self.decoy(&shown.user), |user| Arc::clone(&user.hash));
        let _place = Place::take(&self.waiting, from).ok_or(NotLoggedIn::Busy)?;
        let (right, answer) = oneshot::channel();
        let check = Check { hash, password: shown.password.clone(), right };
        match self.checks.try_send(check) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                return Err(NotLoggedIn::Busy);
            }
        }
        // Who waits no longer is not checked for.
        let answered = timeout(patience, answer).await.map_err(|_| NotLoggedIn::Busy)?;
        let right = answered.unwrap_or(false);
        match user.filter(|_| right) {
            None => Err(NotLoggedIn::Wrong),
            Some(user) => {
                *user.lock() = Some(hmac::sign(&self.key, &message));
                Ok(Arc::clone(&user.name))
            }
        }
    }

    /// A hash for a name that is nobody's: always the same one, as a user has.
    fn decoy(&self, name: &str) -> Arc<Hash> {
        let index = self.pick.hash_one(name) as usize % self.decoys.len();
        Arc::clone(&self.decoys[index])
    }
}

/// A place in the queue, given back when dropped.
struct Place<'w> {
    waiting: &'w Mutex<Tally>,
    from: IpAddr,
}

impl<'w> Place<'w> {
    fn take(waiting: &'w Mutex<Tally>, from: IpAddr) -> Option<Self> {
        let mut tally = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        tally.add(from, QUEUE_OF_ONE).then(|| Self { waiting, from })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(self.from);
    }
}

impl User {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<hmac::Tag>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self) -> Option<hmac::Tag> {
        *self.lock()
    }
}

/// Until the credentials are dropped.
fn check_all(queue: &Receiver<Check>) {
    while let Ok(Check { hash, password, right }) = queue.recv() {
        // Whoever does not wait any longer costs nothing.
        if !right.is_closed() {
            let _gone_meanwhile = right.send(hash.is_of(&password));
        }
    }
}

/// Longest name of a user, in bytes.
const MAX_NAME: usize = 64;

/// What a user may be called: it stands in configurations and logs.
#[must_use]
pub fn is_user_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._@+-".contains(&b);
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits)
}

fn user(line: &str) -> Result<User, String> {
    let Some((name, hash)) = line.split_once(':') else {
        return Err("write `user:hash`, as `htpasswd -nB user` prints it".to_owned());
    };
    if !is_user_name(name) {
        return Err("a user's name has letters, digits, and . _ @ + - only, 64 at most".to_owned());
    }
    let hash = Arc::new(Hash::parse(hash)?);
    Ok(User { name: name.into(), hash, remembered: Mutex::default() })
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
