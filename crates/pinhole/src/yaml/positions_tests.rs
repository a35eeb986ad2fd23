use super::positions;
use crate::yaml::{Position, Step, locate};

const KEYS: [&str; 2] = ["host", "network"];

#[test]
fn each_value_is_where_locate_finds_it() {
    let text = "\
# a comment
log: {allow: [1]}
allow:
  - host: a.test
  -   ports: [1, {2: 3}]
      host: 'b.test'   # another
  - {ports: {x: [y]}, network: \"10.0.0.0/8\", host: never}
  - &c {idle: 1h, network: d}
  - idle: 1h
    network: |
      10.0.0.1
  - &d
    host: e
  -
    &f {
      host: f
    }
  - plain
  -
  - tls: off
  - host: last
deny: [{host: d.test}]
";
    for list in ["allow", "deny"] {
        let found = positions(text, Some(list), &KEYS);
        assert_eq!(found.len(), if list == "allow" { 11 } else { 1 });
        assert_eq!(found.iter().filter(|at| at.start.is_none()).count(), found.len() / 5);
        for (i, at) in found.iter().enumerate() {
            let path =
                |key: &str| [Step::Key(list.to_owned()), Step::Index(i), Step::Key(key.to_owned())];
            let key = if [2, 3, 4].contains(&i) && list == "allow" { "network" } else { "host" };
            // What is no map has neither.
            if at.start.is_some() {
                assert_eq!(at.value, locate(text, &path(key)), "{list}[{i}]");
                assert_eq!(at.start, locate(text, &path(key)[..2]), "{list}[{i}]");
            }
        }
    }
    let root = positions("- host: a\n- {host: b}\n", None, &KEYS);
    let lines: Vec<_> = root.iter().filter_map(|at| at.value).collect();
    assert_eq!(lines, [Position { line: 1, column: 9 }, Position { line: 2, column: 10 }]);
}

#[test]
fn what_has_no_such_list_has_no_positions() {
    for text in ["", "a: 1", "allow: 1", "allow:", "[]", "allow: [", "x", "- [1]"] {
        assert_eq!(positions(text, Some("allow"), &KEYS), [], "{text}");
    }
}
