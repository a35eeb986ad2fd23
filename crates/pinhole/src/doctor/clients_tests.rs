use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn of(variables: &[(&str, &str)]) -> Environment {
    environment(&Machine::of(variables, Path::new("/nowhere")))
}

#[test]
fn every_client_is_known_to_the_simulator() {
    let known: BTreeSet<&str> = clients::all().map(Client::id).collect();
    let ids = SKYPILOT.iter().chain(&OF_THE_API_SERVER).chain(&OF_REPLICAS).chain(&OF_METADATA);
    for id in ids {
        assert!(known.contains(id), "{id}");
    }
    assert!(clients::all().any(is_broken));
}

#[test]
fn only_what_concerns_proxies_gets_into_the_environment() {
    let environment = of(&[
        ("https_proxy", "http://a.test:1"),
        ("npm_config_proxy", "x"),
        ("grpc_proxy", "y"),
        ("REQUEST_METHOD", "GET"),
        ("HOME", "/home/sky"),
    ]);
    for (name, value) in
        [("https_proxy", Some("http://a.test:1")), ("REQUEST_METHOD", Some("GET")), ("HOME", None)]
    {
        assert_eq!(environment.get(name), value);
    }
}

#[test]
fn ways_are_those_of_the_simulator() {
    let environment = of(&[
        ("http_proxy", "http://a.test:1"),
        ("https_proxy", "http://a.test:1"),
        ("no_proxy", "10.0.0.0/8"),
    ]);
    let ways = Ways::of(&environment, "http://10.1.2.3/", &["requests", "httpx", "kubernetes"]);
    assert_eq!(named(&ways.proxied), "httpx; kubernetes 34.1–35");
    assert_eq!(named(&ways.direct), "requests; kubernetes ≤33, 36, ≥37");
    assert_eq!(of_all(&ways.proxied, &ways), "httpx; kubernetes 34.1–35");
    let ways = Ways::of(&environment, "http://9.9.9.9/", &["requests", "httpx"]);
    assert_eq!(of_all(&ways.proxied, &ways), "every client");
    assert!(Ways::of(&environment, "no URL", &["requests"]).proxied.is_empty());
}

#[test]
fn all_versions_of_a_client_are_named_as_one() {
    let environment = of(&[]);
    let ways = Ways::of(&environment, "http://a.test/", &["curl", "wget"]);
    assert_eq!(named(&ways.direct), "curl; wget");
    assert_eq!(named(&ways.direct[1..2]), "curl 7.87–8.8");
}

#[test]
fn together_each_client_is_once_in_each_list() {
    let environment = of(&[("http_proxy", "http://a.test:1"), ("no_proxy", "b.test")]);
    let of = |url: &str| Ways::of(&environment, url, &["httpx"]);
    let ways = Ways::together([of("http://a.test/"), of("http://b.test/"), of("http://c.test/")]);
    assert_eq!((ways.proxied.len(), ways.direct.len(), ways.failed.len()), (1, 1, 0));
}
