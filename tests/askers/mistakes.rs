//! What may be wrong with `mode` and `clients`, each with its place.

use std::path::PathBuf;

use crate::cli::{Files, arg, pinhole};
use crate::support::{each, ensure};

/// A configuration, and how each line that is said of it begins.
const BAD: &[(&str, &[&str])] = &[
    // The mode.
    ("mode: audi", &["1:7: mode: `audi`: write enforce or audit"]),
    ("mode: Audit", &["1:7: mode: `Audit`: write enforce or audit"]),
    ("mode: ''", &["1:7: mode: ``: write enforce or audit"]),
    ("mode: true", &["1:7: mode: true or false where text belongs"]),
    ("mode: off", &["1:7: mode: `off`: write enforce or audit"]),
    ("mode: [audit]", &["1:7: mode: a list where text belongs"]),
    ("mode:", &["mode: nothing where text belongs"]),
    ("mdoe: audit", &["1:7: mdoe: unknown key `mdoe`; did you mean `mode`?"]),
    ("mode: audit\nmode: enforce", &["1:7: mode: this key stands twice"]),
    // Its list.
    ("clients: {}", &["1:10: clients: a map where a list belongs"]),
    ("clients: pods", &["1:10: clients: text where a list belongs"]),
    ("clients: {name: a, from: 10.0.0.0/8}", &["1:10: clients: a map where a list belongs"]),
    ("client: []", &["1:9: client: unknown key `client`; did you mean `clients`?"]),
    ("clients: [pods]", &["1:11: clients[0]: text where a map belongs"]),
    ("clients: [[]]", &["1:11: clients[0]: a list where a map belongs"]),
    // The name.
    (
        "clients: [{from: 10.0.0.0/8}]",
        &["1:11: clients[0]: `name` is missing: the log and the metrics call the client so"],
    ),
    ("clients: [{}]", &["1:11: clients[0]: `name` is missing"]),
    (
        "clients:\n- name: a\n  from: 10.0.0.1\n- from: 10.0.0.2",
        &["4:3: clients[1]: `name` is missing"],
    ),
    (
        "clients: [{name: '', from: 10.0.0.1}]",
        &["1:18: clients[0].name: ``: write small letters, digits, and . _ - behind the first"],
    ),
    ("clients: [{name: A, from: 10.0.0.1}]", &["1:18: clients[0].name: `A`: write small letters"]),
    ("clients: [{name: .a, from: 10.0.0.1}]", &["1:18: clients[0].name: `.a`: write small"]),
    ("clients: [{name: -a, from: 10.0.0.1}]", &["1:18: clients[0].name: `-a`: write small"]),
    ("clients: [{name: a b, from: 10.0.0.1}]", &["1:18: clients[0].name: `a b`: write small"]),
    (
        "clients: [{name: 'a\"b', from: 10.0.0.1}]",
        &["1:18: clients[0].name: `a\\\"b`: write small"],
    ),
    ("clients: [{name: ä, from: 10.0.0.1}]", &["1:18: clients[0].name: `ä`: write small"]),
    (
        "clients: [{name: \"a\\e[31m\", from: 10.0.0.1}]",
        &["1:18: clients[0].name: `a\\u{1b}[31m`: write small"],
    ),
    (
        "clients: [{name: 17, from: 10.0.0.1}]",
        &["1:18: clients[0].name: a number where text belongs; put it in quotes"],
    ),
    (
        "clients: [{name: [a], from: 10.0.0.1}]",
        &["1:18: clients[0].name: a list where text belongs"],
    ),
    ("clients: [{name: null, from: 10.0.0.1}]", &["clients[0].name: nothing where text belongs"]),
    (
        "clients: [{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, from: 10.0.0.1}]",
        &[
            "1:18: clients[0].name: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: write small letters, digits, and . _ - behind the first, 63 at most",
        ],
    ),
    (
        "clients:\n  - {name: a, from: 10.0.0.1}\n  - {name: b, from: 10.0.0.2}\n  - {name: a, from: 10.0.0.3}",
        &["4:12: clients[2].name: clients[0] is called `a` already"],
    ),
    // Who it is.
    (
        "clients: [{name: a}]",
        &["1:11: clients[0]: say who this is: `from:` with networks, `users:` with names, or both"],
    ),
    (
        "clients: [{name: a, from: []}]",
        &["1:11: clients[0]: this is nobody: name a network in `from:`, or a user in `users:`"],
    ),
    ("clients: [{name: a, from: , users: []}]", &["1:11: clients[0]: this is nobody"]),
    (
        "clients: [{name: a, mode: audit, allow: [{host: a.test}]}]",
        &["1:11: clients[0]: say who this is"],
    ),
    // Networks.
    (
        "clients: [{name: a, from: here}]",
        &["1:27: clients[0].from: `here` is not a network: write an address or a CIDR block"],
    ),
    (
        "clients: [{name: a, from: [10.0.0.0/8, 10.0.0.0/33]}]",
        &["1:40: clients[0].from[1]: `10.0.0.0/33` is not a network"],
    ),
    (
        "clients: [{name: a, from: 010.0.0.0/8}]",
        &["1:27: clients[0].from: `010.0.0.0/8` is not a network"],
    ),
    (
        "clients: [{name: a, from: 10.1.0.0/8}]",
        &[
            "1:27: clients[0].from: `10.1.0.0/8` has bits behind its prefix: write `10.0.0.0/8` for the network, or `10.1.0.0`",
        ],
    ),
    (
        "clients: [{name: a, from: 'fd00::1/64'}]",
        &["1:27: clients[0].from: `fd00::1/64` has bits behind its prefix"],
    ),
    (
        "clients: [{name: a, from: '::ffff:10.0.0.0/104'}]",
        &["1:27: clients[0].from: write the IPv4 network, `10.0.0.0/8`"],
    ),
    (
        "clients: [{name: a, from: '::ffff:10.0.0.1'}]",
        &["1:27: clients[0].from: write the IPv4 network, `10.0.0.1/32`"],
    ),
    (
        "clients: [{name: a, from: ['::ffff:0:0/96']}]",
        &["1:28: clients[0].from[0]: write the IPv4 network, `0.0.0.0/0`"],
    ),
    ("clients: [{name: a, from: 10}]", &["1:27: clients[0].from: a number where text belongs"]),
    ("clients: [{name: a, from: {}}]", &["1:27: clients[0].from: a map where text belongs"]),
    (
        "clients: [{name: a, from: pods.test}]",
        &["1:27: clients[0].from: `pods.test` is not a network"],
    ),
    // Users.
    (
        "clients: [{name: a, users: 'a b'}]",
        &["1:28: clients[0].users: `a b`: a user's name has letters, digits"],
    ),
    ("clients: [{name: a, users: ['a:b']}]", &["1:29: clients[0].users[0]: `a:b`: a user's name"]),
    ("clients: [{name: a, users: ['']}]", &["1:29: clients[0].users[0]: ``: a user's name"]),
    ("clients: [{name: a, users: 17}]", &["1:28: clients[0].users: a number where text belongs"]),
    ("clients: [{name: a, users: ['ä']}]", &["1:29: clients[0].users[0]: `ä`: a user's name"]),
    // Its keys.
    (
        "clients: [{name: a, form: 10.0.0.1}]",
        &["1:27: clients[0].form: unknown key `form`; did you mean `from`?"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, idle: 1h}]",
        &["1:43: clients[0].idle: unknown key `idle`; "],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, password: x}]",
        &["1:47: clients[0].password: unknown key `password`; "],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, mode: log}]",
        &["1:43: clients[0].mode: `log`: write enforce or audit"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, mode: 1}]",
        &["1:43: clients[0].mode: a number where text belongs"],
    ),
    // Its rules, as those of all.
    (
        "clients: [{name: a, from: 10.0.0.1, allow: {host: a.test}}]",
        &["1:44: clients[0].allow: a map where a list belongs"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, allow: [a.test]}]",
        &["1:45: clients[0].allow[0]: write a map, such as `host: a.test`"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, allow: [{host: '*'}]}]",
        &["1:52: clients[0].allow[0].host: `*` would cover every host"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, allow: [{preset: pyhton}]}]",
        &["1:54: clients[0].allow[0].preset: unknown preset `pyhton`; did you mean `python`?"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, deny: [{host: a.test, idle: 1h}]}]",
        &["1:65: clients[0].deny[0].idle: `idle` has no meaning in `deny`"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, deny: [{network: 10.0.0.1/8}]}]",
        &["1:54: clients[0].deny[0].network: `10.0.0.1/8` has bits"],
    ),
    // Its limits.
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections: 0}}]",
        &["1:59: clients[0].limits.connections: write a whole number from 1 to 1000000"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections: -1}}]",
        &["1:59: clients[0].limits.connections: write a whole number"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections: 1000001}}]",
        &["1:59: clients[0].limits.connections: write a whole number"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections: 1.5}}]",
        &["1:59: clients[0].limits.connections: write a whole number"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections: '5'}}]",
        &["1:59: clients[0].limits.connections: write a whole number"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections_per_address: many}}]",
        &["1:71: clients[0].limits.connections_per_address: write a whole number"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: {connections_per_client: 5}}]",
        &["1:70: clients[0].limits.connections_per_client: unknown key"],
    ),
    (
        "clients: [{name: a, from: 10.0.0.1, limits: 5}]",
        &["1:45: clients[0].limits: a number where a map belongs"],
    ),
    // All of them at once.
    (
        "mode: x\nclients:\n- {name: A}\n- {name: b, from: 10.0.0.1/8, limits: {connections: 0}}\n",
        &[
            "1:7: mode: `x`",
            "3:10: clients[0].name: `A`",
            "4:19: clients[1].from: `10.0.0.1/8` has bits",
            "4:53: clients[1].limits.connections: write",
        ],
    ),
];

/// What is right.
const GOOD: &[&str] = &[
    "mode: enforce",
    "mode: audit",
    "clients:",
    "clients: []",
    "clients: [{name: a, from: 10.0.0.0/8}]",
    "clients: [{name: '0', from: 10.0.0.0/8}]",
    "clients: [{name: '0.a_b-c', from: [10.0.0.0/8, 'fd00::/8', '[fd00::1]', 192.0.2.1]}]",
    "clients: [{name: a, from: '0.0.0.0/0'}, {name: b, from: '::/0'}]",
    // Two may come from the same network: the first that fits counts.
    "clients: [{name: a, from: 10.0.0.0/8}, {name: b, from: [10.0.0.0/8, 11.0.0.0/8]}]",
    "clients: [{name: a, from: 10.0.0.0/8, allow: , deny: [], mode: audit, limits: }]",
    "clients: [{name: a, from: 10.0.0.0/8, limits: {connections: 1, connections_per_address: 1000000}}]",
    "clients: [{name: a, from: 10.0.0.0/8, allow: [{preset: python}, {host: a.test, idle: 1h, tls: off}], deny: [{network: 10.0.0.0/8}]}]",
    "clients: [{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, from: 10.0.0.1}]",
];

fn check_all(texts: &[&str]) -> (Option<i32>, Vec<Vec<String>>) {
    let files = Files::new();
    let write = |(i, text): (usize, &&str)| files.write(&format!("{i:04}.yaml"), text);
    let paths: Vec<_> = texts.iter().enumerate().map(write).collect();
    let said = pinhole(["check"].into_iter().chain(paths.iter().map(|path| arg(path))));
    assert_eq!(said.err, "");
    let of = |path: &PathBuf| {
        let start = format!("{}:", arg(path));
        let lines = said.out.lines().filter_map(|line| line.strip_prefix(&start));
        lines.map(str::to_owned).collect()
    };
    (said.code, paths.iter().map(of).collect())
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
                let positioned = start.starts_with(|c: char| c.is_ascii_digit());
                let bare =
                    line.trim_start_matches(|c: char| c.is_ascii_digit() || ": ".contains(c));
                let found = if positioned { line } else { bare };
                ensure!(found.starts_with(start), "`{line}` does not start with `{start}`");
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
            ensure!(said == &[" ok"], "{said:?}");
            Ok(())
        },
    );
    assert_eq!(code, Some(0));
}

/// Each client has labels of its own, so there are not too many.
#[test]
fn a_thousand_clients_are_the_most() {
    let files = Files::new();
    let of = |count: usize| {
        let client =
            |i: usize| format!("  - {{name: c{i}, from: 10.{}.{}.0/24}}\n", i / 256, i % 256);
        format!("clients:\n{}", (0..count).map(client).collect::<String>())
    };
    let most = files.write("most.yaml", of(1000));
    let said = pinhole(["check", arg(&most)]);
    assert_eq!((said.code, said.out.ends_with(": ok\n")), (Some(0), true), "{said:?}");
    let more = files.write("more.yaml", of(1001));
    let said = pinhole(["check", arg(&more)]);
    let expected = format!("{}:1002:5: clients[1000]: 1000 clients are the most\n", arg(&more));
    assert_eq!((said.code, said.out), (Some(1), expected));
}
