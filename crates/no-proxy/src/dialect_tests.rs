use super::*;

fn exempts(value: &str, target: &str) -> Option<String> {
    exempts_resolved(value, target, &[])
}

fn exempts_resolved(value: &str, target: &str, addrs: &[&str]) -> Option<String> {
    let (list, _) = NoProxy::parse(value);
    let target = Authority::parse(target.as_bytes()).unwrap();
    let addrs: Vec<IpAddr> = addrs.iter().map(|addr| addr.parse().unwrap()).collect();
    list.exempts(&target, &addrs).map(ToString::to_string)
}

fn problems(value: &str) -> Vec<String> {
    NoProxy::parse(value).1.iter().map(ToString::to_string).collect()
}

/// Each value, what it exempts, and what it does not.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        "example.com",
        &["example.com:80", "a.example.com:443", "a.b.example.com:80", "EXAMPLE.com.:80"],
        &["notexample.com:80", "example.com.org:80", "com:80", "example.org:80"],
    ),
    (".example.com", &["example.com:80", "a.example.com:80"], &["xexample.com:80"]),
    ("*.example.com", &["a.example.com:80", "a.b.example.com:80"], &["example.com:80"]),
    ("EXAMPLE.Com.", &["example.com:80", "a.example.com.:80"], &["example.co:80"]),
    ("*.Example.com.", &["a.example.com:80"], &["example.com:80"]),
    ("localhost", &["localhost:80", "a.localhost:80"], &["127.0.0.1:80", "[::1]:80"]),
    ("*", &["a:80", "10.0.0.1:80", "[::1]:80"], &[]),
    ("*:8080", &["a:8080", "[::1]:8080"], &["a:80"]),
    ("10.0.0.1", &["10.0.0.1:80"], &["10.0.0.2:80", "110.0.0.1:80", "a:80"]),
    ("10.0.0.0/8", &["10.0.0.0:80", "10.255.255.255:1"], &["11.0.0.0:80", "9.255.255.255:80"]),
    ("0.0.0.0/0", &["1.2.3.4:80"], &["[2001:db8::1]:80", "a:80"]),
    ("::/0", &["[2001:db8::1]:80"], &["1.2.3.4:80"]),
    ("2001:db8::1", &["[2001:db8::1]:80", "[2001:DB8:0::1]:80"], &["[2001:db8::2]:80"]),
    ("[2001:db8::1]", &["[2001:db8::1]:80"], &["[2001:db8::2]:80"]),
    ("2001:db8::/33", &["[2001:db8:7fff::1]:80"], &["[2001:db8:8000::1]:80"]),
    ("[2001:db8::]/32", &["[2001:db8::1]:80"], &["[2001:db9::1]:80"]),
    ("[2001:db8::/32]", &["[2001:db8::1]:80"], &["[2001:db9::1]:80"]),
    ("[2001:db8::1]:8443", &["[2001:db8::1]:8443"], &["[2001:db8::1]:443"]),
    ("10.0.0.1:8080", &["10.0.0.1:8080"], &["10.0.0.1:80"]),
    ("[10.0.0.1]:8080", &["10.0.0.1:8080"], &["10.0.0.1:80"]),
    ("a.example:8080", &["a.example:8080", "b.a.example:8080"], &["a.example:80"]),
    ("*.a.example:8080", &["b.a.example:8080"], &["a.example:8080", "b.a.example:80"]),
    // Without brackets it is an address, not a port.
    ("::1:80", &["[::1:80]:443"], &["[::1]:80"]),
    // Mapped addresses, on either side.
    ("10.0.0.0/8", &["[::ffff:10.1.2.3]:80"], &["[::ffff:11.1.2.3]:80"]),
    ("::ffff:10.0.0.0/104", &["10.1.2.3:80", "[::ffff:10.1.2.3]:80"], &["11.1.2.3:80"]),
    ("::ffff:10.0.0.1", &["10.0.0.1:80"], &["10.0.0.2:80"]),
    ("::ffff:0:0/96", &["10.0.0.1:80"], &["[2001:db8::1]:80"]),
    ("b\u{fc}cher.example", &["xn--bcher-kva.example:80"], &["bcher.example:80"]),
    ("_srv.example", &["_srv.example:80"], &["srv.example:80"]),
    ("", &[], &["a:80", "1.2.3.4:80"]),
];

#[test]
fn the_table_holds() {
    for (value, covered, uncovered) in TABLE {
        for target in *covered {
            assert_eq!(exempts(value, target).as_deref(), Some(*value), "{value} {target}");
        }
        for target in *uncovered {
            assert_eq!(exempts(value, target), None, "{value} {target}");
        }
        assert_eq!(problems(value), [""; 0], "{value}");
    }
}

#[test]
fn commas_and_white_space_separate_wherever_they_stand() {
    for value in ["a,b", "a b", ",a,,b,", "  a ,\tb\n", "\r\na,\r\nb\r\n", "a\u{a0}b"] {
        let (list, problems) = NoProxy::parse(value);
        let entries: Vec<_> = list.entries().iter().map(ToString::to_string).collect();
        assert_eq!(entries, ["a", "b"], "{value:?}");
        assert!(problems.is_empty());
    }
    for value in ["", ",", " , \n"] {
        assert!(NoProxy::parse(value).0.is_empty(), "{value:?}");
    }
}

#[test]
fn the_first_entry_that_covers_a_target_is_named_as_written() {
    assert_eq!(exempts("b, .A.example., *", "x.a.example:80").as_deref(), Some(".A.example."));
    assert_eq!(exempts("b, .A.example., *", "b:80").as_deref(), Some("b"));
}

#[test]
fn nonsense_is_named_and_the_rest_holds() {
    let nonsense = [
        ("\"a\"", "a quotation mark is part of it"),
        ("'a'", "a quotation mark is part of it"),
        ("http://a", "it is a URL"),
        ("all://a/", "it is a URL"),
        ("user@a", "it holds `@`"),
        ("*a", "`*` stands alone"),
        ("a*", "`*` stands alone"),
        ("10.*", "`*` stands alone"),
        ("a.*.b", "`*` stands alone"),
        ("*.*.b", "`*` stands alone"),
        ("**", "`*` stands alone"),
        ("10.0.0.0/8:80", "a block of addresses takes no port"),
        ("[fd00::]/8:80", "a block of addresses takes no port"),
        ("10.0.0.0/33", "what stands before `/`"),
        ("10.0.0.0/", "what stands before `/`"),
        ("10.0.0.0/+8", "what stands before `/`"),
        ("10.0.0.0/255.0.0.0", "what stands before `/`"),
        ("10/8", "what stands before `/`"),
        ("a/", "what stands before `/`"),
        ("a/8", "what stands before `/`"),
        ("[::1", "brackets hold an address"),
        ("[a]", "brackets hold an address"),
        ("[fe80::1%eth0]", "brackets hold an address"),
        ("[fd00::/8", "brackets hold an address"),
        ("a:", "a port is 1 to 65535"),
        ("a:0", "a port is 1 to 65535"),
        ("a:65536", "a port is 1 to 65535"),
        ("a:http", "a port is 1 to 65535"),
        ("a:+80", "a port is 1 to 65535"),
        ("2.3", "a host that ends in a number"),
        ("127.1", "a host that ends in a number"),
        ("010.0.0.1", "a host that ends in a number"),
        ("0x7f000001", "a host that ends in a number"),
        (".", "the host is empty"),
        ("*.", "the host is empty"),
        ("..a", "the host name has an empty label"),
        ("a..b", "the host name has an empty label"),
        ("a|b", "the host name has a character"),
        ("a;b", "the host name has a character"),
        ("<local>", "the host name has a character"),
        ("fe80::1%eth0", "the host name has a character"),
    ];
    for (entry, reason) in nonsense {
        let value = format!("one.example,{entry},two.example");
        let (list, problems) = NoProxy::parse(&value);
        let [problem] = problems.as_slice() else { panic!("{entry}: {problems:?}") };
        assert_eq!(problem.entry(), entry);
        assert!(!problem.kept());
        let text = problem.flaw().to_string();
        assert!(text.starts_with(reason), "{entry}: {text}");
        assert_eq!(list.entries().len(), 2, "{entry}");
        assert!(exempts(&value, "two.example:80").is_some());
        assert!(exempts(entry, "a:80").is_none(), "{entry}");
    }
}

#[test]
fn bits_behind_a_prefix_are_said_and_cut_off() {
    let (list, problems) = NoProxy::parse("10.1.2.3/8,[fd00::1]/8");
    assert_eq!(list.entries().len(), 2);
    assert!(problems.iter().all(Problem::kept));
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`10.1.2.3/8`: bits are set behind the prefix; it is read as `10.0.0.0/8`",
            "`[fd00::1]/8`: bits are set behind the prefix; it is read as `fd00::/8`",
        ]
    );
    assert!(exempts("10.1.2.3/8", "10.9.9.9:80").is_some());
}

#[test]
fn a_problem_shows_control_characters_as_escapes() {
    assert_eq!(problems("a\u{1b}b").len(), 1);
    assert!(problems("a\u{1b}b")[0].starts_with("`a\\u{1b}b`: ignored: "));
}

#[test]
fn resolved_addresses_count_only_where_they_are_handed_in() {
    for value in ["10.0.0.0/8", "10.0.0.1", "::ffff:10.0.0.1"] {
        assert_eq!(exempts(value, "a:80"), None);
        assert!(exempts_resolved(value, "a:80", &["10.0.0.1"]).is_some());
        assert!(exempts_resolved(value, "a:80", &["192.0.2.1", "10.0.0.1"]).is_some());
        assert_eq!(exempts_resolved(value, "a:80", &["192.0.2.1"]), None);
    }
    assert!(exempts_resolved("10.0.0.1:80", "a:80", &["10.0.0.1"]).is_some());
    assert_eq!(exempts_resolved("10.0.0.1:80", "a:81", &["10.0.0.1"]), None);
    // A literal is what it is, whatever it is said to resolve to.
    assert_eq!(exempts_resolved("10.0.0.1", "192.0.2.1:80", &["10.0.0.1"]), None);
}
