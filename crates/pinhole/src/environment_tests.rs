use std::ffi::OsString;

use super::Variables;

fn read(variables: &[(&str, &str)]) -> Result<Variables, String> {
    let get = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    Variables::read(get).map_err(|error| format!("{error:#}"))
}

/// The proxies for tunnels and for plain HTTP, each as `variable url`.
fn proxies(variables: &[(&str, &str)]) -> [Option<String>; 2] {
    let read = read(variables).unwrap();
    [read.tunnels, read.forwards]
        .map(|named| named.map(|named| format!("{} {}", named.variable, named.url)))
}

#[test]
fn the_lower_case_spelling_wins() {
    let (a, b) = ("http://a.test:1", "http://b.test:1");
    let said = |text: &str| Some(text.to_owned());
    for (variables, expected) in [
        (&[][..], [None, None]),
        (&[("https_proxy", a)], [said("https_proxy http://a.test:1"), None]),
        (&[("HTTPS_PROXY", a)], [said("HTTPS_PROXY http://a.test:1"), None]),
        (&[("HTTP_PROXY", a)], [None, said("HTTP_PROXY http://a.test:1")]),
        (
            &[("https_proxy", a), ("HTTPS_PROXY", b), ("http_proxy", b), ("HTTP_PROXY", a)],
            [said("https_proxy http://a.test:1"), said("http_proxy http://b.test:1")],
        ),
        (&[("https_proxy", ""), ("HTTPS_PROXY", b)], [said("HTTPS_PROXY http://b.test:1"), None]),
        (&[("https_proxy", " a.test:1\n")], [said("https_proxy http://a.test:1"), None]),
        (&[("all_proxy", a), ("ALL_PROXY", a), ("no_proxy", "*")], [None, None]),
    ] {
        assert_eq!(proxies(variables), expected, "{variables:?}");
    }
}

#[test]
fn in_a_cgi_program_upper_case_http_proxy_is_a_clients_word() {
    let url = "http://a.test:1";
    let cgi = ("REQUEST_METHOD", "GET");
    assert_eq!(proxies(&[("HTTP_PROXY", url), cgi]), [None, None]);
    let [_, forwards] = proxies(&[("HTTP_PROXY", url), ("http_proxy", "b.test:2"), cgi]);
    assert_eq!(forwards.as_deref(), Some("http_proxy http://b.test:2"));
    let [tunnels, _] = proxies(&[("HTTPS_PROXY", url), cgi]);
    assert_eq!(tunnels.as_deref(), Some("HTTPS_PROXY http://a.test:1"));
}

#[test]
fn credentials_are_taken_and_never_shown() {
    let read = read(&[("https_proxy", "http://user:se%63ret@a.test:1")]).unwrap();
    let tunnels = read.tunnels.as_ref().unwrap();
    let shown = tunnels.credentials.as_ref().unwrap().authorization();
    assert_eq!(shown, "Basic dXNlcjpzZWNyZXQ=");
    let debug = format!("{read:?}");
    assert!(!debug.contains("se%63ret") && !debug.contains("secret"), "{debug}");
}

#[test]
fn what_cannot_be_understood_is_an_error_that_names_its_variable() {
    for (variable, value, error) in [
        ("HTTPS_PROXY", "socks5://user:secret@a.test:1", "`socks5://` is not spoken"),
        ("https_proxy", "http://user:secret%@a.test:1", "write %25"),
        ("http_proxy", "http://user:secret@a.test:1/path", "neither path nor query"),
        ("HTTP_PROXY", "http://user:secret@", "the host is empty"),
    ] {
        let said = read(&[(variable, value)]).unwrap_err();
        assert!(said.starts_with(&format!("{variable} of the environment: ")), "{said}");
        assert!(said.contains(error) && !said.contains("secret"), "{said}");
    }
}

#[test]
fn no_proxy_goes_with_a_proxy() {
    let url = ("https_proxy", "http://a.test:1");
    let entries = |variables: &[(&str, &str)]| {
        let read = read(variables).unwrap();
        let entries = read.no_proxy.entries().iter().map(ToString::to_string).collect::<Vec<_>>();
        (entries.join(" "), read.warnings.join(" "))
    };
    let none = String::new();
    assert_eq!(entries(&[url]), (none.clone(), none.clone()));
    let both = [url, ("no_proxy", "b.test"), ("NO_PROXY", "c.test")];
    assert_eq!(entries(&both), ("b.test".to_owned(), none.clone()));
    assert_eq!(entries(&[("no_proxy", "b.test")]), (none.clone(), none));
    let (kept, warnings) = entries(&[url, ("NO_PROXY", "http://x, b.test")]);
    assert_eq!(kept, "b.test");
    assert!(warnings.starts_with("NO_PROXY of the environment: "), "{warnings}");
}
