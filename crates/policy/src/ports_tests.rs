use super::*;

fn set(pieces: &[&str]) -> Result<String, PortsError> {
    PortSet::parse(pieces.iter().copied()).map(|set| set.to_string())
}

#[test]
fn ports_and_ranges_are_read_and_printed() {
    for (pieces, printed) in [
        (&["443"][..], "443"),
        (&["1"], "1"),
        (&["65535"], "65535"),
        (&["443", "80"], "443, 80"),
        (&["8000-8100"], "8000-8100"),
        (&["8000 - 8100"], "8000-8100"),
        (&["1-65535", "443"], "1-65535, 443"),
        (&["443-443"], "443"),
    ] {
        assert_eq!(set(pieces).as_deref(), Ok(printed), "{pieces:?}");
    }
}

#[test]
fn anything_but_1_to_65535_in_plain_digits_is_no_port() {
    for piece in
        "0 00 080 +80 -80 - 80- -80-90 0-80 80-65536 65536 99999 4294967376 80,443 80..90 1-2-3 \
         80-+90 80-090 https 0x50 ８０ 80–90 * any"
            .split_whitespace()
            .chain(["", " ", "80 443", " 80", "80 "])
    {
        assert_eq!(set(&["443", piece]), Err(PortsError::NotAPort(piece.to_owned())), "{piece:?}");
    }
    let text = set(&["+80"]).unwrap_err().to_string();
    assert_eq!(
        text,
        "`+80` is not a port: write a number from 1 to 65535, or a range such as 8000-8100"
    );
}

#[test]
fn a_range_that_ends_before_it_starts_and_an_empty_set_are_errors() {
    assert_eq!(set(&["90-80"]), Err(PortsError::Backwards("90-80".to_owned())));
    assert_eq!(set(&[]), Err(PortsError::Empty));
}

#[test]
fn a_set_contains_its_ranges_with_both_ends_and_nothing_else() {
    let set = PortSet::parse(["443", "8000-8002"]).unwrap();
    let inside: Vec<u16> = (0..=u16::MAX).filter(|&port| set.contains(port)).collect();
    assert_eq!(inside, [443, 8000, 8001, 8002]);
    assert_eq!(
        (0..=u16::MAX).filter(|&port| PortSet::web().contains(port)).collect::<Vec<_>>(),
        [80, 443]
    );
    assert!(
        (1..=u16::MAX).all(|port| PortSet::all().contains(port)) && !PortSet::all().contains(0)
    );
}

#[test]
fn sets_cover_and_meet_each_other() {
    let set = |text: &str| PortSet::parse(text.split(' ')).unwrap();
    let rows = [
        ("443", "443", true, true),
        ("443 80", "80", true, true),
        ("80", "443 80", false, true),
        ("1-65535", "65535 1", true, true),
        ("1-100 101-200", "50-150", true, true),
        ("1-100 102-200", "50-150", false, true),
        ("1-100", "101", false, false),
        ("22", "443", false, false),
    ];
    for (one, other, covers, meets) in rows {
        assert_eq!(set(one).covers(&set(other)), covers, "{one} {other}");
        assert_eq!(set(one).meets(&set(other)), meets, "{one} {other}");
        assert_eq!(set(other).meets(&set(one)), meets, "{one} {other}");
    }
}
