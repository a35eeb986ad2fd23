use crate::suggest::given::{authority, rules};

const CONFIG: &str = "\
allow:
  - host: a.test
  - host: '*.a.test'

  - {network: 10.20.0.0/16}
  - preset: skypilot-network-check
  - host: a.test
    ports: 8443
deny:
  - host: bad.a.test
  - network: 10.20.0.66
";

/// What is asked for, the address that it leads to, and what is unused then.
#[test]
fn what_decides_is_used() {
    let all = ["allow[0]", "allow[1]", "allow[2]", "allow[3]", "allow[4]", "deny[0]", "deny[1]"];
    let rows: &[(&str, &str, &[&str])] = &[
        ("a.test:443", "", &["allow[0]"]),
        ("b.a.test:443", "", &["allow[1]"]),
        ("b.a.test:443", "10.20.0.5", &["allow[1]", "allow[2]"]),
        ("b.a.test:443", "10.20.0.66", &["allow[1]", "deny[1]"]),
        ("b.a.test:443", "192.0.2.1", &["allow[1]"]),
        ("10.20.0.5:443", "", &["allow[2]"]),
        ("10.20.0.66:443", "", &["deny[1]"]),
        ("bad.a.test:443", "", &["deny[0]"]),
        ("a.test:8443", "", &["allow[4]"]),
        // The one that opens other ports is none that decides.
        ("a.test:22", "", &[]),
        ("elsewhere.test:443", "", &[]),
        ("8.8.8.8:443", "", &["allow[3]"]),
        ("1.1.1.1:443", "", &["allow[3]"]),
    ];
    for (target, address, used) in rows {
        let mut rules = rules(CONFIG);
        let addresses: Vec<_> = address.parse().into_iter().collect();
        rules.used_by(None, &authority(target), &addresses);
        let unused: Vec<&str> = rules.unused().map(|listed| listed.place.as_str()).collect();
        let expected: Vec<&str> = all.into_iter().filter(|place| !used.contains(place)).collect();
        assert_eq!(unused, expected, "{target} {address}");
    }
}

#[test]
fn entries_are_listed_with_line_and_what_they_cover() {
    let mut rules = rules(CONFIG);
    for place in ["allow[0]", "deny[0]", "allow[7]", "", "clients[0].allow[0]", "allow[00]"] {
        rules.used_at(place);
    }
    let unused: Vec<(Option<usize>, &str)> =
        rules.unused().map(|listed| (listed.line, listed.covers.as_str())).collect();
    assert_eq!(
        unused,
        [
            (Some(3), "host *.a.test"),
            (Some(5), "network 10.20.0.0/16"),
            (Some(6), "preset skypilot-network-check"),
            (Some(7), "host a.test"),
            (Some(11), "network 10.20.0.66/32"),
        ]
    );
}

#[test]
fn the_proxy_itself_is_where_it_listens() {
    let rules = rules("{listen: ['10.0.0.1:3128', '0.0.0.0:3129'], admin: '127.0.0.1:9128'}");
    for (ip, port, listens) in [
        ("10.0.0.1", 3128, true),
        ("10.0.0.2", 3128, false),
        ("10.0.0.2", 3129, true),
        ("127.0.0.1", 9128, true),
        ("127.0.0.1", 443, false),
    ] {
        assert_eq!(rules.listens(ip.parse().unwrap(), port), listens, "{ip} {port}");
    }
}
