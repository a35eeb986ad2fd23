use super::*;
use craft::{Craft, ECH, LOCALHOST, NAME, NAMELESS, REAL, SERVER_NAME};
use craft::{content, ech, in_records, record, server_name};

#[path = "../../../tests/sni/craft.rs"]
pub(crate) mod craft;

/// The answer where all of it comes at once.
pub(super) fn whole(bytes: &[u8]) -> Progress {
    HelloReader::default().read(bytes)
}

/// The answer where it comes byte by byte, and after how many.
pub(super) fn by_bytes(bytes: &[u8]) -> (Progress, usize) {
    let mut reader = HelloReader::default();
    for end in 0..=bytes.len() {
        match reader.read(&bytes[..end]) {
            Progress::More => {}
            answer => return (answer, end),
        }
    }
    (Progress::More, bytes.len())
}

fn host(name: &str) -> ServerName {
    ServerName::Host(HostName::parse(name.as_bytes()).unwrap())
}

/// It is read, with this name, however it comes.
fn names(bytes: &[u8], len: usize, server_name: &ServerName) -> ClientHello {
    let Progress::Hello(hello) = whole(bytes) else { panic!("{:?}", whole(bytes)) };
    assert_eq!((hello.len, &hello.server_name), (len, server_name));
    assert_eq!(by_bytes(bytes), (Progress::Hello(hello.clone()), len));
    hello
}

#[test]
fn real_clients() {
    for (client, bytes) in REAL {
        let hello = names(bytes, bytes.len(), &host(NAME));
        let greases = ["chrome", "firefox"].iter().any(|name| client.starts_with(name));
        assert_eq!(hello.ech, greases, "{client}");
    }
    names(NAMELESS, NAMELESS.len(), &ServerName::Absent);
    names(LOCALHOST, LOCALHOST.len(), &host("localhost"));
}

#[test]
fn every_cut_gives_the_same() {
    for (_, bytes) in REAL {
        // What follows is none of it: a ChangeCipherSpec and early data, or anything else.
        let sent = [*bytes, b"\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x01x"].concat();
        let answer = names(&sent, bytes.len(), &host(NAME));
        for cut in 0..bytes.len() {
            let mut reader = HelloReader::default();
            assert_eq!(reader.read(&sent[..cut]), Progress::More, "cut at {cut}");
            assert_eq!(reader.read(&sent), Progress::Hello(answer.clone()), "cut at {cut}");
        }
    }
}

#[test]
fn records_of_every_size() {
    for (_, bytes) in REAL {
        let message = content(bytes);
        for size in (1..40).chain((40..=message.len()).step_by(37)) {
            let sent = in_records(&message, size);
            assert_eq!(whole(&sent), by_bytes(&sent).0);
            names(&[&sent[..], b"x"].concat(), sent.len(), &host(NAME));
        }
    }
}

#[test]
fn names_are_folded_or_none() {
    for (sent, read) in
        [("OK.Test", "ok.test"), ("a_b.test", "a_b.test"), ("localhost", "localhost")]
    {
        let bytes = Craft::naming(sent).bytes();
        names(&bytes, bytes.len(), &host(read));
    }
    let long = "a".repeat(64) + ".test";
    for sent in [
        "ok.test.",
        ".",
        "ok..test",
        "*.test",
        "ok.test:443",
        "ok test",
        "127.0.0.1",
        "127.1",
        "::1",
        "[::1]",
        "ok.test\0",
        "\u{fc}.test",
        &long,
    ] {
        let bytes = Craft::naming(sent).bytes();
        names(&bytes, bytes.len(), &ServerName::NoHost(sent.as_bytes().into()));
    }
}

#[test]
fn without_extensions() {
    let mut craft = Craft::nameless();
    craft.extensions = None;
    names(&craft.bytes(), craft.bytes().len(), &ServerName::Absent);
    craft.extensions = Some(Vec::new());
    names(&craft.bytes(), craft.bytes().len(), &ServerName::Absent);
}

#[test]
fn encrypted_hello_is_seen() {
    for kind in [ECH, 0xfe0c, 0xfe0b, 0xfe0a, 0xfe09, 0xfe08, 0xffce] {
        let bytes = Craft::naming("ok.test").with(kind, ech()).bytes();
        assert!(names(&bytes, bytes.len(), &host("ok.test")).ech, "{kind:x}");
    }
    for kind in [0xfe07, 0xfe0e, 0xffcd, 0xdada] {
        let bytes = Craft::naming("ok.test").with(kind, ech()).bytes();
        assert!(!names(&bytes, bytes.len(), &host("ok.test")).ech, "{kind:x}");
    }
}

/// One that is refused in the same way however it comes, and as soon as that can be known.
fn refused(bytes: &[u8], after: usize, error: HelloError) {
    if let HelloError::Malformed(why) = error {
        assert!(why.is_ascii(), "it will stand in the log: {why}");
    }
    let answer = Progress::Refused(error);
    assert_eq!(whole(bytes), answer, "{}", bytes[..bytes.len().min(80)].escape_ascii());
    assert_eq!(by_bytes(bytes), (answer, after));
}

#[test]
fn what_is_not_tls() {
    let rows: [(&[u8], usize); 9] = [
        (b"SSH-2.0-OpenSSH_9.9\r\n", 1),
        (b"GET / HTTP/1.1\r\n\r\n", 1),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1),
        (b"\0\0\0\0", 1),
        // SSL 2.0's own hello, an alert, application data, a ChangeCipherSpec.
        (b"\x80\x2e\x01\x03\x01", 1),
        (b"\x15\x03\x01\x00\x02\x02\x28", 1),
        (b"\x17\x03\x03\x00\x05hello", 1),
        (b"\x14\x03\x03\x00\x01\x01", 1),
        (b"\x16\x02\x00\x00\x05", 2),
    ];
    for (bytes, after) in rows {
        refused(bytes, after, HelloError::NotTls);
    }
}

#[test]
fn broken_records() {
    let message = Craft::naming("ok.test").message();
    let empty = "a record of the ClientHello is empty, or longer than 2^14 (RFC 8446, 5.1)";
    let other = "another kind of record stands within the ClientHello (RFC 8446, 5.1)";
    let apart = "the ClientHello and its record do not end together";
    let (one, two) = (record(&message[..50]), record(&message[50..]));
    let with = |between: &[u8]| [&one, between, &two].concat();
    let rows = [
        (b"\x16\x03\x01\x00\x00".to_vec(), 5, empty),
        (b"\x16\x03\x01\x40\x01".to_vec(), 5, empty),
        (with(b"\x16\x03\x01\x00\x00"), one.len() + 5, empty),
        (with(b"\x15\x03\x01\x00\x02\x01\x00"), one.len() + 1, other),
        (with(b"\x14\x03\x03\x00\x01\x01"), one.len() + 1, other),
        (with(b"\x16\x04\x01\x00\x01\x01"), one.len() + 2, "a record's version is none of TLS"),
        // A second message in the same record, or the beginning of one.
        (record(&[&message[..], &message].concat()), 9, apart),
        (record(&[&message[..], &[0]].concat()), 9, apart),
        ([&one[..], &record(&[&message[50..], &[0]].concat())].concat(), one.len() + 5, apart),
        (record(b"\x02\0\0\x04abcd"), 6, "the first handshake message is not a ClientHello"),
        (record(b"\x00\0\0\x00"), 6, "the first handshake message is not a ClientHello"),
    ];
    for (bytes, after, why) in rows {
        refused(&bytes, after, HelloError::Malformed(why));
    }
    // Any minor version, of any record.
    let versions = with(b"");
    for minor in [0, 1, 3, 4, 255] {
        let mut bytes = versions.clone();
        bytes[2] = minor;
        bytes[one.len() + 2] = minor;
        names(&bytes, bytes.len(), &host("ok.test"));
    }
}

#[test]
fn broken_messages() {
    let good = || Craft::naming("ok.test");
    let bare = Craft::nameless;
    let named = |content: Vec<u8>| bare().with(SERVER_NAME, content);
    let twice = "an extension stands twice in the ClientHello (RFC 8446, 4.2)";
    let length = "the length of server_name is wrong";
    let rows = [
        (Craft { version: [3, 0], ..good() }, "the ClientHello's version is none of TLS"),
        (Craft { version: [2, 0], ..good() }, "the ClientHello's version is none of TLS"),
        (Craft { version: [4, 3], ..good() }, "the ClientHello's version is none of TLS"),
        (
            Craft { session_id: vec![1; 33], ..good() },
            "the ClientHello's session id is longer than 32 bytes",
        ),
        (
            Craft { suites: vec![], ..good() },
            "the ClientHello's list of cipher suites is empty or of an odd length",
        ),
        (
            Craft { suites: vec![0x13, 1, 0x13], ..good() },
            "the ClientHello's list of cipher suites is empty or of an odd length",
        ),
        (
            Craft { methods: vec![], ..good() },
            "the ClientHello does without the null compression method",
        ),
        (
            Craft { methods: vec![1], ..good() },
            "the ClientHello does without the null compression method",
        ),
        (
            Craft { behind: vec![0], ..good() },
            "something stands behind the ClientHello's extensions",
        ),
        (
            Craft { extensions: None, behind: vec![0], ..good() },
            "the ClientHello ends within its extensions",
        ),
        (
            Craft { extensions: None, behind: vec![0, 3, 0, 10, 0], ..good() },
            "an extension of the ClientHello is cut",
        ),
        (
            Craft { extensions: None, behind: vec![0, 5, 0, 10, 0, 2, 0], ..good() },
            "an extension of the ClientHello is cut",
        ),
        (good().with(SERVER_NAME, server_name(&[(0, b"ok.test")])), twice),
        (good().with(10, vec![0, 2, 0, 29]), twice),
        (good().with(0xdada, vec![]).with(0xdada, vec![]), twice),
        (named(vec![]), length),
        (named(vec![0]), length),
        (named(vec![0, 0]), "server_name is empty"),
        (named(vec![0, 1, 0]), length),
        (named(vec![0, 3, 0, 0, 1]), length),
        (named([server_name(&[(0, b"ok.test")]), vec![0]].concat()), length),
        (named(vec![0, 5, 0, 0, 1, b'a']), length),
        (
            named(server_name(&[(1, b"ok.test")])),
            "server_name holds another type of name than host_name",
        ),
        (
            named(server_name(&[(0, b"ok.test"), (0, b"other.test")])),
            "server_name holds more than one name",
        ),
        (
            named(server_name(&[(0, b"ok.test"), (1, b"other.test")])),
            "server_name holds more than one name",
        ),
        (
            named(server_name(&[(1, b"other.test"), (0, b"ok.test")])),
            "server_name holds another type of name than host_name",
        ),
    ];
    for (craft, why) in rows {
        let bytes = craft.bytes();
        refused(&bytes, bytes.len(), HelloError::Malformed(why));
    }
    let named = Craft::naming("").bytes();
    names(&named, named.len(), &ServerName::NoHost([].into()));
    // Cut anywhere, with lengths that say so.
    let message = good().message();
    for end in 4..message.len() {
        let length = u32::try_from(end - 4).unwrap().to_be_bytes();
        let cut = record(&[&[1, length[1], length[2], length[3]], &message[4..end]].concat());
        match whole(&cut) {
            Progress::Refused(HelloError::Malformed(_)) => {}
            // Nothing stands behind the compression methods.
            Progress::Hello(hello) => assert_eq!(hello.server_name, ServerName::Absent, "{end}"),
            other => panic!("{end}: {other:?}"),
        }
    }
}

#[test]
fn the_limit() {
    // A record of the longest kind, and what is left.
    let most = MAX_HELLO - 2 * RECORD_HEADER;
    let largest = in_records(&Craft::naming("ok.test").padded_to(most).message(), MAX_RECORD);
    assert_eq!(largest.len(), MAX_HELLO);
    names(&largest, MAX_HELLO, &host("ok.test"));
    let larger = in_records(&Craft::naming("ok.test").padded_to(most + 1).message(), MAX_RECORD);
    refused(&larger, 2 * RECORD_HEADER + MAX_RECORD, HelloError::TooLarge);
    refused(&record(b"\x01\xff\xff\xff"), 9, HelloError::TooLarge);
    refused(&record(b"\x01\x00\x80\x00"), 9, HelloError::TooLarge);
    // Records of one byte are mostly headers.
    let size = MAX_HELLO / (RECORD_HEADER + 1);
    let small = in_records(&Craft::naming("ok.test").padded_to(size).message(), 1);
    names(&small, small.len(), &host("ok.test"));
    let smaller = in_records(&Craft::naming("ok.test").padded_to(size + 1).message(), 1);
    refused(&smaller, size * (RECORD_HEADER + 1), HelloError::TooLarge);
}
