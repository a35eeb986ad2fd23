use super::*;

fn hold(blocks: &Blocks, entry: &str, ip: &str) -> bool {
    blocks.hold(entry, ip.parse().unwrap())
}

#[test]
fn a_block_holds_what_shares_its_prefix() {
    for (entry, inside, outside) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("10.1.2.3/8", "10.0.0.1", "9.0.0.1"),
        ("10.1.2.3/32", "10.1.2.3", "10.1.2.2"),
        ("fd00::/8", "fdff::1", "fe00::1"),
        ("2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
        ("0.0.0.0/0", "1.2.3.4", "::1"),
    ] {
        assert!(hold(&Blocks::STRICT, entry, inside), "{entry} {inside}");
        assert!(!hold(&Blocks::STRICT, entry, outside), "{entry} {outside}");
    }
    for entry in ["10.0.0.1", "10.0.0.0/33", "10.0.0.0/", "/8", "10/8", "10.0.0.0/8x", "x/8"] {
        assert!(!hold(&Blocks::STRICT, entry, "10.0.0.1"), "{entry}");
    }
}

#[test]
fn lengths_are_read_as_each_language_does() {
    use Length::{Atoi, Digits, Lenient, ParseInt, Plain, PythonInt};
    for (length, text, read) in [
        (Digits, "8", Some(8)),
        (Digits, " 8", None),
        (Digits, "08", Some(8)),
        (Plain, "08", None),
        (Plain, "0", Some(0)),
        (Digits, "", None),
        (Atoi, " 8x", Some(8)),
        (Atoi, "x", Some(0)),
        (Atoi, "", Some(0)),
        (Atoi, "-1", Some(u64::MAX)),
        (PythonInt, " +8 ", Some(8)),
        (PythonInt, "8x", None),
        (ParseInt, "8x", Some(8)),
        (ParseInt, "x", None),
        (Lenient, " 8 ", Some(8)),
    ] {
        assert_eq!(length.read(text), read, "{length:?} {text:?}");
    }
}

#[test]
fn zero_and_too_long_mean_what_each_client_makes_of_them() {
    let one = Blocks { zero: Zero::One, too_long: TooLong::One, ..Blocks::STRICT };
    let void = Blocks { zero: Zero::Void, ..Blocks::STRICT };
    assert!(hold(&one, "10.0.0.1/0", "10.0.0.1") && !hold(&one, "10.0.0.1/0", "10.0.0.2"));
    assert!(hold(&one, "10.0.0.1/40", "10.0.0.1") && !hold(&one, "10.0.0.1/40", "10.0.0.2"));
    assert!(!hold(&void, "10.0.0.1/0", "10.0.0.1"));
}

#[test]
fn masks_bases_and_mapped_addresses() {
    let masks = Blocks { length: Length::Netmask, alone: true, ..Blocks::STRICT };
    assert!(hold(&masks, "10.1.2.0/255.255.255.0", "10.1.2.3"));
    assert!(hold(&masks, "10.1.2.3", "10.1.2.3") && !hold(&masks, "10.1.2.3", "10.1.2.4"));
    let exact = Blocks { exact_base: true, ..masks };
    assert!(!hold(&exact, "10.1.2.3/8", "10.1.2.3") && hold(&exact, "10.0.0.0/8", "10.1.2.3"));
    let lax = Blocks { base: Base::Aton, ..Blocks::STRICT };
    assert!(hold(&lax, "10.1/16", "10.0.0.1") && !hold(&lax, "10.1/16", "10.1.0.1"));
    let zeros = Blocks { base: Base::LeadingZeros, ..Blocks::STRICT };
    assert!(hold(&zeros, "010.0.0.0/8", "10.1.2.3"));
    let mapped = Blocks { mapped: Mapped::Folded, ..Blocks::STRICT };
    assert!(hold(&mapped, "::ffff:10.0.0.0/104", "10.1.2.3"));
    assert!(hold(&mapped, "10.0.0.0/8", "::ffff:10.1.2.3"));
    assert!(!hold(&Blocks::STRICT, "10.0.0.0/8", "::ffff:10.1.2.3"));
    assert!(hold(&mapped, "::ffff:10.0.0.0/8", "::1"));
    let void = Blocks { mapped: Mapped::FoldedOrVoid, ..Blocks::STRICT };
    assert!(!hold(&void, "::ffff:10.0.0.0/8", "::1"));
    assert!(hold(&void, "::ffff:10.0.0.0/104", "10.1.2.3"));
}

#[test]
fn lax_addresses_are_read_as_inet_aton_does() {
    for (text, ip) in [
        ("127.1", Some([127, 0, 0, 1])),
        ("0x7f.1", Some([127, 0, 0, 1])),
        ("0177.1", Some([127, 0, 0, 1])),
        ("2130706433", Some([127, 0, 0, 1])),
        ("10.65535", Some([10, 0, 255, 255])),
        ("1.2.3.256", None),
        ("256.1", None),
        ("1.2.3.4.5", None),
        ("", None),
        ("1..2", None),
        ("+1", None),
        ("08", None),
        ("a.b", None),
    ] {
        assert_eq!(aton(text), ip.map(Ipv4Addr::from), "{text}");
    }
}
