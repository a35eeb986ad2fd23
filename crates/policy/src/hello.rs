//! The ClientHello that a TLS client sends first, taken out of the records it comes in.
//!
//! Stricter than servers are: what two parsers could read in two ways is refused, so that the
//! name read here is the one that the target reads.

mod message;

use std::borrow::Cow;

use crate::HostName;

/// Longest ClientHello with its record headers, in bytes. Post-quantum key shares take about 2 KiB,
/// and no client is known to need a quarter of this.
pub const MAX_HELLO: usize = 32 * 1024;

/// Record header: type, version, length (RFC 8446 §5.1).
const RECORD_HEADER: usize = 5;
/// Longest plaintext of a record (RFC 8446 §5.1).
const MAX_RECORD: usize = 1 << 14;
/// The record type of handshake messages.
const HANDSHAKE: u8 = 22;
/// Handshake header: type, length (RFC 8446 §4).
const MESSAGE_HEADER: usize = 4;
/// The handshake type of a ClientHello.
const CLIENT_HELLO: u8 = 1;

/// What the bytes so far come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed. Never so once there are [`MAX_HELLO`] of them.
    More,
    /// The ClientHello is whole.
    Hello(ClientHello),
    /// No bytes that may follow would make one.
    Refused(HelloError),
}

/// What matters of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Whom the client wants to talk to, by the server_name extension (RFC 6066 §3).
    pub server_name: ServerName,
    /// Whether the Encrypted Client Hello extension is there (RFC 9849), real or GREASE: nobody on
    /// the way can tell the two apart.
    pub ech: bool,
    /// Its length with its record headers, in bytes. What stands behind it is none of it.
    pub len: usize,
}

/// The name that a ClientHello gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerName {
    /// There is none.
    Absent,
    /// A host name, in the one spelling that targets have.
    Host(HostName),
    /// Bytes that are no host name: an address, a trailing dot, a character that none has.
    NoHost(Box<[u8]>),
}

/// Why bytes are no ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HelloError {
    /// They are not TLS.
    NotTls,
    /// They begin like TLS, and then break a rule.
    Malformed(&'static str),
    /// It would be longer than [`MAX_HELLO`].
    TooLarge,
}

/// Reads a ClientHello as its bytes come, in time linear in their number whatever their cuts.
///
/// It keeps no bytes: it is shown all of them, from the first, again and again as more come.
/// The answer depends on the bytes alone, never on where they were cut.
#[derive(Clone, Debug, Default)]
pub struct HelloReader {
    /// How much has been judged, in bytes from the first.
    at: usize,
    /// How much of it were records' headers.
    headers: usize,
    /// What is left of the record that `at` stands in.
    left: usize,
    /// The message's header, as far as it has come.
    head: [u8; MESSAGE_HEADER],
}

impl HelloReader {
    /// Judges what has come since the last call. `bytes` are all of them.
    pub fn read(&mut self, bytes: &[u8]) -> Progress {
        match self.advance(bytes) {
            Ok(true) => match message::read(&self.message(bytes)[MESSAGE_HEADER..]) {
                Ok((server_name, ech)) => {
                    Progress::Hello(ClientHello { server_name, ech, len: self.at })
                }
                Err(why) => Progress::Refused(HelloError::Malformed(why)),
            },
            Ok(false) => Progress::More,
            Err(error) => Progress::Refused(error),
        }
    }

    /// How much of the message has been judged, in bytes.
    fn got(&self) -> usize {
        self.at - self.headers
    }

    /// The message's whole length; none while its header is not there.
    fn total(&self) -> Option<usize> {
        let [_, high, middle, low] = self.head.map(usize::from);
        (self.got() >= MESSAGE_HEADER).then_some(MESSAGE_HEADER + (high << 16 | middle << 8 | low))
    }

    /// Walks on to the end of the message or of the bytes; true at the former.
    fn advance(&mut self, bytes: &[u8]) -> Result<bool, HelloError> {
        loop {
            let rest = &bytes[self.at..];
            if self.left > 0 {
                if rest.is_empty() {
                    return Ok(false);
                }
                self.payload(rest)?;
            } else if self.total() == Some(self.got()) {
                return Ok(true);
            } else if !self.header(rest)? {
                return Ok(false);
            }
        }
    }

    /// Judges a record's header, and enters the record if all of the header is there.
    fn header(&mut self, rest: &[u8]) -> Result<bool, HelloError> {
        let wrong = |first: HelloError, later: &'static str| {
            if self.at == 0 { first } else { HelloError::Malformed(later) }
        };
        if self.at + RECORD_HEADER >= MAX_HELLO {
            return Err(HelloError::TooLarge);
        }
        if rest.first().is_some_and(|&kind| kind != HANDSHAKE) {
            let later = "another kind of record stands within the ClientHello (RFC 8446, 5.1)";
            return Err(wrong(HelloError::NotTls, later));
        }
        // Of the version, which means nothing, only this much is fixed (RFC 5246 appendix E.1).
        if rest.get(1).is_some_and(|&major| major != 3) {
            let later = "a record's version is none of TLS";
            return Err(wrong(HelloError::NotTls, later));
        }
        let &[_, _, _, high, low, ..] = rest else { return Ok(false) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !(1..=MAX_RECORD).contains(&length) {
            let why = "a record of the ClientHello is empty, or longer than 2^14 (RFC 8446, 5.1)";
            return Err(HelloError::Malformed(why));
        }
        if self.at + RECORD_HEADER + length > MAX_HELLO {
            return Err(HelloError::TooLarge);
        }
        self.at += RECORD_HEADER;
        self.headers += RECORD_HEADER;
        self.left = length;
        self.fits()?;
        Ok(true)
    }

    /// Judges what has come of a record's content.
    fn payload(&mut self, rest: &[u8]) -> Result<(), HelloError> {
        let got = self.got();
        if got >= MESSAGE_HEADER {
            let step = rest.len().min(self.left);
            self.at += step;
            self.left -= step;
            return Ok(());
        }
        self.head[got] = rest[0];
        self.at += 1;
        self.left -= 1;
        if self.head[0] != CLIENT_HELLO {
            let why = "the first handshake message is not a ClientHello";
            return Err(HelloError::Malformed(why));
        }
        if self.total().is_some_and(|total| total > MAX_HELLO) {
            return Err(HelloError::TooLarge);
        }
        self.fits()
    }

    /// The record must not go on behind the message: a key change may follow a ClientHello, so
    /// the two end together (RFC 8446 §5.1).
    fn fits(&self) -> Result<(), HelloError> {
        match self.total() {
            Some(total) if self.got() + self.left > total => {
                Err(HelloError::Malformed("the ClientHello and its record do not end together"))
            }
            _ => Ok(()),
        }
    }

    /// The whole message, out of its records, whose headers are judged already.
    fn message<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.headers == RECORD_HEADER {
            return Cow::Borrowed(&bytes[RECORD_HEADER..self.at]);
        }
        let (mut message, mut rest) = (Vec::with_capacity(self.got()), &bytes[..self.at]);
        while let &[_, _, _, high, low, ref after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([high, low]));
            message.extend_from_slice(&after[..length]);
            rest = &after[length..];
        }
        Cow::Owned(message)
    }
}

#[cfg(test)]
#[path = "hello_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "hello_properties.rs"]
mod properties;
