use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

#[test]
fn urls_are_found_with_their_keys() {
    let of = |text: &str| -> Vec<String> {
        urls(text).into_iter().map(|(key, url)| format!("{key} {url}")).collect()
    };
    for (text, expected) in [
        ("[global]\nindex-url = https://a.test/simple\n", &["index-url https://a.test/simple"][..]),
        (
            "[global]\nextra_index_url =\n    https://a.test/1\n    https://b.test/2\nproxy = http://p.test:1\n",
            &[
                "extra-index-url https://a.test/1",
                "extra-index-url https://b.test/2",
                "proxy http://p.test:1",
            ],
        ),
        ("# index-url = https://a.test/\n; proxy = http://p.test:1\n", &[]),
        ("registry=https://a.test/npm/\n", &["registry https://a.test/npm/"]),
        (
            "@scope:registry=https://a.test/\n//a.test/:_authToken=xyz\n",
            &["registry https://a.test/"],
        ),
        (
            "[[index]]\nname = \"x\"\nurl = \"https://a.test/simple\"\n",
            &["url https://a.test/simple"],
        ),
        ("index = [{ url = \"https://a.test/\" }]\n", &["index https://a.test/"]),
        (
            "channels:\n  - https://a.test/conda\n- https://b.test\nproxy_servers:\n  http: http://p.test:1\n",
            &[
                "channels https://a.test/conda",
                "channels https://b.test",
                "proxy-servers http://p.test:1",
            ],
        ),
        ("channel_alias: https://a.test/\n", &["channel-alias https://a.test/"]),
        ("https://a.test/\n", &[" https://a.test/"]),
        ("index-url = a.test\n", &[]),
    ] {
        assert_eq!(of(text), expected, "{text:?}");
    }
}

#[test]
fn hosts_are_told_without_credentials() {
    for (url, expected) in [
        ("https://a.test/simple", Some("a.test:443 true")),
        ("http://a.test", Some("a.test:80 false")),
        ("https://user:pass@a.test:8443/x", Some("a.test:8443 true")),
        ("https://u:p@ss@a.test/", Some("a.test:443 true")),
        ("https://a b/", None),
        ("a.test", None),
    ] {
        let found = target(url).map(|(target, secure)| format!("{target} {secure}"));
        assert_eq!(found.as_deref(), expected, "{url}");
    }
}

fn told(root: &Path, variables: &[(&str, &str)]) -> Told {
    let machine = Machine::of(variables, root);
    read(&machine, &Proxies::of(&machine))
}

fn find<'t>(told: &'t Told, id: &str) -> &'t Check {
    told.checks.iter().find(|check| check.id == id).unwrap()
}

#[test]
fn each_tool_is_read_where_it_looks() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("etc/pip.conf", "[global]\nindex-url = https://pip.test/simple\n");
    write("home/.config/uv/uv.toml", "[[index]]\nurl = \"https://user:secret@uv.test/simple\"\n");
    write("home/.npmrc", "registry=http://npm.test:4873/\nproxy=http://p.test:1\n");
    write("etc/conda/.condarc", "proxy_servers:\n  http: http://user:secret@other.test:1\n");
    let variables = [
        ("HOME", "/home"),
        ("https_proxy", "http://p.test:1"),
        ("UV_INDEX", "inside=https://uv2.test/simple https://uv3.test/"),
    ];
    let told = told(root.path(), &variables);
    let shown: Vec<String> = told
        .indexes
        .iter()
        .map(|index| format!("{} {} {}", index.client, index.target, index.from))
        .collect();
    assert_eq!(
        shown,
        [
            "pip pip.test:443 /etc/pip.conf",
            "uv uv.test:443 /home/.config/uv/uv.toml",
            "uv uv2.test:443 UV_INDEX",
            "uv uv3.test:443 UV_INDEX",
            "npm npm.test:4873 /home/.npmrc",
        ]
    );
    assert_eq!(find(&told, "config.pip").finding, "it asks pip.test:443 (/etc/pip.conf)");
    assert_eq!(find(&told, "config.npm").verdict.label(), "ok");
    let conda = find(&told, "config.conda");
    assert_eq!(conda.verdict.label(), "warn");
    assert!(conda.finding.ends_with("than the environment: http://other.test:1"), "{conda:?}");
    assert!(!format!("{:?} {:?}", told.checks, told.indexes).contains("secret"));
}

#[test]
fn what_is_not_there_is_skipped() {
    let told = told(Path::new("/nonexistent"), &[("HOME", "/home")]);
    assert!(told.indexes.is_empty());
    assert!(told.checks.iter().all(|check| check.verdict.label() == "skipped"));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "([a-z@:=#;\\[ \n\u{fc}-]|https?://){0,40}") {
        for (_, url) in urls(&text) {
            let _any = target(&url);
        }
    }
}
