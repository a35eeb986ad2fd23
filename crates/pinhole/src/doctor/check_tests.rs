use super::*;

#[test]
fn verdicts_stand_in_the_order_of_output() {
    assert!(Verdict::ALL.is_sorted());
    assert_eq!(Verdict::ALL.map(Verdict::label), ["ok", "skipped", "warn", "fail"]);
}

#[test]
fn what_is_printed_is_one_line() {
    for (text, shown) in [
        ("plain, with 'quotes' and \"these\" and \\", "plain, with 'quotes' and \"these\" and \\"),
        ("two\nlines\r\tand a tab", "two\\nlines\\r\\tand a tab"),
        ("\x1b[2J\u{9b}31m", "\\u{1b}[2J\\u{9b}31m"),
        ("\u{202e}txt.exe\u{2066}", "\\u{202e}txt.exe\\u{2066}"),
        ("gr\u{fc}n – ≤33", "gr\u{fc}n – ≤33"),
    ] {
        assert_eq!(plain(text), shown);
    }
    let long = plain(&"x".repeat(5000));
    assert_eq!(long.len(), LONGEST + 3);
    assert!(long.ends_with("x..."));
}

#[test]
fn whatever_a_check_holds_is_escaped() {
    let bad = "a\x07b";
    let check = Check::fail("id", bad, bad).about(bad).denied(Some(bad));
    let shown = Some("a\\u{7}b".to_owned());
    assert_eq!(check.finding, "a\\u{7}b");
    assert_eq!((check.subject, check.advice, check.rule), (shown.clone(), shown.clone(), shown));
}

#[test]
fn what_is_well_has_no_advice() {
    for (verdict, has) in [
        (Verdict::Ok, false),
        (Verdict::Skipped, false),
        (Verdict::Warn, true),
        (Verdict::Fail, true),
    ] {
        assert_eq!(Check::bad("id", verdict, "finding", "advice").advice.is_some(), has);
    }
}
