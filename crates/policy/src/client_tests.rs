use super::*;
use crate::decide::tests::{entries, target};
use crate::{Candidate, Denial, OwnTarget, Policy, SniMode, parse_network};

/// A client: its name, where it comes from, as whom it logs in, and its rules.
pub(super) fn client(index: u16, name: &str, from: &str, users: &str, rules: &str) -> Client {
    let mut entries = entries(rules);
    for entry in &mut entries {
        entry.place.client = Some(index);
    }
    Client {
        name: name.into(),
        from: from.split_whitespace().map(|net| parse_network(net).unwrap()).collect(),
        users: users.split_whitespace().map(Arc::from).collect(),
        entries,
        mode: None,
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn site() -> Policy {
    let clients = vec![
        client(0, "gpu", "10.1.0.0/16 fd00:1::/64", "", "allow host gpu.test"),
        client(1, "ada", "", "ada", "allow host ada.test; allow network 10.9.9.9/32"),
        client(2, "office", "10.0.0.0/8", "ada bob", "allow host office.test 443"),
        client(3, "rest", "10.0.0.0/8", "", "deny host shared.test 443; allow host rest.test"),
    ];
    let shared = "allow host shared.test; allow network 8.8.8.8/32; deny host never.test";
    Policy::new(entries(shared), Vec::new()).with_clients(clients)
}

#[test]
fn the_first_that_fits_counts() {
    let site = site();
    for (address, user, expected) in [
        ("10.1.2.3", None, "gpu"),
        ("10.1.2.3", Some("ada"), "gpu"),
        ("fd00:1::5", Some("bob"), "gpu"),
        ("10.2.0.1", None, "rest"),
        ("10.2.0.1", Some("ada"), "ada"),
        ("10.2.0.1", Some("bob"), "office"),
        ("10.2.0.1", Some("eve"), "rest"),
        ("192.0.2.1", None, "-"),
        ("192.0.2.1", Some("ada"), "ada"),
        ("192.0.2.1", Some("bob"), "-"),
    ] {
        let who = site.who(ip(address), user);
        let name = site.client(who).map_or("-", |name| name);
        assert_eq!(name, expected, "{address} as {user:?}");
    }
    for (address, depends) in
        [("10.1.2.3", false), ("10.2.0.1", true), ("192.0.2.1", true), ("fd00:1::1", false)]
    {
        assert_eq!(site.depends_on_user(ip(address)), depends, "{address}");
    }
    assert_eq!(site.client_named("office").and_then(Who::index), Some(2));
    assert_eq!(site.client_named("nobody"), None);
}

fn decided(policy: &Policy, who: Who, text: &str) -> String {
    match policy.decide(who, &target(text)) {
        Ok(grant) => match (grant.rule(), grant.would_deny()) {
            (Some(rule), None) => rule.place.to_string(),
            (None, Some(denial)) => format!("audit {}", denial.reason.label()),
            both => panic!("{both:?}"),
        },
        Err(Denial { reason, .. }) => reason.label().to_owned(),
    }
}

#[test]
fn what_holds_for_all_holds_for_each_and_what_is_ones_own_for_nobody_else() {
    let site = site();
    let who = |name: &str| site.client_named(name).unwrap();
    for (who, asked, expected) in [
        (Who::OTHER, "shared.test:443", "allow[0]"),
        (Who::OTHER, "gpu.test:443", "not_allowed"),
        (Who::OTHER, "never.test:443", "denied"),
        (who("gpu"), "shared.test:443", "allow[0]"),
        (who("gpu"), "gpu.test:443", "clients[0].allow[0]"),
        (who("gpu"), "ada.test:443", "not_allowed"),
        (who("gpu"), "10.9.9.9:443", "address_class"),
        (who("ada"), "10.9.9.9:443", "clients[1].allow[1]"),
        (who("ada"), "8.8.8.8:443", "allow[1]"),
        (who("office"), "office.test:80", "port_not_allowed"),
        (who("rest"), "shared.test:443", "denied"),
        (who("rest"), "shared.test:80", "allow[0]"),
        (who("rest"), "rest.test:443", "clients[3].allow[0]"),
    ] {
        assert_eq!(decided(&site, who, asked), expected, "{who:?} {asked}");
    }
    // The addresses of a name are judged by the rules of whoever asks for it.
    let found = [Candidate { ip: ip("10.9.9.9"), own: false }];
    for (who, permitted) in [(Who::OTHER, 0), (who("gpu"), 0), (who("ada"), 1)] {
        let grant = site.decide(who, &target("shared.test:443")).unwrap();
        assert_eq!(site.permit(&grant, &found).0.as_slice().len(), permitted, "{who:?}");
    }
}

#[test]
fn a_login_helps_where_it_changes_the_answer() {
    let site = site();
    for (address, asked, helps) in [
        ("10.2.0.1", "ada.test:443", true),
        ("10.2.0.1", "office.test:443", true),
        ("10.2.0.1", "gpu.test:443", false),
        ("10.2.0.1", "never.test:443", false),
        ("192.0.2.1", "ada.test:443", true),
        ("192.0.2.1", "office.test:443", false),
        ("10.1.0.1", "ada.test:443", false),
    ] {
        assert_eq!(site.login_may_help(ip(address), &target(asked)), helps, "{address} {asked}");
    }
}

#[test]
fn audit_lets_through_what_no_rule_does_but_no_denied_class() {
    let rules = "allow host a.test 443; deny host b.test; deny network 1.2.3.4/32; \
        deny network 10.7.0.0/16; allow network 10.7.0.0/16; allow network 10.8.0.1/32 443";
    let own = vec![OwnTarget::parse("proxy.test").unwrap(), OwnTarget::parse("9.9.9.9").unwrap()];
    let policy = Policy::new(entries(rules), own).with_mode(Mode::Audit);
    for (asked, expected) in [
        ("a.test:443", "allow[0]"),
        ("a.test:22", "audit port_not_allowed"),
        ("b.test:443", "audit denied"),
        ("c.test:443", "audit not_allowed"),
        ("5.6.7.8:443", "audit literal_not_allowed"),
        ("1.2.3.4:443", "audit address_denied"),
        ("127.0.0.1:443", "address_class"),
        ("169.254.169.254:80", "address_class"),
        ("10.7.0.1:443", "address_denied"),
        ("10.8.0.1:443", "allow[2]"),
        ("10.8.0.1:8443", "port_not_allowed"),
        ("[64:ff9b::7f00:1]:443", "address_class"),
        ("[::ffff:127.0.0.1]:443", "address_class"),
        ("proxy.test:443", "own_address"),
        ("9.9.9.9:443", "own_address"),
    ] {
        assert_eq!(decided(&policy, Who::OTHER, asked), expected, "{asked}");
    }
    let grant = policy.decide(Who::OTHER, &target("c.test:443")).unwrap();
    for (address, permitted, would_deny) in [
        ("5.6.7.8", true, false),
        ("1.2.3.4", true, true),
        ("10.7.0.1", false, true),
        ("10.8.0.1", true, false),
        ("10.1.1.1", false, true),
        ("127.0.0.1", false, true),
        ("64:ff9b::7f00:1", false, true),
        ("9.9.9.9", false, true),
    ] {
        let found = [Candidate { ip: ip(address), own: false }];
        let is_permitted = !policy.permit(&grant, &found).0.as_slice().is_empty();
        assert_eq!(is_permitted, permitted, "{address}");
        assert_eq!(policy.judge_address(&grant, ip(address)).is_err(), would_deny, "{address}");
        let own = [Candidate { own: true, ..found[0] }];
        assert!(policy.permit(&grant, &own).0.as_slice().is_empty(), "own {address}");
    }
    let check = policy.sni_check(&grant);
    assert_eq!((check.mode, check.audited), (SniMode::Log, true));
}

#[test]
fn a_client_may_have_a_mode_of_its_own() {
    let tried = Client { mode: Some(Mode::Audit), ..client(0, "new", "10.0.0.0/8", "", "") };
    let strict = Client { mode: Some(Mode::Enforce), ..client(1, "old", "fd00::/8", "", "") };
    let clients = || vec![tried.clone(), strict.clone()];
    let new = || Policy::new(Vec::new(), Vec::new()).with_clients(clients());
    for (mode, other) in [(Mode::Enforce, "not_allowed"), (Mode::Audit, "audit not_allowed")] {
        let policy = new().with_mode(mode);
        let who = |address| policy.who(ip(address), None);
        assert_eq!(decided(&policy, who("10.0.0.1"), "x.test:443"), "audit not_allowed");
        assert_eq!(decided(&policy, who("fd00::1"), "x.test:443"), "not_allowed");
        assert_eq!(decided(&policy, who("1.1.1.1"), "x.test:443"), other);
    }
}
