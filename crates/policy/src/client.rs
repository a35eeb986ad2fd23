//! Clients that the configuration tells apart, and who one of them is.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::Entry;
use crate::compiled::{Lists, Prefixes};

/// What becomes of requests that no rule lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// They are denied.
    #[default]
    Enforce,
    /// They pass, and are noted as such that would be denied; but none reaches an address of a
    /// class that is denied by default.
    Audit,
}

impl Mode {
    /// Parses `enforce` or `audit`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "audit" => Ok(Self::Audit),
            _ => Err(format!("`{}`: write enforce or audit", text.escape_debug())),
        }
    }

    /// As the configuration has it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
        }
    }
}

/// Clients that have something of their own, as the configuration has them.
#[derive(Clone, Debug)]
pub struct Client {
    /// What they are called.
    pub name: Arc<str>,
    /// Where they come from: anywhere, if that is empty.
    pub from: Vec<IpNet>,
    /// As whom they log in: nobody has to, if that is empty.
    pub users: Vec<Arc<str>>,
    /// Their own rules, each with this client's index in its place.
    pub entries: Vec<Entry>,
    /// What holds for them in place of what holds for all.
    pub mode: Option<Mode>,
}

/// Who asks: one of the configuration's clients, by its index, or somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who(pub(crate) Option<u16>);

impl Who {
    /// One that is none of the configuration's clients.
    pub const OTHER: Self = Self(None);

    /// The client's index in `clients`.
    #[must_use]
    pub fn index(self) -> Option<usize> {
        self.0.map(usize::from)
    }
}

/// Most clients that a configuration may tell apart: each has labels of its own.
pub const MAX_CLIENTS: usize = 1000;

/// The clients, compiled.
#[derive(Debug)]
pub(crate) struct Clients {
    all: Vec<Compiled>,
    by_network: Prefixes<u16>,
    /// The first of those that may come from anywhere, by their users.
    by_user: HashMap<Arc<str>, u16>,
    /// All of those, in their order.
    from_anywhere: Vec<u16>,
}

#[derive(Debug)]
struct Compiled {
    name: Arc<str>,
    users: HashSet<Arc<str>>,
    lists: Lists,
    mode: Option<Mode>,
}

impl Clients {
    pub(crate) fn new(clients: Vec<Client>) -> Self {
        assert!(clients.len() <= MAX_CLIENTS, "too many clients");
        let indexes = || (0u16..).zip(&clients);
        let networks = indexes().flat_map(|(i, one)| one.from.iter().map(move |net| (*net, i)));
        let by_network = Prefixes::new(networks);
        let mut by_user = HashMap::new();
        let mut from_anywhere = Vec::new();
        for (i, client) in indexes().filter(|(_, client)| client.from.is_empty()) {
            from_anywhere.push(i);
            for user in &client.users {
                by_user.entry(Arc::clone(user)).or_insert(i);
            }
        }
        let compiled = |Client { name, users, entries, mode, .. }| Compiled {
            name,
            users: HashSet::from_iter(users),
            lists: Lists::new(entries),
            mode,
        };
        let all = clients.into_iter().map(compiled).collect();
        Self { all, by_network, by_user, from_anywhere }
    }

    fn get(&self, who: Who) -> Option<&Compiled> {
        self.all.get(who.index()?)
    }

    pub(crate) fn name(&self, who: Who) -> Option<&Arc<str>> {
        self.get(who).map(|client| &client.name)
    }

    pub(crate) fn named(&self, name: &str) -> Option<Who> {
        let index = self.all.iter().position(|client| &*client.name == name)?;
        u16::try_from(index).ok().map(|index| Who(Some(index)))
    }

    pub(crate) fn of_user(&self, user: &str) -> Option<Who> {
        let index = self.all.iter().position(|client| client.users.contains(user))?;
        u16::try_from(index).ok().map(|index| Who(Some(index)))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().flat_map(|one| one.users.iter().chain([&one.name])).map(|name| &**name)
    }

    pub(crate) fn allow_nothing(&self) -> bool {
        self.all.iter().all(|client| client.lists.allow.is_empty())
    }

    pub(crate) fn mode(&self, who: Who) -> Option<Mode> {
        self.get(who)?.mode
    }

    pub(crate) fn lists(&self, who: Who) -> Option<&Lists> {
        self.get(who).map(|client| &client.lists)
    }

    /// Those that this address may be, in their order.
    fn at(&self, ip: IpAddr) -> impl Iterator<Item = (u16, &Compiled)> {
        self.by_network.holding(ip).map(|&i| (i, &self.all[usize::from(i)]))
    }

    /// The first that fits.
    pub(crate) fn who(&self, ip: IpAddr, user: Option<&str>) -> Who {
        let fits = |client: &Compiled| {
            client.users.is_empty() || user.is_some_and(|user| client.users.contains(user))
        };
        let by_network = self.at(ip).filter(|(_, client)| fits(client)).map(|(i, _)| i);
        let by_user = user.and_then(|user| self.by_user.get(user).copied());
        Who(by_network.chain(by_user).min())
    }

    /// Those known by their users that stand before whoever somebody at this address is without
    /// logging in.
    fn before_login(&self, ip: IpAddr) -> impl Iterator<Item = u16> {
        let without = self.who(ip, None).0.unwrap_or(u16::MAX);
        let here = self.at(ip).filter(|(_, client)| !client.users.is_empty()).map(|(i, _)| i);
        here.chain(self.from_anywhere.iter().copied()).filter(move |i| *i < without)
    }

    /// Whether it depends on the user which is the first that fits.
    pub(crate) fn depends_on_user(&self, ip: IpAddr) -> bool {
        self.before_login(ip).next().is_some()
    }

    /// Whether somebody at this address can be, by logging in, one of those who serve the purpose.
    pub(crate) fn login_leads_to(&self, ip: IpAddr, serves: impl Fn(Who) -> bool) -> bool {
        self.before_login(ip).map(|i| Who(Some(i))).filter(|who| serves(*who)).any(|who| {
            let mut users = self.get(who).into_iter().flat_map(|client| &client.users);
            users.any(|user| self.who(ip, Some(user)) == who)
        })
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "client_properties.rs"]
mod properties;
