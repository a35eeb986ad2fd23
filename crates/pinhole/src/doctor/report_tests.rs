use serde_json::Value;

use super::*;

fn checks() -> Vec<Check> {
    vec![
        Check::fail("reach", "denied", "add it").about("a.test:443").denied(Some("{host: a.test}")),
        Check::ok("reach", "TLS answers").about("b.test:443"),
        Check::ok("reach", "TLS answers").about("c.test:443"),
        Check::ok("env.proxy", "everything goes by it"),
        Check::fail("kubernetes.proxy", "denied", "add it").about("d").denied(None),
        Check::warn("ca.agree", "they differ", "name one"),
        Check::skipped("sudo.env-keep", "there is no sudo"),
    ]
}

#[test]
fn the_table_has_the_worst_last() {
    let expected = "\
ok      reach             b.test:443, c.test:443: TLS answers
ok      env.proxy         everything goes by it
skipped sudo.env-keep     there is no sudo
warn    ca.agree          they differ
                          -> name one
fail    reach             a.test:443: denied
                          -> add it
fail    kubernetes.proxy  d: denied
                          -> add it
3 ok, 1 skipped, 1 warnings, 2 failed; first denied: a.test:443
";
    assert_eq!(table(&checks()), expected);
}

#[test]
fn of_many_that_are_well_some_are_named() {
    let many: Vec<Check> =
        (0..9).map(|i| Check::ok("reach", "TLS answers").about(format!("t{i}"))).collect();
    let table = table(&many);
    let line = table.lines().next().unwrap();
    assert_eq!(line, "ok      reach  t0, t1, t2, t3, t4, t5 and 3 more: TLS answers");
}

#[test]
fn different_findings_are_not_merged() {
    let two = [
        Check::ok("direct.outside", "closed (refused)").about("a"),
        Check::ok("direct.outside", "closed (no answer)").about("b"),
    ];
    let table = table(&two);
    assert!(table.contains("a: closed (refused)\n"), "{table}");
    assert!(table.contains("b: closed (no answer)\n"), "{table}");
}

#[test]
fn the_json_has_every_check_in_its_place() {
    let json: Value = serde_json::from_str(&json(&checks()).unwrap()).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["first_denied"], "a.test:443");
    assert_eq!(json["summary"]["fail"], 2);
    let ids: Vec<&str> =
        json["checks"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids[..4], ["reach", "reach", "reach", "env.proxy"]);
    assert_eq!(json["checks"][0]["rule"], "{host: a.test}");
    assert_eq!(json["checks"][3]["subject"], Value::Null);
    assert!(json["checks"][0].get("denied").is_none());
}

#[test]
fn the_exit_code_is_1_if_anything_failed() {
    assert_eq!(Summary::of(&checks()).exit_code(), 1);
    let fine: Vec<Check> =
        checks().into_iter().filter(|check| check.verdict != Verdict::Fail).collect();
    assert_eq!(Summary::of(&fine).exit_code(), 0);
    assert_eq!(Summary::of(&[]).exit_code(), 0);
}
