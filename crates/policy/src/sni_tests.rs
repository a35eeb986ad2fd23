use super::*;
use crate::{Authority, Entry, HostPattern, List, Matcher, Overrides, Policy, Who, parse_network};

const ALL: [SniMode; 3] = [SniMode::Enforce, SniMode::Log, SniMode::Off];

fn hello(name: &str, ech: bool) -> ClientHello {
    let target = Authority::split(name.as_bytes()).map(|(host, _)| host);
    let server_name = match (name, target) {
        ("-", _) => ServerName::Absent,
        (_, Ok(Host::Name(name))) => ServerName::Host(name),
        _ => ServerName::NoHost(name.as_bytes().into()),
    };
    ClientHello { server_name, ech, len: 100 }
}

fn host(text: &str) -> Host {
    Authority::split(text.as_bytes()).unwrap().0
}

#[test]
fn names_and_targets() {
    let rows = [
        ("ok.test", "ok.test", Ok(())),
        ("OK.test.", "ok.TEST", Ok(())),
        ("ok.test", "-", Err("sni_absent")),
        ("ok.test", "other.test", Err("sni_mismatch")),
        ("ok.test", "a.ok.test", Err("sni_mismatch")),
        ("a.ok.test", "ok.test", Err("sni_mismatch")),
        ("ok.test", "xok.test", Err("sni_mismatch")),
        ("ok.test", "10.0.0.1", Err("sni_malformed")),
        ("10.0.0.1", "-", Ok(())),
        ("[fd00::1]", "-", Ok(())),
        ("10.0.0.1", "ok.test", Err("sni_mismatch")),
        ("10.0.0.1", "10.0.0.1", Err("sni_malformed")),
        ("[fd00::1]", "[fd00::1]", Err("sni_malformed")),
    ];
    for (target, name, expected) in rows {
        for mode in ALL {
            let check =
                SniCheck { mode, ech: EchMode::Allow, why: SniReason::Listed, audited: false };
            let said = check.judge(&host(target), &hello(name, false)).map_err(SniFault::label);
            assert_eq!(said, expected, "{target} {name}");
            // An encrypted one is judged by its outer name, or not at all.
            let said = check.judge(&host(target), &hello(name, true)).map_err(SniFault::label);
            assert_eq!(said, expected, "{target} {name}");
            let check = SniCheck { ech: EchMode::Refuse, ..check };
            let said = check.judge(&host(target), &hello(name, true)).map_err(SniFault::label);
            assert_eq!(said, Err("sni_ech"), "{target} {name}");
            let said = check.judge(&host(target), &hello(name, false)).map_err(SniFault::label);
            assert_eq!(said, expected, "{target} {name}");
        }
    }
}

#[test]
fn labels_and_texts() {
    let faults = [
        (SniFault::Mismatch, "sni_mismatch"),
        (SniFault::Absent, "sni_absent"),
        (SniFault::NoHost, "sni_malformed"),
        (SniFault::Ech, "sni_ech"),
        (SniFault::Hello(HelloError::NotTls), "sni_not_tls"),
        (SniFault::Hello(HelloError::Malformed("x")), "sni_malformed"),
        (SniFault::Hello(HelloError::TooLarge), "sni_too_large"),
    ];
    for (fault, label) in faults {
        assert_eq!(fault.label(), label);
        assert!(!fault.to_string().is_empty());
    }
}

#[test]
fn words() {
    for mode in ALL {
        assert_eq!(SniMode::parse(mode.label()), Ok(mode));
    }
    for mode in [EchMode::Allow, EchMode::Refuse] {
        assert_eq!(EchMode::parse(mode.label()), Ok(mode));
    }
    assert_eq!(SniMode::parse("on\n").unwrap_err(), "`on\\n`: write enforce, log or off");
    assert_eq!(EchMode::parse("off").unwrap_err(), "`off`: write allow or refuse");
}

/// What holds for a target, by its port and its entry.
#[test]
fn what_holds() {
    let entry = |index, matcher, tls| Entry {
        place: Place { client: None, list: List::Allow, index },
        matcher,
        ports: Some(PortSet::all()),
        overrides: Overrides { tls, ..Overrides::default() },
    };
    let named = |name| Matcher::Host(HostPattern::parse(name).unwrap());
    let entries = || {
        vec![
            entry(0, named("plain.test"), None),
            entry(1, named("off.test"), Some(SniMode::Off)),
            entry(2, named("log.test"), Some(SniMode::Log)),
            entry(3, named("on.test"), Some(SniMode::Enforce)),
            entry(4, Matcher::Network(parse_network("127.0.0.0/8").unwrap()), Some(SniMode::Off)),
            // The narrowest entry decides.
            entry(5, named("*.off.test"), Some(SniMode::Off)),
            entry(6, named("a.off.test"), None),
        ]
    };
    let holds = |policy: &Policy, target: &str| {
        let grant =
            policy.decide(Who::OTHER, &Authority::parse(target.as_bytes()).unwrap()).unwrap();
        let check = policy.sni_check(&grant);
        format!("{}: {}", check.mode.label(), check.why)
    };
    let usual = Policy::new(entries(), Vec::new());
    for (target, expected) in [
        ("plain.test:443", "enforce: its port is one of tls.ports"),
        ("plain.test:8443", "off: its port is none of tls.ports"),
        ("off.test:443", "off: allow[1] says so"),
        ("log.test:443", "log: allow[2] says so"),
        ("log.test:22", "log: allow[2] says so"),
        ("on.test:8443", "enforce: allow[3] says so"),
        ("127.0.0.1:443", "off: allow[4] says so"),
        ("b.off.test:443", "off: allow[5] says so"),
        ("a.off.test:443", "enforce: its port is one of tls.ports"),
    ] {
        assert_eq!(holds(&usual, target), expected, "{target}");
    }
    let ports = PortSet::parse(["8000-9000", "443"]).unwrap();
    for mode in ALL {
        let rules = SniRules { ports: ports.clone(), sni: mode, ech: EchMode::Refuse };
        let policy = Policy::new(entries(), Vec::new()).with_sni(rules);
        let said = format!("{}: its port is one of tls.ports", mode.label());
        assert_eq!(holds(&policy, "plain.test:443"), said);
        assert_eq!(holds(&policy, "plain.test:8443"), said);
        assert_eq!(holds(&policy, "plain.test:22"), "off: its port is none of tls.ports");
        assert_eq!(holds(&policy, "on.test:1"), "enforce: allow[3] says so");
        assert_eq!(holds(&policy, "off.test:443"), "off: allow[1] says so");
    }
}
