use proptest::prelude::*;

use super::Scanner;
use crate::malformed::Malformed;

fn whole(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    Scanner::default().advance(bytes)
}

/// The same, a byte at a time.
fn dripped(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut scanner = Scanner::default();
    for end in 0..=bytes.len() {
        match scanner.advance(&bytes[..end])? {
            None => {}
            found => return Ok(found),
        }
    }
    Ok(None)
}

#[test]
fn a_head_ends_at_its_empty_line() {
    for (bytes, end) in [
        (&b"a\r\n\r\nrest"[..], Some(5)),
        (b"a\r\nb\r\n\r\n", Some(8)),
        (b"a\r\nb\r\n\r", None),
        (b"a\r\n", None),
        (b"a", None),
        (b"", None),
    ] {
        assert_eq!(whole(bytes), Ok(end), "{}", bytes.escape_ascii());
        assert_eq!(dripped(bytes), Ok(end), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_no_head_may_hold_is_refused_when_it_is_seen() {
    for (bytes, wrong) in [
        (&b"a\n"[..], Malformed::BareLineEnd),
        (b"\n", Malformed::BareLineEnd),
        (b"a\rb", Malformed::BareLineEnd),
        (b"a\r\r", Malformed::BareLineEnd),
        (b"a\r\nb\n", Malformed::BareLineEnd),
        (b"a\r\n\n", Malformed::BareLineEnd),
        (b"\r\n", Malformed::EmptyLine),
        (b"a\0", Malformed::Control),
    ] {
        assert_eq!(whole(bytes), Err(wrong.clone()), "{}", bytes.escape_ascii());
        assert_eq!(dripped(bytes), Err(wrong), "{}", bytes.escape_ascii());
    }
    for byte in (0..0x20).chain([0x7f]).filter(|b| !b"\t\r\n".contains(b)) {
        assert_eq!(whole(&[b'a', byte]), Err(Malformed::Control), "{byte:#x}");
    }
    for byte in (0x20..=0xff).filter(|&b| b != 0x7f).chain([b'\t']) {
        assert_eq!(whole(&[b'a', byte]), Ok(None), "{byte:#x}");
    }
}

proptest! {
    #[test]
    fn how_bytes_are_cut_makes_no_difference(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), any::<u8>()], 0..40)
    ) {
        prop_assert_eq!(whole(&bytes), dripped(&bytes));
    }
}
