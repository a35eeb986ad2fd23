use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::{
    HostGlob, HostPattern, List, Matcher, Place, PortSet, Preset, PresetHost, parse_network,
};

/// The hosts of the preset `tools`, each with its ports.
pub(super) const TOOLS: [(&str, &str); 2] = [("tools.test", "443"), ("*.cdn.tools.test", "8443")];

fn preset() -> Preset {
    let host = |(pattern, port)| PresetHost {
        pattern: HostPattern::parse(pattern).unwrap(),
        ports: PortSet::parse([port]).unwrap(),
        why: String::new(),
        source: String::new(),
    };
    Preset { name: "tools".to_owned(), about: String::new(), hosts: TOOLS.map(host).into() }
}

/// Reads rules, each one `allow|deny host|glob|network|preset WHAT [PORTS…] [idle=SECONDS]`.
pub(crate) fn entries(rules: &str) -> Vec<Entry> {
    let mut next = [0, 0];
    let mut entry = |words: Vec<&str>| {
        let (list, count) = match words[0] {
            "allow" => (List::Allow, &mut next[0]),
            "deny" => (List::Deny, &mut next[1]),
            other => panic!("no list: {other}"),
        };
        let place = Place { client: None, list, index: *count };
        *count += 1;
        let matcher = match words[1] {
            "host" => Matcher::Host(HostPattern::parse(words[2]).unwrap()),
            "glob" => Matcher::Host(HostPattern::Glob(HostGlob::parse(words[2]).unwrap())),
            "network" => Matcher::Network(parse_network(words[2]).unwrap()),
            _ => Matcher::Preset(Arc::new(preset())),
        };
        let (idle, ports): (Vec<&str>, Vec<&str>) =
            words[3..].iter().partition(|w| w.starts_with("idle="));
        let seconds = |text: &&str| Duration::from_secs(text[5..].parse().unwrap());
        Entry {
            place,
            matcher,
            ports: (!ports.is_empty()).then(|| PortSet::parse(ports).unwrap()),
            overrides: Overrides { idle: idle.first().map(seconds), ..Overrides::default() },
        }
    };
    let lines = rules.split(';').map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.filter(|words| !words.is_empty()).map(&mut entry).collect()
}

pub(super) fn policy(rules: &str) -> Policy {
    Policy::new(entries(rules), Vec::new())
}

pub(crate) fn target(text: &str) -> Authority {
    Authority::parse(text.as_bytes()).unwrap()
}

/// The place of the rule that granted, or the reason of the denial and its rule's place.
pub(super) fn decided(policy: &Policy, text: &str) -> String {
    match policy.decide(Who::OTHER, &target(text)) {
        Ok(grant) => grant.rule().expect("a rule").place.to_string(),
        Err(Denial { reason, rule: Some(rule), .. }) => {
            format!("{} {}", reason.label(), rule.place)
        }
        Err(denial) => denial.reason.label().to_owned(),
    }
}

pub(super) fn grants(decision: &str) -> bool {
    decision == "ok" || decision.starts_with("allow")
}

/// Reads lines `rules -> target decision, target decision…`.
fn rows(table: &str) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
    table.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let (rules, cases) = line.split_once("->").expect(line);
        (rules, cases.split(',').map(|case| case.trim().split_once(' ').expect(line)).collect())
    })
}

/// Tries rows of targets and decisions.
fn decides(table: &str) {
    for (rules, cases) in rows(table) {
        for (target, expected) in cases {
            assert_eq!(decided(&policy(rules), target), expected, "{target} by {rules}");
        }
    }
}

fn candidates(found: &str) -> Vec<Candidate> {
    let one = |text: &str| Candidate {
        ip: text.trim_end_matches('!').parse().unwrap(),
        own: text.ends_with('!'),
    };
    found.split_whitespace().map(one).collect()
}

/// What a granted target may dial of `found`, where `!` marks the proxy's own addresses.
fn permitted(policy: &Policy, text: &str, found: &str) -> String {
    let grant = policy.decide(Who::OTHER, &target(text)).expect("granted");
    let (addrs, judged) = policy.permit(&grant, &candidates(found));
    assert!(addrs.as_slice().iter().all(|addr| addr.port() == grant.target().port()));
    let good: Vec<String> =
        judged.iter().filter(|one| one.verdict.is_ok()).map(|one| one.ip.to_string()).collect();
    assert_eq!(good, addrs.as_slice().iter().map(|addr| addr.ip().to_string()).collect::<Vec<_>>());
    good.join(" ")
}

/// The verdict on one address: `ok`, the network entry that opened it, or the denial.
pub(super) fn verdict(policy: &Policy, text: &str, address: &str) -> String {
    let grant = policy.decide(Who::OTHER, &target(text)).expect("granted");
    match policy.permit(&grant, &candidates(address)).1.remove(0).verdict {
        Ok(None) => "ok".to_owned(),
        Ok(Some(rule)) => rule.place.to_string(),
        Err(AddressDenial { reason, rule: Some(rule), .. }) => {
            format!("{} {}", reason.label(), rule.place)
        }
        Err(AddressDenial { reason, class, .. }) => format!("{} {}", reason.label(), class.label()),
    }
}

/// Tries rows of addresses and verdicts, for a host that is allowed.
fn judges(table: &str) {
    for (rules, cases) in rows(table) {
        let policy = policy(&format!("{rules}; allow host a.test 443 8443"));
        for (address, expected) in cases {
            let (address, port) = address.split_once('@').unwrap_or((address, "443"));
            let judged = verdict(&policy, &format!("a.test:{port}"), address);
            assert_eq!(judged, expected, "{address}, port {port}, by {rules}");
        }
    }
}

#[test]
fn an_empty_list_denies_everything() {
    decides(
        "
        -> a.test:443 not_allowed, 1.1.1.1:443 literal_not_allowed, 10.0.0.1:80 address_class
        deny host b.test  -> a.test:443 not_allowed, 1.1.1.1:443 literal_not_allowed
        deny network ::/0 -> a.test:443 not_allowed, 1.1.1.1:443 literal_not_allowed
        ",
    );
    for rules in ["", "deny host host.test", "deny network 0.0.0.0/0; deny preset tools"] {
        assert!(policy(rules).allows_nothing(), "{rules}");
    }
    for rules in ["allow host a.test", "allow network ::1", "allow preset tools"] {
        assert!(!policy(rules).allows_nothing(), "{rules}");
    }
}

#[test]
fn deny_beats_allow_in_any_order_wider_or_narrower() {
    decides(
        "
        allow host a.test; deny host a.test -> a.test:443 denied deny[0], A.TEST.:80 denied deny[0]
        deny host a.test; allow host a.test -> a.test:443 denied deny[0], b.test:443 not_allowed
        allow host a.b.test; deny host *.b.test -> a.b.test:443 denied deny[0], b.test:443 not_allowed
        allow host *.b.test; deny host a.b.test -> a.b.test:443 denied deny[0], c.b.test:443 allow[0]
        allow host *.b.test; deny host a.b.test -> a.a.b.test:443 allow[0]
        allow network 1.1.1.1; deny network 1.0.0.0/8 -> 1.1.1.1:443 address_denied deny[0]
        deny network 10.0.0.0/8; allow network 10.0.0.1 -> 10.0.0.1:443 address_denied deny[0]
        allow preset tools; deny host tools.test -> tools.test:443 denied deny[0]
        allow preset tools; deny host tools.test -> a.cdn.tools.test:8443 allow[0]
        allow host tools.test; deny preset tools -> tools.test:443 denied deny[0]
        ",
    );
}

#[test]
fn an_entry_without_ports_is_the_web_in_allow_and_every_port_in_deny() {
    decides(
        "
        allow host a.test -> a.test:443 allow[0], a.test:80 allow[0]
        allow host a.test -> a.test:22 port_not_allowed allow[0], a.test:8443 port_not_allowed allow[0]
        allow network 1.1.1.0/24 -> 1.1.1.1:443 allow[0], 1.1.1.1:80 allow[0]
        allow network 1.1.1.0/24 -> 1.1.1.1:53 port_not_allowed allow[0]
        allow network 10.0.0.0/8 -> 10.0.0.1:443 allow[0], 10.0.0.1:22 port_not_allowed allow[0]
        allow host a.test 1-65535; deny host a.test -> a.test:1 denied deny[0], a.test:65535 denied deny[0]
        allow network 1.1.1.1 1-65535; deny network 1.1.1.1 -> 1.1.1.1:1 address_denied deny[0]
        ",
    );
}

#[test]
fn an_entry_with_ports_has_these_and_no_others() {
    decides(
        "
        allow host a.test 22 8000-8002 -> a.test:22 allow[0], a.test:8000 allow[0], a.test:8002 allow[0]
        allow host a.test 22 8000-8002 -> a.test:7999 port_not_allowed allow[0]
        allow host a.test 22 8000-8002 -> a.test:8003 port_not_allowed allow[0]
        allow host a.test 22 8000-8002 -> a.test:443 port_not_allowed allow[0]
        allow host a.test; deny host a.test 80 -> a.test:443 allow[0], a.test:80 denied deny[0]
        allow host a.test; allow host a.test 22 -> a.test:443 allow[0], a.test:22 allow[1]
        allow network 1.1.1.1 53; deny network 1.1.1.1 53 -> 1.1.1.1:53 address_denied deny[0]
        allow network 1.1.1.1 53; deny network 1.1.1.1 53 -> 1.1.1.1:443 port_not_allowed allow[0]
        ",
    );
}

#[test]
fn a_literal_needs_a_network_entry_and_a_name_a_host_entry() {
    decides(
        "
        allow host a.test -> 1.1.1.1:443 literal_not_allowed, [2600::1]:443 literal_not_allowed
        allow network 0.0.0.0/0 -> a.test:443 not_allowed, 1.1.1.1:443 allow[0]
        allow network 0.0.0.0/0 -> [2600::1]:443 literal_not_allowed, [::ffff:1.1.1.1]:443 address_class
        allow network ::/0 -> 1.1.1.1:443 literal_not_allowed, [2600::1]:443 allow[0]
        allow network ::/0 -> [::ffff:1.1.1.1]:443 address_class
        ",
    );
}

#[test]
fn a_class_denied_by_default_is_opened_only_from_inside_its_range_literal_or_resolved() {
    for (net, closed, open) in [
        (
            "0.0.0.0/0",
            "10.20.0.1 127.0.0.1 100.64.0.1 169.254.169.254 168.63.129.16 0.0.0.0",
            "1.1.1.1",
        ),
        ("10.0.0.0/7", "10.20.0.1", "11.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1", "10.20.0.1"),
        ("10.20.0.0/16", "10.21.0.1", "10.20.0.1"),
        ("127.0.0.1/32", "127.0.0.2", "127.0.0.1"),
        ("::/0", "::1 fd00::1 fe80::1 64:ff9b::101:101 fd00:ec2::254", "2600::1"),
        ("fc00::/6", "fd00::1", ""),
        ("fc00::/7", "fd00:ec2::254 fd20:ce::254", "fd00::1 fc00::1"),
        ("169.254.0.0/16", "169.254.169.254 169.254.170.2", "169.254.1.1"),
        ("169.254.169.254/32", "169.254.169.253", "169.254.169.254"),
        ("168.63.129.16/32", "168.63.129.17!", "168.63.129.16"),
        ("fd00:ec2::254/128", "fd00:ec2::253", "fd00:ec2::254"),
    ] {
        let policy = policy(&format!("allow host a.test; allow network {net}"));
        assert_eq!(permitted(&policy, "a.test:443", &format!("{closed} {open}")), open, "{net}");
        for one in candidates(&format!("{closed} {open}")).iter().filter(|one| !one.own) {
            let literal = SocketAddr::new(one.ip, 443).to_string();
            let granted = decided(&policy, &literal) == "allow[1]";
            assert_eq!(
                granted,
                open.split(' ').any(|ip| ip == one.ip.to_string()),
                "{literal} by {net}"
            );
        }
    }
}

#[test]
fn an_embedded_address_must_be_open_as_well_as_the_form_that_embeds_it() {
    let table = "
        allow network ::ffff:0:0/96 -> ::ffff:1.1.1.1 allow[0], ::ffff:10.0.0.5 address_class private
        allow network ::ffff:0:0/96 -> ::ffff:127.0.0.1 address_class loopback
        allow network ::ffff:0:0/96 -> ::ffff:169.254.169.254 address_class metadata
        allow network 10.0.0.0/8 -> ::ffff:10.0.0.5 address_class ipv4-mapped
        allow network 10.0.0.0/8; allow network ::ffff:0:0/96 -> ::ffff:10.0.0.5 allow[1]
        allow network 169.254.0.0/16; allow network ::ffff:0:0/96 -> ::ffff:a9fe:a9fe address_class metadata
        allow network 169.254.169.254; allow network ::ffff:0:0/96 -> ::ffff:a9fe:a9fe allow[1]
        allow network 64:ff9b::/96 -> 64:ff9b::101:101 allow[0], 64:ff9b::a9fe:a9fe address_class metadata
        allow network 64:ff9b::/96; allow network 169.254.169.254 -> 64:ff9b::a9fe:a9fe allow[0]
        allow network 64:ff9b:1::/48 -> 64:ff9b:1:a00:0:100:: address_class private
        allow network 2002::/16 -> 2002:101:101:: allow[0], 2002:7f00:1:: address_class loopback
        allow network 2001::/32 -> 2001:0:101:101:0:0:3f57:fef8 address_class private
        allow network fe80::/10 -> fe80::5efe:a00:1 address_class private, fe80::5efe:101:101 allow[0]
        -> 2600::5efe:101:101 address_class isatap, ::ffff:1.1.1.1 address_class ipv4-mapped
        allow network ::ffff:0:0/96; deny network 1.1.1.0/24 -> ::ffff:1.1.1.1 address_denied deny[0]
        ";
    judges(table);
    // The same as literals.
    for (rules, cases) in rows(table) {
        for (address, expected) in cases {
            let decision = decided(&policy(rules), &format!("[{address}]:443"));
            assert_eq!(grants(&decision), grants(expected), "[{address}] by {rules}");
        }
    }
}

#[test]
fn a_private_mirror_needs_one_host_entry_and_one_network_entry_and_nothing_less() {
    let both = policy("allow host mirror.test; allow network 10.20.0.5");
    assert_eq!(permitted(&both, "mirror.test:443", "10.20.0.5 10.20.0.6"), "10.20.0.5");
    let host = policy("allow host mirror.test");
    assert_eq!(verdict(&host, "mirror.test:443", "10.20.0.5"), "address_class private");
    decides("allow network 10.20.0.5 -> mirror.test:443 not_allowed, 10.20.0.5:443 allow[0]");
}

#[test]
fn the_port_of_a_network_entry_counts_for_resolved_addresses() {
    judges(
        "
        allow network 10.0.0.0/8 -> 10.0.0.1 allow[0], 10.0.0.1@8443 address_class private
        allow network 10.0.0.0/8 8443 -> 10.0.0.1 address_class private, 10.0.0.1@8443 allow[0]
        deny network 1.1.1.0/24 8443 -> 1.1.1.1 ok, 1.1.1.1@8443 address_denied deny[0]
        deny network 1.1.1.0/24 -> 1.1.1.1 address_denied deny[0], 1.1.1.1@8443 address_denied deny[0]
        allow network 10.0.0.1; deny network 10.0.0.0/8 -> 10.0.0.1 address_denied deny[0]
        allow network 10.0.0.1; deny network 0.0.0.0/0 -> 10.0.0.1 address_denied deny[0]
        ",
    );
}

#[test]
fn forbidden_addresses_are_skipped_and_good_ones_kept_in_order() {
    let policy = policy("allow host a.test; allow network fd00::/8; deny network 1.1.1.0/24");
    for (found, good) in [
        ("", ""),
        ("10.0.0.1 127.0.0.1 ::1 169.254.169.254", ""),
        ("9.9.9.9 10.0.0.1 8.8.4.4", "9.9.9.9 8.8.4.4"),
        ("10.0.0.1 2600::2 9.9.9.9 2600::1", "2600::2 9.9.9.9 2600::1"),
        ("1.1.1.1 1.1.2.1 fd00::1 fc00::1 ::ffff:9.9.9.9", "1.1.2.1 fd00::1"),
        ("9.9.9.9! 8.8.4.4", "8.8.4.4"),
        ("fd00::1! fd00::2", "fd00::2"),
        ("9.9.9.9 9.9.9.9", "9.9.9.9 9.9.9.9"),
    ] {
        assert_eq!(permitted(&policy, "a.test:443", found), good, "{found}");
    }
}

#[test]
fn the_proxy_itself_is_never_a_target() {
    let rules = "allow host *.proxy.test 1-65535; allow network 0.0.0.0/0 1-65535; \
                 allow network 10.0.0.0/8; allow network ::ffff:0:0/96; allow network fd00::/8";
    let own = ["in.proxy.test", "b.proxy.test:3128", "10.0.0.5", "1.1.1.1:3128", "fd00::5"];
    let own = own.map(|text| OwnTarget::parse(text).unwrap());
    let policy = Policy::new(entries(rules), own.into());
    for (target, expected) in [
        ("in.proxy.test:443", "own_address"),
        ("IN.proxy.test.:1", "own_address"),
        ("c.in.proxy.test:443", "allow[0]"),
        ("b.proxy.test:3128", "own_address"),
        ("b.proxy.test:443", "allow[0]"),
        ("10.0.0.5:80", "own_address"),
        ("10.0.0.6:80", "allow[2]"),
        ("1.1.1.1:3128", "own_address"),
        ("1.1.1.1:3129", "allow[1]"),
        ("[::ffff:10.0.0.5]:443", "own_address"),
        ("[fd00:0::5]:443", "own_address"),
        ("[fd00::6]:443", "allow[4]"),
    ] {
        assert_eq!(decided(&policy, target), expected, "{target}");
    }
    for (address, port, expected) in [
        ("10.0.0.5", 443, "own_address private"),
        ("10.0.0.6", 443, "allow[2]"),
        ("10.0.0.6!", 443, "own_address private"),
        ("9.9.9.9!", 443, "own_address global"),
        ("::ffff:10.0.0.5", 443, "own_address private"),
        ("1.1.1.1", 443, "ok"),
        ("1.1.1.1", 3128, "own_address global"),
    ] {
        assert_eq!(
            verdict(&policy, &format!("c.proxy.test:{port}"), address),
            expected,
            "{address}"
        );
    }
    for (text, own) in [
        ("in.proxy.test", true),
        ("b.proxy.test", true),
        ("b.proxy.test:1", false),
        ("10.0.0.5:1", true),
        ("c.proxy.test", false),
    ] {
        let (host, port) = Authority::split(text.as_bytes()).unwrap();
        assert_eq!(policy.is_own(&host, port), own, "{text}");
    }
}

#[test]
fn the_narrowest_rule_is_named_and_of_equals_the_first() {
    decides(
        "
        allow host *.b.test; allow host *.a.b.test; allow host *.a.b.test -> a.b.test:443 allow[0]
        allow host *.b.test; allow host *.a.b.test; allow host *.a.b.test -> c.d.a.b.test:443 allow[1]
        allow host *.b.test; allow host a.b.test; allow host a.b.test -> a.b.test:443 allow[1]
        deny host *.b.test; deny host a.b.test; deny host a.b.test -> a.b.test:443 denied deny[1]
        allow network 1.0.0.0/8; allow network 1.1.1.0/24; allow network 1.1.1.0/24 -> 1.1.1.1:443 allow[1]
        allow network 1.0.0.0/8; allow network 1.1.1.0/24; allow network 1.1.1.0/24 -> 1.1.2.1:443 allow[0]
        deny network 1.0.0.0/8; deny network 1.1.1.1; deny network 1.1.1.1 -> 1.1.1.1:443 address_denied deny[1]
        ",
    );
    // What does not fit the port, or does not open the class, is not in the running.
    decides(
        "
        allow host *.b.test; allow host a.b.test 22 -> a.b.test:443 allow[0], a.b.test:22 allow[1]
        allow host *.b.test; allow host a.b.test 22 -> a.b.test:25 port_not_allowed allow[1]
        allow network 10.0.0.0/7; allow network 10.0.0.0/8 -> 10.0.0.1:443 allow[1], 11.0.0.1:443 allow[0]
        ",
    );
}

#[test]
fn what_a_rule_sets_comes_from_the_rule_that_is_named() {
    let policy = policy(
        "allow host *.b.test idle=10; allow host a.b.test idle=20; allow host c.b.test; \
         allow host a.b.test 22 idle=30; allow network 1.1.1.0/24 idle=40; allow network 1.1.1.1; \
         allow preset tools idle=50",
    );
    for (text, idle) in [
        ("x.b.test:443", Some(10)),
        ("a.b.test:443", Some(20)),
        ("c.b.test:443", None),
        ("a.b.test:22", Some(30)),
        ("1.1.1.2:443", Some(40)),
        ("1.1.1.1:443", None),
        ("tools.test:443", Some(50)),
    ] {
        let grant = policy.decide(Who::OTHER, &target(text)).unwrap();
        assert_eq!(grant.overrides().idle, idle.map(Duration::from_secs), "{text}");
        assert_eq!(grant.target(), &target(text));
    }
}

#[test]
fn a_preset_has_its_own_ports_unless_the_entry_names_some() {
    decides(
        "
        allow preset tools -> tools.test:443 allow[0], tools.test:80 port_not_allowed allow[0]
        allow preset tools -> a.b.cdn.tools.test:8443 allow[0], cdn.tools.test:8443 not_allowed
        allow preset tools -> a.cdn.tools.test:443 port_not_allowed allow[0], xtools.test:443 not_allowed
        allow preset tools 80 -> tools.test:80 allow[0], a.cdn.tools.test:80 allow[0]
        allow preset tools 80 -> tools.test:443 port_not_allowed allow[0]
        allow host tools.test 1-65535; deny preset tools -> tools.test:1 denied deny[0]
        allow host *.tools.test 22; deny preset tools -> a.cdn.tools.test:22 denied deny[0]
        allow host *.tools.test 22; deny preset tools -> b.tools.test:22 allow[0]
        allow host tools.test 22 443; deny preset tools 22 -> tools.test:22 denied deny[0]
        allow host tools.test 22 443; deny preset tools 22 -> tools.test:443 allow[0]
        ",
    );
}

#[test]
fn a_denial_says_which_rule_and_what_matters() {
    let rules = "allow host a.test; allow preset tools; allow network 1.1.1.0/24; \
                 deny host *.b.test; deny network 9.0.0.0/8; deny preset tools 22";
    let policy = Policy::new(entries(rules), vec![OwnTarget::parse("proxy.test").unwrap()]);
    for (text, expected) in [
        ("x.b.test:443", "x.b.test:443 is denied by deny[0] (host *.b.test)"),
        ("tools.test:22", "tools.test:22 is denied by deny[2] (preset tools: tools.test)"),
        ("a.test:22", "allow[0] (host a.test) covers a.test, but not port 22; it opens 443, 80"),
        (
            "x.cdn.tools.test:1",
            "allow[1] (preset tools: *.cdn.tools.test) covers x.cdn.tools.test, but not port 1; it opens 8443",
        ),
        (
            "1.1.1.1:22",
            "allow[2] (network 1.1.1.0/24) covers 1.1.1.1, but not port 22; it opens 443, 80",
        ),
        ("c.test:443", "no allow entry covers c.test"),
        ("[2600::1]:443", "no allow entry with a network covers [2600::1]"),
        ("9.9.9.9:443", "9.9.9.9 is denied by deny[1] (network 9.0.0.0/8)"),
        (
            "10.0.0.1:443",
            "10.0.0.1 is of the class private; only a network entry inside that class's range opens it",
        ),
        (
            "169.254.169.254:80",
            "169.254.169.254 is a metadata service; only a network entry of exactly that address opens it",
        ),
        ("proxy.test:443", "the target is this proxy itself: `self` lists proxy.test"),
    ] {
        assert_eq!(policy.decide(Who::OTHER, &target(text)).unwrap_err().to_string(), expected);
    }
    let a = target("a.test:443");
    let grant = policy.decide(Who::OTHER, &a).unwrap();
    for (address, what) in [
        ("9.9.9.9", "is denied by deny[1] (network 9.0.0.0/8)"),
        (
            "::1",
            "is of the class loopback; only a network entry inside that class's range opens it",
        ),
        (
            "168.63.129.16",
            "is a metadata service; only a network entry of exactly that address opens it",
        ),
    ] {
        let denial = policy.permit(&grant, &candidates(address)).1.remove(0).verdict.unwrap_err();
        let denial = Denial::of_address(&a, &denial);
        assert_eq!(denial.to_string(), format!("a.test resolves to an address that {what}"));
        assert_eq!(denial.rule.is_some(), what.contains("deny["));
    }
}

#[test]
fn a_parent_may_be_anywhere_but_here() {
    let own = ["10.0.0.9", "10.0.0.8:3128", "proxy.test"].map(|own| OwnTarget::parse(own).unwrap());
    let policy = Policy::new(entries("deny network 0.0.0.0/0"), own.into());
    let permitted = |parent: &str, ips: &[(&str, bool)]| {
        let found = ips.iter().map(|(ip, own)| Candidate { ip: ip.parse().unwrap(), own: *own });
        let found: Vec<Candidate> = found.collect();
        let permitted = policy.permit_parent(&target(parent), &found);
        permitted.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let anywhere =
        [("10.0.0.1", false), ("127.0.0.1", false), ("8.8.8.8", false), ("fd00::1", false)];
    let all = ["10.0.0.1:3128", "127.0.0.1:3128", "8.8.8.8:3128", "[fd00::1]:3128"];
    assert_eq!(permitted("parent.test:3128", &anywhere), all);
    let here = [("10.0.0.9", false), ("::ffff:10.0.0.9", false), ("127.0.0.1", true)];
    assert_eq!(permitted("parent.test:3128", &here), [""; 0]);
    let by_port = [("10.0.0.8", false), ("64:ff9b::10.0.0.8", false)];
    assert_eq!(permitted("parent.test:3128", &by_port), [""; 0]);
    assert_eq!(permitted("parent.test:3129", &by_port), ["10.0.0.8:3129", "[64:ff9b::a00:8]:3129"]);
    // Whatever address it is at.
    assert_eq!(permitted("proxy.test:1", &anywhere), [""; 0]);
}
