//! The environment that a simulated client runs in, as a value.

use std::collections::BTreeMap;

/// Which spelling of `NO_PROXY` is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// `no_proxy` and `NO_PROXY`.
    #[default]
    Both,
    /// `no_proxy` alone.
    Lower,
    /// `NO_PROXY` alone.
    Upper,
}

/// Environment variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// An environment where `http_proxy` and `https_proxy` name one proxy in both spellings, and
    /// `no_proxy` is set to `value` in those that `spelling` says.
    #[must_use]
    pub fn proxied(value: &str, spelling: Spelling) -> Self {
        let mut this = Self::default();
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
            this.set(name, "http://proxy.invalid:3128");
        }
        if spelling != Spelling::Upper {
            this.set("no_proxy", value);
        }
        if spelling != Spelling::Lower {
            this.set("NO_PROXY", value);
        }
        this
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// A variable's value, where it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
