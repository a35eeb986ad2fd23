//! The ClientHello itself (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2).

use super::ServerName;
use crate::HostName;

/// server_name (RFC 6066 §3).
const SERVER_NAME: u16 = 0;
/// encrypted_client_hello (RFC 9849), its drafts from the eighth on, and encrypted_server_name,
/// which came before them.
const ENCRYPTED: [u16; 7] = [0xfe0d, 0xfe0c, 0xfe0b, 0xfe0a, 0xfe09, 0xfe08, 0xffce];
/// The one type of server name there is.
const HOST_NAME: u8 = 0;

/// Longest session id.
const MAX_SESSION_ID: usize = 32;

/// The server's name, and whether Encrypted Client Hello is spoken of.
///
/// # Errors
/// The rule that is broken.
pub(super) fn read(message: &[u8]) -> Result<(ServerName, bool), &'static str> {
    let mut rest = Rest(message);
    // 0x0300, SSL 3.0, has no extensions.
    match rest.number().ok_or("the ClientHello has no version")? {
        0x0301..=0x03ff => {}
        _ => return Err("the ClientHello's version is none of TLS"),
    }
    rest.take(32).ok_or("the ClientHello ends within its random bytes")?;
    let session_id = rest.short().ok_or("the ClientHello ends within its session id")?;
    if session_id.len() > MAX_SESSION_ID {
        return Err("the ClientHello's session id is longer than 32 bytes");
    }
    let suites = rest.long().ok_or("the ClientHello ends within its cipher suites")?;
    if suites.is_empty() || suites.len() % 2 != 0 {
        return Err("the ClientHello's list of cipher suites is empty or of an odd length");
    }
    let methods = rest.short().ok_or("the ClientHello ends within its compression methods")?;
    if !methods.contains(&0) {
        return Err("the ClientHello does without the null compression method");
    }
    // TLS 1.2 lets clients leave them out.
    if rest.0.is_empty() {
        return Ok((ServerName::Absent, false));
    }
    let list = rest.long().ok_or("the ClientHello ends within its extensions")?;
    if !rest.0.is_empty() {
        return Err("something stands behind the ClientHello's extensions");
    }
    extensions(Rest(list))
}

fn extensions(mut rest: Rest<'_>) -> Result<(ServerName, bool), &'static str> {
    let (mut server_name, mut ech) = (ServerName::Absent, false);
    let mut kinds = Vec::with_capacity(32);
    while !rest.0.is_empty() {
        let extension = rest.number().and_then(|kind| Some((kind, rest.long()?)));
        let (kind, content) = extension.ok_or("an extension of the ClientHello is cut")?;
        kinds.push(kind);
        match kind {
            SERVER_NAME => server_name = self::server_name(Rest(content))?,
            _ => ech |= ENCRYPTED.contains(&kind),
        }
    }
    kinds.sort_unstable();
    if kinds.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("an extension stands twice in the ClientHello (RFC 8446, 4.2)");
    }
    Ok((server_name, ech))
}

/// Exactly one name: "MUST NOT contain more than one name of the same name_type", and of other
/// types there are none.
fn server_name(mut rest: Rest<'_>) -> Result<ServerName, &'static str> {
    let list = rest.long().filter(|_| rest.0.is_empty());
    let mut list = Rest(list.ok_or("the length of server_name is wrong")?);
    if list.take(1).ok_or("server_name is empty")? != [HOST_NAME] {
        return Err("server_name holds another type of name than host_name");
    }
    let name = list.long().ok_or("the length of server_name is wrong")?;
    if !list.0.is_empty() {
        return Err("server_name holds more than one name");
    }
    Ok(host(name).map_or_else(|| ServerName::NoHost(name.into()), ServerName::Host))
}

/// A host name "without a trailing dot", and no address (RFC 6066 §3).
fn host(name: &[u8]) -> Option<HostName> {
    if name.ends_with(b".") { None } else { HostName::parse(name).ok() }
}

/// What has not been read yet.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// Bytes behind a length of one byte.
    fn short(&mut self) -> Option<&'b [u8]> {
        let length = self.take(1)?[0];
        self.take(length.into())
    }

    /// Bytes behind a length of two bytes.
    fn long(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(length.into())
    }
}
