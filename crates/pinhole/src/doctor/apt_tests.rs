use std::fs;

use proptest::prelude::*;

use super::*;

#[test]
fn settings_are_read_as_apt_reads_them() {
    let name = |settings: &[(String, String)]| -> Vec<String> {
        settings.iter().map(|(name, value)| format!("{name}={value}")).collect()
    };
    let proxy = ["Acquire::http::Proxy=http://p.test:1"];
    for (text, expected) in [
        ("", &[][..]),
        ("Acquire::http::Proxy \"http://p.test:1\";", &proxy),
        ("Acquire::http::Proxy http://p.test:1;", &proxy),
        ("Acquire { http { Proxy \"http://p.test:1\"; }; };", &proxy),
        ("Acquire::http { Proxy \"http://p.test:1\"; }", &proxy),
        (
            "// Acquire::http::Proxy \"x\";\n# no\n/* Acquire::http::Proxy \"y\"; */Acquire::http::Proxy \"http://p.test:1\";",
            &proxy,
        ),
        (
            "Acquire::http::Proxy \"DIRECT\"; Acquire::https::Proxy \"a\";",
            &["Acquire::http::Proxy=DIRECT", "Acquire::https::Proxy=a"],
        ),
        ("A { b \"1\"; c { d \"2\"; }; e \"3\"; };", &["A::b=1", "A::c::d=2", "A::e=3"]),
        // Broken ones end somewhere.
        ("A { b \"1", &[]),
        ("/* A", &[]),
        ("}}};;;\"", &[]),
        ("A", &[]),
    ] {
        assert_eq!(name(&parse(text)), expected, "{text:?}");
    }
}

/// `subject verdict finding` of a machine with this file.
fn said(file: Option<(&str, &str)>, variables: &[(&str, &str)], sudo_keeps: bool) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/apt/apt.conf.d")).unwrap();
    if let Some((name, text)) = file {
        fs::write(root.path().join("etc/apt").join(name), text).unwrap();
    }
    let machine = Machine::of(variables, root.path());
    let checks = checks(&machine, &Proxies::of(&machine), sudo_keeps);
    let words = checks.iter().map(|check| {
        let subject = check.subject.as_deref().unwrap_or_default();
        format!("{subject} {} {}", check.verdict.label(), check.finding)
    });
    words.collect()
}

#[test]
fn apts_proxy_is_compared_with_the_environments() {
    let variables = [("http_proxy", "http://p.test:1")];
    let file = |text| Some(("apt.conf.d/95proxy", text));
    let same = "Acquire::http::Proxy \"http://p.test:1/\";";
    let other = "Acquire::http::Proxy \"http://user:pass@q.test:1\";";
    for (file, sudo_keeps, expected) in [
        (None, true, "http:// ok apt takes the variables, and sudo keeps them"),
        (None, false, "http:// warn apt has no proxy of its own, and under sudo no variables"),
        (file(same), false, "http:// ok apt goes by http://p.test:1"),
        (
            file(other),
            true,
            "http:// warn apt goes by http://q.test:1, the environment says http://p.test:1",
        ),
        (
            file("Acquire::http::Proxy \"DIRECT x\";"),
            true,
            "http:// warn apt's own setting names no proxy, and holds over the environment",
        ),
        (Some(("apt.conf", same)), false, "http:// ok apt goes by http://p.test:1"),
        // apt does not read a file of that name.
        (
            Some(("apt.conf.d/95proxy.disabled", same)),
            true,
            "http:// ok apt takes the variables, and sudo keeps them",
        ),
    ] {
        assert_eq!(said(file, &variables, sudo_keeps), [expected], "{file:?}");
    }
    assert_eq!(said(None, &[], false), [""; 0]);
    assert_eq!(
        said(file(same), &[], false),
        ["http:// ok apt goes by http://p.test:1, the environment says nothing"]
    );
}

#[test]
fn without_apt_there_is_nothing_to_say() {
    let root = tempfile::tempdir().unwrap();
    let machine = Machine::of(&[("http_proxy", "http://p.test:1")], root.path());
    let checks = checks(&machine, &Proxies::of(&machine), false);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].verdict.label(), "skipped");
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "[a-z:{};\"/*#\n \u{fc}]{0,60}") {
        let _any = parse(&text);
    }
}
