//! Values that several sections have.

use std::net::{IpAddr, SocketAddr};

use ::emit::SecretKey;
use ipnet::IpNet;
use policy::{Authority, Host, parse_network};

use crate::reader::{Reader, Value, unknown};
use crate::yaml::Node;

/// `host`, or `host:port`; an IPv6 address with a port in brackets.
pub(super) fn host_or_port(text: &str) -> Result<(Host, Option<u16>), String> {
    let said = |error: policy::AuthorityError| {
        // What stands before `@` may be a password.
        let shown = match text.contains('@') {
            true => "this".to_owned(),
            false => format!("`{}`", text.escape_debug()),
        };
        format!("{shown} is no host, such as registry.example or 10.20.0.5:5000: {error}")
    };
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok((Host::Ip(ip), None));
    }
    // Nobody's default: that there is no port is found out by asking for two.
    let ports = [1, 2].map(|port| Authority::parse_or_port(text.as_bytes(), port));
    let [one, two] = ports;
    let (one, two) = (one.map_err(said)?, two.map_err(said)?);
    let port = (one.port() == two.port()).then(|| one.port());
    Ok((one.host().clone(), port))
}

/// Blocks, one or a list.
pub(super) fn networks(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<IpNet> {
    let values = reader.list(value, true);
    values.iter().filter_map(|value| reader.parsed(value, parse_network)).collect()
}

/// Addresses, one or a list.
pub(super) fn addresses(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<IpAddr> {
    let values = reader.list(value, true);
    values.iter().filter_map(|value| reader.parsed(value, address)).collect()
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.parse()
        .map_err(|_| format!("`{}` is not an address, such as 10.96.0.1", text.escape_debug()))
}

pub(super) fn endpoint(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{}` is not an address with its port, such as 10.0.0.5:6443", text.escape_debug())
    })
}

/// One of the words, by its label.
pub(super) fn word<T: Copy>(
    what: &'static str,
    all: &'static [T],
    label: impl Fn(T) -> &'static str,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let found = all.iter().copied().find(|one| label(*one) == text);
        found.ok_or_else(|| unknown(what, text, all.iter().map(|one| label(*one))))
    }
}

/// What Kubernetes takes as the name of a Secret, a namespace or the like.
pub(super) fn name(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(|&b| plain(b)) && bytes.last().is_some_and(|&b| plain(b));
    if ends && bytes.len() <= 63 && bytes.iter().all(|&b| plain(b) || b == b'-') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}` is no name of Kubernetes: write 1 to 63 lower-case letters, digits and hyphens, with \
         no hyphen at either end",
        text.escape_debug()
    ))
}

/// One word of printable ASCII, such as an image or a group's name: it goes into shell commands and
/// units as well.
pub(super) fn token(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-/:@+*".contains(c);
    if !text.is_empty() && text.len() <= 256 && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}` has something else in it than letters, digits and . _ - / : @ + *",
        text.escape_debug()
    ))
}

/// An absolute path without surprises.
pub(super) fn path(text: &str) -> Result<String, String> {
    let plain = text.starts_with('/') && text.len() > 1 && !text.ends_with('/');
    let segments = text.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    match token(text) {
        Ok(path) if plain && segments => Ok(path),
        _ => Err(format!(
            "`{}` is not an absolute path of plain characters, such as /etc/ssl/site/ca.crt",
            text.escape_debug()
        )),
    }
}

/// A name, or `{name: …, key: …}`.
pub(super) fn secret(reader: &mut Reader<'_>, value: &Value<'_>, key: &str) -> Option<SecretKey> {
    if let Node::Text(_) = value.node {
        let secret = reader.parsed(value, name)?;
        return Some(SecretKey { secret, key: key.to_owned() });
    }
    let [named, own] = reader.map(value, ["name", "key"]);
    let Some(named) = named else {
        reader.problem(value, "write its `name`, and the `key` in it");
        return None;
    };
    let secret = reader.parsed(&named, name)?;
    let key = match own {
        Some(own) => reader.parsed(&own, self::key)?,
        None => key.to_owned(),
    };
    Some(SecretKey { secret, key })
}

/// A key of a Secret or a ConfigMap.
fn key(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let whole = !text.is_empty() && text.len() <= 253 && !matches!(text, "." | "..");
    if whole && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}` is no key of a Secret: letters, digits, `-`, `_` and `.`",
        text.escape_debug()
    ))
}
