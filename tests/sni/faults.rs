//! Everything that does not fit: the target sees none of it, the client is told, the log says why.

use serde_json::{Value, json};

use crate::craft::{
    Craft, LOCALHOST, NAMELESS, REAL, SERVER_NAME, in_records, record, server_name,
};
use crate::place::{Place, Told};
use crate::support::{each, ensure, shown};

/// One misfit: for which target, what is sent, how the log names it, which name it shows, and
/// what the client is told.
struct Row {
    host: &'static str,
    bytes: Vec<u8>,
    label: &'static str,
    name: Option<&'static str>,
    told: Told,
}

fn row(
    host: &'static str,
    bytes: impl Into<Vec<u8>>,
    label: &'static str,
    name: Option<&'static str>,
    told: Told,
) -> Row {
    Row { host, bytes: bytes.into(), label, name, told }
}

fn named(names: &[(u8, &[u8])]) -> Vec<u8> {
    Craft::nameless().with(SERVER_NAME, server_name(names)).bytes()
}

fn rows() -> Vec<Row> {
    use Told::{Alert, Reset};
    let naming = |name: &str| Craft::naming(name).bytes();
    let long = "x".repeat(2000);
    let mut rows = vec![
        row("ok.test", naming("other.test"), "sni_mismatch", Some("other.test"), Alert(112)),
        row("ok.test", naming("OTHER.test"), "sni_mismatch", Some("other.test"), Alert(112)),
        row("ok.test", naming("a.ok.test"), "sni_mismatch", Some("a.ok.test"), Alert(112)),
        row("ok.test", naming("test"), "sni_mismatch", Some("test"), Alert(112)),
        row("in.sub.test", naming("x.sub.test"), "sni_mismatch", Some("x.sub.test"), Alert(112)),
        row("other.test", LOCALHOST, "sni_mismatch", Some("localhost"), Alert(112)),
        // A name where the client asked for an address.
        row("127.0.0.1", naming("ok.test"), "sni_mismatch", Some("ok.test"), Alert(112)),
        row("127.0.0.1", naming("127.0.0.1"), "sni_malformed", Some("127.0.0.1"), Alert(50)),
        row("ok.test", NAMELESS, "sni_absent", None, Alert(109)),
        row(
            "ok.test",
            Craft { extensions: None, ..Craft::nameless() }.bytes(),
            "sni_absent",
            None,
            Alert(109),
        ),
        row("ok.test", naming("ok.test."), "sni_malformed", Some("ok.test."), Alert(50)),
        row("ok.test", naming("127.0.0.1"), "sni_malformed", Some("127.0.0.1"), Alert(50)),
        row("ok.test", naming("::1"), "sni_malformed", Some("::1"), Alert(50)),
        row("ok.test", naming(""), "sni_malformed", Some(""), Alert(50)),
        row("ok.test", naming("ok.test\0"), "sni_malformed", Some("ok.test\\x00"), Alert(50)),
        row(
            "ok.test",
            naming("\x1b[31m\"\r\n\u{9b}.test"),
            "sni_malformed",
            Some("\\x1b[31m\\\"\\r\\n\\xc2\\x9b.test"),
            Alert(50),
        ),
        // Cut in the log, at its start; so the name is not compared.
        row("ok.test", naming(&long), "sni_malformed", None, Alert(50)),
        row(
            "ok.test",
            named(&[(0, b"ok.test"), (0, b"other.test")]),
            "sni_malformed",
            None,
            Alert(50),
        ),
        row(
            "ok.test",
            named(&[(0, b"ok.test"), (0, b"ok.test")]),
            "sni_malformed",
            None,
            Alert(50),
        ),
        row("ok.test", named(&[(7, b"ok.test")]), "sni_malformed", None, Alert(50)),
        row("ok.test", named(&[]), "sni_malformed", None, Alert(50)),
        row(
            "ok.test",
            Craft::naming("ok.test").with(SERVER_NAME, server_name(&[(0, b"ok.test")])).bytes(),
            "sni_malformed",
            None,
            Alert(50),
        ),
        row("ok.test", record(b"\x02\0\0\0"), "sni_malformed", None, Alert(50)),
        row("ok.test", b"\x16\x03\x01\x00\x00", "sni_malformed", None, Alert(50)),
        row("ok.test", b"\x16\x03\x01\x40\x01", "sni_malformed", None, Alert(50)),
        row("ok.test", record(b"\x01\xff\xff\xff"), "sni_too_large", None, Alert(50)),
        row("ok.test", b"\x16\xfe\xff\x00\x05hello", "sni_not_tls", None, Alert(50)),
        row("ok.test", b"SSH-2.0-OpenSSH_9.9p1\r\n", "sni_not_tls", None, Reset),
        row("ok.test", b"GET / HTTP/1.1\r\nHost: ok.test\r\n\r\n", "sni_not_tls", None, Reset),
        row("ok.test", b"\x00", "sni_not_tls", None, Reset),
        // SSL 2.0's own hello; an alert.
        row("ok.test", b"\x80\x2e\x01\x03\x01\0\0\0", "sni_not_tls", None, Reset),
        row("ok.test", b"\x15\x03\x01\x00\x02\x01\x00", "sni_not_tls", None, Reset),
    ];
    for (_, bytes) in REAL {
        rows.push(row("other.test", *bytes, "sni_mismatch", Some("ok.test"), Alert(112)));
    }
    let large = Craft::naming("ok.test").padded_to(32 * 1024).message();
    rows.push(row("ok.test", in_records(&large, 1 << 14), "sni_too_large", None, Alert(50)));
    let slow = Craft::naming("ok.test").padded_to(8000).message();
    rows.push(row("ok.test", in_records(&slow, 1), "sni_too_large", None, Alert(50)));
    rows
}

/// The log line of a tunnel that failed.
fn is_logged(line: &Value, row: &Row) -> Result<(), String> {
    for (key, value) in [
        ("decision", json!("allow")),
        ("status", json!(200)),
        ("reason", json!(row.label)),
        ("end", json!(row.label)),
        ("up", json!(0)),
        ("down", json!(0)),
    ] {
        ensure!(line[key] == value, "{key} of {line} is not {value}");
    }
    ensure!(line["tls"]["check"] == row.label, "{line}");
    ensure!(line["detail"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
    let name = line["tls"]["sni"].as_str();
    ensure!(name.is_none_or(|name| name.len() < 300), "{line}");
    ensure!(row.bytes.len() > 1500 || name == row.name, "the name in {line} is not {:?}", row.name);
    Ok(())
}

#[test]
fn all_of_them() {
    let place = Place::new();
    let rows = rows();
    let name = |row: &&Row| format!("{} to {}: {}", row.label, row.host, shown(&row.bytes));
    let mut count = 0;
    each(&rows, name, |row| {
        // Behind the 200, with CONNECT, in two, and byte by byte.
        for way in 0..4 {
            let early = if way == 1 { &row.bytes[..] } else { &[] };
            let mut ends = place.open_to(row.host, early);
            let size = [row.bytes.len(), 0, row.bytes.len().div_ceil(2), 1][way];
            if way != 1 {
                ends.send(&row.bytes, size);
            }
            let from = ends.address();
            ends.fails(row.told).map_err(|why| format!("way {way}: {why}"))?;
            is_logged(&place.record(from), row).map_err(|why| format!("way {way}: {why}"))?;
            count += 1;
        }
        Ok(())
    });
    place.is_empty();
    for label in ["sni_mismatch", "sni_absent", "sni_malformed", "sni_not_tls", "sni_too_large"] {
        let expected = 4 * rows.iter().filter(|row| row.label == label).count();
        assert_eq!(place.checks("enforce", label), expected as f64, "{label}");
        assert_eq!(place.proxy.outcomes()[&format!("connect {label}")], expected);
    }
    assert_eq!(place.proxy.outcomes(), place.proxy.outcomes_logged());
    assert_eq!(place.checks("enforce", "match"), 0.0);
    assert_eq!(count, 4 * rows.len());
}

/// In records of one byte it is the same.
#[test]
fn in_small_records() {
    let place = Place::new();
    let rows = [
        row(
            "ok.test",
            Craft::naming("other.test").message(),
            "sni_mismatch",
            None,
            Told::Alert(112),
        ),
        row("ok.test", Craft::nameless().message(), "sni_absent", None, Told::Alert(109)),
        row(
            "127.0.0.1",
            Craft::naming("ok.test").message(),
            "sni_mismatch",
            None,
            Told::Alert(112),
        ),
    ];
    each(
        rows,
        |row| row.label.to_owned(),
        |row| {
            for size in [1, 2, 5, 50] {
                let mut ends = place.open_to(row.host, &in_records(&row.bytes, size));
                ends.fails(row.told)?;
            }
            Ok(())
        },
    );
}

/// What stands behind a hello that does not fit is not delivered either.
#[test]
fn with_early_data() {
    let place = Place::new();
    let hello = Craft::naming("other.test").bytes();
    for behind in [&b"\x17\x03\x03\x00\x05early"[..], &[b'x'; 200_000]] {
        let sent = [&hello[..], behind].concat();
        place.open().send(&sent, sent.len()).fails(Told::Alert(112)).unwrap();
    }
    place.is_empty();
}
