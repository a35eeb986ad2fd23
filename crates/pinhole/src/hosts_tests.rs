use crate::config::parse;

/// The problems of a map of hosts, as `check` prints them.
fn problems(hosts: &str) -> Vec<String> {
    match parse(&format!("dns:\n  hosts:\n{hosts}")) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn names_are_folded_and_take_one_address_or_several() {
    let text = "dns: {hosts: {A.Test.: 10.20.0.5, b.test: ['fd00::5', 10.20.0.6]}}";
    let hosts = parse(text).unwrap().dns.hosts;
    let shown: Vec<String> = hosts.iter().map(|(n, addrs)| format!("{n} {addrs:?}")).collect();
    assert_eq!(shown, ["a.test [10.20.0.5]", "b.test [fd00::5, 10.20.0.6]"]);
    for none in ["dns:", "dns: {hosts: }", "dns: {hosts: {}}"] {
        assert!(parse(none).unwrap().dns.hosts.is_empty(), "{none}");
    }
}

#[test]
fn every_problem_is_named_at_its_place() {
    let text = "    '*.wild.test': 10.0.0.1\n    10.0.0.2: 10.0.0.1\n    0x7f.1: 10.0.0.1\n    \
                a.test: [10.0.0.1, 10.0.0.256, '10.0.0.1:443']\n    empty.test: []\n    \
                null.test:\n    number.test: 10\n    map.test: {a: b}\n    \
                twice.test: 10.0.0.1\n    TWICE.test.: 10.0.0.2\n    b.test: other.test\n";
    let expected = [
        "dns.hosts.*.wild.test: the host name has a character",
        "dns.hosts.10.0.0.2: an address leads to itself",
        "dns.hosts.0x7f.1: a host that ends in a number",
        "dns.hosts.a.test[1]: `10.0.0.256` is not an address",
        "dns.hosts.a.test[2]: `10.0.0.1:443` is not an address",
        "dns.hosts.empty.test: name at least one address",
        "dns.hosts.null.test: name at least one address",
        "dns.hosts.number.test: a number where text belongs",
        "dns.hosts.map.test: a map where text belongs",
        "dns.hosts.TWICE.test.: `twice.test` stands twice",
        "dns.hosts.b.test: `other.test` is not an address",
    ];
    let found = problems(text);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (problem, expected) in found.iter().zip(expected) {
        let (place, _) = problem.split_once(": dns").expect("a place");
        assert!(problem.contains(expected), "{problem} is not {expected}");
        assert!(place.contains(':'), "{problem} has no line and column");
    }
}

#[test]
fn what_is_no_map_and_a_key_that_stands_twice_are_problems() {
    assert!(problems("    - a.test\n")[0].contains("dns.hosts: a list where a map belongs"));
    let twice = problems("    a.test: 10.0.0.1\n    a.test: 10.0.0.1\n");
    assert!(twice.len() == 1 && twice[0].contains("stands twice"), "{twice:?}");
}
