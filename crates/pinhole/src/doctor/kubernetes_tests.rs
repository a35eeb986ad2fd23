use super::*;
use crate::doctor::answer::Answer;

fn server() -> Authority {
    Authority::parse(b"10.96.0.1:443").unwrap()
}

fn installed_as(versions: &[&str]) -> Vec<Installed> {
    let one = |version: &&str| Installed { version: (*version).to_owned(), dir: "/lib".into() };
    versions.iter().map(one).collect()
}

fn answered(head: &str) -> Outcome {
    Outcome::Answered(Answer::parse(head.as_bytes()).unwrap())
}

#[test]
fn the_installed_client_decides_how_bad_a_denial_is() {
    let denied = || answered("HTTP/1.1 403 x");
    let silent = || Outcome::Silent;
    for (versions, outcome, verdict, rule) in [
        (&[][..], denied(), Verdict::Warn, false),
        (&["33.1.0"], denied(), Verdict::Ok, false),
        (&["34.1.0"], denied(), Verdict::Fail, true),
        (&["35.0.0"], denied(), Verdict::Fail, true),
        (&["36.0.0"], denied(), Verdict::Ok, false),
        (&["33.1.0", "35.0.0"], denied(), Verdict::Fail, true),
        (&["340.0.0"], denied(), Verdict::Ok, false),
        (&[], silent(), Verdict::Warn, false),
        (&["35.0.0"], silent(), Verdict::Fail, false),
        (&["33.1.0"], silent(), Verdict::Ok, false),
        (&["35.0.0"], Outcome::Open(None), Verdict::Ok, false),
        (&["35.0.0"], answered("HTTP/1.1 407 x"), Verdict::Skipped, false),
        (&["35.0.0"], Outcome::NotTried("x".to_owned()), Verdict::Skipped, false),
        (&["35.0.0"], answered("HTTP/1.1 502 x"), Verdict::Fail, false),
    ] {
        let check = proxied(&server(), &outcome, &installed_as(versions));
        assert_eq!(check.verdict, verdict, "{versions:?} {outcome:?}");
        assert_eq!(check.rule.is_some(), rule, "{versions:?} {outcome:?}");
    }
    let check = proxied(&server(), &denied(), &installed_as(&["35.0.0"]));
    assert_eq!(check.rule.as_deref(), Some("{network: \"10.96.0.1/32\"}"));
}

#[test]
fn the_way_without_the_proxy_must_be_open() {
    for (tried, verdict) in [
        (Tried::Reached, Verdict::Ok),
        (Tried::Closed("no answer".to_owned()), Verdict::Fail),
        (Tried::NoTime, Verdict::Skipped),
    ] {
        assert_eq!(direct(&tried).verdict, verdict);
    }
    let none = checks(&[], &[], &[], &[]);
    let verdicts: Vec<_> = none.iter().map(|check| (check.id, check.verdict)).collect();
    assert_eq!(
        verdicts,
        [("kubernetes.client", Verdict::Skipped), ("kubernetes.direct", Verdict::Skipped)]
    );
}

#[test]
fn clients_are_found_by_what_installers_leave() {
    let root = tempfile::tempdir().unwrap();
    for path in [
        "home/sky/skypilot-runtime/lib/python3.10/site-packages/kubernetes-34.1.0.dist-info",
        "opt/conda/lib/python3.11/site-packages/kubernetes-33.1.0-py3.11.egg-info",
        "usr/lib/python3/dist-packages/kubernetes-22.6.0.egg-info",
        // Neither of these is one.
        "usr/lib/python3/dist-packages/kubernetes_asyncio-32.0.0.dist-info",
        "usr/lib/node/site-packages/kubernetes-99.0.0.dist-info",
        "venv/lib/python3.12/site-packages/kubernetes",
    ] {
        std::fs::create_dir_all(root.path().join(path)).unwrap();
    }
    let variables = [("HOME", "/home/sky"), ("PATH", "/usr/bin:/bin"), ("VIRTUAL_ENV", "/venv")];
    let machine = Machine::of(&variables, root.path());
    let mut versions: Vec<String> =
        installed(&machine).into_iter().map(|one| one.version).collect();
    versions.sort();
    assert_eq!(versions, ["22.6.0", "33.1.0", "34.1.0"]);
    let check = client(&installed(&machine));
    assert_eq!(check.verdict, Verdict::Warn);
    assert!(check.finding.starts_with("kubernetes 34.1.0 in /home/sky/skypilot-runtime/lib"));
    assert_eq!(client(&installed_as(&["33.1.0"])).verdict, Verdict::Ok);
}
