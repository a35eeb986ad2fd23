//! One question: where does a client go for this URL, with this NO_PROXY?

use std::fmt;

use crate::cases;

/// In which spelling of the variable the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spelling {
    Both,
    Upper,
    Lower,
}

impl Spelling {
    pub(crate) fn upper(self) -> bool {
        self != Self::Lower
    }

    pub(crate) fn lower(self) -> bool {
        self != Self::Upper
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both => "both",
            Self::Upper => "upper",
            Self::Lower => "lower",
        })
    }
}

/// A question. Its place in the list of all is in its URL's path when it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) value: String,
    pub(crate) url: String,
    pub(crate) spelling: Spelling,
    /// Whether clients that take long are asked, too.
    pub(crate) core: bool,
}

impl Case {
    pub(crate) fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// The host as it is written.
    pub(crate) fn host(&self) -> &str {
        self.place().0
    }

    /// The port, where the URL names one.
    pub(crate) fn port(&self) -> Option<u16> {
        self.place().1
    }

    fn place(&self) -> (&str, Option<u16>) {
        let place = self.url.split('/').nth(2).unwrap_or_default();
        let place = place.rsplit('@').next().unwrap_or_default();
        match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (place, None),
        }
    }

    /// The URL as it is asked, with a path of its own by which the request is known again.
    pub(crate) fn asked(&self, number: usize) -> String {
        format!("{}{}", self.url, path(number))
    }
}

/// The path of a case, without the slash before it. Some clients only take it for a folder.
pub(crate) fn path(number: usize) -> String {
    format!("case{number}/")
}

/// Every case, each once.
pub(crate) fn all() -> Vec<Case> {
    let tables = [(cases::CORE, true), (cases::MORE, false)];
    let mut all: Vec<Case> = Vec::new();
    for (rows, core) in tables {
        for (value, urls) in rows {
            all.extend(urls.iter().map(|url| new((*value).to_owned(), url, Spelling::Both, core)));
        }
    }
    for (value, urls) in cases::long() {
        all.extend(urls.iter().map(|url| new(value.clone(), url, Spelling::Both, false)));
    }
    for (value, spelling, urls) in cases::SPELLED {
        all.extend(urls.iter().map(|url| new((*value).to_owned(), url, *spelling, true)));
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|case| seen.insert((case.value.clone(), case.url.clone(), case.spelling)));
    all
}

fn new(value: String, url: &str, spelling: Spelling, core: bool) -> Case {
    let url = if url.contains("://") { format!("{url}/") } else { format!("http://{url}/") };
    Case { value, url, spelling, core }
}
