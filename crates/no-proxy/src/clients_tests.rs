use std::collections::BTreeSet;

use super::*;
use crate::Spelling;

/// A client by its versions and, where those do not tell, what it is with.
fn client(id: &str, version: &str) -> &'static Client {
    let mut found = all().filter(|client| {
        let with = format!("{} {}", client.version, client.with);
        client.id == id && (client.version == version || with == version)
    });
    let one = found.next().expect(id);
    assert!(found.next().is_none(), "{id} {version} is more than one");
    one
}

fn route(id: &str, version: &str, value: &str, url: &str) -> Route {
    let environment = Environment::proxied(value, Spelling::Both);
    route_in(client(id, version), &environment, url)
}

fn route_in(client: &Client, environment: &Environment, url: &str) -> Route {
    let target = Target::parse(url).unwrap();
    client.route(&Case { target: &target, environment, addrs: &[] }).route
}

const D: Route = Route::Direct;
const P: Route = Route::Proxy;
const E: Route = Route::Error;

/// Where clients differ, one line for each thing to know.
const TABLE: &[(&str, &str, &str, &str, Route)] = &[
    // libcurl's epochs.
    ("curl", "≤7.85", "2.3", "http://10.1.2.3/", D),
    ("curl", "≤7.85", "10.0.0.0/8", "http://10.1.2.3/", P),
    ("curl", "7.86.0", "a.example", "http://x.a.example/", P),
    ("curl", "7.86.0", ".a.example", "http://xa.example/", D),
    ("curl", "7.86.0", ".a.example,b", "http://x.a.example/", P),
    ("curl", "7.86.0", "10.0.0.1,b", "http://10.0.0.1/", P),
    ("curl", "7.86.0", "10.0.0.0/8,b", "http://10.0.0.1/", D),
    ("curl", "7.87–8.8", "b a.example", "http://a.example./", D),
    ("curl", "7.87–8.8", "fd00::/8", "http://[fd00::1]/", P),
    ("curl", "7.87–8.8", "fd00::1", "http://[fd00::1]/", D),
    ("curl", "8.9–8.17", "b a.example", "http://a.example/", P),
    ("curl", "8.9–8.17", "b, a.example", "http://a.example/", D),
    ("curl", "8.9–8.17", "10.0.0.1/0", "http://10.0.0.2/", P),
    ("curl", "≥8.18", "fd00::/8", "http://[fd00::1]/", D),
    ("curl", "≥8.18", "[fd00::1]", "http://[fd00::1]/", P),
    ("curl", "≥8.18", "a,*", "http://b/", P),
    // wget, wget2, apt.
    ("wget", "1.21–1.25", ".a.example", "http://a.example/", P),
    ("wget", "1.21–1.25", "2.3", "http://10.1.2.3/", D),
    ("wget", "1.21–1.25", "*", "http://a/", P),
    ("wget2", "≤2.0", "a.example", "http://x.a.example/", P),
    ("wget2", "≤2.0", "b, a.example", "http://a.example/", P),
    ("wget2", "≥2.1", "b, a.example", "http://a.example/", D),
    ("wget2", "≥2.1", "fd00::/8", "http://[fd00::1]/", D),
    ("apt", "2", "a.example", "http://xa.example/", D),
    // Python.
    ("python-urllib", "3", "2.3", "http://10.1.2.3/", D),
    ("python-urllib", "3", "::1", "http://[::1]/", P),
    ("python-urllib", "3", "[::1]", "http://[::1]/", D),
    ("python-urllib", "3", "a:8080", "http://a:8080/", D),
    ("python-urllib", "3", "a", "http://user@a/", P),
    ("python-urllib", "3", "*", "http://user@a/", E),
    ("requests", "≤2.33", "a.example", "http://xa.example/", D),
    ("requests", "≤2.33", "::1", "http://[fd00::1]/", D),
    ("requests", "≥2.34", "a.example", "http://xa.example/", P),
    ("requests", "≥2.34", "10.0.0.0/8", "http://10.1.2.3/", D),
    ("requests", "≥2.34", "2.3", "http://10.1.2.3/", D),
    ("requests", "≥2.34", "a b", "http://ab/", D),
    ("httpx", "0.28", "fd00::/8", "http://a/", E),
    ("httpx", "0.28", "[::1]", "http://a/", E),
    ("httpx", "0.28", "[::1],*", "http://a/", D),
    ("httpx", "0.28", "10.0.0.0/8", "http://10.1.2.3/", P),
    ("httpx", "0.28", ".a.example", "http://a.example/", P),
    ("httpx", "0.28", "*.a.example", "http://x.a.example/", P),
    ("httpx", "0.28", "http://a", "http://a/", D),
    ("httpx", "0.28", "http://a", "https://a/", P),
    ("httpx", "0.28", "http://", "http://a/", D),
    ("httpx", "0.28", "http://*", "http://a/", P),
    ("httpx", "0.28", ":8080", "http://a:8080/", D),
    ("httpx", "0.28", "xn--bcher-kva.example", "http://xn--bcher-kva.example/", P),
    ("aiohttp", "3", "b\u{fc}cher.example", "http://xn--bcher-kva.example/", D),
    ("botocore", "1", "b", "http://a_b/", E),
    ("aiohttp", "3", "a:8080", "http://a:8080/", P),
    ("kubernetes", "≤33", "b", "http://a/", D),
    ("kubernetes", "34.1–35", "*", "http://a/", P),
    ("kubernetes", "≥37", "fd00::/8", "http://[fd00::1]/", D),
    ("httplib2", "0.32 PySocks", "A", "http://a/", P),
    ("httplib2", "0.32 no PySocks", "b", "https://a/", D),
    ("httplib2", "0.32 no PySocks", "a", "http://a/", E),
    ("websocket-client", "1.9", ".a.example", "http://xa.example/", D),
    ("websocket-client", "1.9", "10.1.2.3/8", "http://10.1.2.3/", P),
    ("websockets", "≥15", "a:80", "http://a/", D),
    // Go.
    ("go", "≥1.24.1", "b", "http://localhost/", D),
    ("go", "≥1.24.1", "b", "http://LOCALHOST/", P),
    ("go", "≥1.24.1", "b", "http://127.9.9.9/", D),
    ("go", "≥1.24.1", ".a.example", "http://a.example/", P),
    ("go", "≥1.24.1", "a:443", "https://a/", D),
    ("go", "≥1.24.1", "[::2]", "http://[::2]/", P),
    ("go", "≥1.24.1", "[::2]:80", "http://[::2]/", D),
    ("go", "≤1.24.0", "2.3", "http://10.1.2.3/", D),
    ("go", "≥1.24.1", "2.3", "http://10.1.2.3/", P),
    ("kubectl", "≥1.33", "010.0.0.0/8", "http://10.1.2.3/", D),
    // Node.
    ("undici", "6", "a.example", "http://x.a.example/", P),
    ("undici", "6", "::1", "http://[::1]/", P),
    ("undici", "7", "a.example", "http://x.a.example/", D),
    ("undici", "7", "b,*", "http://a/", P),
    ("undici", "8", "b,*", "http://a/", D),
    ("undici", "8", "*.a.example", "http://a.example/", P),
    ("undici", "8", "a.example", "http://a.example./", D),
    ("undici", "8", "*.*", "http://a/", D),
    ("node-http", "24", "a.example", "http://x.a.example/", P),
    ("node-http", "24", ".a.example", "http://xa.example/", P),
    ("node-http", "24", "10.0.0.1-10.0.0.9", "http://10.0.0.3/", D),
    ("axios", "1.21", "localhost", "http://127.9.9.9/", D),
    ("axios", "1.21", "10.0.0.0/8", "http://[::ffff:10.1.2.3]/", D),
    ("npm", "10–12", "*", "http://a/", P),
    ("npm", "10–12", "A", "http://a/", P),
    ("gaxios", "7", "*", "http://a/", P),
    ("gaxios", "7", "https://a", "https://a/", D),
    ("azure-core-rest-pipeline", "1.24–1.25", "[::1]", "http://[::1]/", E),
    ("actions-http-client", "4", "b", "http://localhost/", D),
    ("bun", "1.4", "b fd00::/8", "http://[fd00::1]/", D),
    // Rust.
    ("hyper-util", "0.1", "*", "http://10.0.0.1/", P),
    ("hyper-util", "0.1", "*", "http://a/", D),
    ("reqwest", "0.11", "A", "http://a/", P),
    ("deno", "2", "b,", "http://a./", D),
    ("ureq", "3", "a*", "http://abc/", D),
    ("attohttpc", "0.31", "", "http://a/", D),
    ("attohttpc", "0.31", "b,", "http://a/", D),
    // gRPC.
    ("grpcio", "≤1.83", "a.example", "http://xa.example/", D),
    ("grpcio", "≤1.83", "b, ,c", "http://a/", D),
    ("grpcio", "≥1.84", "a.example", "http://xa.example/", P),
    ("grpcio", "≥1.84", "*", "http://a/", P),
    ("grpc-js", "1.14", "b,", "http://a/", D),
    // Ruby, Java, .NET.
    ("ruby", "≥2.7", "::1", "http://10.0.0.1/", D),
    ("ruby", "≥2.7", "a:0", "http://a/", P),
    ("ruby", "≥2.7", "b", "http://localhost/", D),
    ("java", "≥8", "b", "http://a/", D),
    ("java-nonproxyhosts", "≥8", ".a.example", "http://x.a.example/", P),
    ("java-nonproxyhosts", "≥8", "10.*", "http://10.1.2.3/", D),
    ("java-nonproxyhosts", "≥8", "b", "http://127.0.0.1/", D),
    ("dotnet", "≥6", ".a.example", "http://a.example/", D),
];

#[test]
fn clients_differ_as_is_known() {
    for (id, version, value, url, expected) in TABLE {
        assert_eq!(route(id, version, value, url), *expected, "{id} {version} {value:?} {url}");
    }
}

#[test]
fn spellings_are_read_as_each_client_does() {
    let direct = |id: &str, version: &str, spelling| {
        let environment = Environment::proxied("a", spelling);
        route_in(client(id, version), &environment, "http://a/") == D
    };
    for (id, version) in [
        ("wget", "1.21–1.25"),
        ("wget2", "≥2.1"),
        ("apt", "2"),
        ("grpcio", "≥1.84"),
        ("grpc-js", "1.14"),
    ] {
        assert!(!direct(id, version, Spelling::Upper), "{id}");
        assert!(direct(id, version, Spelling::Lower), "{id}");
    }
    for (id, version) in
        [("curl", "≥8.18"), ("go", "≥1.24.1"), ("requests", "≥2.34"), ("undici", "8")]
    {
        assert!(direct(id, version, Spelling::Upper), "{id}");
        assert!(direct(id, version, Spelling::Lower), "{id}");
    }
}

#[test]
fn one_spelling_can_hide_the_other() {
    let mut environment = Environment::proxied("lower", Spelling::Lower);
    environment.set("NO_PROXY", "upper");
    for (id, version, wins) in [
        ("curl", "≥8.18", "lower"),
        ("python-urllib", "3", "lower"),
        ("go", "≥1.24.1", "upper"),
        ("hyper-util", "0.1", "upper"),
    ] {
        let url = format!("http://{wins}/");
        assert_eq!(route_in(client(id, version), &environment, &url), D, "{id}");
        let other = if wins == "lower" { "http://upper/" } else { "http://lower/" };
        assert_eq!(route_in(client(id, version), &environment, other), P, "{id}");
    }
    // An empty one hides the other in git, and in curl does not.
    environment.set("no_proxy", "");
    assert_eq!(route_in(client("git", "≥2 libcurl ≥8.18"), &environment, "http://upper/"), P);
    assert_eq!(route_in(client("curl", "≥8.18"), &environment, "http://upper/"), D);
}

#[test]
fn proxies_are_looked_for_as_each_client_does() {
    let mut all_proxy = Environment::default();
    all_proxy.set("ALL_PROXY", "http://proxy.invalid:3128");
    for (id, version, expected) in [
        ("curl", "≥8.18", P),
        ("requests", "≥2.34", P),
        ("httpx", "0.28", P),
        ("hyper-util", "0.1", P),
        ("go", "≥1.24.1", D),
        ("python-urllib", "3", D),
        ("wget", "1.21–1.25", D),
        ("undici", "8", D),
    ] {
        assert_eq!(route_in(client(id, version), &all_proxy, "https://a/"), expected, "{id}");
    }
    let mut upper_http = Environment::default();
    upper_http.set("HTTP_PROXY", "http://proxy.invalid:3128");
    assert_eq!(route_in(client("curl", "≥8.18"), &upper_http, "http://a/"), D);
    assert_eq!(route_in(client("go", "≥1.24.1"), &upper_http, "http://a/"), P);
    assert_eq!(route_in(client("undici", "8"), &upper_http, "https://a/"), P);
    assert_eq!(route_in(client("ruby", "≥2.7"), &upper_http, "https://a/"), P);
    upper_http.set("REQUEST_METHOD", "GET");
    assert_eq!(route_in(client("go", "≥1.24.1"), &upper_http, "http://a/"), E);
    assert_eq!(route_in(client("python-urllib", "3"), &upper_http, "http://a/"), D);
    assert_eq!(route_in(client("hyper-util", "0.1"), &upper_http, "http://a/"), D);
    assert_eq!(route_in(client("undici", "8"), &upper_http, "http://a/"), P);
}

#[test]
fn only_ruby_takes_notice_of_what_a_name_resolves_to() {
    let environment = Environment::proxied("192.0.2.0/24", Spelling::Both);
    let target = Target::parse("http://a.example/").unwrap();
    let addrs = ["192.0.2.7".parse().unwrap()];
    let case = Case { target: &target, environment: &environment, addrs: &addrs };
    for client in all().filter(|client| client.heeds()) {
        let unresolved = client.route(&Case { addrs: &[], ..case }).route;
        let changes = client.route(&case).route != unresolved;
        assert_eq!(changes, client.id() == "ruby", "{}", client.id());
    }
}

#[test]
fn every_verdict_has_a_reason() {
    for value in ["", "a", "*", "10.0.0.0/8", " b ,a", "fd00::/8", "*.a"] {
        for url in ["http://a/", "https://x.a/", "http://10.1.2.3/", "http://[fd00::1]:8080/"] {
            let environment = Environment::proxied(value, Spelling::Both);
            let target = Target::parse(url).unwrap();
            for client in all() {
                let case = Case { target: &target, environment: &environment, addrs: &[] };
                assert!(!client.route(&case).why.is_empty(), "{client:?}");
            }
        }
    }
}

#[test]
fn a_reason_names_the_entry_and_what_is_wrong_with_it() {
    let why = |id, version, value, url| {
        let environment = Environment::proxied(value, Spelling::Both);
        let target = Target::parse(url).unwrap();
        client(id, version)
            .route(&Case { target: &target, environment: &environment, addrs: &[] })
            .why
    };
    assert_eq!(
        why("go", "≥1.24.1", "b, .a.example", "http://x.a.example/"),
        "NO_PROXY: `.a.example` is how the host ends"
    );
    assert_eq!(
        why("go", "≥1.24.1", ".a.example", "http://a.example/"),
        "NO_PROXY: `.a.example` does not cover it here: a dot in front leaves the name itself out"
    );
    assert_eq!(
        why("curl", "8.9–8.17", "b a", "http://a/"),
        "no_proxy: `a` would cover it, but not in this list: \
         white space ends the list or becomes part of an entry"
    );
    assert_eq!(why("curl", "≥8.18", "b", "http://a/"), "no_proxy: no entry covers it");
}

#[test]
fn ids_and_versions_are_one_of_a_kind() {
    let mut seen = BTreeSet::new();
    for client in all() {
        assert!(seen.insert((client.id, client.version, client.with)), "{client:?}");
        assert!(
            client.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        );
        assert!(!client.source.is_empty());
    }
}
