//! How a port is cut off an entry.

/// A way to cut a port off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Ports {
    /// Whatever matches `^(.+):(\d+)$`, so that `::1` loses its last group (proxy-from-env and
    /// what was modelled on it).
    LastColon,
    /// One colon, or `[…]:port`; brackets are cut off too (undici 8).
    OneColon,
    /// The same; brackets that are not closed are left (axios).
    Axios,
    /// Go's `net.SplitHostPort`; where that fails, the whole entry is the host.
    Go,
    /// As [`Ports::LastColon`], and port 0 is one (Ruby).
    Ruby,
    /// One colon, or `[…]:port`; a port that is no number hides the entry (bun).
    Bun,
}

/// What became of the entry.
pub(super) enum Cut<'e> {
    /// It has a host, and a port where one was cut off.
    Host(&'e str, Option<&'e str>),
    /// It is not looked at.
    Hidden,
}

impl Ports {
    /// Cuts the port off.
    pub(super) fn cut<'e>(self, entry: &'e str) -> Cut<'e> {
        match self {
            Self::LastColon | Self::Ruby => match digits_behind(entry) {
                Some((host, port)) => Cut::Host(host, Some(port)),
                None => Cut::Host(entry, None),
            },
            Self::OneColon => one_colon(entry),
            Self::Axios => axios(entry),
            Self::Go => go(entry),
            Self::Bun => bun(entry),
        }
    }

    /// Whether a port that was cut off is this one. Go compares texts; for the others, port 0 is
    /// no port.
    pub(super) fn is(self, written: &str, port: u16) -> bool {
        match self {
            Self::Go => written.is_empty() || written == port.to_string(),
            Self::Bun | Self::Ruby => written.parse() == Ok(port),
            _ => written.bytes().all(|b| b == b'0') || written.parse() == Ok(port),
        }
    }
}

/// Host and port, where at least one character, a colon and nothing but digits stand there.
fn digits_behind(entry: &str) -> Option<(&str, &str)> {
    let (host, port) = entry.rsplit_once(':')?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (digits && !host.is_empty()).then_some((host, port))
}

/// What stands in brackets around the whole of it.
fn inside(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']').filter(|inside| !inside.is_empty())
}

fn one_colon(entry: &str) -> Cut<'_> {
    if let Some((host, port)) = digits_behind(entry)
        && let Some(address) = inside(host)
    {
        return Cut::Host(address, Some(port));
    }
    let host = inside(entry).unwrap_or(entry);
    match digits_behind(host) {
        Some((name, port)) if host.matches(':').count() == 1 => Cut::Host(name, Some(port)),
        _ => Cut::Host(host, None),
    }
}

fn axios(entry: &str) -> Cut<'_> {
    if let Some(rest) = entry.strip_prefix('[')
        && let Some((host, after)) = rest.split_once(']')
    {
        let port = after.strip_prefix(':').filter(|port| is_number(port));
        return Cut::Host(host, port);
    }
    match entry.split_once(':') {
        Some((host, port)) if is_number(port) => Cut::Host(host, Some(port)),
        _ => Cut::Host(entry, None),
    }
}

fn go(entry: &str) -> Cut<'_> {
    let Some((host, port)) = entry.rsplit_once(':') else { return Cut::Host(entry, None) };
    let host = match host.strip_prefix('[') {
        Some(rest) => match rest.strip_suffix(']') {
            Some(address) if !address.contains(['[', ']']) => address,
            _ => return Cut::Host(entry, None),
        },
        None if host.contains([':', '[', ']']) => return Cut::Host(entry, None),
        None => host,
    };
    match (host, port) {
        (_, port) if port.contains(['[', ']']) => Cut::Host(entry, None),
        ("", _) => Cut::Hidden,
        _ => Cut::Host(host, Some(port)),
    }
}

fn bun(entry: &str) -> Cut<'_> {
    if let Some(rest) = entry.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((host, after)) => Cut::Host(host, after.strip_prefix(':')),
            None => Cut::Host(entry, None),
        };
    }
    match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => Cut::Host(host, Some(port)),
        _ => Cut::Host(entry, None),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
