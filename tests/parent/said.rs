//! What is said of parents: by `explain` and `check`, in the log at the start, and never a
//! password.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dns::{FakeDns, Kind, Reply};
use crate::fake::{CONNECT, GET, OK, Parent, behind_with};
use crate::support::proxy::program;

const SECRET: &str = "hunter2-secret";

/// A folder with a configuration, and a file of credentials.
struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), format!("user:{SECRET}\n")).unwrap();
        Self { dir }
    }

    fn secret(&self) -> String {
        self.dir.path().join("secret").display().to_string()
    }

    fn config(&self, config: &Value) -> PathBuf {
        let path = self.dir.path().join("pinhole.yaml");
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn explain(config: &PathBuf, args: &[&str]) -> Vec<Value> {
    let mut command = program();
    let (_, out, err) = run(command.args(["explain", "--json", "--config"]).arg(config).args(args));
    assert_eq!(err, "");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn rules(parent: Value) -> Value {
    json!({
        "allow": [
            {"host": "a.test"}, {"host": "b.test"}, {"network": "127.0.0.0/8"},
        ],
        "parent": parent,
    })
}

#[test]
fn explain_says_which_way_a_target_goes() {
    let files = Files::new();
    let urls = ["http://p.test:3128", "https://q.test:3129"];
    let parent = json!({"urls": urls, "no_proxy": "b.test, 127.0.0.9"});
    let config = files.config(&rules(parent));
    let targets =
        ["a.test:443", "b.test:443", "127.0.0.1:443", "127.0.0.9:443", "no.test:443", "x"];
    let by_parent = json!({"by": "parent", "parents": urls, "no_proxy": null, "resolve": "parent"});
    let direct = |entry: &str| json!({"by": "direct", "parents": [], "no_proxy": entry, "resolve": "parent"});
    let expected = [
        by_parent.clone(),
        direct("b.test"),
        by_parent,
        direct("127.0.0.9"),
        json!(null),
        json!(null),
    ];
    let said = explain(&config, &targets);
    for (line, expected) in said.iter().zip(&expected) {
        assert_eq!(&line["route"], expected, "{line}");
    }
    assert_eq!(said[0]["detail"], "allow[0] allows it by name; the parent resolves it");
    assert_eq!(said[1]["detail"], "allow[1] allows it by name; address not yet judged");
    assert_eq!(said[2]["address"][0]["decision"], "allow");

    let mut command = program();
    let (_, out, _) = run(command.args(["explain", "--config"]).arg(&config).args(targets));
    for line in [
        "          reached by the parent http://p.test:3128, else by https://q.test:3129 (resolve: parent)",
        "          reached directly: no_proxy exempts it by `b.test`",
    ] {
        assert!(out.lines().any(|said| said == line), "{line} in\n{out}");
    }

    let config = files.config(&rules(json!("none")));
    let direct = json!({"by": "direct", "parents": [], "no_proxy": null, "resolve": null});
    assert_eq!(explain(&config, &["a.test:443"])[0]["route"], direct);
}

/// With `--resolve`, names are looked up only where the proxy would look them up.
#[test]
fn explain_resolves_what_the_proxy_resolves() {
    let dns = FakeDns::start();
    for name in ["a.test", "b.test"] {
        dns.on(name, Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
        dns.on(name, Kind::Aaaa, [Reply::nodata(60)]);
    }
    let files = Files::new();
    let explained = |resolve: &str, no_proxy: &str, args: &[&str]| {
        let parent =
            json!({"urls": "http://p.test:3128", "resolve": resolve, "no_proxy": no_proxy});
        let mut config = rules(parent);
        config["dns"] = json!({"servers": dns.addr().to_string(), "hosts_file": false});
        explain(&files.config(&config), args).remove(0)
    };
    let line = explained("parent", "", &["--resolve", "a.test:443"]);
    assert_eq!((&line["address"], &line["route"]["by"]), (&json!(null), &json!("parent")));
    assert_eq!(dns.asked_names(), [""; 0]);
    let line = explained("local", "", &["--resolve", "a.test:443"]);
    assert_eq!(line["address"][0]["ip"], "127.0.0.1");
    assert_eq!(line["route"]["resolve"], "local");
    let line = explained("local", "127.0.0.0/8", &["--resolve", "a.test:443"]);
    assert_eq!(line["route"]["no_proxy"], "127.0.0.0/8");
    // It goes directly, so it is looked up here.
    let line = explained("parent", "a.test", &["--resolve", "a.test:443"]);
    assert_eq!(
        (&line["address"][0]["ip"], &line["route"]["by"]),
        (&json!("127.0.0.1"), &json!("direct"))
    );
}

/// A tunnel's parents and those of plain HTTP may differ, where the environment names them.
#[test]
fn explain_reads_the_environment_as_the_proxy_would() {
    let files = Files::new();
    let mut config = rules(json!(null));
    config.as_object_mut().unwrap().remove("parent");
    let config = files.config(&config);
    let explain = |target: &str| {
        let mut command = program();
        command.env("HTTPS_PROXY", format!("http://user:{SECRET}@p.test:1"));
        command.env("http_proxy", "q.test:2").env("no_proxy", "b.test");
        let command = command.args(["explain", "--json", "--config"]).arg(&config).arg(target);
        let (_, out, err) = run(command);
        assert!(!out.contains(SECRET) && err.is_empty(), "{out} {err}");
        serde_json::from_str::<Value>(&out).unwrap()["route"]["parents"].clone()
    };
    assert_eq!(explain("a.test:443"), json!(["http://p.test:1"]));
    assert_eq!(explain("https://a.test/"), json!(["http://p.test:1"]));
    assert_eq!(explain("http://a.test/"), json!(["http://q.test:2"]));
    assert_eq!(explain("http://b.test/"), json!([]));
}

#[test]
fn check_names_what_is_wrong_and_what_is_doubtful() {
    let files = Files::new();
    let text = format!(
        "parent:\n  urls:\n    - http://a.test:1\n    - https://user:{SECRET}@b.test:1\n    - ftp://c.test:1\n"
    );
    let path = files.dir.path().join("bad.yaml");
    std::fs::write(&path, text).unwrap();
    let (code, out, _) = run(program().arg("check").arg(&path));
    assert_eq!(code, Some(1));
    for part in
        [":4:7: parent.urls[1]: credentials do not belong", ":5:7: parent.urls[2]: `ftp://`"]
    {
        assert!(out.contains(part), "{out}");
    }
    assert!(!out.contains(SECRET), "{out}");

    let text = format!(
        "parent:\n  urls: http://a.test:1\n  credentials_file: {}\n  no_proxy: 'x, http://y/'\n",
        files.secret()
    );
    let path = files.dir.path().join("doubtful.yaml");
    std::fs::write(&path, text).unwrap();
    let (code, out, _) = run(program().arg("check").arg(&path));
    assert_eq!(code, Some(0), "{out}");
    let parts = [
        ":3:21: warning: parent.credentials_file: every user",
        ":4:13: warning: parent.no_proxy: `http://y/`",
    ];
    for part in parts {
        assert!(out.contains(part), "{out}");
    }
    assert!(out.ends_with("doubtful.yaml: ok\n") && !out.contains(SECRET), "{out}");
}

/// Whatever becomes of requests, a password is in no line, no metric and no answer.
#[test]
fn a_password_is_shown_to_the_parent_alone() {
    let files = Files::new();
    let parent = Parent::with(|peer, head| match head[0].as_str() {
        line if line.contains("other.test") => peer.send("HTTP/1.1 407 x\r\n\r\n"),
        line if line.starts_with("CONNECT ") => peer.send(OK),
        _ => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    });
    let urls = [parent.url(), "https://127.0.0.1:1".to_owned()];
    let site = behind_with(&urls, |config| {
        config["parent"]["credentials_file"] = json!(files.secret());
    });
    let mut answers = Vec::new();
    for request in [CONNECT, GET] {
        for name in ["ok.test", "other.test"] {
            let mut client = site.proxy.client();
            client.send(site.fill(request.replace("ok.test", name)));
            client.fin();
            answers.extend(client.rest().0);
        }
    }
    site.proxy.wait_requests(4);
    let shown = "Proxy-Authorization: Basic dXNlcjpodW50ZXIyLXNlY3JldA==".to_owned();
    assert!(parent.heads().iter().all(|head| head.contains(&shown)));
    let lines = site.proxy.lines().join("\n");
    let answers = String::from_utf8(answers).unwrap();
    for text in [lines, site.proxy.page("/metrics").1, answers] {
        for secret in [SECRET, "dXNlcjpodW50ZXIy", "Basic "] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn the_log_says_at_the_start_which_way_targets_go() {
    let files = Files::new();
    let site =
        behind_with(&["http://p.test:1".to_owned(), "http://q.test:2".to_owned()], |config| {
            config["parent"]["resolve"] = json!("local");
            config["parent"]["no_proxy"] = json!(["a.test", "10.0.0.0/8", "b.*.test"]);
            config["parent"]["credentials_file"] = json!(files.secret());
        });
    for part in [
        "targets are reached by the parent http://p.test:1, else by http://q.test:2",
        "parent.resolve: local",
        "no_proxy exempts from the parent: a.test, 10.0.0.0/8",
        "parent.no_proxy[2]: `b.*.test`",
        "parent.credentials_file: every user",
    ] {
        site.proxy
            .wait_line(part, |line| line.json["message"].as_str()?.contains(part).then_some(()));
    }
}
