//! Random observations: what is suggested is a configuration, it allows all that an entry can allow,
//! and never what is not to be opened.

use std::net::IpAddr;

use policy::{Candidate, Host};
use proptest::prelude::*;
use serde_json::json;

use super::given::{authority, hosts, line, policy, suggested};
use crate::config;

/// Addresses that an entry may open, and such as none may.
const OPEN: &[&str] =
    &["10.0.0.1", "10.9.9.9", "192.168.1.1", "172.16.5.5", "100.64.0.9", "fd00::1"];
const NEVER: &[&str] = &[
    "127.0.0.1",
    "169.254.169.254",
    "169.254.1.1",
    "0.0.0.0",
    "224.0.0.1",
    "198.51.100.7",
    "100.100.100.200",
    "::1",
    "::ffff:10.0.0.1",
    "fd00:ec2::254",
    "fd00::5efe:127.0.0.1",
    "64:ff9b::7f00:1",
];
const GLOBAL: &[&str] = &["1.1.1.1", "8.8.8.8", "193.0.0.1", "2600::1"];

#[derive(Clone, Debug)]
enum Seen {
    /// A name, not allowed; its address denied as well where there is one.
    Name {
        host: String,
        port: u16,
        address: Option<&'static str>,
    },
    /// A name that was allowed, and its address was not.
    Leads {
        host: String,
        port: u16,
        address: &'static str,
    },
    Literal {
        address: &'static str,
        port: u16,
        reason: &'static str,
    },
    Incurable {
        host: String,
        port: u16,
        reason: &'static str,
    },
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,3}",
        1 => "[a-z0-9_-]{1,12}",
        1 => "[0-9a-f]{20,63}",
        1 => Just("null".to_owned()),
        1 => Just("1e5".to_owned()),
        1 => Just("xn--e1afmkfd".to_owned()),
    ]
}

fn host() -> impl Strategy<Value = String> {
    let suffixes = vec![
        "site.test",
        "a.site.test",
        "b.test",
        "co.uk",
        "github.io",
        "duckdns.org",
        "ngrok.io",
        "s3.eu-west-3.amazonaws.com",
        "e5",
    ];
    let mut known: Vec<String> =
        ["python", "npm", "rust", "debian", "ubuntu", "github", "skypilot-core"]
            .iter()
            .flat_map(|preset| hosts(preset))
            .collect();
    known.extend(hosts("aws-ssm").iter().map(|host| host.replace("{region}", "eu-west-3")));
    known.extend(known.clone().iter().map(|host| format!("{host}.evil.test")));
    prop_oneof![
        3 => (label(), prop::sample::select(suffixes)).prop_map(|(a, b)| format!("{a}.{b}")),
        1 => prop::collection::vec(label(), 1..4).prop_map(|labels| labels.join(".")),
        2 => prop::sample::select(known),
    ]
}

fn one() -> impl Strategy<Value = Seen> {
    let port = || prop::sample::select(&[443, 443, 443, 80, 22, 8443, 65535][..]);
    let special = || prop::sample::select([OPEN, NEVER].concat());
    let any = prop::sample::select([OPEN, NEVER, GLOBAL].concat());
    let incurable =
        prop::sample::select(&["denied", "own_address", "stray", "later", "sni_absent"][..]);
    prop_oneof![
        6 => (host(), port(), prop::option::weighted(0.2, special()))
            .prop_map(|(host, port, address)| Seen::Name { host, port, address }),
        1 => (host(), port(), special())
            .prop_map(|(host, port, address)| Seen::Leads { host, port, address }),
        1 => (any, port(), prop::sample::select(&["address_class", "literal_not_allowed", "port_not_allowed"][..]))
            .prop_map(|(address, port, reason)| Seen::Literal { address, port, reason }),
        // Below a domain of their own, so that no other observation wants the same name.
        1 => (label(), port(), incurable).prop_map(|(label, port, reason)| Seen::Incurable {
            host: format!("{label}.incurable.test"), port, reason,
        }),
    ]
}

fn literal(address: &str, port: u16) -> String {
    std::net::SocketAddr::new(address.parse().unwrap(), port).to_string()
}

impl Seen {
    fn line(&self) -> String {
        let would = json!({"reason": "not_allowed", "detail": "x", "rule": null});
        match self {
            Self::Name { host, port, address: None } => {
                line(&format!("{host}:{port}"), "not_allowed", json!({}))
            }
            Self::Name { host, port, address } => line(
                &format!("{host}:{port}"),
                "address_class",
                json!({"would_deny": would, "address": address}),
            ),
            Self::Leads { host, port, address } => line(
                &format!("{host}:{port}"),
                "address_class",
                json!({"address": address, "rule": "allow[0]"}),
            ),
            Self::Literal { address, port, reason } => {
                line(&literal(address, *port), reason, json!({}))
            }
            Self::Incurable { host, port, reason } => {
                let decision = if reason.starts_with("sni_") { "allow" } else { "deny" };
                line(&format!("{host}:{port}"), reason, json!({"decision": decision}))
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_suggestion_allows_what_it_can_and_never_more(all in prop::collection::vec(one(), 0..40)) {
        let log: Vec<String> = all.iter().map(Seen::line).collect();
        let named = |host: &str| policy::HostName::parse(host.as_bytes()).is_ok();
        let text = suggested(&log, None);
        let problems = config::parse(&text).err();
        prop_assert!(problems.is_none(), "{problems:?}\n{text}");
        // Nobody would take over an entry that another covers.
        let needless: Vec<_> = config::parse(&text).unwrap().warnings.into_iter()
            .filter(|one| one.message.contains("this entry")).collect();
        prop_assert!(needless.is_empty(), "{needless:?}\n{text}");
        let rules = policy(&text);
        for seen in &all {
            match seen {
                Seen::Name { host, port, address } if named(host) => {
                    let grant = rules.decide(policy::Who::OTHER, &authority(&format!("{host}:{port}")));
                    prop_assert!(grant.is_ok(), "{seen:?}\n{text}");
                    if let Some(address) = address {
                        let candidate = Candidate { ip: address.parse().unwrap(), own: false };
                        let (permitted, _) = rules.permit(&grant.unwrap(), &[candidate]);
                        let opens = !permitted.as_slice().is_empty();
                        prop_assert_eq!(opens, OPEN.contains(address), "{:?}\n{}", seen, text);
                    }
                }
                Seen::Leads { host, port, address } if named(host) => {
                    let opened = rules.decide(policy::Who::OTHER, &authority(&literal(address, *port)));
                    prop_assert_eq!(opened.is_ok(), OPEN.contains(address), "{:?}\n{}", seen, text);
                }
                Seen::Literal { address, port, .. } => {
                    let opened = rules.decide(policy::Who::OTHER, &authority(&literal(address, *port)));
                    prop_assert_eq!(opened.is_ok(), !NEVER.contains(address), "{:?}\n{}", seen, text);
                }
                Seen::Incurable { host, port, .. } if named(host) => {
                    let grant = rules.decide(policy::Who::OTHER, &authority(&format!("{host}:{port}")));
                    prop_assert!(grant.is_err(), "{seen:?}\n{text}");
                }
                _ => {}
            }
        }
        for address in NEVER {
            for port in [443, 80, 22, 8443, 65535] {
                prop_assert!(rules.decide(policy::Who::OTHER, &authority(&literal(address, port))).is_err(), "{text}");
            }
        }
        // With it nothing is left to add, but for names that other rules allowed.
        let by_name = |seen: &&Seen| match seen {
            Seen::Leads { .. } => false,
            Seen::Incurable { reason, .. } => *reason != "sni_absent",
            _ => true,
        };
        let rest: Vec<String> = all.iter().filter(by_name).map(Seen::line).collect();
        let again = suggested(&rest, Some(&text));
        prop_assert!(super::given::entries(&again).is_empty(), "{again}\nafter\n{text}");
    }

    /// Whatever the bytes, they are read to their end, and what comes out is a configuration.
    #[test]
    fn any_bytes_are_read(pieces in prop::collection::vec(piece(), 0..20)) {
        let text = {
            let mut seen = super::Seen::new(None);
            super::lines::read(&pieces.concat()[..], &mut seen).unwrap();
            for target in seen.targets.keys() {
                let again = target.to_string();
                prop_assert!(again.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(matches!(target.host(), Host::Name(_) | Host::Ip(_)));
            }
            super::suggestion(&seen)
        };
        prop_assert!(text.bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\n'), "{text}");
        prop_assert!(config::parse(&text).is_ok(), "{text}");
    }
}

/// Bytes, texts, and lines of which some parts are of the attacker's choice.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let text = || {
        prop_oneof![
            ".{0,20}",
            "[\\n\\r:#{}\\[\\]&*!|>'\"%@`, -]{0,12}",
            Just("a.test:443".to_owned())
        ]
    };
    let line = (text(), text(), text(), any::<[u8; 4]>()).prop_map(|(target, name, rule, ip)| {
        let target = if target.len() % 2 == 0 { target } else { "a.test:443".to_owned() };
        let address = IpAddr::from(ip).to_string();
        let keys = json!({"client_name": name, "rule": rule, "detail": name, "address": address});
        line(&target, "address_class", keys).into_bytes()
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        text().prop_map(String::into_bytes),
        line,
        Just(b"\n".to_vec()),
    ]
}
