use std::path::Path;

use super::*;
use crate::doctor::{clients, need};

const URL: &str = "http://p.test:3128";

fn machine(lists: &[(&str, &str)], pod: bool) -> Machine {
    let mut variables = lists.to_vec();
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
        variables.push((name, URL));
    }
    if pod {
        variables.push(("KUBERNETES_SERVICE_HOST", "10.96.0.1"));
    }
    Machine::of(&variables, Path::new("/nowhere"))
}

fn checks_of(machine: &Machine, change: impl FnOnce(&mut Facts)) -> Vec<Check> {
    let mut facts = Facts::of_machine(machine);
    change(&mut facts);
    let environment = clients::environment(machine);
    let needs = vec![need::target("a.test:443").unwrap(), need::target("http://b.test/").unwrap()];
    let own = Some("10.244.0.9".parse().unwrap());
    checks(machine, &environment, &facts, own, &needs)
}

/// `id verdict` of all.
fn verdicts(checks: &[Check]) -> Vec<String> {
    checks.iter().map(|check| format!("{} {}", check.id, check.verdict.label())).collect()
}

fn both(value: &str) -> [(&str, &str); 2] {
    [("no_proxy", value), ("NO_PROXY", value)]
}

fn find<'c>(checks: &'c [Check], id: &str) -> &'c Check {
    checks.iter().find(|check| check.id == id).unwrap()
}

const GOOD: &str = "localhost,127.0.0.1,10.96.0.1,.svc,.cluster.local,169.254.169.254,metadata.google.internal,10.244.0.9";

#[test]
fn a_good_list_is_well_in_a_pod() {
    let checks = checks_of(&machine(&both(GOOD), true), |_| {});
    assert_eq!(
        verdicts(&checks),
        [
            "no-proxy.list ok",
            "no-proxy.localhost ok",
            "no-proxy.api-server ok",
            "no-proxy.services ok",
            "no-proxy.metadata ok",
            "no-proxy.pods ok",
            "no-proxy.targets ok",
            "no-proxy.network-check ok",
        ]
    );
    // The client that reads no list is named, and is not the list's fault.
    let api = find(&checks, "no-proxy.api-server");
    assert!(api.finding.ends_with("kubernetes 34.1–35 reads none"), "{api:?}");
}

#[test]
fn on_a_host_less_is_asked_for() {
    let checks = checks_of(&machine(&both("localhost,127.0.0.1"), false), |_| {});
    let expected = [
        "no-proxy.list ok",
        "no-proxy.localhost ok",
        "no-proxy.targets ok",
        "no-proxy.network-check ok",
    ];
    assert_eq!(verdicts(&checks), expected);
    let checks = checks_of(&machine(&both("a.example"), false), |_| {});
    assert_eq!(find(&checks, "no-proxy.localhost").verdict, Verdict::Warn);
    let checks = checks_of(&machine(&both("a.example"), true), |_| {});
    assert_eq!(find(&checks, "no-proxy.localhost").verdict, Verdict::Fail);
}

#[test]
fn each_list_has_its_verdict() {
    for (lists, verdict, part) in [
        (&[][..], Verdict::Warn, "is not set"),
        (&both("localhost"), Verdict::Ok, "well-formed"),
        (&both("fd00::/8"), Verdict::Fail, "it breaks httpx"),
        (&both("[::1]"), Verdict::Fail, "it breaks httpx"),
        (&both("a.test,"), Verdict::Warn, "everything goes past the proxy in"),
        (&both(""), Verdict::Warn, "everything goes past the proxy in"),
        (&both("\"a.test\""), Verdict::Warn, "quotation mark"),
        (&both("http://a.test/"), Verdict::Warn, "it is a URL"),
        (&both("user:secret@a.test"), Verdict::Warn, "an entry of it: "),
        (&[("no_proxy", "a.test")], Verdict::Ok, ""),
    ] {
        let checks = checks_of(&machine(lists, false), |_| {});
        let list = find(&checks, "no-proxy.list");
        assert_eq!(list.verdict, verdict, "{lists:?}: {list:?}");
        assert!(list.finding.contains(part), "{lists:?}: {list:?}");
        assert!(!format!("{checks:?}").contains("secret"), "{checks:?}");
    }
    // Two that differ are both judged.
    let checks = checks_of(&machine(&[("no_proxy", "a"), ("NO_PROXY", "b")], false), |_| {});
    let subjects: Vec<_> = checks
        .iter()
        .filter(|check| check.id == "no-proxy.list")
        .map(|check| check.subject.as_deref().unwrap())
        .collect();
    assert_eq!(subjects, ["no_proxy", "NO_PROXY"]);
}

#[test]
fn skyserves_two_halves_must_agree() {
    let block = "localhost,127.0.0.1,10.244.0.0/16";
    for (list, replicas, proxied, verdict) in [
        (block, Use::Unknown, false, Verdict::Warn),
        (block, Use::Yes, false, Verdict::Fail),
        (block, Use::No, false, Verdict::Skipped),
        (block, Use::Yes, true, Verdict::Fail),
        ("localhost", Use::Yes, false, Verdict::Fail),
        ("localhost", Use::Yes, true, Verdict::Ok),
        (GOOD, Use::Yes, false, Verdict::Ok),
    ] {
        let checks = checks_of(&machine(&both(list), true), |facts| {
            facts.replicas = replicas;
            facts.replicas_proxied = proxied;
        });
        let pods = find(&checks, "no-proxy.pods");
        assert_eq!(pods.verdict, verdict, "{list} {replicas:?} {proxied}: {pods:?}");
    }
    // Where http:// goes by no proxy, all is well whatever the list says.
    let variables =
        [("https_proxy", URL), ("no_proxy", block), ("KUBERNETES_SERVICE_HOST", "10.96.0.1")];
    let machine = Machine::of(&variables, Path::new("/nowhere"));
    let checks = checks_of(&machine, |facts| facts.replicas = Use::Yes);
    assert_eq!(find(&checks, "no-proxy.pods").verdict, Verdict::Ok);
}

#[test]
fn what_is_needed_must_not_be_exempt() {
    let checks = checks_of(&machine(&both("localhost,a.test"), false), |_| {});
    let targets = find(&checks, "no-proxy.targets");
    assert_eq!(targets.verdict, Verdict::Warn);
    assert!(targets.finding.starts_with("NO_PROXY exempts a.test:443, for "), "{targets:?}");
    let checks = checks_of(&machine(&both(".test"), false), |_| {});
    let targets = find(&checks, "no-proxy.targets");
    assert!(targets.finding.contains("a.test:443, and 1 more"), "{targets:?}");
    let checks = checks_of(&machine(&both("8.8.8.8,1.1.1.1"), false), |_| {});
    let check = find(&checks, "no-proxy.network-check");
    assert_eq!(check.verdict, Verdict::Warn);
    assert!(check.finding.contains("8.8.8.8 and 1.1.1.1"), "{check:?}");
    // Without any proxy nothing is exempt: that is said elsewhere.
    let bare = Machine::of(&[("no_proxy", ".test,8.8.8.8")], Path::new("/nowhere"));
    let checks = checks_of(&bare, |_| {});
    assert_eq!(find(&checks, "no-proxy.targets").verdict, Verdict::Ok);
    assert_eq!(find(&checks, "no-proxy.network-check").verdict, Verdict::Ok);
}

#[test]
fn mirrors_are_to_be_exempt() {
    let mirror = need::target("mirror.test:5000").unwrap().ask.target;
    for (list, verdict) in [("localhost", Verdict::Warn), ("localhost,mirror.test", Verdict::Ok)] {
        let checks = checks_of(&machine(&both(list), false), |facts| {
            facts.mirrors = vec![mirror.clone()];
        });
        let check = find(&checks, "no-proxy.mirrors");
        assert_eq!(check.verdict, verdict, "{list}: {check:?}");
        assert_eq!(check.subject.as_deref(), Some("mirror.test:5000"));
    }
}
