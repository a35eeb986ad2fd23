//! The clients, in families.

mod c;
mod curl;
mod go;
mod grpc;
mod node;
mod node_libraries;
mod other;
mod python;
mod python_libraries;
mod rust;

use super::Client;
use super::rules::{List, Separators, Trim};
use super::variables::{Cgi, Empty, Instead, Lookup, Variables};

/// All families, in the order of output.
pub(super) static FAMILIES: &[&[Client]] = &[
    curl::CLIENTS,
    c::CLIENTS,
    python::CLIENTS,
    python_libraries::CLIENTS,
    go::CLIENTS,
    node::CLIENTS,
    node_libraries::CLIENTS,
    rust::CLIENTS,
    grpc::CLIENTS,
    other::CLIENTS,
];

/// Commas, white space cut off, empty entries left out.
const COMMA_TRIMMED: List = List {
    separators: Separators::Comma,
    trim: Trim::Both,
    keeps_empty: false,
    reads_empty: false,
};
/// Commas, nothing cut off, empty entries left out.
const COMMA: List = List { trim: Trim::Nothing, ..COMMA_TRIMMED };
/// Commas and white space.
const COMMA_WHITESPACE: List = List { separators: Separators::CommaWhitespace, ..COMMA };

const fn lookup(empty: Empty, groups: &'static [&'static [&'static str]]) -> Lookup {
    Lookup { groups, empty }
}

/// Lower case first, then upper; an empty one is as if unset.
const LOWER_FIRST: Variables = Variables {
    http: lookup(Empty::Skips, &[&["http_proxy", "HTTP_PROXY"]]),
    https: lookup(Empty::Skips, &[&["https_proxy", "HTTPS_PROXY"]]),
    no_proxy: lookup(Empty::Skips, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

/// A client that takes no proxy from the environment.
const fn never(why: &'static str) -> Instead {
    Instead::AlwaysDirect(why)
}
