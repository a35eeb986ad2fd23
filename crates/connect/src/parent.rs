//! A parent proxy's URL, and the credentials that it is shown.

use std::fmt;

use data_encoding::BASE64;
use policy::{Authority, AuthorityError};

/// Where a parent proxy is. It never holds credentials, so that it can be shown to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentUrl {
    tls: bool,
    authority: Authority,
}

/// Why a text is not a parent proxy's URL. None of them repeats what may be a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParentUrlError {
    /// No `://`.
    #[error("write a URL, such as http://proxy.example:3128 or https://proxy.example:3129")]
    NoScheme,
    /// A scheme that is not spoken.
    #[error(
        "`{0}` is not spoken to a parent proxy: write http:// (plain) or https:// (within TLS)"
    )]
    Scheme(String),
    /// Credentials where only a file may have them.
    #[error("credentials do not belong in a URL: put `user:password` in parent.credentials_file")]
    Credentials,
    /// More than `scheme://host:port/`.
    #[error("a parent proxy's URL has neither path nor query")]
    Path,
    /// The part between the slashes.
    #[error("{0}; write it as http://HOST:PORT")]
    Authority(#[from] AuthorityError),
    /// What stands before `@` in an environment variable.
    #[error("credentials: {0}")]
    BadCredentials(#[from] CredentialsError),
}

impl ParentUrl {
    /// Parses `http://host:port` or `https://host:port`, with or without a final slash.
    ///
    /// # Errors
    /// See [`ParentUrlError`].
    pub fn parse(text: &str) -> Result<Self, ParentUrlError> {
        let (tls, rest) = split_scheme(text)?.ok_or(ParentUrlError::NoScheme)?;
        if rest.contains('@') {
            return Err(ParentUrlError::Credentials);
        }
        let authority = Authority::parse(without_path(rest)?.as_bytes())?;
        Ok(Self { tls, authority })
    }

    /// Parses what stands in `https_proxy` and its like, as other tools do: the scheme may be
    /// missing, which means `http`; the port, which is then the scheme's own; and there may be
    /// credentials, percent-encoded.
    ///
    /// # Errors
    /// See [`ParentUrlError`].
    pub fn parse_variable(text: &str) -> Result<(Self, Option<Credentials>), ParentUrlError> {
        let (tls, rest) = split_scheme(text)?.unwrap_or((false, text));
        let (userinfo, place) = match rest.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, rest),
        };
        let default_port = if tls { 443 } else { 80 };
        let authority = Authority::parse_or_port(without_path(place)?.as_bytes(), default_port)?;
        let credentials = userinfo.map(Credentials::of_userinfo).transpose()?;
        Ok((Self { tls, authority }, credentials))
    }

    /// Whether it is spoken to within TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Its host and port.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl fmt::Display for ParentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

/// Whether the scheme is `https`, and what follows it; none where there is no scheme.
fn split_scheme(text: &str) -> Result<Option<(bool, &str)>, ParentUrlError> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(None) };
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(Some((false, rest))),
        "https" => Ok(Some((true, rest))),
        // What is no scheme at all may be a part of a password.
        other if is_scheme(other) => Err(ParentUrlError::Scheme(format!("{other}://"))),
        _ => Err(ParentUrlError::NoScheme),
    }
}

/// RFC 3986 §3.1, and short: what is longer is somebody's mistake.
fn is_scheme(text: &str) -> bool {
    text.len() <= 16
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn without_path(rest: &str) -> Result<&str, ParentUrlError> {
    match rest.find(['/', '?', '#']) {
        None => Ok(rest),
        Some(end) if &rest[end..] == "/" => Ok(&rest[..end]),
        Some(_) => Err(ParentUrlError::Path),
    }
}

/// What a parent is shown, ready for `Proxy-Authorization`. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Box<str>);

/// Why a text is not a user and a password. None of them repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// No colon.
    #[error("write `user:password`, in one line")]
    NoColon,
    /// More than a line.
    #[error("there must be one line, `user:password`, and no more")]
    Lines,
    /// RFC 7617 §2.
    #[error("neither user nor password may hold a control character")]
    Control,
    /// RFC 7617 §2.
    #[error("the user may not hold a colon")]
    Colon,
    /// `%` without two hexadecimal digits.
    #[error("a `%` without two hexadecimal digits behind it: write %25 for a percent sign")]
    Percent,
}

impl Credentials {
    /// Reads the one line of a credentials file. Its line end is not part of the password.
    ///
    /// # Errors
    /// See [`CredentialsError`].
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.contains('\n') {
            return Err(CredentialsError::Lines);
        }
        let (user, password) = line.split_once(':').ok_or(CredentialsError::NoColon)?;
        Self::new(user.as_bytes(), password.as_bytes())
    }

    /// Reads `user:password` or `user` as a URL has it, percent-encoded.
    fn of_userinfo(text: &str) -> Result<Self, CredentialsError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self::new(&percent_decoded(user)?, &percent_decoded(password)?)
    }

    fn new(user: &[u8], password: &[u8]) -> Result<Self, CredentialsError> {
        if user.iter().chain(password).any(u8::is_ascii_control) {
            return Err(CredentialsError::Control);
        }
        if user.contains(&b':') {
            return Err(CredentialsError::Colon);
        }
        let both = [user, b":", password].concat();
        Ok(Self(format!("Basic {}", BASE64.encode(&both)).into()))
    }

    /// The value of `Proxy-Authorization` (RFC 7617 §2).
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

fn percent_decoded(text: &str) -> Result<Vec<u8>, CredentialsError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => return Err(CredentialsError::Percent),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
#[path = "parent_tests.rs"]
mod tests;
