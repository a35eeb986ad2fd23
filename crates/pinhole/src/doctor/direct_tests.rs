use std::path::Path;

use super::*;
use crate::doctor::machine::Machine;
use crate::doctor::need;
use crate::doctor::plan::{Facts, OUTSIDE};

fn plan(change: impl FnOnce(&mut Plan)) -> Plan {
    let facts = Facts::of_machine(&Machine::of(&[], Path::new("/nowhere")));
    let mut plan = Plan { facts, needs: Vec::new(), outside: OUTSIDE.to_vec(), enforced: true };
    change(&mut plan);
    plan
}

fn closed() -> Tried {
    Tried::Closed("no answer".to_owned())
}

/// Nothing is open.
fn shut() -> Ways {
    let each = || OUTSIDE.iter().map(|ip| (*ip, closed())).collect();
    let a = need::target("a.test:443").unwrap().ask.target;
    let targets = vec![(a, Found::Nothing("no such name".to_owned()))];
    Ways { outside: each(), dns: each(), targets }
}

fn opened(ways: &mut Ways, at: usize) {
    ways.outside[at].1 = Tried::Reached;
}

/// `id subject verdict` of all that is not well.
fn said(ways: &Ways, plan: &Plan) -> Vec<String> {
    let checks = ways.checks(plan);
    let bad = checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let words = bad.map(|check| {
        let subject = check.subject.as_deref().unwrap_or_default();
        format!("{} {subject} {}", check.id, check.verdict.label())
    });
    words.collect()
}

#[test]
fn what_is_shut_is_well() {
    assert_eq!(said(&shut(), &plan(|_| {})), [""; 0]);
}

#[test]
fn each_way_out_is_a_failure() {
    let mut ways = shut();
    opened(&mut ways, 2);
    assert_eq!(said(&ways, &plan(|_| {})), ["direct.outside [2606:4700:4700::1111]:443 fail"]);
    let mut ways = shut();
    ways.dns[0].1 = Tried::Reached;
    assert_eq!(said(&ways, &plan(|_| {})), ["direct.dns 8.8.8.8:53 fail"]);
    let mut ways = shut();
    let four: IpAddr = [5, 6, 7, 8].into();
    ways.targets[0].1 =
        Found::Addresses(vec![("2001:db8::1".parse().unwrap(), closed()), (four, Tried::Reached)]);
    let expected = ["direct.targets a.test:443 fail", "direct.names  warn"];
    assert_eq!(said(&ways, &plan(|_| {})), expected);
    // The address that was reached is the one that is named.
    let checks = ways.checks(&plan(|_| {}));
    assert!(checks.iter().any(|check| check.finding.starts_with("5.6.7.8 is reached")));
}

#[test]
fn where_nothing_is_to_be_enforced_it_is_a_warning() {
    let mut ways = shut();
    opened(&mut ways, 2);
    ways.dns[0].1 = Tried::Reached;
    for plan in [plan(|plan| plan.enforced = false), plan(|plan| plan.facts.sidecar = true)] {
        let expected =
            ["direct.outside [2606:4700:4700::1111]:443 warn", "direct.dns 8.8.8.8:53 warn"];
        assert_eq!(said(&ways, &plan), expected);
    }
}

#[test]
fn a_hole_for_managed_jobs_is_told_from_an_open_door() {
    let mut ways = shut();
    opened(&mut ways, 0);
    let hole = "direct.outside 8.8.8.8:443 warn";
    let open = "direct.outside 8.8.8.8:443 fail";
    assert_eq!(said(&ways, &plan(|_| {})), [hole]);
    // A site that wants it, and one that does not.
    let wants = plan(|plan| {
        plan.facts.of_site = true;
        plan.facts.hole = Some([8, 8, 8, 8].into());
    });
    assert_eq!(said(&ways, &wants), [""; 0]);
    assert_eq!(said(&ways, &plan(|plan| plan.facts.of_site = true)), [open]);
    // More is open than the hole.
    ways.dns[0].1 = Tried::Reached;
    assert_eq!(said(&ways, &plan(|_| {})), [open, "direct.dns 8.8.8.8:53 fail"]);
    // For the site it is the hole all the same.
    assert_eq!(said(&ways, &wants), ["direct.dns 8.8.8.8:53 fail"]);
}

#[test]
fn what_was_not_tried_is_skipped() {
    let mut ways = shut();
    ways.outside[1].1 = Tried::NoTime;
    assert_eq!(said(&ways, &plan(|_| {})), ["direct.outside 1.1.1.1:443 skipped"]);
    ways.targets.clear();
    let expected = ["direct.outside 1.1.1.1:443 skipped", "direct.names  skipped"];
    assert_eq!(said(&ways, &plan(|_| {})), expected);
}
