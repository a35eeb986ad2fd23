use std::time::Duration;

use super::{Needless, Why, needless};
use crate::decide::tests::entries;
use crate::{Overrides, SniMode};

/// `allow[1] covered by allow[0]`, each on its own.
fn said(found: &[Needless]) -> Vec<String> {
    let why = |why| match why {
        Why::Denied => "denied",
        Why::First => "second to",
        Why::Covered => "covered by",
    };
    found.iter().map(|one| format!("{} {} {}", one.place, why(one.why), one.by.place)).collect()
}

#[test]
fn each_kind_of_rule_is_found_by_each_that_covers_it() {
    let rows: &[(&str, &[&str])] = &[
        ("allow host a.test;allow host b.test", &[]),
        ("allow host a.test;allow host a.test", &["allow[1] second to allow[0]"]),
        ("allow host a.test 443;allow host a.test", &["allow[0] covered by allow[1]"]),
        ("allow host a.test;allow host a.test 22", &[]),
        ("allow host a.b.test;allow host *.b.test", &["allow[0] covered by allow[1]"]),
        ("allow host *.b.test;allow host a.b.test", &["allow[1] covered by allow[0]"]),
        ("allow host *.b.test;allow host b.test", &[]),
        ("allow host *.b.test 443;allow host a.b.test", &[]),
        ("allow host *.b.test 1-443;allow host a.b.test", &["allow[1] covered by allow[0]"]),
        ("allow host *.a.b.test;allow host *.b.test", &["allow[0] covered by allow[1]"]),
        ("allow host *.a.b.test;allow host *.ab.test", &[]),
        ("allow glob x*.b.test;allow host xy.b.test", &["allow[1] covered by allow[0]"]),
        ("allow glob x*.b.test;allow host x.b.test", &["allow[1] covered by allow[0]"]),
        ("allow glob x*.b.test;allow host y.b.test;allow host xy.c.b.test", &[]),
        ("allow glob x*.b.test;allow host *.b.test", &["allow[0] covered by allow[1]"]),
        ("allow glob x*.b.test;allow glob x*.b.test", &["allow[1] second to allow[0]"]),
        ("allow host a.test;deny host a.test", &["allow[0] denied deny[0]"]),
        ("allow host a.test;deny host a.test 443", &[]),
        ("allow host a.test 443;deny host a.test 443", &["allow[0] denied deny[0]"]),
        ("allow host *.a.test;deny host x.a.test", &[]),
        ("allow host *.x.a.test;deny host *.a.test", &["allow[0] denied deny[0]"]),
        ("deny host x.a.test;deny host *.a.test", &["deny[0] covered by deny[1]"]),
        ("allow preset tools;deny host *.tools.test", &[]),
        ("allow preset tools;allow preset tools", &["allow[1] second to allow[0]"]),
        ("allow preset tools;allow preset tools 443", &[]),
        ("allow network 10.0.0.0/8;allow network 10.1.0.0/16", &["allow[1] covered by allow[0]"]),
        // A network opens no special address from outside its class's range, nor a metadata service's.
        ("allow network 0.0.0.0/0;allow network 10.1.0.0/16", &[]),
        ("allow network 0.0.0.0/0;allow network 1.1.0.0/16", &["allow[1] covered by allow[0]"]),
        ("allow network 169.254.0.0/16;allow network 169.254.169.254/32", &[]),
        ("allow network 10.1.0.0/16;deny network 0.0.0.0/0", &["allow[0] denied deny[0]"]),
        ("deny network 10.1.0.0/16;deny network 0.0.0.0/0", &["deny[0] covered by deny[1]"]),
        ("allow network ::/96;allow network ::/3", &[]),
    ];
    for (rules, expected) in rows {
        assert_eq!(said(&needless(&entries(rules))), *expected, "{rules}");
    }
}

#[test]
fn what_sets_something_else_is_not_needless() {
    let off = Overrides { idle: None, tls: Some(SniMode::Off) };
    let long = Overrides { idle: Some(Duration::from_secs(9)), tls: None };
    let none = Overrides::default();
    let of = |rules: &str, overrides: &[Overrides]| {
        let mut all = entries(rules);
        for (entry, overrides) in all.iter_mut().zip(overrides) {
            entry.overrides = *overrides;
        }
        said(&needless(&all))
    };
    let rules = "allow host a.x.test;allow host *.x.test";
    assert_eq!(of(rules, &[off, none]), [""; 0]);
    assert_eq!(of(rules, &[none, off]), [""; 0]);
    assert_eq!(of(rules, &[off, off]), ["allow[0] covered by allow[1]"]);
    // The first of two decides, whatever the second sets.
    let twice = "allow host a.test;allow host a.test";
    assert_eq!(of(twice, &[off, long]), ["allow[1] second to allow[0]"]);
    // What stands between would come to decide.
    let between = "allow host a.x.y.test;allow host *.x.y.test;allow host *.y.test";
    assert_eq!(of(between, &[none, off, none]), [""; 0]);
    let elsewhere = "allow host a.x.y.test;allow host *.x.y.test 22;allow host *.y.test";
    assert_eq!(of(elsewhere, &[none, off, none]), ["allow[0] covered by allow[2]"]);
    let overlapping = "allow glob a*.x.test;allow glob *b.x.test;allow host *.x.test";
    assert_eq!(of(overlapping, &[none, off, none]), [""; 0]);
}

/// Of very many that are the same, each but the first is found, and none takes a look at all others.
#[test]
fn many_of_a_kind_are_found() {
    for kind in ["host a.x.test", "host *.x.test", "glob a*.x.test", "network 10.0.0.0/8"] {
        let rules = format!("allow {kind};").repeat(20_000);
        let found = needless(&entries(&rules));
        assert_eq!(found.len(), 19_999, "{kind}");
        assert!(found.iter().all(|one| one.by.place.index == 0 && one.why == Why::First), "{kind}");
    }
    let globs: String = (0..20_000).map(|i| format!("allow glob a{i}*.x.test;")).collect();
    assert_eq!(needless(&entries(&globs)), []);
}
