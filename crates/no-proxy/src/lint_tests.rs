use super::*;

fn found(value: &str) -> Vec<(Option<String>, Effect, String, Vec<String>)> {
    let report = lint(value, Spelling::Both);
    let findings = report.findings.into_iter().map(|finding| {
        let clients = finding.clients.iter();
        let clients = clients.map(|(client, _)| format!("{} {}", client.id(), client.version()));
        (finding.entry, finding.effect, finding.url, clients.collect())
    });
    findings.collect()
}

fn says(value: &str, entry: Option<&str>, effect: Effect, url: &str, client: &str) -> bool {
    found(value).iter().any(|(what, does, at, clients)| {
        what.as_deref() == entry
            && *does == effect
            && at == url
            && clients.iter().any(|one| one == client)
    })
}

#[test]
fn an_entry_that_a_client_ignores_is_found() {
    let ignored =
        |value, entry, url, client| says(value, Some(entry), Effect::Ignored, url, client);
    assert!(ignored("10.0.0.0/8", "10.0.0.0/8", "https://10.0.0.2/", "wget 1.21–1.25"));
    assert!(ignored("*.a.example", "*.a.example", "https://sub.a.example/", "curl ≥8.18"));
    assert!(ignored("a.example", "a.example", "https://sub.a.example/", "node-http 24"));
    assert!(ignored("*", "*", "https://any.invalid/", "wget 1.21–1.25"));
    assert!(ignored("b, a.example", "a.example", "https://a.example/", "apt 2"));
    assert!(ignored("a.example:8443", "a.example:8443", "https://a.example:8443/", "curl ≥8.18"));
}

#[test]
fn what_a_client_lets_through_is_found() {
    let url = "https://nota.example/";
    assert!(says("a.example", Some("a.example"), Effect::TooMuch, url, "apt 2"));
    let url = "https://unlisted.invalid/";
    assert!(says("a.example,", None, Effect::TooMuch, url, "grpc-js 1.14"));
}

#[test]
fn a_value_that_fails_a_client_is_found_once() {
    let findings = found("a.example,fd00::/8");
    let fails: Vec<_> = findings.iter().filter(|finding| finding.1 == Effect::Fails).collect();
    assert_eq!(fails.len(), 1, "{fails:?}");
    assert_eq!(fails[0].3, ["httpx 0.28"]);
}

#[test]
fn clients_that_no_list_has_an_effect_on_are_named() {
    let report = lint("a", Spelling::Both);
    let deaf: Vec<_> = report.deaf.iter().map(|client| client.id()).collect();
    assert_eq!(deaf, ["urllib3", "kubernetes", "kubernetes", "httplib2", "ray", "java"]);
}

#[test]
fn the_portable_value_says_what_it_can() {
    for (value, safest) in [
        ("Example.com.", "example.com,.example.com"),
        (".example.com example.com", "example.com,.example.com"),
        ("*.example.com", ".example.com"),
        ("10.0.0.1, b", "b,.b,10.0.0.1"),
        ("10.0.0.0/30,b", "b,.b,10.0.0.0,10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.0/30"),
        ("10.0.0.0/8,b", "b,.b,10.0.0.0/8"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("::1,[::1],fd00::/8,b", "b,.b"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("b:8080", "b,.b"),
        ("*,0.0.0.0/0", ""),
        ("http://x,\"y\",z*", ""),
        ("", ""),
    ] {
        assert_eq!(portable(value).value, safest, "{value}");
    }
}

#[test]
fn what_the_portable_value_loses_is_said() {
    let notes = |value| portable(value).notes;
    assert_eq!(notes("a,.b,10.0.0.1,10.0.0.0/28"), [""; 0]);
    for value in ["*", "::1", "a:8080", "10.0.0.0/8", "0.0.0.0/0", "*.a"] {
        let notes = notes(value);
        assert_eq!(notes.len(), 1, "{value}");
        assert!(notes[0].starts_with(&format!("`{value}`: ")), "{notes:?}");
    }
}

#[test]
fn the_portable_value_is_its_own() {
    for value in ["a,.b,10.0.0.0/29,10.0.0.0/8,b:80", "A. .B", ""] {
        let once = portable(value).value;
        assert_eq!(portable(&once).value, once);
    }
}
