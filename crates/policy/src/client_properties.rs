//! Random clients, against loops that know nothing but them.

use proptest::prelude::*;

use super::tests::client;
use super::*;
use crate::decide::tests::{entries, target};
use crate::{AddressClass, Candidate, Policy};

const NETS: [&str; 6] =
    ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0", "fd00::/8", "fd00:1::/64"];
const USERS: [&str; 3] = ["ada", "bob", "eve"];
const FROM: [&str; 6] = ["10.1.2.3", "10.1.0.1", "10.9.9.9", "8.8.8.8", "fd00:1::1", "2001:db8::1"];
const RULES: [&str; 10] = [
    "allow host a.test",
    "allow host *.b.test 443",
    "deny host a.test 80",
    "deny host *.b.test",
    "allow host x.b.test 1-65535",
    "allow network 10.0.0.0/8 443",
    "deny network 10.1.0.0/16",
    "allow network 0.0.0.0/0",
    "deny network 8.8.8.8/32",
    "allow network 127.0.0.1/32 80",
];
const TARGETS: [&str; 11] = [
    "a.test:443",
    "a.test:80",
    "x.b.test:22",
    "y.b.test:443",
    "b.test:443",
    "10.1.2.3:443",
    "10.9.9.9:443",
    "8.8.8.8:80",
    "1.1.1.1:443",
    "127.0.0.1:80",
    "127.0.0.1:443",
];
const ADDRESSES: [&str; 6] =
    ["10.1.2.3", "10.9.9.9", "8.8.8.8", "1.1.1.1", "127.0.0.1", "64:ff9b::7f00:1"];

fn some(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 0..=most)
}

type Drawn = (Vec<&'static str>, Vec<&'static str>, Vec<&'static str>);

fn clients() -> impl Strategy<Value = Vec<Drawn>> {
    let one = (some(&NETS, 2), some(&USERS, 2), some(&RULES, 3));
    let known = one.prop_filter("known by something", |(nets, users, _)| {
        !nets.is_empty() || !users.is_empty()
    });
    prop::collection::vec(known, 0..5)
}

fn built(drawn: &[Drawn], shared: &[&str]) -> Policy {
    let one = |(i, (nets, users, rules)): (u16, &Drawn)| {
        client(i, &format!("c{i}"), &nets.join(" "), &users.join(" "), &rules.join(";"))
    };
    let clients = (0..).zip(drawn).map(one).collect();
    Policy::new(entries(&shared.join(";")), Vec::new()).with_clients(clients)
}

/// What may be reached, targets and then the addresses of a name.
fn reached(policy: &Policy, who: Who) -> Vec<bool> {
    let mut all: Vec<bool> =
        TARGETS.iter().map(|text| policy.decide(who, &target(text)).is_ok()).collect();
    if let Ok(grant) = policy.decide(who, &target("x.b.test:22")) {
        let permits = |address: &&str| {
            let found = [Candidate { ip: address.parse().unwrap(), own: false }];
            !policy.permit(&grant, &found).0.as_slice().is_empty()
        };
        all.extend(ADDRESSES.iter().map(permits));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn who_it_is_is_found_as_by_a_loop(drawn in clients()) {
        let policy = built(&drawn, &[]);
        for from in FROM {
            let from: IpAddr = from.parse().unwrap();
            let users = || [None].into_iter().chain(USERS.map(Some));
            let naive = |user: Option<&str>| {
                drawn.iter().position(|(nets, users, _)| {
                    let holds = |net: &&str| net.parse::<IpNet>().unwrap().contains(&from);
                    (nets.is_empty() || nets.iter().any(holds))
                        && (users.is_empty() || user.is_some_and(|user| users.contains(&user)))
                })
            };
            for user in users() {
                prop_assert_eq!(policy.who(from, user).index(), naive(user), "{} {:?}", from, user);
            }
            let differs = users().any(|user| naive(user) != naive(None));
            prop_assert_eq!(policy.depends_on_user(from), differs, "{}", from);
            for text in TARGETS {
                let asked = target(text);
                let any = users().flatten().map(|user| policy.who(from, Some(user)));
                let any = any.filter(|who| *who != policy.who(from, None));
                let helps = any.into_iter().any(|who| policy.decide(who, &asked).is_ok());
                prop_assert_eq!(policy.login_may_help(from, &asked), helps, "{} {}", from, text);
            }
        }
    }

    /// What a client may reach is what it could if its rules stood in the lists for all.
    #[test]
    fn a_clients_rules_are_added_to_those_for_all(drawn in clients(), shared in some(&RULES, 4)) {
        let policy = built(&drawn, &shared);
        for (i, (_, _, rules)) in (0..).zip(&drawn) {
            let flat = built(&[], &[&shared[..], rules].concat());
            prop_assert_eq!(reached(&policy, Who(Some(i))), reached(&flat, Who::OTHER));
        }
        prop_assert_eq!(reached(&policy, Who::OTHER), reached(&built(&[], &shared), Who::OTHER));
    }

    /// Audit changes nothing for what is allowed, and opens no address of a denied class.
    #[test]
    fn audit_opens_no_denied_class(drawn in clients(), shared in some(&RULES, 4)) {
        let strict = built(&drawn, &shared);
        let audit = built(&drawn, &shared).with_mode(Mode::Audit);
        for who in (0..drawn.len() as u16).map(|i| Who(Some(i))).chain([Who::OTHER]) {
            for text in TARGETS {
                let asked = target(text);
                let (before, after) = (strict.decide(who, &asked), audit.decide(who, &asked));
                if let Ok(grant) = &before {
                    let same = after.as_ref().is_ok_and(|now| now.rule() == grant.rule());
                    prop_assert!(same, "{text}");
                }
                let Ok(grant) = after else { continue };
                for address in ADDRESSES {
                    let ip: IpAddr = address.parse().unwrap();
                    let found = [Candidate { ip, own: false }];
                    let opened = !audit.permit(&grant, &found).0.as_slice().is_empty();
                    let strictly = strict.permit(&grant, &found).0.as_slice().is_empty();
                    let global = AddressClass::of(ip) == AddressClass::Global;
                    let embeds = address.starts_with("64:");
                    prop_assert!(!opened || !strictly || (global && !embeds), "{text} at {address}");
                }
            }
        }
    }
}
