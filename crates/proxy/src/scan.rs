//! Where a message head ends, found while its bytes arrive.

use crate::malformed::Malformed;

/// Finds the end of a head byte by byte, and refuses what no head may hold as soon as it is
/// seen: a bare CR or LF, NUL and the other control characters (RFC 9112 §2.2, RFC 9110 §5.5).
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// How many bytes were looked at.
    seen: usize,
    /// How many bytes the current line holds, its CR not counted.
    line: usize,
    /// Whether the last byte was a CR.
    after_cr: bool,
}

impl Scanner {
    /// Looks at what is new in `bytes`, which starts where the head starts. The length of the
    /// head with its empty line, once that is there.
    ///
    /// # Errors
    /// The first byte that no head may hold.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        while let Some(&byte) = bytes.get(self.seen) {
            self.seen += 1;
            match byte {
                b'\n' if !self.after_cr => return Err(Malformed::BareLineEnd),
                b'\n' if self.line == 0 => return self.empty_line(),
                b'\n' => (self.line, self.after_cr) = (0, false),
                _ if self.after_cr => return Err(Malformed::BareLineEnd),
                b'\r' => self.after_cr = true,
                b'\t' => self.line += 1,
                0..0x20 | 0x7f => return Err(Malformed::Control),
                _ => self.line += 1,
            }
        }
        Ok(None)
    }

    /// An empty line ends the head; before the start line it is refused, not skipped.
    fn empty_line(&self) -> Result<Option<usize>, Malformed> {
        if self.seen == 2 { Err(Malformed::EmptyLine) } else { Ok(Some(self.seen)) }
    }

    /// Whether the start line is still arriving.
    pub(crate) fn in_start_line(&self, bytes: &[u8]) -> bool {
        !bytes[..self.seen].contains(&b'\n')
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
