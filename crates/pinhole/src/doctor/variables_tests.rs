use std::path::Path;

use super::super::check::Verdict;
use super::*;
use crate::doctor::clients;

const URL: &str = "http://p.test:3128";

/// `id subject verdict` of all checks but those that are well.
fn said(variables: &[(&str, &str)], plain_http: bool) -> Vec<String> {
    let machine = Machine::of(variables, Path::new("/nowhere"));
    let (proxies, environment) = (Proxies::of(&machine), clients::environment(&machine));
    let checks = checks(&machine, &proxies, &environment, plain_http);
    let bad = checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let words = bad.map(|check| {
        let subject = check.subject.as_deref().unwrap_or_default();
        format!("{} {subject} {}", check.id, check.verdict.label()).replace("  ", " ")
    });
    words.collect()
}

/// All four, and others besides.
fn all<'v>(more: &[(&'v str, &'v str)]) -> Vec<(&'v str, &'v str)> {
    let mut variables = more.to_vec();
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
        if !variables.iter().any(|(known, _)| *known == name) {
            variables.push((name, URL));
        }
    }
    variables
}

#[test]
fn variables_that_agree_are_well() {
    assert_eq!(said(&all(&[]), true), [""; 0]);
    assert_eq!(said(&all(&[("no_proxy", "a.test"), ("NO_PROXY", "a.test")]), true), [""; 0]);
    // An empty one beside none is no difference.
    assert_eq!(said(&all(&[("no_proxy", "")]), true), [""; 0]);
}

#[test]
fn each_mistake_has_its_check() {
    let two = [("https_proxy", URL), ("HTTPS_PROXY", URL)];
    for (variables, plain_http, expected) in [
        (vec![], true, &["env.proxy fail"][..]),
        (
            vec![("http_proxy", URL), ("HTTP_PROXY", URL)],
            true,
            &["env.proxy fail", "env.clients https:// warn"],
        ),
        (two.to_vec(), true, &["env.proxy warn", "env.clients http:// warn"]),
        // A site that has replicas asked by http:// leaves it so.
        (two.to_vec(), false, &[]),
        (all(&[]), false, &["env.schemes warn"]),
        (all(&[("HTTPS_PROXY", "http://q.test:1")]), true, &["env.cases https_proxy fail"]),
        (all(&[("no_proxy", "a"), ("NO_PROXY", "b")]), true, &["env.cases no_proxy fail"]),
        (all(&[("NO_PROXY", "a")]), true, &["env.cases no_proxy warn"]),
        (
            all(&[("https_proxy", "http://q.test:1"), ("HTTPS_PROXY", "http://q.test:1")]),
            true,
            &["env.schemes warn"],
        ),
        (all(&[("all_proxy", URL)]), true, &["env.cases all_proxy warn"]),
        (
            all(&[("https_proxy", "socks5://p.test:1"), ("HTTPS_PROXY", "socks5://p.test:1")]),
            true,
            &["env.proxy fail", "env.url https_proxy fail", "env.url HTTPS_PROXY fail"],
        ),
        (
            all(&[
                ("https_proxy", "http://u:p@p.test:3128"),
                ("HTTPS_PROXY", "http://u:p@p.test:3128"),
            ]),
            true,
            &[
                "env.credentials https_proxy warn",
                "env.credentials HTTPS_PROXY warn",
                "env.schemes warn",
            ],
        ),
        (
            vec![("HTTP_PROXY", URL), ("HTTPS_PROXY", URL)],
            true,
            &[
                "env.cases http_proxy warn",
                "env.cases https_proxy warn",
                "env.clients http:// warn",
                "env.clients https:// warn",
            ],
        ),
    ] {
        assert_eq!(said(&variables, plain_http), expected, "{variables:?} {plain_http}");
    }
    let cgi = said(&all(&[("REQUEST_METHOD", "GET")]), true);
    assert!(cgi.contains(&"env.cgi warn".to_owned()), "{cgi:?}");
}

#[test]
fn clients_that_see_no_proxy_are_named() {
    let machine = Machine::of(&[("HTTP_PROXY", URL), ("HTTPS_PROXY", URL)], Path::new("/nowhere"));
    let (proxies, environment) = (Proxies::of(&machine), clients::environment(&machine));
    let checks = checks(&machine, &proxies, &environment, true);
    let of = |subject: &str| {
        let fits =
            |check: &&Check| check.id == "env.clients" && check.subject.as_deref() == Some(subject);
        checks.iter().find(fits).unwrap().finding.clone()
    };
    for client in ["curl", "wget", "apt", "git"] {
        assert!(of("http://").contains(client), "{}", of("http://"));
    }
    // curl reads upper-case HTTPS_PROXY, and no upper-case HTTP_PROXY.
    assert!(!of("https://").contains("curl"), "{}", of("https://"));
}
