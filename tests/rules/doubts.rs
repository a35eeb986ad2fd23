//! Rules that change nothing, or allow more than they seem: `check` says so, and a proxy that starts.

use serde_json::json;

use crate::cli::{Files, arg, pinhole};
use crate::support::proxy::Proxy;

const DOUBTFUL: &str = "\
allow:
  - host: a.test
  - host: a.test
  - host: '*.github.io'
  - network: 0.0.0.0/0
  - host: b.test
deny:
  - host: b.test
";

const STARTS: [&str; 4] = [
    "3:11: warning: allow[1].host: this entry changes nothing: allow[0] (host a.test) ",
    "4:11: warning: allow[2].host: `*.github.io` allows more than it seems: ",
    "5:14: warning: allow[3].network: `0.0.0.0/0` allows more than it seems: ",
    "6:11: warning: allow[4].host: this entry allows nothing: deny[0] (host b.test) ",
];

#[test]
fn check_warns_and_is_content() {
    let files = Files::new();
    let file = files.write("pinhole.yaml", DOUBTFUL);
    let said = pinhole(["check", arg(&file)]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let mut lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.pop(), Some(format!("{}: ok", arg(&file)).as_str()));
    assert_eq!(lines.len(), STARTS.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(STARTS) {
        assert!(line.starts_with(&format!("{}:{start}", arg(&file))), "{line} is not {start}");
    }
    // What is wrong comes first: of a file that does not hold, nothing is doubted.
    let file = files.write("bad.yaml", format!("{DOUBTFUL}lug: 1\n"));
    let said = pinhole(["check", arg(&file)]);
    assert_eq!((said.code, said.out.lines().count()), (Some(1), 1), "{said:?}");
}

#[test]
fn a_proxy_that_starts_says_the_same() {
    let config = json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "allow": [
            {"host": "a.test"},
            {"host": "a.test"},
            {"host": "*.github.io"},
            {"network": "0.0.0.0/0"},
            {"host": "b.test"},
        ],
        "deny": [{"host": "b.test"}],
    });
    let proxy = Proxy::start(&config);
    for start in STARTS {
        let part = start.split_once("warning: ").map_or(start, |(_, part)| part);
        proxy.wait_line(part, |line| line.text.contains(part).then_some(()));
    }
}
