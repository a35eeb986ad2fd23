use super::{Node, Position, Step, locate, parse};

const TEXT: &str = "\
listen: 127.0.0.1:0
allow:
  - host: a.test
  - host: b.test
    ports: [443, 99999]
  - preset: nosuch
timeouts: {idle: 5}
";

fn at(path: &[&str]) -> Option<(usize, usize)> {
    let steps: Vec<Step> = path
        .iter()
        .map(|step| match step.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key((*step).to_owned()),
        })
        .collect();
    locate(TEXT, &steps).map(|Position { line, column }| (line, column))
}

#[test]
fn positions_are_those_of_the_text() {
    assert_eq!(at(&["listen"]), Some((1, 9)));
    assert_eq!(at(&["allow", "0"]), Some((3, 5)));
    assert_eq!(at(&["allow", "1", "ports", "1"]), Some((5, 18)));
    assert_eq!(at(&["allow", "2", "preset"]), Some((6, 13)));
    assert_eq!(at(&["timeouts", "idle"]), Some((7, 18)));
    assert_eq!(at(&["nowhere"]), None);
    assert_eq!(at(&["allow", "9"]), None);
}

#[test]
fn an_empty_document_is_null_and_two_are_an_error() {
    assert_eq!(parse("").unwrap(), Node::Null);
    assert_eq!(parse("# only a comment\n").unwrap(), Node::Null);
    assert!(parse("a: 1\n---\nb: 2\n").is_err());
    assert!(parse("a: !tag 1\n").is_err());
    assert_eq!(parse("a: [1").unwrap_err().position.map(|at| at.line), Some(2));
}

#[test]
fn aliases_do_not_multiply() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let alias = format!("*a{}, ", i - 1).repeat(10);
        text.push_str(&format!("a{i}: &a{i} [{}]\n", alias.trim_end_matches(", ")));
    }
    assert!(parse(&text).is_err());
}
