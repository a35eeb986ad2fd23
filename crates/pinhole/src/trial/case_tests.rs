use super::parse;

fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn problems_have_their_places() {
    let rows: &[(&str, &[&str])] = &[
        ("- {target: 'a.test:1', expect: allow}", &[]),
        ("- {target: a.test, expect: deny, rule: 'allow[0]', reason: x, address: 10.0.0.1}", &[]),
        ("- {target: 'a.test:1', expect: allow, address: [10.0.0.1, 'fd00::1']}", &[]),
        ("", &["1:1: no case stands here"]),
        ("[]", &["1:1: no case stands here"]),
        ("a: 1", &["1:1: a map where a list belongs"]),
        ("- a.test", &["1:3: [0]: text where a map belongs"]),
        ("- {target: a}", &["1:3: [0]: `expect` is missing"]),
        ("- {expect: allow}", &["1:3: [0]: `target` is missing"]),
        ("- {}", &["1:3: [0]: `target` is missing", "1:3: [0]: `expect` is missing"]),
        ("- {target: a, expct: deny}", &["1:22: [0].expct: unknown key `expct`; did you mean"]),
        ("- {target: a, expect: denied}", &["1:23: [0].expect: write `allow`, `audit`, `deny` or"]),
        ("- {target: 1, expect: deny}", &["1:12: [0].target: a number where text belongs"]),
        (
            "- {target: a, expect: deny}\n- {target: b, expect: deny, client: 1}",
            &["2:37: [1].client: a number where text belongs"],
        ),
        (
            "- {target: 'a:1', expect: deny, address: [10.0.0.1, b]}",
            &["1:53: [0].address[1]: write an IP address"],
        ),
        (
            "- {target: '10.0.0.1:1', expect: deny, address: 10.0.0.2}",
            &["1:49: [0].address: the target is an address itself"],
        ),
        ("- [", &["2:1: not YAML"]),
    ];
    for (text, starts) in rows {
        let found = problems(text);
        assert_eq!(found.len(), starts.len(), "{text}: {found:?}");
        for (found, start) in found.iter().zip(*starts) {
            assert!(found.starts_with(start), "{text}: {found}");
        }
    }
}

#[test]
fn each_case_has_the_place_of_its_target() {
    let cases = parse("- expect: deny\n  target: a:1\n- {target: b, expect: allow}\n").unwrap();
    let places: Vec<_> = cases.iter().filter_map(|case| case.position).collect();
    let lines: Vec<_> = places.iter().map(|at| (at.line, at.column)).collect();
    assert_eq!(lines, [(2, 11), (3, 12)]);
}
