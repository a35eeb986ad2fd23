use proptest::prelude::*;

use super::tlv::{CRC32C, crc32c};
use super::{FIXED, Fault, Header, MAX_BLOCK, MAX_LINE, SIGNATURE, parse};

/// A header of version 2 with a length of its own.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let len = u16::try_from(block.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &len, block].concat()
}

const V4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x0c, 0x38];

fn v6(source: &str) -> Vec<u8> {
    let octets = |ip: &str| ip.parse::<std::net::Ipv6Addr>().unwrap().octets();
    [&octets(source)[..], &octets("2001:db8::2"), &[0x30, 0x39, 0x0c, 0x38]].concat()
}

fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind][..], &len, value].concat()
}

/// An IPv4 header with a checksum behind this TLV.
fn summed(before: &[u8]) -> Vec<u8> {
    let mut header = v2(0x21, 0x11, &[V4, before, &tlv(CRC32C, &[0; 4])].concat());
    let sum = crc32c(header.iter().copied()).to_be_bytes();
    let at = header.len() - 4;
    header[at..].copy_from_slice(&sum);
    header
}

/// Good headers, each with its source.
fn good() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let lines: &[(&str, Option<&str>)] = &[
        ("PROXY TCP4 192.0.2.1 198.51.100.2 12345 3128\r\n", Some("192.0.2.1:12345")),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            Some("255.255.255.255:65535"),
        ),
        ("PROXY TCP4 192.0.2.1 198.51.100.2 0 0\r\n", Some("192.0.2.1:0")),
        ("PROXY TCP6 2001:db8::1 2001:DB8::2 12345 3128\r\n", Some("[2001:db8::1]:12345")),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 1 2\r\n", Some("192.0.2.1:1")),
        ("PROXY TCP6 ::ffff:c000:201 ::1 1 2\r\n", Some("192.0.2.1:1")),
        (
            "PROXY TCP6 fff0:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            Some("[fff0:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
        ),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN \r\n", None),
        ("PROXY UNKNOWN 192.0.2.1 whatever  it is\r\n", None),
        (
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            None,
        ),
    ];
    let mut all: Vec<_> =
        lines.iter().map(|(line, source)| (line.as_bytes().to_vec(), *source)).collect();
    let four = Some("192.0.2.1:12345");
    let most = tlv(4, &[0; MAX_BLOCK - 12 - 3]);
    all.extend([
        (v2(0x21, 0x11, V4), four),
        (v2(0x21, 0x11, &[V4, &tlv(1, b"h2"), &tlv(4, b"")].concat()), four),
        (v2(0x21, 0x11, &[V4, &most].concat()), four),
        (summed(&[]), four),
        (summed(&tlv(2, b"a.test")), four),
        (v2(0x21, 0x21, &v6("2001:db8::1")), Some("[2001:db8::1]:12345")),
        (v2(0x21, 0x21, &v6("::ffff:192.0.2.1")), four),
        (v2(0x21, 0x21, &[v6("::1"), tlv(0xe0, b"x")].concat()), Some("[::1]:12345")),
        (v2(0x20, 0x00, b""), None),
        (v2(0x20, 0x00, b"skipped"), None),
        (v2(0x20, 0x11, V4), None),
        (v2(0x20, 0xff, b""), None),
        (v2(0x21, 0x00, b""), None),
        (v2(0x21, 0x00, &[0; MAX_BLOCK]), None),
    ]);
    all
}

#[test]
fn good_headers_end_where_they_end() {
    for (bytes, source) in good() {
        let source = source.map(|source| source.parse().unwrap());
        let header = Header { source, len: bytes.len() };
        let shown = bytes.escape_ascii();
        assert_eq!(parse(&bytes), Ok(Some(header)), "{shown}");
        for more in [&b"CONNECT a.test:443 HTTP/1.1\r\n\r\n"[..], b"\r\n", b"\n", &bytes] {
            assert_eq!(parse(&[&bytes, more].concat()), Ok(Some(header)), "{shown}");
        }
    }
}

#[test]
fn every_beginning_of_a_good_header_waits_for_more() {
    for (bytes, _) in good() {
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Ok(None), "{}", bytes[..cut].escape_ascii());
        }
    }
}

#[test]
fn bad_lines_are_refused() {
    for line in [
        "PROXY \r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1  2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY unknown\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 2001:db8::1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        "PROXY TCP4 0xc0.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 a.test 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.999 1 2\r\n",
        "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n",
        "PROXY TCP6 1:2:3:4:5:6:7:8:9 2001:db8::2 1 2\r\n",
        "PROXY TCP6 1::2::3 2001:db8::2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 00 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 0x2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx",
        "PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\0\r\n",
        "PROXY UNKNOWN x\ny\r\n",
        "PROXY UNKNOWN é\r\n",
    ] {
        assert_eq!(parse(line.as_bytes()), Err(Fault::Malformed), "{}", line.escape_debug());
    }
}

/// 107 bytes with CR LF, and not one more; and without waiting for the end of what is too long.
#[test]
fn a_line_has_a_bound() {
    let of = |len: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(len - 16));
    assert_eq!(parse(of(MAX_LINE).as_bytes()), Ok(Some(Header { source: None, len: MAX_LINE })));
    for len in [MAX_LINE + 1, MAX_LINE + 2, 2 * MAX_LINE, 5000] {
        let long = of(len);
        assert_eq!(parse(long.as_bytes()), Err(Fault::TooLong), "{len}");
        assert_eq!(parse(&long.as_bytes()[..MAX_LINE]), Err(Fault::TooLong), "{len}");
        assert_eq!(parse(&long.as_bytes()[..MAX_LINE - 1]), Ok(None), "{len}");
    }
}

#[test]
fn what_is_no_header_is_known_by_its_first_wrong_byte() {
    for bytes in [
        "C",
        "GET / HTTP/1.1\r\n",
        "PROXX",
        "PROXYTCP4",
        "PROXY\t",
        "PROXY\r\n",
        "proxy ",
        "PR0",
        "\r\n\r\n\r",
        "\n",
        "\r\r",
        "\x16\x03\x01",
        "\r\n\r\n\0\r\nQUIT\r",
        " PROXY ",
    ] {
        assert_eq!(parse(bytes.as_bytes()), Err(Fault::Absent), "{}", bytes.escape_debug());
    }
}

#[test]
fn bad_binary_headers_are_refused() {
    let wrong_sum = |at: usize| {
        let mut header = summed(&tlv(2, b"a.test"));
        header[at] ^= 1;
        header
    };
    let with = |extra: &[u8]| v2(0x21, 0x11, &[V4, extra].concat());
    let sum_twice = [tlv(CRC32C, &[0; 4]), tlv(CRC32C, &[0; 4])].concat();
    let malformed = [
        v2(0x11, 0x11, V4),
        v2(0x31, 0x11, V4),
        v2(0x01, 0x11, V4),
        v2(0x22, 0x11, V4),
        v2(0x2f, 0x11, V4),
        v2(0x21, 0x01, b""),
        v2(0x21, 0x10, V4),
        v2(0x21, 0x13, V4),
        v2(0x21, 0x20, V4),
        v2(0x21, 0x41, V4),
        v2(0x21, 0xff, V4),
        v2(0x21, 0x11, &V4[..11]),
        v2(0x21, 0x11, b""),
        v2(0x21, 0x21, V4),
        v2(0x21, 0x21, &v6("::1")[..35]),
        with(&[4]),
        with(&[4, 0]),
        with(&[4, 0, 1]),
        with(&[4, 0, 2, 0]),
        with(&[4, 0xff, 0xff, 0]),
        with(&tlv(CRC32C, &[0; 3])),
        with(&tlv(CRC32C, &[0; 5])),
        with(&sum_twice),
    ];
    let families = [0x12, 0x22, 0x31, 0x32];
    let unsupported = families.map(|family| v2(0x21, family, &[0; 216]));
    let long = [
        v2(0x21, 0x11, &[V4, &tlv(4, &[0; MAX_BLOCK - 12 - 2])].concat()),
        v2(0x20, 0x00, &[0; MAX_BLOCK + 1]),
        v2(0x21, 0x00, &[0; 65535]),
    ];
    let sums =
        [wrong_sum(16), wrong_sum(24), wrong_sum(FIXED + 12 + 4), with(&tlv(CRC32C, &[0; 4]))];
    let all = [
        (&malformed[..], Fault::Malformed),
        (&unsupported[..], Fault::Unsupported),
        (&long[..], Fault::TooLong),
        (&sums[..], Fault::Checksum),
    ];
    for (headers, fault) in all {
        for header in headers {
            assert_eq!(parse(header), Err(fault), "{}", header.escape_ascii());
            // What follows does not make it any better.
            let more = [header, &b"GET http://a.test/ HTTP/1.1\r\n"[..]].concat();
            assert_eq!(parse(&more), Err(fault), "{}", header.escape_ascii());
        }
    }
    // Length and family are judged before the block is there.
    for (header, fault) in [(&long[2], Fault::TooLong), (&unsupported[0], Fault::Unsupported)] {
        assert_eq!(parse(&header[..FIXED]), Err(fault));
    }
}

/// The check value of RFC 3720's CRC.
#[test]
fn the_checksum_is_the_known_one() {
    assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
}

#[test]
fn labels_are_different() {
    let mut labels = Fault::ALL.map(Fault::label).to_vec();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), Fault::ALL.len());
}

/// Bytes like headers: good ones, of which some were replaced.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(good()), damage).prop_map(|((mut bytes, _), damage)| {
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    /// No bytes make it panic, a header never claims bytes that are not there, and how bytes
    /// arrive changes nothing but when the answer is there.
    #[test]
    fn the_answer_is_the_same_however_bytes_arrive(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            likely(),
            (any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 0..300))
                .prop_map(|(fixed, block)| [SIGNATURE, &fixed, &block].concat()),
            "PROXY [ -~]{0,120}\r\n".prop_map(String::into_bytes),
        ]
    ) {
        let whole = parse(&bytes);
        if let Ok(Some(header)) = whole {
            prop_assert!(header.len <= bytes.len());
        }
        let first = (0..=bytes.len()).map(|cut| parse(&bytes[..cut])).find(|said| *said != Ok(None));
        prop_assert_eq!(first.unwrap_or(Ok(None)), whole);
    }
}
