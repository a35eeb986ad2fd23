use std::path::Path;

use super::*;

fn proxies(variables: &[(&str, &str)]) -> Proxies {
    Proxies::of(&Machine::of(variables, Path::new("/nowhere")))
}

fn urls(proxies: &Proxies) -> Vec<String> {
    proxies.list.iter().map(|proxy| proxy.url.to_string()).collect()
}

#[test]
fn each_value_has_its_flaws() {
    use Flaw::{Credentials, NoPort, NoScheme, Path, Quoted, Scheme, Space, Tls};
    let good = Some("http://a.test:3128");
    for (value, url, flaws) in [
        ("http://a.test:3128", good, vec![]),
        ("http://a.test:3128/", good, vec![]),
        (" http://a.test:3128", good, vec![Space]),
        ("http://a.test:3128\n", good, vec![Space]),
        ("a.test:3128", good, vec![NoScheme]),
        ("http://a.test", Some("http://a.test:80"), vec![NoPort]),
        ("http://u:p@a.test/", Some("http://a.test:80"), vec![NoPort, Credentials]),
        ("https://a.test:3129", Some("https://a.test:3129"), vec![Tls]),
        ("http://u:p@a.test:3128", good, vec![Credentials]),
        ("u:p@a.test:3128", good, vec![NoScheme, Credentials]),
        ("http://[fd00::1]:3128", Some("http://[fd00::1]:3128"), vec![]),
        ("http://[fd00::1]", Some("http://[fd00::1]:80"), vec![NoPort]),
        ("\"http://a.test:3128\"", None, vec![Quoted]),
        ("http://a.test:3128'", None, vec![Quoted]),
        ("socks5h://a.test:1080", None, vec![Scheme("socks5h://".to_owned())]),
        ("http://a.test:3128/p", None, vec![Path]),
    ] {
        let named = read("https_proxy", value);
        assert_eq!(named.flaws, flaws, "{value:?}");
        let read = named.proxy.map(|proxy| proxy.url.to_string());
        assert_eq!(read.as_deref(), url, "{value:?}");
    }
    for value in ["http://a.test:99999", "http://a b.test:1", "http://", "http://:3128"] {
        let named = read("https_proxy", value);
        assert!(named.proxy.is_none(), "{value:?}");
        assert!(matches!(named.flaws.last(), Some(Flaw::Unreadable(_))), "{value:?}");
    }
}

#[test]
fn nothing_of_a_value_is_repeated() {
    let secret = "pass-w0rd";
    for value in [
        format!("http://user:{secret}@a.test:3128"),
        format!("http://user:{secret}@a.test:3128/path"),
        format!("user:{secret}@a test"),
        format!("socks5://user:{secret}@a.test:1080"),
        format!("http://user:{secret}%zz@a.test:1"),
        secret.to_owned(),
        format!("'{secret}'"),
    ] {
        let named = read("https_proxy", &value);
        let said = format!(
            "{:?} {:?} {:?}",
            named.flaws,
            named.flaws.iter().map(Flaw::text).collect::<Vec<_>>(),
            named.proxy.as_ref().map(|proxy| &proxy.credentials)
        );
        assert!(!said.contains(secret), "{value}: {said}");
    }
}

#[test]
fn each_scheme_has_its_proxy() {
    let (a, b) = ("http://a.test:1", "http://b.test:2");
    for (variables, tunnels, forwards) in [
        (&[][..], None, None),
        (&[("https_proxy", a)], Some(a), None),
        (&[("http_proxy", a)], None, Some(a)),
        (&[("HTTPS_PROXY", b), ("https_proxy", a)], Some(a), None),
        (&[("https_proxy", ""), ("HTTPS_PROXY", b)], Some(b), None),
        (&[("https_proxy", "socks5://x:1"), ("HTTPS_PROXY", b)], Some(b), None),
        (&[("all_proxy", a)], Some(a), Some(a)),
        (&[("all_proxy", a), ("HTTP_PROXY", b)], Some(a), Some(b)),
        (&[("HTTP_PROXY", a), ("REQUEST_METHOD", "GET")], None, None),
        (&[("http_proxy", a), ("REQUEST_METHOD", "GET")], None, Some(a)),
    ] {
        let proxies = proxies(variables);
        let url = |at: Option<usize>| at.map(|at| proxies.list[at].url.to_string());
        assert_eq!(url(proxies.tunnels).as_deref(), tunnels, "{variables:?}");
        assert_eq!(url(proxies.forwards).as_deref(), forwards, "{variables:?}");
    }
}

#[test]
fn every_proxy_is_listed_once() {
    let (a, b) = ("http://a.test:1", "http://b.test:2");
    let same = proxies(&[("http_proxy", a), ("HTTP_PROXY", a), ("https_proxy", "a.test:1")]);
    assert_eq!(urls(&same), [a]);
    assert_eq!(same.tunnels, same.forwards);
    let two = proxies(&[("http_proxy", a), ("https_proxy", b), ("HTTPS_PROXY", a)]);
    assert_eq!(urls(&two), [a, b]);
    // Other credentials are another proxy, as far as its answers go.
    let users = proxies(&[("http_proxy", "http://u:p@a.test:1"), ("https_proxy", a)]);
    assert_eq!(urls(&users), [a, a]);
}
