use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> String {
    match HostPattern::parse(text) {
        Ok(pattern) => panic!("{text:?} was accepted as {pattern}"),
        Err(error) => error.to_string(),
    }
}

fn covers(pattern: &str, name: &str) -> bool {
    HostPattern::parse(pattern).unwrap().covers(&HostName::parse(name.as_bytes()).unwrap())
}

#[test]
fn names_and_leading_wildcards_are_accepted_in_one_spelling() {
    for (text, printed) in [
        ("host.test", "host.test"),
        ("Host.TEST.", "host.test"),
        ("localhost", "localhost"),
        ("_a.b-c.test", "_a.b-c.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("*.example.com", "*.example.com"),
        ("*.Example.Com.", "*.example.com"),
        ("*.a.b.c.test", "*.a.b.c.test"),
        ("1.2.3.4.test", "1.2.3.4.test"),
    ] {
        assert_eq!(
            HostPattern::parse(text).map(|p| p.to_string()).as_deref(),
            Ok(printed),
            "{text}"
        );
    }
}

#[test]
fn a_wildcard_covers_whole_labels_below_at_any_depth_and_never_the_apex() {
    let below = "a.example.com A.Example.COM. a.b.example.com a.b.c.d.e.example.com _.example.com \
                 example.com.example.com";
    let not = "example.com EXAMPLE.com. xexample.com a.xexample.com x-example.com example.com.evil \
               a.example.com.evil a.example.co a.example.comm com a.example a.exampleXcom";
    assert!(below.split_whitespace().all(|name| covers("*.example.com", name)));
    assert_eq!(not.split_whitespace().find(|name| covers("*.example.com", name)), None);
}

#[test]
fn a_name_covers_itself_alone() {
    assert!(covers("example.com", "EXAMPLE.com."));
    for name in
        ["a.example.com", "xexample.com", "example.com.evil", "example.comm", "com", "exampleXcom"]
    {
        assert!(!covers("example.com", name), "{name}");
    }
}

#[test]
fn a_wildcard_over_everything_or_a_top_level_domain_is_refused() {
    for text in ["*", "*.", "**", "."] {
        assert!(refused(text).contains("would cover every host"), "{text}");
    }
    for text in ["*.com", "*.test.", "*.xn--p1ai", "*.localhost"] {
        assert!(refused(text).contains("`*.example.com`"), "{text}");
    }
}

#[test]
fn a_wildcard_that_is_not_a_whole_first_label_is_refused() {
    for text in "a*.example *a.example *b.example.com a.*.example a.* *.* *.*.com **.example.com \
         *.a*.test *** example.com* *example.com a.example.* *-.example.com"
        .split_whitespace()
    {
        assert!(refused(text).contains("only a leading `*.` is a wildcard"), "{text}");
    }
}

#[test]
fn a_refusal_says_what_to_write_instead() {
    for (text, hint) in [
        (
            ".example.com",
            "write `example.com` for the name itself, `*.example.com` for all below it",
        ),
        ("1.2.3.4", "write `network: 1.2.3.4/32`"),
        ("10.0.0.0/8", "write `network: 10.0.0.0/8`"),
        ("10.20.1.1/16", "write `network: 10.20.0.0/16`"),
        ("::1", "write `network: ::1/128`"),
        ("[::1]", "write `network: ::1/128`"),
        ("fc00::/7", "write `network: fc00::/7`"),
        ("host.test:443", "write `host: host.test` and `ports: 443`"),
        ("*.host.test:443", "write `host: *.host.test` and `ports: 443`"),
        ("[::1]:443", "write `host: [::1]` and `ports: 443`"),
        ("https://host.test", "is a URL: write its host name alone"),
        ("https://host.test/path", "is a URL"),
        ("host.test/", "is a URL"),
        ("//host.test", "is a URL"),
    ] {
        let said = refused(text);
        assert!(said.contains(hint) && said.contains(text), "{text}: {said}");
    }
}

#[test]
fn a_name_that_is_not_ascii_is_refused_with_its_a_label() {
    for (text, hint) in [
        ("bücher.test", "`xn--bcher-kva.test`; write that"),
        ("*.bücher.test", "`*.xn--bcher-kva.test`; write that"),
        ("BÜCHER.test", "`xn--bcher-kva.test`"),
        ("ｈost.test", "`host.test`"),
        ("host。test", "`host.test`"),
        ("ho\u{200b}st.test", "`host.test`"),
        ("\u{202e}tset.tsoh", "write the host's ASCII form"),
    ] {
        let said = refused(text);
        assert!(said.contains("is not ASCII") && said.contains(hint), "{text}: {said}");
    }
}

#[test]
fn what_is_no_name_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "is empty"),
        (" host.test", "character other than"),
        ("host.test ", "character other than"),
        ("user@host.test", "character other than"),
        ("ho%73t.test", "character other than"),
        ("host,test", "character other than"),
        ("[a-z].test", "character other than"),
        ("{a,b}.test", "character other than"),
        ("a?.test", "character other than"),
        ("!a.test", "character other than"),
        ("\\*.test", "whole first label"),
        ("host..test", "empty label"),
        ("host.test..", "empty label"),
        ("127.1", "strict dotted-quad"),
        ("1.2.3.4.5", "strict dotted-quad"),
        ("*.2.3.4", "strict dotted-quad"),
        ("*.a.0x7f", "strict dotted-quad"),
        (&format!("{}.test", "a".repeat(64)), "longer than 63"),
    ] {
        let said = refused(text);
        assert!(said.contains(reason), "{text}: {said}");
    }
}

#[test]
fn a_star_of_a_glob_stays_in_its_label() {
    for (glob, name, covered) in [
        ("ec2.*.cloud.test", "ec2.us-east-1.cloud.test", true),
        ("ec2.*.cloud.test", "ec2.a.b.cloud.test", false),
        ("ec2.*.cloud.test", "ec2.cloud.test", false),
        ("*.a.test", "x.a.test", true),
        ("*.a.test", "a.test", false),
        ("*.a.test", "y.x.a.test", false),
        ("EC2-*.A.test.", "ec2-x.a.test", true),
        ("ec2-*.a.test", "ec2-.a.test", true),
        ("a*b*c.x.test", "abbc.x.test", true),
        ("a*b*c.x.test", "abb.x.test", false),
        ("a*.x.test", "b.a.x.test", false),
    ] {
        let pattern = HostPattern::Glob(HostGlob::parse(glob).unwrap());
        assert_eq!(
            pattern.covers(&HostName::parse(name.as_bytes()).unwrap()),
            covered,
            "{glob} {name}"
        );
    }
}

#[test]
fn a_glob_has_a_star_but_not_at_its_end() {
    for bad in [
        "",
        "*",
        "a.test",
        "*.test",
        "a.*",
        "a.*.test",
        "a.b*.test",
        "**.a.test",
        "*.*",
        "a*..b.test",
        "[ab]*.c.test",
        "?*.a.test",
        "{a,b}*.c.test",
        "!*.c.test",
        "*.a.1",
        "*.a.test/",
    ] {
        assert!(HostGlob::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn print_and_parse_return_the_same_pattern(text in "(\\*\\.)?[a-z0-9.*-]{1,12}\\.[a-z]{1,4}\\.?") {
        if let Ok(pattern) = HostPattern::parse(&text) {
            prop_assert_eq!(&HostPattern::parse(&pattern.to_string()), &Ok(pattern.clone()));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let _ = HostPattern::parse(&text).map_err(|error| error.to_string());
    }
}
