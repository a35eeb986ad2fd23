use std::fs;
use std::os::unix::fs::PermissionsExt;

use proxy::Resolve;
use tempfile::TempDir;

use super::Section;
use crate::config::{Config, DEFAULT, parse};

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text).map(|_| Vec::new()).unwrap_or_else(|problems| problems);
    problems.iter().map(ToString::to_string).collect()
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().map(ToString::to_string).collect()
}

/// A folder with a file.
fn file(text: &str, mode: u32) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let path = path.display().to_string();
    (dir, path)
}

#[test]
fn every_key_is_read() {
    let (_dir, secret) = file("user:secret\n", 0o600);
    let text = format!(
        "parent:\n  urls: [http://a.test:3128, https://b.test:3129/]\n  credentials_file: {secret}\n  \
         no_proxy: .corp.test, 10.0.0.0/8\n  connect_timeout: 3s\n  resolve: local\n"
    );
    let config = parse(&text).unwrap();
    assert_eq!(warnings(&config), [""; 0]);
    let Section::Listed(listed) = &config.parent else { panic!("{:?}", config.parent) };
    let urls: Vec<String> = listed.urls.iter().map(ToString::to_string).collect();
    assert_eq!(urls, ["http://a.test:3128", "https://b.test:3129"]);
    assert_eq!(listed.no_proxy.entries().len(), 2);
    assert_eq!(listed.connect_timeout.unwrap().as_secs(), 3);
    assert_eq!(listed.resolve, Resolve::Local);
    assert!(listed.credentials.is_some() && !format!("{config:?}").contains("secret"));
}

#[test]
fn the_least_is_a_url() {
    for text in ["parent: {urls: http://a.test:1}", "parent: {urls: ['http://a.test:1']}"] {
        let config = parse(text).unwrap();
        let Section::Listed(listed) = config.parent else { panic!("{text}") };
        assert_eq!((listed.urls.len(), listed.resolve), (1, Resolve::Parent));
        assert!(listed.connect_timeout.is_none() && listed.no_proxy.is_empty());
    }
    assert!(matches!(parse("parent: none").unwrap().parent, Section::None));
    assert!(matches!(parse("parent: environment").unwrap().parent, Section::Environment));
    assert!(matches!(parse("").unwrap().parent, Section::Environment));
}

#[test]
fn each_problem_has_its_place_and_no_password() {
    let many = "http://a.test:1, ".repeat(17);
    for (text, expected) in [
        ("parent:", "1:8: parent: write `none`"),
        ("parent: http://u:secret@a.test:1", "1:9: parent: write `none`"),
        ("parent: [http://a.test:1]", "1:9: parent: write `none`"),
        ("parent: {}", "1:9: parent: name at least one parent"),
        ("parent: {urls: }", "parent.urls: name at least one parent"),
        ("parent: {urls: []}", "1:16: parent.urls: name at least one parent"),
        (&format!("parent: {{urls: [{many}]}}"), "1:16: parent.urls: 16 parents are the most"),
        ("parent: {urls: [socks5://a.test:1]}", "1:17: parent.urls[0]: `socks5://` is not spoken"),
        (
            "parent: {urls: [http://a.test:1, 'http://u:secret@b.test:1']}",
            "1:34: parent.urls[1]: credentials do not belong in a URL: put `user:password` in \
             parent.credentials_file",
        ),
        ("parent: {urls: [http://a.test]}", "1:17: parent.urls[0]: the port is missing"),
        ("parent: {urls: [3128]}", "1:17: parent.urls[0]: a number where text belongs"),
        ("parent: {urls: http://a.test:1, url: x}", "parent.url: unknown key `url`"),
        (
            "parent: {urls: http://a.test:1, resolve: dns}",
            "parent.resolve: `dns`: write parent or local",
        ),
        (
            "parent: {urls: http://a.test:1, connect_timeout: 3}",
            "parent.connect_timeout: write a time",
        ),
        (
            "parent: {urls: http://a.test:1, credentials_file: /none/here}",
            "parent.credentials_file: cannot read /none/here: ",
        ),
        ("parent: {urls: http://a.test:1, ca_file: /none/here}", "parent.ca_file: cannot read"),
        (
            "parent: {urls: http://a.test:1, ca_file: /dev/null}",
            "/dev/null: there is no certificate",
        ),
        ("parent: {urls: http://a.test:1, ca_file: /dev/zero}", "/dev/zero: larger than"),
        (
            "parent: {urls: http://a.test:1, credentials_file: /dev/zero}",
            "parent.credentials_file: /dev/zero: larger than 4096 bytes",
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(expected), "{text}: {found:?}");
        assert!(!found[0].contains("secret"), "{text}: {found:?}");
    }
}

#[test]
fn a_credentials_file_that_is_none_is_not_repeated() {
    for text in ["", "secret", "user:secret\nuser:secret\n", "user:sec\tret"] {
        let (_dir, path) = file(text, 0o600);
        let found =
            problems(&format!("parent: {{urls: http://a.test:1, credentials_file: {path}}}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("parent.credentials_file: ") && found[0].contains(&path));
        assert!(!found[0].contains("sec\tret") && !found[0].contains("secret"), "{found:?}");
    }
}

#[test]
fn a_credentials_file_that_everybody_can_read_is_a_warning() {
    let (_dir, path) = file("user:secret", 0o644);
    let config =
        parse(&format!("parent:\n  urls: http://a.test:1\n  credentials_file: {path}\n")).unwrap();
    let found = warnings(&config);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("3:21: parent.credentials_file: every user"), "{found:?}");
}

#[test]
fn nonsense_in_no_proxy_is_named_and_the_rest_holds() {
    for value in ["'a.test, http://b.test/, c.test'", "[a.test, 'http://b.test/', c.test]"] {
        let config =
            parse(&format!("parent: {{urls: http://p.test:1, no_proxy: {value}}}")).unwrap();
        let Section::Listed(listed) = &config.parent else { panic!("{value}") };
        let entries: Vec<String> =
            listed.no_proxy.entries().iter().map(ToString::to_string).collect();
        assert_eq!(entries, ["a.test", "c.test"]);
        let found = warnings(&config);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("parent.no_proxy") && found[0].contains("b.test"), "{found:?}");
    }
}

/// The section that `config/default.yaml` shows in a comment is one, with every key.
#[test]
fn the_example_of_the_default_file_is_right() {
    let (_dir, path) = file("user:secret", 0o600);
    let lines = DEFAULT.lines().skip_while(|line| *line != "#   parent:");
    let lines = lines.map_while(|line| line.strip_prefix("#   "));
    let text: Vec<&str> = lines.collect();
    let text = text.join("\n").replace("/etc/pinhole/parent-ca.pem", &path);
    let text = text.replace("/etc/pinhole/parent\n", &format!("{path}\n"));
    // There is no CA to be had here.
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{text} {found:?}");
    assert!(found[0].contains("parent.ca_file: ") && found[0].contains("no certificate in it"));
    let planted = text.replace("resolve: parent", "resolve: parent\n  planted: 1");
    let known = problems(&planted).join(" ");
    assert!(known.contains(
        "known are: urls, credentials_file, ca_file, no_proxy, connect_timeout, resolve"
    ));
    for key in ["urls", "credentials_file", "ca_file", "no_proxy", "connect_timeout", "resolve"] {
        assert_eq!(text.matches(&format!("\n  {key}: ")).count(), 1, "{key} in {text}");
    }
}
