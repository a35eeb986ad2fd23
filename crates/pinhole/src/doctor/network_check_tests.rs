use std::path::Path;

use super::*;
use crate::doctor::answer::Answer;
use crate::doctor::hello::Hello;
use crate::doctor::machine::Machine;

fn facts(jobs: Use, serve: Use) -> Facts {
    Facts { jobs, serve, ..Facts::of_machine(&Machine::of(&[], Path::new("/nowhere"))) }
}

fn ips() -> [IpAddr; 2] {
    NETWORK_CHECK.map(IpAddr::V4)
}

#[test]
fn managed_jobs_need_one_of_the_two() {
    let closed = Tried::Closed("no answer".to_owned());
    let [a, b] = ips();
    for (first, second, used, verdict) in [
        (&closed, &closed, Use::Yes, Verdict::Fail),
        (&closed, &closed, Use::Unknown, Verdict::Warn),
        (&closed, &closed, Use::No, Verdict::Skipped),
        (&Tried::Reached, &closed, Use::Yes, Verdict::Ok),
        (&closed, &Tried::Reached, Use::Unknown, Verdict::Ok),
        (&Tried::NoTime, &Tried::NoTime, Use::Yes, Verdict::Skipped),
        (&Tried::NoTime, &closed, Use::Yes, Verdict::Fail),
    ] {
        let check = jobs(&facts(used, Use::No), &[(a, first), (b, second)]);
        assert_eq!(check.verdict, verdict, "{first:?} {second:?} {used:?}");
    }
}

#[test]
fn skyserve_needs_one_of_the_two_by_the_proxy() {
    let answered = |head: &str| Outcome::Answered(Answer::parse(head.as_bytes()).unwrap());
    let denied = || answered("HTTP/1.1 403 x");
    let open = || Outcome::Open(Some(Hello::Done));
    for (outcomes, used, verdict, rule) in [
        (vec![denied(), denied()], Use::Yes, Verdict::Fail, Some(RULE)),
        (vec![denied(), denied()], Use::Unknown, Verdict::Warn, None),
        (vec![denied(), denied()], Use::No, Verdict::Skipped, None),
        (vec![denied(), open()], Use::Yes, Verdict::Ok, None),
        (vec![Outcome::Open(Some(Hello::Cut)), denied()], Use::Yes, Verdict::Fail, Some(RULE)),
        (vec![Outcome::Open(Some(Hello::Cut))], Use::Yes, Verdict::Fail, None),
        (vec![answered("HTTP/1.1 407 x")], Use::Yes, Verdict::Skipped, None),
        (vec![answered("HTTP/1.1 502 x")], Use::Yes, Verdict::Fail, None),
        (vec![Outcome::Silent], Use::Unknown, Verdict::Warn, None),
        (vec![Outcome::NotTried("x".to_owned())], Use::Yes, Verdict::Skipped, None),
        (vec![], Use::Yes, Verdict::Skipped, None),
    ] {
        let check = serve(&facts(Use::No, used), &outcomes);
        assert_eq!(check.verdict, verdict, "{outcomes:?} {used:?}");
        assert_eq!(check.rule.as_deref(), rule, "{outcomes:?} {used:?}");
    }
}

#[test]
fn no_address_is_asked_for_that_is_not_to_be_tried() {
    let plan = |outside: Vec<IpAddr>| Plan {
        facts: facts(Use::Yes, Use::Yes),
        needs: Vec::new(),
        outside,
        enforced: true,
    };
    let asked = |outside: Vec<IpAddr>| -> Vec<String> {
        asks(&plan(outside)).iter().map(|ask| ask.target.to_string()).collect()
    };
    let [a, b] = ips();
    assert_eq!(asked(vec![a, b]), ["8.8.8.8:443", "1.1.1.1:443"]);
    assert_eq!(asked(vec![b]), ["1.1.1.1:443"]);
    let none = plan(vec![[127, 0, 0, 1].into()]);
    assert_eq!(asks(&none), []);
    let checks = checks(&none, &Ways::default(), &[]);
    assert!(checks.iter().all(|check| check.verdict == Verdict::Skipped), "{checks:?}");
}
