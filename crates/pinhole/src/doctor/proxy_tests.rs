use std::path::Path;

use super::*;
use crate::doctor::answer::Answer;
use crate::doctor::check::Verdict;
use crate::doctor::machine::Machine;
use crate::doctor::proxies::Proxies;

fn answered(head: &str) -> Outcome {
    Outcome::Answered(Answer::parse(head.as_bytes()).unwrap())
}

/// `id verdict` of what is said of a proxy with these outcomes.
fn said(outcomes: &[Outcome]) -> Vec<String> {
    let checks = speaks("http://p.test:1", &outcomes.iter().collect::<Vec<_>>());
    checks.iter().map(|check| format!("{} {}", check.id, check.verdict.label())).collect()
}

#[test]
fn a_proxy_is_what_answers_to_connect() {
    let not_tried = || Outcome::NotTried("x".to_owned());
    let (auth, denied) = (|| answered("HTTP/1.1 407 x"), || answered("HTTP/1.1 403 x"));
    let method = || answered("HTTP/1.1 405 x");
    for (outcomes, expected) in [
        (vec![], &["proxy.tunnel skipped"][..]),
        (vec![not_tried()], &["proxy.tunnel skipped"]),
        (vec![Outcome::Open(None)], &["proxy.tunnel ok"]),
        (vec![denied(), Outcome::Silent], &["proxy.tunnel ok"]),
        (vec![Outcome::NotHttp, Outcome::NotHttp], &["proxy.tunnel fail"]),
        (vec![Outcome::Closed, not_tried()], &["proxy.tunnel fail"]),
        (vec![Outcome::Silent], &["proxy.tunnel fail"]),
        (vec![Outcome::Unreached("refused".to_owned())], &["proxy.tunnel fail"]),
        (vec![method(), method()], &["proxy.tunnel fail"]),
        (vec![method(), denied()], &["proxy.tunnel ok"]),
        (vec![auth(), auth()], &["proxy.tunnel ok", "proxy.auth fail"]),
        (vec![denied(), auth()], &["proxy.tunnel ok", "proxy.auth fail"]),
    ] {
        assert_eq!(said(&outcomes), expected, "{outcomes:?}");
    }
}

#[test]
fn a_loopback_proxy_is_a_sidecar_in_a_pod_alone() {
    for (url, is_pod, expected) in [
        ("http://127.0.0.1:3128", true, true),
        ("http://localhost:3128", true, true),
        ("http://[::1]:3128", true, true),
        ("http://127.0.0.1:3128", false, false),
        ("http://p.test:3128", true, false),
        ("http://10.0.0.1:3128", true, false),
    ] {
        let machine = Machine::of(&[("https_proxy", url)], Path::new("/nowhere"));
        let proxies = Proxies::of(&machine);
        let facts = Facts::of_machine(&machine);
        let checks = shape(&facts, proxies.list.first(), is_pod);
        let is_sidecar = checks.iter().any(|check| check.id == "enforcement.sidecar");
        assert_eq!(is_sidecar, expected, "{url} {is_pod}");
    }
}

#[test]
fn the_sites_proxy_is_the_one_in_the_variables() {
    let machine = Machine::of(&[("https_proxy", "http://u:p@p.test:3128")], Path::new("/nowhere"));
    let proxies = Proxies::of(&machine);
    for (site, verdict) in
        [("http://p.test:3128", Verdict::Ok), ("http://q.test:3128", Verdict::Warn)]
    {
        let facts =
            Facts { proxy: Some(site.to_owned()), of_site: true, ..Facts::of_machine(&machine) };
        let checks = shape(&facts, proxies.list.first(), true);
        assert_eq!(checks.len(), 1);
        assert_eq!((checks[0].id, checks[0].verdict), ("env.site", verdict));
    }
}
