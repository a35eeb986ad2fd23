//! What may be wrong with a file of credentials, and how that is said.

use std::path::Path;

use serde_json::json;

use crate::cli::{Files, Said, arg, pinhole};
use crate::support::{each, ensure};
use crate::users::{self, ADA, ALL, BOB, CAROL};

const CLIENTS: &str = "clients:\n  - name: ci\n    users: [ada, bob, 'carol@build-1.test']\n";

/// A configuration that names the file. Its name stands on the fifth line.
fn with(file: &Path, clients: &str) -> String {
    format!("# A comment.\n{clients}credentials_file: {}\n", json!(arg(file)))
}

/// Checks a configuration with this file of credentials, and has it served as well, which says the
/// same. No hash is shown.
fn check(files: &Files, clients: &str) -> Said {
    let config = files.write("pinhole.yaml", with(&files.path("users"), clients));
    let said = pinhole(["check", arg(&config)]);
    if said.code != Some(0) {
        let served = pinhole(["serve", "--listen", "127.0.0.1:0", "--config", arg(&config)]);
        assert_eq!((served.code, served.out.as_str()), (Some(1), ""), "{served:?}");
        assert_eq!(served.err.trim_start_matches("pinhole: "), said.out);
    }
    let secrets = users::secrets();
    assert!(!secrets.iter().any(|secret| said.out.contains(secret)), "{}", said.out);
    assert_eq!(said.err, "");
    said
}

/// What is said of the file's place, behind the place and the file's name.
fn complaint(files: &Files, text: &[u8], mode: u32) -> Result<String, String> {
    users::write(&files.path("users"), text, mode);
    let said = check(files, CLIENTS);
    let (config, file) = (files.path("pinhole.yaml"), files.path("users"));
    let start = format!("{}:5:19: credentials_file: {}: ", arg(&config), arg(&file));
    let lines: Vec<&str> = said.out.lines().collect();
    let [line] = lines[..] else { return Err(format!("{lines:#?}")) };
    ensure!(said.code == Some(1), "{said:?}");
    line.strip_prefix(&start).map(str::to_owned).ok_or(format!("`{line}` is not at `{start}`"))
}

#[test]
fn whoever_else_may_read_or_write_it_is_told() {
    let files = Files::new();
    let good = users::file(&ALL);
    let rows = [
        0o644,
        0o666,
        0o660,
        0o604,
        0o620,
        0o641,
        0o642,
        0o610 | 0o020,
        0o755,
        0o777,
        0o602,
        0o622,
        0o4644,
        0o606,
        0o400 | 0o004,
        0o446,
    ];
    each(
        rows,
        |mode| format!("{mode:04o}"),
        |mode| {
            let said = complaint(&files, good.as_bytes(), *mode)?;
            let start =
                format!("its mode is {mode:04o}, and others may read or write it: chmod 640");
            ensure!(said.starts_with(&start), "{said}");
            Ok(())
        },
    );
    for mode in [0o600, 0o640, 0o400, 0o440, 0o700, 0o750, 0o500] {
        users::write(&files.path("users"), &good, mode);
        let said = check(&files, CLIENTS);
        assert_eq!(said.code, Some(0), "{mode:o}: {said:?}");
        assert!(said.out.ends_with(": ok\n") && said.out.lines().count() == 1, "{said:?}");
    }
}

#[test]
fn wrong_lines_are_named() {
    let files = Files::new();
    let (ada, bob) = (format!("ada:{}", ADA.2), format!("bob:{}", BOB.2));
    let hash = |start: usize, end: usize, with: &str| {
        format!("ada:{}{with}{}", &ADA.2[..start], &ADA.2[end..])
    };
    let known = "this is no hash that is known here: make one by `htpasswd -nB user` (bcrypt) or `openssl passwd -6` (SHA-crypt)";
    let name = "a user's name has letters, digits, and . _ @ + - only, 64 at most";
    let colon = "write `user:hash`, as `htpasswd -nB user` prints it";
    let empty = "line 1: no user stands here: write lines `user:hash`";
    let at = |line: usize, problem: &str| format!("line {line}: {problem}");
    let rows: Vec<(String, String)> = vec![
        (String::new(), empty.to_owned()),
        ("\n\n \n".to_owned(), empty.to_owned()),
        ("# ada\n#bob:x".to_owned(), empty.to_owned()),
        (format!("{ada}\n{bob}\n\n{ada}\n"), at(4, "`ada` stands on line 1 already")),
        (format!("{ada}\r\n{bob}\r\nbob:{}\r\n", CAROL.2), at(3, "`bob` stands on line 2 already")),
        (format!("{ada}\n\n# x\nbob\n"), at(4, colon)),
        (format!("{ada}\n{}\n", BOB.2), at(2, colon)),
        (format!("{bob}\nada:\n"), at(2, known)),
        (format!("{bob}\nada:secret\n"), at(2, known)),
        (format!("{bob}\nada: {}\n", ADA.2), at(2, known)),
        (format!("{bob}\n{ada} \n"), at(2, known)),
        (format!("{bob}\n{ada}:x\n"), at(2, known)),
        (format!("{bob}\n{ada}$\n"), at(2, known)),
        (format!("{bob}\nada:$apr1$/dab43Up$G7b5EWjB.yG0jWoxuxqrk/\n"), at(2, known)),
        (format!("{bob}\nada:$1$abc$OGyl6dDvZCDiGmIVbeuCq/\n"), at(2, known)),
        (format!("{bob}\nada:{{SHA}}EfatjsUqKYSrqv18O1FlA3hcIHI=\n"), at(2, known)),
        (format!("{bob}\nada:ujOqFVN/DVEbk\n"), at(2, known)),
        (format!("{bob}\nada:*\n"), at(2, known)),
        (format!("{bob}\nada:!{}\n", ADA.2), at(2, known)),
        (format!("{bob}\nada:$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$aGFzaA\n"), at(2, known)),
        (format!("{bob}\nada:$y$j9T$abc$def\n"), at(2, known)),
        (format!("{bob}\n{}\n", hash(0, 4, "$2x$")), at(2, known)),
        (format!("{bob}\n{}\n", hash(4, 6, "4")), at(2, known)),
        (format!("{bob}\n{}\n", hash(4, 6, "+4")), at(2, known)),
        (format!("{bob}\n{}\n", hash(4, 6, "03")), at(2, known)),
        (format!("{bob}\n{}\n", hash(59, 60, "")), at(2, known)),
        (format!("{bob}\n{}\n", hash(59, 60, "ab")), at(2, known)),
        (format!("{bob}\n{}\n", hash(59, 60, "=")), at(2, known)),
        (
            format!("{bob}\n{}\n", hash(4, 6, "13")),
            at(2, "bcrypt's cost is 13, and 12 is the most"),
        ),
        (format!("{ada}\nbob:{}\n", BOB.2.replace("1000", "999")), at(2, known)),
        (format!("{ada}\nbob:{}\n", BOB.2.replace("1000", "1e3")), at(2, known)),
        (
            format!("{ada}\nbob:{}\n", BOB.2.replace("1000", "200001")),
            at(2, "more than 200000 rounds take too long"),
        ),
        (format!("{ada}\nbob:{}\n", BOB.2.replace("saltsalt", "")), at(2, known)),
        (format!("{ada}\nbob:{}\n", BOB.2.replace("saltsalt", "saltsaltsaltsalts")), at(2, known)),
        (format!("{ada}\nbob:{}\n", BOB.2.replace("$6$", "$5$")), at(2, known)),
        (format!("{bob}\n:{}\n", ADA.2), at(2, name)),
        (format!("{bob}\n {ada}\n"), at(2, name)),
        (format!("{bob}\na da:{}\n", ADA.2), at(2, name)),
        (format!("{bob}\nadä:{}\n", ADA.2), at(2, name)),
        (format!("\u{feff}{ada}\n"), at(1, name)),
        (format!("{bob}\na\0da:{}\n", ADA.2), at(2, name)),
        (format!("{bob}\na\x1b[31mda:{}\n", ADA.2), at(2, name)),
        (format!("{bob}\n{}:{}\n", "u".repeat(65), ADA.2), at(2, name)),
        // Every wrong line, not the first alone.
        (
            format!("x\n{bob}\ny:z\n{bob}\n"),
            format!("line 1: {colon}; line 3: {known}; line 4: `bob` stands on line 2 already"),
        ),
        // A file of something else.
        (
            "not a user\n".repeat(30),
            (1..=20).map(|line| at(line, colon) + "; ").collect::<String>()
                + "line 21: and here reading ended",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n".to_owned(),
            format!("line 1: {colon}; line 2: {colon}"),
        ),
    ];
    each(
        rows,
        |row| row.0.escape_debug().to_string(),
        |(text, expected)| {
            let said = complaint(&files, text.as_bytes(), 0o600)?;
            ensure!(said == *expected, "{said}");
            Ok(())
        },
    );
    for bytes in [&b"ada:\xff\n"[..], b"\xff\xfea\0d\0a\0", b"ada\xc3:x\n"] {
        assert_eq!(complaint(&files, bytes, 0o600).unwrap(), "not UTF-8");
    }
}

/// The longest name, and the dearest hashes that may be.
#[test]
fn the_bounds_may_be_reached() {
    let files = Files::new();
    let dear = ADA.2.replacen("$04$", "$12$", 1);
    let rounds = BOB.2.replace("1000", "200000");
    let long = "u".repeat(64);
    let text = format!("{long}:{dear}\nbob:{rounds}\nA.b_c@d+e-9:{}", CAROL.2);
    users::write(&files.path("users"), text, 0o600);
    let clients = format!("clients:\n  - name: ci\n    users: [{long}, bob, 'A.b_c@d+e-9']\n");
    let said = check(&files, &clients);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn files_that_cannot_be_read() {
    let files = Files::new();
    let rows = [
        ("missing", "cannot read", "No such file"),
        ("directory", "cannot read", "directory"),
        ("huge", "larger than 16777216 bytes", ""),
    ];
    std::fs::create_dir(files.path("directory")).unwrap();
    let huge = std::fs::File::create(files.path("huge")).unwrap();
    huge.set_len(17 * 1024 * 1024).unwrap();
    for (name, why, more) in rows {
        let config = files.write("pinhole.yaml", with(&files.path(name), CLIENTS));
        let said = pinhole(["check", arg(&config)]);
        assert_eq!((said.code, said.out.lines().count()), (Some(1), 1), "{said:?}");
        let start = format!("{}:5:19: credentials_file: ", arg(&config));
        assert!(said.out.starts_with(&start), "{}", said.out);
        assert!(said.out.contains(why) && said.out.contains(more), "{}", said.out);
    }
    for (value, why) in [
        ("[a]", "a list where text belongs"),
        ("17", "a number where text belongs"),
        ("\"\"", "cannot read"),
        ("\"a\\0b\"", "cannot read a\\0b"),
    ] {
        let config = files.write("pinhole.yaml", format!("credentials_file: {value}\n"));
        let said = pinhole(["check", arg(&config)]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.out.contains(":1:19: credentials_file: ") && said.out.contains(why),
            "{said:?}"
        );
    }
}

/// The users of the clients and those of the file are held against each other.
#[test]
fn users_of_clients_and_of_the_file() {
    let files = Files::new();
    users::write(&files.path("users"), users::file(&ALL), 0o600);
    let of = |users: &str| format!("clients:\n  - name: ci\n    users: {users}\n");
    let known = "'carol@build-1.test'";
    // Each with the lines that are expected, and whether they are warnings.
    let rows: Vec<(String, bool, Vec<&str>)> = vec![
        (
            of("[ada, bobb, 'carol@build-1.test']"),
            false,
            vec!["4:18: clients[0].users[1]: unknown user `bobb`; did you mean `bob`?"],
        ),
        (
            of("dora"),
            false,
            vec![
                "4:12: clients[0].users: unknown user `dora`; known are: ada, bob, carol@build-1.test",
            ],
        ),
        (
            of("[Ada]"),
            false,
            vec!["4:13: clients[0].users[0]: unknown user `Ada`; did you mean `ada`?"],
        ),
        (
            of(&format!("[ada, bob, {known}, ada]")),
            false,
            vec!["clients[0].users[3]: `ada` stands here twice"],
        ),
        (
            of("[ada, bob]"),
            true,
            vec!["5:19: warning: credentials_file: no client has the user `carol@build-1.test`"],
        ),
        (
            of("ada"),
            true,
            vec!["5:19: warning: credentials_file: no client has the user `bob`, nor another one"],
        ),
        (
            "clients:\n  - name: ci\n    from: 10.0.0.0/8\n".to_owned(),
            true,
            vec!["5:19: warning: credentials_file: no client has the user `ada`, nor 2 others"],
        ),
    ];
    each(
        rows,
        |row| row.0.clone(),
        |(clients, fine, lines)| {
            let said = check(&files, clients);
            let config = files.path("pinhole.yaml");
            let start = format!("{}:", arg(&config));
            let mut found: Vec<&str> =
                said.out.lines().map(|line| line.strip_prefix(&start).unwrap_or(line)).collect();
            ensure!(said.code == Some(i32::from(!fine)), "{said:?}");
            if *fine {
                ensure!(found.pop() == Some(" ok"), "{said:?}");
            }
            ensure!(found.len() == lines.len(), "{found:#?}");
            for (found, line) in found.iter().zip(lines) {
                let behind =
                    found.trim_start_matches(|c: char| c.is_ascii_digit() || ": ".contains(c));
                let positioned = line.starts_with(|c: char| c.is_ascii_digit());
                let found = if positioned { found } else { behind };
                ensure!(found.starts_with(line), "`{found}` is not `{line}`");
            }
            Ok(())
        },
    );
    // Without a file, every user wants one.
    let text = "clients:\n  - {name: ci, users: [ada, bob]}\n";
    let config = files.write("pinhole.yaml", text);
    let said = pinhole(["check", arg(&config)]);
    assert_eq!((said.code, said.out.lines().count()), (Some(1), 2), "{said:?}");
    for (i, column) in [(0, 24), (1, 29)] {
        let line = format!(
            "2:{column}: clients[0].users[{i}]: name a credentials_file, in which this user has a hash"
        );
        assert!(said.out.contains(&line), "{} is not {line}", said.out);
    }
}

/// A client that somebody before it always is instead is doubtful. What only several of them take
/// together is not found.
#[test]
fn clients_that_nobody_ever_is() {
    let files = Files::new();
    users::write(&files.path("users"), users::file(&ALL), 0o600);
    let ten = "from: 10.0.0.0/8";
    let rows: [(&[&str], Option<&str>); 11] = [
        (&[ten, "from: 10.1.0.0/16"], Some("clients[1]: nobody is ever this client: `c0` stands")),
        (&[ten, "from: 10.1.0.0/16, users: ada"], Some("clients[1]: nobody is ever")),
        (&["users: ada", "users: ada, from: 10.0.0.0/8"], Some("clients[1]: nobody is ever")),
        (&["users: [ada, bob]", "users: ada"], Some("clients[1]: nobody is ever")),
        (
            &[ten, "from: 11.0.0.0/8", "from: [10.1.0.0/16, 11.1.0.0/16]"],
            Some("clients[2]: nobody"),
        ),
        (&["users: ada", "users: [ada, bob]"], None),
        (&["from: 10.0.0.0/8, users: ada", ten], None),
        (&["from: 10.0.0.0/8, users: ada", "from: 10.0.0.0/8, users: bob"], None),
        (&[ten, "users: ada"], None),
        (&["from: 10.1.0.0/16", ten], None),
        (&["users: ada", ten], None),
    ];
    each(
        rows,
        |row| row.0.join("; "),
        |(clients, expected)| {
            let client = |(i, who): (usize, &&str)| format!("  - {{name: c{i}, {who}}}\n");
            let clients: String = clients.iter().enumerate().map(client).collect();
            let said = check(&files, &format!("clients:\n{clients}"));
            ensure!(said.code == Some(0), "{said:?}");
            let found: Vec<&str> = said.out.lines().filter(|l| l.contains("nobody is")).collect();
            ensure!(found.len() == expected.iter().count(), "{said:?}");
            ensure!(expected.is_none_or(|text| found[0].contains(text)), "{said:?}");
            Ok(())
        },
    );
}

/// A file of many users is read; one of too many is not.
#[test]
fn many_users() {
    let files = Files::new();
    let of =
        |count: usize| -> String { (0..count).map(|i| format!("u{i}:{}\n", CAROL.2)).collect() };
    let clients = "clients:\n  - name: ci\n    users: [u0, u99999]\n";
    users::write(&files.path("users"), of(100_000), 0o600);
    let said = check(&files, clients);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("nor 99997 others"), "{said:?}");
    users::write(&files.path("users"), of(100_001), 0o600);
    let said = check(&files, clients);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("line 100001: 100000 users are the most"), "{said:?}");
    // Not all of them are listed where a name is none of them.
    let clients = "clients:\n  - name: ci\n    users: [nobody-at-all]\n";
    users::write(&files.path("users"), of(100_000), 0o600);
    let said = check(&files, clients);
    let ends = said.out.trim_end().ends_with(", u10175, u10176, and 99800 more");
    assert!(
        said.code == Some(1) && ends && said.out.contains("known are: u0, u1, u10, "),
        "{said:?}"
    );
}
