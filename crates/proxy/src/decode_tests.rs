use bytes::{Buf, BytesMut};
use proptest::prelude::*;

use super::{Decoder, Step};
use crate::framing::Length;
use crate::malformed::Malformed;

/// A body, and what is left behind it.
type Decoded = (Vec<u8>, Vec<u8>);

/// Decodes what arrives in pieces: the body and what is left behind it, none if it is not whole.
fn decode<'p>(
    length: Length,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Result<Option<Decoded>, Malformed> {
    let (mut decoder, mut buffer, mut body) = (Decoder::new(length), BytesMut::new(), Vec::new());
    let mut pieces = pieces.into_iter();
    loop {
        match decoder.step(&mut buffer)? {
            Step::Data(size) => {
                assert!(size > 0, "no progress");
                body.extend_from_slice(&buffer[..size]);
                buffer.advance(size);
            }
            Step::More => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => return Ok(None),
            },
            Step::End => {
                pieces.for_each(|piece| buffer.extend_from_slice(piece));
                return Ok(Some((body, buffer.to_vec())));
            }
        }
    }
}

/// Whole, and a byte at a time: the same.
fn chunked(text: &str) -> Result<Option<(String, String)>, Malformed> {
    let whole = decode(Length::Chunked, [text.as_bytes()]);
    assert_eq!(whole, decode(Length::Chunked, text.as_bytes().chunks(1)), "{text:?}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    whole.map(|found| found.map(|(body, rest)| (text(body), text(rest))))
}

#[test]
fn a_chunked_body_ends_where_it_says() {
    for (wire, body, rest) in [
        ("0\r\n\r\n", "", ""),
        ("3\r\nabc\r\n0\r\n\r\nGET", "abc", "GET"),
        ("3\r\nabc\r\n2;x=y\r\nde\r\n000\r\n\r\n", "abcde", ""),
        ("A\r\n0123456789\r\n0;last\r\n\r\n", "0123456789", ""),
        ("1\r\na\r\n0\r\nX: y\r\nZ: w\r\n\r\nnext", "a", "next"),
        ("000000000000001\r\na\r\n0\r\n\r\n", "a", ""),
    ] {
        assert_eq!(chunked(wire), Ok(Some((body.to_owned(), rest.to_owned()))), "{wire:?}");
        for end in 0..wire.len() - rest.len() {
            assert_eq!(chunked(&wire[..end]), Ok(None), "{wire:?} cut at {end}");
        }
    }
}

#[test]
fn a_chunked_body_that_is_not_is_refused() {
    for wire in [
        "\r\n",
        ";x\r\n",
        "g\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "1 ;x\r\na\r\n",
        "1\na\r\n",
        "1\r\nab\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\na\rx",
        "1;a\x00\r\na\r\n",
        "1;a\rb\r\na\r\n",
        "1;a\nb\r\na\r\n",
        "0000000000000001\r\na\r\n",
        "fffffffffffffffff\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\nnofield\r\n\r\n",
        "0\r\n\rx",
        "0\r\n\n",
    ] {
        assert!(chunked(wire).is_err(), "{wire:?}");
    }
    let (line, trailers) = ("1".repeat(2000), "X: y\r\n".repeat(2000));
    assert!(chunked(&line).is_err());
    assert!(chunked(&format!("1;{line}")).is_err());
    assert!(chunked(&format!("0\r\n{trailers}\r\n")).is_err());
}

#[test]
fn a_sized_body_is_so_long_and_one_until_close_never_ends() {
    let body = decode(Length::Sized(3), [&b"ab"[..], b"cd"]);
    assert_eq!(body, Ok(Some((b"abc".to_vec(), b"d".to_vec()))));
    assert_eq!(decode(Length::Sized(0), [&b""[..]]), Ok(Some((vec![], vec![]))));
    assert_eq!(decode(Length::Sized(3), [&b"ab"[..]]), Ok(None));
    assert_eq!(decode(Length::UntilClose, [&b"ab"[..]]), Ok(None));
    let ends = |length| Decoder::new(length).may_end_by_close();
    assert_eq!(
        [Length::UntilClose, Length::Sized(3), Length::Chunked].map(ends),
        [true, false, false]
    );
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back_however_it_is_cut(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..10),
        cut in 1_usize..60,
    ) {
        let mut wire = Vec::new();
        for chunk in &chunks {
            wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\nrest");
        let decoded = decode(Length::Chunked, wire.chunks(cut));
        prop_assert_eq!(decoded, Ok(Some((chunks.concat(), b"rest".to_vec()))));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _any_answer = decode(Length::Chunked, [&bytes[..]]);
    }
}
