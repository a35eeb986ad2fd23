//! `pinhole check`.

use std::path::PathBuf;
use std::process::Command;

use crate::check_cases::{BAD, GOOD, with_controls};
use crate::cli::{Files, Said, arg, pinhole, run};
use crate::support::proxy::program;
use crate::support::{each, ensure};

const DEFAULT: &str = include_str!("../../config/default.yaml");

fn check<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> Said {
    let files = files.into_iter().map(|file| arg(file));
    pinhole(["check"].into_iter().chain(files))
}

/// Checks many texts by one call. For each, what was said of it, without its file's name.
fn check_all(texts: &[impl AsRef<[u8]>]) -> (Option<i32>, Vec<Vec<String>>) {
    let files = Files::new();
    let write = |(i, text): (usize, &_)| files.write(&format!("{i:04}.yaml"), text);
    let paths: Vec<PathBuf> = texts.iter().enumerate().map(write).collect();
    let said = check(&paths);
    assert_eq!(said.err, "");
    let mut lines = said.out.lines().peekable();
    let of_file = |path: &PathBuf| {
        let start = format!("{}:", arg(path));
        let unreadable = format!("cannot read {}", arg(path));
        let mut found = Vec::new();
        while let Some(line) =
            lines.next_if(|l| l.starts_with(&start) || l.starts_with(&unreadable))
        {
            found.push(line.strip_prefix(&start).unwrap_or(line).to_owned());
        }
        found
    };
    let all = paths.iter().map(of_file).collect();
    assert_eq!(lines.next(), None, "a line of no file");
    (said.code, all)
}

#[test]
fn mistakes_are_named_with_their_places() {
    let texts: Vec<&str> = BAD.iter().map(|row| row.0).collect();
    let (code, said) = check_all(&texts);
    assert_eq!(code, Some(1));
    each(
        BAD.iter().zip(said),
        |(row, _)| row.0.to_owned(),
        |((_, starts), said)| {
            ensure!(said.len() == starts.len(), "{said:#?}");
            for (line, start) in said.iter().zip(*starts) {
                // Where no position is expected, any will do.
                let positioned = start.starts_with(|c: char| c.is_ascii_digit());
                let bare =
                    line.trim_start_matches(|c: char| c.is_ascii_digit() || ": ".contains(c));
                let found = if positioned { line } else { bare };
                ensure!(
                    found.starts_with(start.trim_start()),
                    "`{line}` does not start with `{start}`"
                );
            }
            Ok(())
        },
    );
}

#[test]
fn what_is_right_is_ok() {
    let (code, said) = check_all(GOOD);
    each(
        GOOD.iter().zip(said),
        |(text, _)| (**text).to_owned(),
        |(_, said)| {
            // Some allow more than they seem: that is for `doubts`.
            let (last, doubts) = said.split_last().ok_or("nothing is said")?;
            ensure!(last == " ok" && doubts.iter().all(|d| d.contains(": warning: ")), "{said:?}");
            Ok(())
        },
    );
    assert_eq!(code, Some(0));
}

#[test]
fn the_files_of_the_repository_are_right() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config");
    let examples = std::fs::read_dir(format!("{config}/examples")).unwrap();
    let mut files: Vec<PathBuf> = examples.map(|entry| entry.unwrap().path()).collect();
    // Sites are read by `emit`.
    files.retain(|path| !path.file_name().unwrap().to_string_lossy().starts_with("site-"));
    files.push(PathBuf::from(format!("{config}/default.yaml")));
    let said = check(&files);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), files.len()), "{said:?}");
    assert!(said.out.lines().all(|line| line.ends_with(": ok")), "{}", said.out);
}

#[test]
fn exit_codes_of_several_files() {
    let files = Files::new();
    let good = files.write("good.yaml", "log: json");
    let bad = files.write("bad.yaml", "lug: json\nallow: [{}]");
    let broken = files.write("broken.yaml", "log: [");
    let missing = files.path("missing.yaml");
    let rows: &[(&[&PathBuf], i32, usize)] = &[
        (&[&good], 0, 1),
        (&[&good, &good], 0, 2),
        (&[&bad], 1, 2),
        (&[&broken], 1, 1),
        (&[&missing], 1, 1),
        (&[&good, &bad], 1, 3),
        (&[&bad, &good], 1, 3),
        (&[&missing, &good, &broken, &bad], 1, 5),
    ];
    for (paths, code, lines) in rows {
        let said = check(paths.iter().copied());
        assert_eq!((said.code, said.err.as_str()), (Some(*code), ""), "{said:?}");
        assert_eq!(said.out.lines().count(), *lines, "{}", said.out);
    }
    assert_eq!(pinhole(["check"]).code, Some(2));
}

#[test]
fn files_that_cannot_be_read() {
    let files = Files::new();
    let directory = files.path("directory");
    std::fs::create_dir(&directory).unwrap();
    let missing = files.path("missing.yaml");
    let latin = files.write("latin.yaml", b"log: \xe4\xf6\n");
    let utf16 = files.write("utf16.yaml", b"\xff\xfel\0o\0g\0:\0 \0j\0s\0o\0n\0");
    let good = files.write("good.yaml", "");
    let endless = PathBuf::from("/dev/zero");
    let all = [&directory, &missing, &latin, &utf16, &endless, &good];
    let said = check(all);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let lines: Vec<&str> = said.out.lines().collect();
    let why = ["directory", "No such file", "UTF-8", "UTF-8", "larger than", "ok"];
    assert_eq!(lines.len(), all.len(), "{lines:#?}");
    for ((line, path), why) in lines.into_iter().zip(all).zip(why) {
        assert!(line.contains(arg(path)) && line.contains(why), "{line} does not say {why}");
    }
    // The same where the program was to serve, or to explain.
    for path in [&directory, &missing, &latin] {
        for command in [&["serve", "--config"][..], &["explain", "a.test:1", "--config"]] {
            let said = pinhole(command.iter().copied().chain([arg(path)]));
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
            assert!(said.err.starts_with("pinhole: cannot read "), "{}", said.err);
            assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        }
    }
}

/// `cli::run` asserts that nothing raw is printed, whatever the program does.
#[test]
fn control_characters_are_not_echoed() {
    let texts = with_controls();
    let files = Files::new();
    let write = |(i, text): (usize, &String)| files.write(&format!("{i:04}.yaml"), text);
    let paths: Vec<PathBuf> = texts.iter().enumerate().map(write).collect();
    let said = check(&paths);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    // None of them breaks the line that it stands on.
    for line in said.out.lines() {
        assert!(paths.iter().any(|path| line.contains(arg(path))), "{line}");
    }
    assert_eq!(said.out.matches(": ok").count(), 0, "{}", said.out);
    for path in paths.iter().step_by(7) {
        let said = pinhole(["serve", "--config", arg(path)]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    }
}

/// Each key of the default file with its place, the line on which it stands, and the column of
/// its value.
fn keys() -> Vec<(String, usize, usize)> {
    let (mut section, mut keys) = (String::new(), Vec::new());
    for (i, line) in DEFAULT.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let word = |c: char| c.is_ascii_lowercase() || c == '_';
        let Some((key, _)) = line[indent..].split_once(':').filter(|(k, _)| k.chars().all(word))
        else {
            continue;
        };
        let column = indent + key.len() + 3;
        if indent == 0 {
            key.clone_into(&mut section);
            keys.push((key.to_owned(), i, column));
        } else {
            keys.push((format!("{section}.{key}"), i, column));
        }
    }
    assert!(keys.len() > 30, "{keys:?}");
    keys
}

/// Whether a key of the default file has its value on lines of its own.
fn has_block(line: usize) -> bool {
    DEFAULT.lines().nth(line).is_some_and(|line| line.ends_with(':'))
}

#[test]
fn a_value_of_a_wrong_type_is_refused_under_every_key() {
    let mut cases = Vec::new();
    for (place, line, column) in keys() {
        for value in ["{planted: 1}", "[[]]", "-1.5", "no such value"] {
            // Three names; what is nonsense in such a text is a warning.
            if place == "client_no_proxy" && value == "no such value" {
                continue;
            }
            let lines: Vec<String> = DEFAULT.lines().map(str::to_owned).collect();
            let mut text = String::new();
            let mut rest = lines.iter().enumerate().peekable();
            while let Some((i, old)) = rest.next() {
                if i != line {
                    text.push_str(&format!("{old}\n"));
                    continue;
                }
                text.push_str(&format!("{} {value}\n", &old[..column - 2]));
                // The lines of the value that was there.
                while has_block(i)
                    && rest.next_if(|(_, l)| l.starts_with(' ') || l.is_empty()).is_some()
                {
                    text.push('\n');
                }
            }
            cases.push((place.clone(), line, column, value, text));
        }
    }
    let texts: Vec<&String> = cases.iter().map(|case| &case.4).collect();
    let (_, said) = check_all(&texts);
    let name = |case: &(_, Vec<String>)| {
        let (place, _, _, value, _): &(String, usize, usize, &str, String) = case.0;
        format!("{place}: {value}")
    };
    each(cases.iter().zip(said), name, |(case, said)| {
        let (place, line, column, value, _) = case;
        ensure!(!said.is_empty() && said[0] != " ok", "it is accepted");
        // A map where one belongs is read, and a list too.
        let inside = match *value {
            "{planted: 1}" if has_block(*line) && place != "allow" => ".planted",
            "{planted: 1}" if place == "dns.hosts" => ".planted",
            "[[]]"
                if [
                    "listen",
                    "proxy_protocol.from",
                    "self",
                    "allow",
                    "deny",
                    "clients",
                    "tls.ports",
                    "dns.servers",
                    "client_no_proxy",
                ]
                .contains(&place.as_str()) =>
            {
                "[0]"
            }
            _ => "",
        };
        let start = format!("{}:", line + 1);
        ensure!(said[0].starts_with(&start), "{said:?} is not on line {}", line + 1);
        ensure!(said[0].contains(&format!(": {place}{inside}: ")), "{said:?}");
        if inside.is_empty() {
            ensure!(said[0].starts_with(&format!("{start}{column}: ")), "{said:?} not at {column}");
        }
        Ok(())
    });
}

#[test]
fn unknown_keys_are_answered_with_the_nearest_known() {
    let entry = [
        "preset",
        "host",
        "glob",
        "network",
        "ports",
        "idle",
        "tls",
        "account",
        "bucket",
        "namespace",
        "region",
    ];
    let of_entries = ["allow[0]", "deny[0]"].into_iter();
    let of_entries = of_entries.flat_map(|list| entry.map(|key| format!("{list}.{key}")));
    let places: Vec<String> = keys().into_iter().map(|key| key.0).chain(of_entries).collect();
    let mut cases = Vec::new();
    for place in places {
        let (section, key) = place.rsplit_once('.').unwrap_or(("", &place));
        let twice = key.replacen(&key[1..2], &key[1..2].repeat(2), 1);
        let swapped = format!("{}{}{}", &key[..1], &key[2..3], &key[1..2]) + &key[3..];
        let slips = [twice, swapped, key[..key.len() - 1].to_owned(), format!("{key}x")];
        for slip in slips.into_iter().filter(|slip| slip != key) {
            let text = match section {
                "" => format!("{slip}: 1"),
                "allow[0]" => format!("allow: [{{{slip}: 1}}]"),
                "deny[0]" => format!("deny: [{{{slip}: 1}}]"),
                section => format!("{section}: {{{slip}: 1}}"),
            };
            let dot = if section.is_empty() { "" } else { "." };
            let answer =
                format!("{section}{dot}{slip}: unknown key `{slip}`; did you mean `{key}`?");
            cases.push((text, answer));
        }
    }
    assert!(cases.len() > 120);
    let texts: Vec<&String> = cases.iter().map(|case| &case.0).collect();
    let (_, said) = check_all(&texts);
    each(
        cases.iter().zip(said),
        |(case, _)| case.0.clone(),
        |((_, answer), said)| {
            ensure!(
                said.iter().any(|line| line.ends_with(answer.as_str())),
                "{said:?}, not {answer}"
            );
            Ok(())
        },
    );
    // What is like nothing gets all that are known.
    let (_, said) =
        check_all(&["nothing_alike: 1", "dns: {nothing_alike: 1}", "allow: [{unlike: 1}]"]);
    assert!(
        said[0][0]
            .ends_with("known are: listen, proxy_protocol, admin, self, mode, allow, deny, clients, credentials_file, tls, parent, client_no_proxy, strays, timeouts, limits, dns, log")
    );
    assert!(said[1][0].contains("known are: servers, hosts, hosts_file, "), "{said:?}");
    assert!(
        said[2]
            .iter()
            .any(|line| line.contains("known are: preset, host, glob, network, ports, idle, tls"))
    );
}

/// Small texts that would be large values, deep ones, and those with very many mistakes.
#[test]
fn bombs_end_quickly() {
    let levels = |first: &str, of: &dyn Fn(usize) -> String| {
        let mut text = format!("a0: &a0 {first}\n");
        (1..30).for_each(|i| text.push_str(&format!("a{i}: &a{i} {}\n", of(i - 1))));
        text
    };
    let lists = levels("[x, x, x, x, x, x, x, x, x]", &|i| {
        format!("[{}*a{i}]", format!("*a{i}, ").repeat(8))
    });
    let maps = levels("{a: x, b: x}", &|i| format!("{{a: *a{i}, b: *a{i}, c: *a{i}, d: *a{i}}}"));
    let under_allow = format!("{lists}allow: *a29\n");
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(500), "*a, ".repeat(500));
    let deep_flow = format!("a: {}", "[".repeat(5000));
    let deep_map = format!("a: {}", "{a: ".repeat(5000));
    let deep_block = "- ".repeat(5000);
    let plain_list = format!("allow:\n{}", "  - host.test\n".repeat(2000));
    let bad_hosts = format!("allow:\n{}", "  - {host: '*', ports: 0}\n".repeat(1000));
    let bad_keys: String = (0..2000).map(|i| format!("key{i}: 1\n")).collect();
    let files = Files::new();
    let check = |name: &str, text: &str| {
        let file = files.write(name, text);
        // By its own use of the processor, so that a machine under load changes nothing.
        let mut command = Command::new("prlimit");
        command.args(["--cpu=10", "--as=1073741824"]).arg(program().get_program());
        let said = run(command.arg("check").arg(&file));
        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{name}");
        said.out
    };
    for (name, text) in [
        ("lists", lists),
        ("maps", maps),
        ("under_allow", under_allow),
        ("deep_flow", deep_flow),
        ("deep_map", deep_map),
        ("deep_block", deep_block),
    ] {
        let said = check(name, &text);
        assert!(said.lines().count() == 1 && said.contains("not YAML: "), "{said}");
    }
    // So much repetition is let through: two unknown keys.
    assert_eq!(check("wide", &wide).lines().count(), 2);
    for (name, text, last) in [
        ("plain_list", plain_list, " allow[1999]: write a map, such as `host: host.test`"),
        ("bad_hosts", bad_hosts, " allow[999].host: `*` would cover every host"),
        ("bad_keys", bad_keys, " key1999: unknown key `key1999`"),
    ] {
        // Every one of many mistakes has its place.
        let said = check(name, &text);
        assert_eq!(said.lines().count(), 2000, "{name}");
        assert!(said.contains(last), "{name}");
    }
}
