use super::*;

#[test]
fn a_url_is_taken_apart_and_its_spelling_kept() {
    let target = Target::parse("HTTPS://us:er@Example.COM.:8443/path?x#y").unwrap();
    assert!(target.secure());
    assert_eq!(target.userinfo(), Some("us:er"));
    assert_eq!(target.host(), "Example.COM.");
    assert_eq!(target.authority().to_string(), "example.com:8443");
    assert_eq!((target.written_port(), target.other_port()), (Some(8443), Some(8443)));
    assert_eq!(target.to_string(), "HTTPS://us:er@Example.COM.:8443/path?x#y");
}

#[test]
fn a_missing_port_is_the_schemes_own() {
    for (url, port, written, other) in [
        ("http://a", 80, None, None),
        ("https://a", 443, None, None),
        ("http://a:80", 80, Some(80), None),
        ("http://a:443?x", 443, Some(443), Some(443)),
    ] {
        let target = Target::parse(url).unwrap();
        assert_eq!(target.authority().port(), port, "{url}");
        assert_eq!((target.written_port(), target.other_port()), (written, other), "{url}");
    }
}

#[test]
fn an_ipv6_address_is_kept_as_written_without_brackets() {
    let target = Target::parse("http://[2001:DB8:0::1]:8080/").unwrap();
    assert_eq!(target.host(), "2001:DB8:0::1");
    assert_eq!(target.ip(), Some("2001:db8::1".parse().unwrap()));
    assert_eq!(whatwg("::ffff:10.1.2.3".parse().unwrap()), "::ffff:a01:203");
    assert_eq!(whatwg("2001:db8::1".parse().unwrap()), "2001:db8::1");
}

#[test]
fn what_is_no_url_is_refused_with_a_reason() {
    for (url, reason) in [
        ("example.com", "write a URL that starts with"),
        ("ftp://example.com", "write a URL that starts with"),
        ("http://", "the host is empty"),
        ("http:///path", "the host is empty"),
        ("http://a b/", "a URL holds no white space"),
        ("http://a\n/", "a URL holds no white space"),
        ("http://a:0/", "the port must be"),
        ("http://a:/", "the port must be"),
        ("http://a:x/", "the port must be"),
        ("http://::1/", "an IPv6 address must stand in brackets"),
        ("http://[::1/", "brackets must hold"),
        ("http://[fe80::1%25eth0]/", "brackets must hold"),
        ("http://127.1/", "a host that ends in a number"),
        ("http://b\u{fc}cher.example/", "the host name has a character"),
    ] {
        let error = Target::parse(url).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{url}: {error}");
    }
}
