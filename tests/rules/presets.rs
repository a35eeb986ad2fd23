//! `pinhole presets`.

use std::process::Stdio;

use crate::cli::{pinhole, wait};
use crate::support::proxy::program;

const NAMES: [&str; 12] = [
    "conda",
    "debian",
    "docker-hub",
    "github",
    "go",
    "hugging-face",
    "npm",
    "python",
    "rust",
    "skypilot-core",
    "ubuntu",
    "uv",
];

#[test]
fn all_are_listed_each_with_what_it_is_for() {
    let said = pinhole(["presets"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let lines: Vec<_> = said.out.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line.0).collect::<Vec<_>>(), NAMES);
    assert!(lines.iter().all(|line| line.1.trim().len() > 10), "{lines:?}");
}

#[test]
fn each_shows_its_hosts() {
    for name in NAMES {
        let said = pinhole(["presets", name]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{name}");
        let mut blocks = said.out.split("\n\n");
        assert!(blocks.next().unwrap().starts_with(&format!("{name}: ")), "{}", said.out);
        let hosts: Vec<&str> = blocks.collect();
        assert!(!hosts.is_empty(), "{}", said.out);
        for block in hosts {
            let lines: Vec<&str> = block.lines().collect();
            let [host, why, source] = lines[..] else { panic!("{block}") };
            let (host, ports) = host.split_once(" (ports ").unwrap();
            assert!(host.contains('.') && !host.contains(' '), "{host}");
            let ports = ports.strip_suffix(')').unwrap().split(", ");
            assert!(ports.map(str::parse::<u16>).all(|port| port.is_ok_and(|port| port > 0)));
            assert!(why.starts_with("  for:  ") && why.len() > 12, "{why}");
            assert!(source.starts_with("  from: ") && source.len() > 12, "{source}");
        }
    }
}

#[test]
fn unknown_names_are_answered_with_a_known_one() {
    let rows = [
        ("pyhton", "did you mean `python`?"),
        ("debain", "did you mean `debian`?"),
        ("dockerhub", "did you mean `docker-hub`?"),
        ("huggingface", "did you mean `hugging-face`?"),
        ("PYTHON", "known are: conda, debian"),
        ("nothing-alike", "known are: conda, debian"),
        ("", "known are: "),
        ("\u{1b}[31m\u{202e}", "`\\u{1b}[31m\\u{202e}`"),
    ];
    for (name, answer) in rows {
        let said = pinhole(["presets", name]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{name}");
        assert!(said.err.starts_with("pinhole: unknown preset `"), "{}", said.err);
        assert!(said.err.contains(answer), "{}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    }
}

/// `pinhole presets | head -1`, with a head that is gone before the first line.
#[test]
fn a_reader_that_is_gone_is_no_error() {
    for args in [&["presets"][..], &["presets", "github"], &["--help"], &["explain", "no.test:1"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.args(args).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(command);
        let code = wait(&mut child);
        let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        let expected = if args[0] == "explain" { 1 } else { 0 };
        assert_eq!((code, said.as_str()), (Some(expected), ""), "{args:?}");
    }
}

/// Nobody reads what it complains of: the exit code still tells.
#[test]
fn a_reader_of_errors_that_is_gone_is_no_panic() {
    for args in [&["presets", "nosuch"][..], &["serve", "--config", "/nonexistent/pinhole.yaml"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
        let mut child = command.spawn().unwrap();
        assert_eq!(wait(&mut child), Some(1), "{args:?}");
    }
}
