//! `pinhole presets`.

use std::process::Stdio;

use crate::cli::{Files, arg, pinhole, wait};
use crate::support::proxy::program;

/// The names of the files of `config/presets`.
fn names() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/presets");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> =
        files.map(|name| name.to_str().unwrap().replace(".yaml", "")).collect();
    names.sort();
    names
}

#[test]
fn all_are_listed_each_with_what_it_is_for() {
    let said = pinhole(["presets"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let lines: Vec<_> = said.out.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line.0).collect::<Vec<_>>(), names());
    assert!(lines.iter().all(|line| line.1.trim().len() > 10), "{lines:?}");
}

#[test]
fn each_shows_its_hosts() {
    for name in names() {
        let said = pinhole(["presets", &name]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{name}");
        let mut blocks = said.out.split("\n\n");
        let head = blocks.next().unwrap();
        assert!(head.starts_with(&format!("{name}: ")), "{}", said.out);
        let parameters = head.lines().skip(1);
        let parameters: Vec<&str> =
            parameters.map(|line| line.trim_start().split_once(':').unwrap().0).collect();
        let mut hosts = 0;
        for block in blocks {
            let lines: Vec<&str> = block.lines().collect();
            if let Some(host) = lines[0].strip_prefix("left out: ") {
                assert!(!host.is_empty() && lines.len() == 2 && lines[1].len() > 12, "{block}");
                continue;
            }
            hosts += 1;
            let [host, by, why, source] = lines[..] else { panic!("{block}") };
            let (host, ports) = host.split_once(" (ports ").unwrap();
            assert!(host.contains('.') && !host.contains(' '), "{host}");
            let placeholders = host.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
            for placeholder in placeholders {
                assert!(parameters.contains(&format!("{{{placeholder}}}").as_str()), "{head}");
            }
            let ports = ports.strip_suffix(')').unwrap().split(", ");
            assert!(ports.map(str::parse::<u16>).all(|port| port.is_ok_and(|port| port > 0)));
            assert!(by.starts_with("  by:   http"), "{by}");
            assert!(why.starts_with("  for:  ") && why.len() > 12, "{why}");
            assert!(source.starts_with("  from: ") && source.len() > 12, "{source}");
        }
        assert!(hosts > 0, "{}", said.out);
    }
}

/// A preset with parameters opens the hosts of their values, and no others.
#[test]
fn parameters_become_part_of_the_hosts() {
    let files = Files::new();
    let file = files.write("a.yaml", "allow: [{preset: aws-ssm, region: eu-west-1}]");
    let targets = ["ssm.eu-west-1", "ssmmessages.eu-west-1", "ssm.us-east-1", "s3.eu-west-1"];
    let targets = targets.map(|host| format!("{host}.amazonaws.com:443"));
    let config = arg(&file);
    let mut args = vec!["explain", "--json", "--config", config];
    args.extend(targets.iter().map(String::as_str));
    let said = pinhole(args).json();
    let decisions: Vec<&str> = said.iter().map(|row| row["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["allow", "allow", "deny", "deny"]);
    assert_eq!(said[0]["covers"], "preset aws-ssm: ssm.eu-west-1.amazonaws.com");
}

/// Addresses of a preset are opened on the preset's ports, and denied on all.
#[test]
fn a_preset_may_have_networks() {
    let targets = ["8.8.8.8:443", "1.1.1.1:443", "8.8.8.8:53", "8.8.4.4:443"];
    let rows = [
        ("allow: [{preset: skypilot-network-check}]", ["allow", "allow", "deny", "deny"]),
        ("allow: [{preset: skypilot-network-check, ports: 53}]", ["deny", "deny", "allow", "deny"]),
        (
            "allow: [{network: 0.0.0.0/0, ports: [53, 443]}]\n\
             deny: [{preset: skypilot-network-check}]",
            ["deny", "deny", "deny", "allow"],
        ),
    ];
    for (text, expected) in rows {
        let files = Files::new();
        let file = files.write("a.yaml", text);
        let config = arg(&file);
        let said = pinhole([&["explain", "--json", "--config", config], &targets[..]].concat());
        let decisions: Vec<String> =
            said.json().iter().map(|row| row["decision"].as_str().unwrap().to_owned()).collect();
        assert_eq!(decisions, expected, "{text}");
    }
}

#[test]
fn unknown_names_are_answered_with_a_known_one() {
    let rows = [
        ("pyhton", "did you mean `python`?"),
        ("debain", "did you mean `debian`?"),
        ("dockerhub", "did you mean `docker-hub`?"),
        ("huggingface", "did you mean `hugging-face`?"),
        ("PYTHON", "known are: almalinux, alpine, "),
        ("nothing-alike", "known are: almalinux, alpine, "),
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
