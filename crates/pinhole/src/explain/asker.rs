//! Who is taken to ask.

use std::net::IpAddr;

use policy::{Policy, Who};

use crate::reader::unknown;

/// Who asks, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    pub(crate) who: Who,
    /// What it is called, and what makes it so; nothing where nobody asks in particular.
    pub(crate) shown: Option<String>,
    /// Where it comes from, if it has not logged in.
    pub(super) anonymous: Option<IpAddr>,
}

impl Asker {
    /// Who that is: an address, a user, both, or a client by its name.
    ///
    /// # Errors
    /// Two of a kind, and words that the configuration does not know.
    pub(crate) fn of(policy: &Policy, words: &[String]) -> Result<Self, String> {
        let (mut ip, mut word) = (None, None);
        for text in words {
            let twice = match text.parse::<IpAddr>() {
                Ok(parsed) => ip.replace(parsed.to_canonical()).is_some(),
                Err(_) => word.replace(text.as_str()).is_some(),
            };
            if twice {
                return Err("a client has one address and one user at most".to_owned());
            }
        }
        if word.is_some_and(|word| word.contains('/')) {
            return Err("write one address, not a network".to_owned());
        }
        let known =
            word.map(|word| match (policy.client_of_user(word), policy.client_named(word)) {
                (None, None) => {
                    let mut words: Vec<&str> = policy.client_words().collect();
                    words.sort_unstable();
                    words.dedup();
                    Err(unknown("user or client", word, words.into_iter()))
                }
                found => Ok(found),
            });
        let (user, named) = known.transpose()?.unwrap_or_default();
        let (who, why) = match (ip, word) {
            (None, None) => return Ok(Self::default()),
            (Some(ip), Some(word)) if user.is_some() => {
                (policy.who(ip, Some(word)), format!("{ip} as {word}"))
            }
            (Some(_), Some(word)) => {
                return Err(format!("`{word}` is a client's name, and wants no address besides"));
            }
            (None, Some(word)) => match (user, named) {
                (Some(who), _) => (who, format!("as {word}, from where it may come")),
                (None, who) => (who.unwrap_or_default(), "by its name".to_owned()),
            },
            (Some(ip), None) => (policy.who(ip, None), ip.to_string()),
        };
        let name = policy.client(who).map_or("none of `clients`", |name| name);
        let anonymous = ip.filter(|_| word.is_none());
        Ok(Self { who, shown: Some(format!("{name} ({why})")), anonymous })
    }
}
