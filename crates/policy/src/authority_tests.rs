use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Result<String, AuthorityError> {
    Authority::parse(text.as_bytes()).map(|authority| authority.to_string())
}

/// One case a word, for tables of what holds no white space.
fn words(table: &str) -> impl Iterator<Item = &str> {
    table.split_whitespace()
}

fn refused<'a>(error: impl Into<AuthorityError>, texts: impl IntoIterator<Item = &'a str>) {
    let error = error.into();
    for text in texts {
        assert_eq!(parsed(text), Err(error), "{text:?}");
    }
}

#[test]
fn what_is_accepted_has_one_spelling() {
    for (text, printed) in [
        ("host.test:443", "host.test:443"),
        ("HOST.Test:443", "host.test:443"),
        ("host.test.:443", "host.test:443"),
        ("HOST.TEST.:443", "host.test:443"),
        ("localhost:80", "localhost:80"),
        ("a:1", "a:1"),
        ("a:65535", "a:65535"),
        ("_srv.a-b.test:8080", "_srv.a-b.test:8080"),
        ("-a-.test:80", "-a-.test:80"),
        ("xn--bcher-kva.test:443", "xn--bcher-kva.test:443"),
        // Numbers are names as long as a last label says so.
        ("1.2.3.4.test:443", "1.2.3.4.test:443"),
        ("0x7f.test:443", "0x7f.test:443"),
        ("999.1a:443", "999.1a:443"),
        ("x0x1:443", "x0x1:443"),
        ("0_1:443", "0_1:443"),
        ("1.2.3.4:443", "1.2.3.4:443"),
        ("0.0.0.0:443", "0.0.0.0:443"),
        ("255.255.255.255:443", "255.255.255.255:443"),
        ("[::]:443", "[::]:443"),
        ("[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]:443"),
        ("[2001:0db8::0001]:443", "[2001:db8::1]:443"),
        ("[::FFFF:102:304]:443", "[::ffff:1.2.3.4]:443"),
        ("[::ffff:1.2.3.4]:443", "[::ffff:1.2.3.4]:443"),
        ("[1:2:3:4:5:6:7:8]:443", "[1:2:3:4:5:6:7:8]:443"),
        ("[1:2:3:4:5:6:1.2.3.4]:443", "[1:2:3:4:5:6:102:304]:443"),
        ("[1:2:3:4:5:6:7::]:443", "[1:2:3:4:5:6:7:0]:443"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(printed), "{text}");
    }
}

#[test]
fn a_port_is_mandatory() {
    let texts = ["host.test", "host.test.", "1.2.3.4", "[::1]"];
    refused(AuthorityError::NoPort, texts);
}

#[test]
fn a_port_is_1_to_65535_in_plain_digits() {
    for host in ["host.test", "1.2.3.4", "[::1]"] {
        // 443 after wrapping round 2^16, 2^32 and 2^64 as well.
        for port in words(
            "0 00 0443 00443 +443 -443 -0 65536 65979 99999 100000 4294967739 18446744073709552059 \
             443443443443443443443443443443443443443443443 443. 443.0 4_43 4,43 443, 443; 0x1bb 1e2 \
             1bb https 443/ 443/path 443?q 443#f 443%30 %34%34%33 443\\ 443] ４４３ ٤٤٣ ４ \
             443\u{200b} 443: 443:443 :443",
        )
        .chain(["", " ", " 443", "443 ", "4 43", "443\t", "443\r\n", "443\n", "443\0"])
        {
            refused(AuthorityError::Port, [format!("{host}:{port}").as_str()]);
        }
    }
}

#[test]
fn userinfo_is_refused_wherever_its_sign_stands() {
    refused(
        AuthorityError::Userinfo,
        words(
            "user@host.test:443 user:pass@host.test:443 @host.test:443 :@host.test:443 \
             a@b@host.test:443 host.test@:443 host.test:443@evil.test \
             host.test:443@evil.test:443 host.test@evil.test u@1.2.3.4:443 u@[::1]:443 \
             [u@::1]:443 [::1]@host.test:443 [::1]:443@host.test:443 @ @:443 \
             http://user@host.test:443/",
        ),
    );
}

#[test]
fn a_scheme_a_path_a_query_or_a_fragment_is_refused() {
    let port =
        ["http://host.test:443", "https://host.test:443/", "http:host.test", "http://host.test"];
    refused(AuthorityError::Port, port);
    refused(
        NameError::BadByte,
        words(
            "//host.test:443 /host.test:443 host.test/:443 host.test/path:443 host.test?q:443 \
             host.test#f:443 ?host.test:443 *:443 *.test:443 host.test\\:443 1.2.3.4/:443 \
             1.2.3.4/24:443 / host.test/ *",
        ),
    );
}

#[test]
fn brackets_hold_ipv6_and_only_ipv6() {
    for inside in words(
        "host.test name 1.2.3.4 127.1 v1.fe80 ::1%eth0 ::1%25eth0 fe80::1%1 % : ::: 1::2::3 \
         ::1:: 12345:: ::g 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4::5:6:7:8 ::1.2.3 ::1.2.3.4.5 \
         ::256.1.1.1 ::01.2.3.4 ::127.1 1.2.3.4:: ::1.2.3.4:1 ::0x1 ::+1 ::1/128 [::1 ::１ ::1。",
    )
    .chain(["", " ::1", "::1 ", "::1\0"])
    {
        refused(AuthorityError::Brackets, [format!("[{inside}]:443").as_str()]);
    }
}

#[test]
fn brackets_stand_alone_and_closed() {
    refused(
        AuthorityError::Brackets,
        words(
            "[ [] [::1 [::1:443 [[::1]]:443 [[::1]:443 [::1]]:443 [::1]443 [::1]x:443 \
             [::1].:443 [::1][::1]:443 [::1].test:443 [::1]/",
        )
        .chain(["[::1] :443", "[::1]\0:443"]),
    );
    refused(
        NameError::BadByte,
        ["]:443", "1]:443", "x[:443", "x[]:443", "x[1]:443", "1.2.3.4]:443"],
    );
    refused(AuthorityError::Port, ["x[::1]:443", "host.test:[::1]:443", " [::1]:443"]);
    refused(
        AuthorityError::BareIpv6,
        ["::1", "::1:443", "::", "2001:db8::1:443", "::ffff:1.2.3.4:443"],
    );
    assert_eq!(Authority::parse(b"[\xff]:443"), Err(AuthorityError::Brackets));
}

#[test]
fn a_numeric_last_label_must_make_a_strict_dotted_quad() {
    for host in words(
        "127.1 127.0.1 1 0 2130706433 017700000001 0x7f000001 0X7F000001 0x7f.1 0x7f.0.0.1 \
         127.0.0.0x1 0x 0X host.0x host.0x1 host.test.0xzz host.1 host.test.127 a.1.2.3.4 \
         1.2.3.4.5 1.2.3 1.2.3.256 256.1.1.1 1.2.3.1000 0177.0.0.1 127.0.0.01 127.0.0.001 \
         01.2.3.4 1.2.3.00 1.2.3.4. 127.1. 1. 0x7f.1. 4294967296 99999999999999999999999999 \
         1.2.3.08",
    ) {
        refused(NameError::Numeric, [format!("{host}:443").as_str()]);
    }
    refused(NameError::EmptyLabel, ["1.2.3.4..:443", "1..2.3:443", "1.2..4:443", ".1.2.3.4:443"]);
    refused(
        NameError::BadByte,
        ["1.2.3.+4:443", "1.2.3. 4:443", "１.2.3.4:443", "1.2.3.４:443", "1。2。3。4:443"],
    );
}

#[test]
fn a_host_has_letters_digits_hyphen_underscore_and_dot_only() {
    let plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    let accepts = |parts: [&[u8]; 3]| Authority::parse(&parts.concat()).is_ok();
    for byte in 0..=255u8 {
        let ok = plain.contains(&byte);
        let (digit, dot) = (byte.is_ascii_digit(), byte == b'.');
        assert_eq!(accepts([b"ho", &[byte], b"st.test:443"]), ok || dot, "inside: {byte:#x}");
        assert_eq!(accepts([b"", &[byte], b"host.test:443"]), ok, "first: {byte:#x}");
        assert_eq!(accepts([b"host.test", &[byte], b":443"]), ok || dot, "last: {byte:#x}");
        assert_eq!(accepts([b"1.2.3.4", &[byte], b":443"]), ok, "a quad and {byte:#x}");
        assert_eq!(accepts([b"host.test:443", &[byte], b""]), digit, "after: {byte:#x}");
        assert_eq!(accepts([b"host.test:", &[byte], b"443"]), digit && byte != b'0', "{byte:#x}");
        assert!(!accepts([b"[::1]", &[byte], b":443"]), "behind brackets: {byte:#x}");
        assert!(!accepts([b"", &[byte], b"[::1]:443"]), "before brackets: {byte:#x}");
    }
}

#[test]
fn nothing_is_decoded_and_nothing_is_mapped() {
    refused(
        NameError::BadByte,
        words(
            "ho%73t.test:443 %68ost.test:443 host%2etest:443 host.test%00:443 host.test%2e:443 \
             %31.2.3.4:443 host.test%3a443:443 ｈost.test:443 ＨＯＳＴ.test:443 host。test:443 \
             host．test:443 host｡test:443 ho\u{200b}st.test:443 host.test\u{200d}:443 \
             \u{feff}host.test:443 ho\u{ad}st.test:443 host.test\u{3002}:443 bücher.test:443 \
             ſhost.test:443 \u{212a}.test:443 ①.test:443 host\u{2024}test:443 \
             host\u{ff0f}test:443",
        ),
    );
}

#[test]
fn a_label_has_1_to_63_octets_and_a_name_253() {
    let label = |n: usize| "a".repeat(n);
    // Three labels of 63 and one of the rest: 3 * 64 + rest.
    let name = |n: usize| format!("{0}.{0}.{0}.{1}", label(63), label(n - 192));
    for ok in [
        label(63),
        format!("{}.test", label(63)),
        format!("test.{}.", label(63)),
        name(253),
        name(253) + ".",
    ] {
        assert_eq!(parsed(&format!("{ok}:443")), Ok(format!("{}:443", ok.trim_end_matches('.'))));
    }
    for long in
        [label(64), format!("{}.test", label(64)), format!("test.{}", label(64)), label(64) + "."]
    {
        refused(NameError::LabelTooLong, [format!("{long}:443").as_str()]);
    }
    for long in
        [name(254), name(254) + ".", name(255), label(254), "a.".repeat(128), label(100_000)]
    {
        refused(NameError::TooLong, [format!("{long}:443").as_str()]);
    }
    assert!(parsed(&format!("{}a:443", "a.".repeat(126))).is_ok(), "253 octets in 127 labels");
}

#[test]
fn one_trailing_dot_is_folded_and_no_empty_label_accepted() {
    let texts = words(
        "host.test..:443 host..test:443 .host.test:443 ..:443 ...:443 .a:443 host.test...:443",
    );
    refused(NameError::EmptyLabel, texts);
    refused(NameError::Empty, ["", ".", ":443", ".:443"]);
}

#[test]
fn a_name_never_holds_an_address() {
    for host in ["1.2.3.4", "127.0.0.1.", "1", "[::1]", "::1"] {
        assert!(HostName::parse(host.as_bytes()).is_err(), "{host}");
    }
    assert_eq!(HostName::parse(b"A.Test.").unwrap().as_str(), "a.test");
    assert_eq!(HostName::parse(b""), Err(NameError::Empty));
}

#[test]
fn the_default_port_stands_in_for_an_absent_port_only() {
    let parse = |text: &str| Authority::parse_or_port(text.as_bytes(), 80).map(|a| a.to_string());
    assert_eq!(parse("host.test").as_deref(), Ok("host.test:80"));
    assert_eq!(parse("host.test:8080").as_deref(), Ok("host.test:8080"));
    assert_eq!(parse("[::1]").as_deref(), Ok("[::1]:80"));
    for text in
        ["host.test:", "host.test:0", "host.test:99999", "host.test:+80", "[::1]:", "1.2.3.4:080"]
    {
        assert_eq!(parse(text), Err(AuthorityError::Port), "{text}");
    }
}

#[test]
fn a_host_field_may_leave_the_port_out() {
    let split =
        |text: &str| Authority::split(text.as_bytes()).map(|(host, port)| (host.to_string(), port));
    assert_eq!(split("Host.Test."), Ok(("host.test".to_owned(), None)));
    assert_eq!(split("host.test:443"), Ok(("host.test".to_owned(), Some(443))));
    assert_eq!(split("[::1]"), Ok(("[::1]".to_owned(), None)));
    assert_eq!(split("host.test:"), Err(AuthorityError::Port));
    assert_eq!(split("[::1]x"), Err(AuthorityError::Brackets));
    assert_eq!(split(""), Err(NameError::Empty.into()));
}

#[test]
fn what_a_person_types_may_be_a_url_whose_path_is_left_aside() {
    let typed = |text| Authority::parse_target(text).map(|authority| authority.to_string());
    assert_eq!(typed("host.test:443").as_deref(), Ok("host.test:443"));
    assert_eq!(typed("https://host.test").as_deref(), Ok("host.test:443"));
    assert_eq!(typed("HTTP://Host.Test/a:1@b?c#d").as_deref(), Ok("host.test:80"));
    assert_eq!(typed("https://host.test:8443?q=://").as_deref(), Ok("host.test:8443"));
    assert_eq!(typed("https://[::1]#f").as_deref(), Ok("[::1]:443"));
    assert_eq!(typed("ftp://host.test"), Err(UrlError::Scheme));
    assert_eq!(typed("host.test"), Err(UrlError::Authority(AuthorityError::NoPort)));
    assert_eq!(typed("https://u@host.test/"), Err(UrlError::Authority(AuthorityError::Userinfo)));
    assert_eq!(typed("https:///path"), Err(UrlError::Authority(NameError::Empty.into())));
    assert_eq!(
        typed("https://host.test\\@evil.test/"),
        Err(UrlError::Authority(AuthorityError::Userinfo))
    );
}

/// The rules by another method: one pass over the bytes with a state, then arithmetic on pieces.
fn strict(bytes: &[u8]) -> Option<(String, u16)> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Start,
        Name,
        Inside,
        Closed,
        Port,
    }
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let inside = |b: u8| b.is_ascii_hexdigit() || b":.".contains(&b);
    let (mut at, mut host, mut port) = (At::Start, String::new(), 0);
    for &b in bytes {
        at = match at {
            At::Start if b == b'[' => At::Inside,
            At::Start | At::Name if name(b) => At::Name,
            At::Inside if inside(b) => At::Inside,
            At::Inside if b == b']' => At::Closed,
            At::Name | At::Closed if b == b':' => At::Port,
            At::Port if b.is_ascii_digit() => {
                port = port * 10 + u32::from(b - b'0');
                if !(1..=65535).contains(&port) {
                    return None;
                }
                At::Port
            }
            _ => return None,
        };
        if matches!(at, At::Name | At::Inside) && b != b'[' {
            host.push(char::from(b.to_ascii_lowercase()));
        }
    }
    let sound = match bytes.first() {
        Some(b'[') => strict_v6(&host),
        _ => strict_v4(&host) || strict_name(&host),
    };
    (at == At::Port && port > 0 && sound)
        .then(|| (host.strip_suffix('.').unwrap_or(&host).to_owned(), port as u16))
}

fn strict_v4(text: &str) -> bool {
    text.split('.').count() == 4
        && text.split('.').all(|part| part.parse::<u8>().is_ok_and(|n| n.to_string() == part))
}

fn strict_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.split('.').all(|label| (1..64).contains(&label.len()))
        && !last.starts_with("0x")
        && !last.trim_start_matches(|c: char| c.is_ascii_digit()).is_empty()
}

fn strict_v6(text: &str) -> bool {
    // How many groups of 16 bits a piece without `::` holds; a dotted quad may end the address.
    let groups = |piece: &str, ends: bool| -> Option<usize> {
        let parts: Vec<&str> = piece.split(':').filter(|_| !piece.is_empty()).collect();
        parts.iter().enumerate().try_fold(0, |sum, (i, part)| match part.len() {
            1..=4 if part.bytes().all(|b| b.is_ascii_hexdigit()) => Some(sum + 1),
            _ if ends && i + 1 == parts.len() && strict_v4(part) => Some(sum + 2),
            _ => None,
        })
    };
    match text.split_once("::") {
        None => groups(text, true) == Some(8),
        Some((left, right)) => {
            groups(left, false).zip(groups(right, true)).is_some_and(|(l, r)| l + r <= 7)
        }
    }
}

/// What near misses are made of.
const PIECES: &str = "host HOST.test a a . .. user@ @ : : :443 :443 :1 :+443 :0443 :65535 :65536 \
    :99999 :0 443 [ ] [::1] [::1] ::1 :: ::ffff: 1:2:3:4:5:6:7:8 fe80 1.2.3.4 1.2.3.4 127.1 0177 0x \
    0x7f 9 256 %25 %2e %25eth0 - _ / // http:// ? # \\ , * \0 ｈ 。 \u{200b} xn-- \
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn pieces() -> Vec<&'static str> {
    words(PIECES).chain([" ", "\t", "\r\n"]).collect()
}

/// The parser, the strict checker and `http::uri::Authority` on one text; whether it is accepted.
fn agree(bytes: &[u8]) -> Result<bool, TestCaseError> {
    let ours = Authority::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    prop_assert_eq!(ours.is_ok(), strict(bytes).is_some(), "{:?}: {:?}", text, ours);
    let Ok(ours) = ours else { return Ok(false) };
    let (host, port) = strict(bytes).expect("just seen");
    let theirs = http::uri::Authority::try_from(bytes)
        .map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
    let lower = theirs.host().to_ascii_lowercase();
    let spelled = lower.strip_suffix('.').unwrap_or(&lower);
    match ours.host() {
        Host::Name(name) => prop_assert_eq!((name.as_str(), host.as_str()), (spelled, spelled)),
        Host::Ip(ip @ IpAddr::V4(_)) => prop_assert_eq!(ip.to_string(), spelled),
        Host::Ip(ip @ IpAddr::V6(_)) => {
            let bare =
                spelled.strip_prefix('[').and_then(|s| s.strip_suffix(']')).expect("brackets");
            prop_assert_eq!((Ok(*ip), bare), (bare.parse(), host.as_str()));
        }
    }
    prop_assert_eq!((Some(ours.port()), port), (theirs.port_u16(), ours.port()));
    Ok(true)
}

#[test]
fn every_triple_of_pieces_is_judged_as_the_strict_checker_does_and_http_reads_it_alike() {
    let (pieces, mut accepted) = (pieces(), 0);
    for a in &pieces {
        for b in &pieces {
            for c in &pieces {
                accepted += usize::from(agree([*a, b, c].concat().as_bytes()).unwrap());
            }
        }
    }
    assert!(accepted > 500, "the pieces make too few authorities to prove anything: {accepted}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn near_misses_are_judged_as_the_strict_checker_does(pieces in prop::collection::vec(prop::sample::select(pieces()), 0..9)) {
        agree(pieces.concat().as_bytes())?;
    }

    #[test]
    fn one_wrong_byte_is_judged_as_the_strict_checker_does(
        whole in prop::sample::select(&["host.test:443", "1.2.3.4:8080", "[2001:db8::1]:443", "[::ffff:1.2.3.4]:1", "a.b.:65535"][..]),
        at in any::<prop::sample::Index>(),
        byte: u8,
        insert: bool,
    ) {
        let mut bytes = whole.as_bytes().to_vec();
        let i = at.index(bytes.len());
        if insert { bytes.insert(i, byte) } else { bytes[i] = byte }
        agree(&bytes)?;
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Authority::parse_or_port(&bytes, 80);
        let _ = Authority::parse_target(&String::from_utf8_lossy(&bytes));
        agree(&bytes)?;
    }

    #[test]
    fn print_and_parse_return_what_was_accepted(
        host in prop_oneof![
            "[a-zA-Z0-9_-]{1,20}(\\.[a-zA-Z0-9_-]{1,20}){0,4}\\.?",
            any::<Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
            any::<Ipv4Addr>().prop_map(|ip| format!("[::ffff:{ip}]")),
        ],
        port in 1..=65535u16,
    ) {
        if let Ok(authority) = Authority::parse(format!("{host}:{port}").as_bytes()) {
            prop_assert_eq!(&Authority::parse(authority.to_string().as_bytes()), &Ok(authority.clone()));
            prop_assert_eq!(authority.to_string(), format!("{}:{port}", authority.host()));
        } else {
            prop_assert!(!strict_name(&host.to_ascii_lowercase()), "{host}");
        }
    }
}
