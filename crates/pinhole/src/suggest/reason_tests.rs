use policy::Reason as Denial;

use super::{Reason, place};

#[test]
fn labels_are_read_and_written_alike() {
    for label in [
        "denied",
        "not_allowed",
        "port_not_allowed",
        "literal_not_allowed",
        "address_denied",
        "address_class",
        "own_address",
    ] {
        let reason = Reason::parse(label).unwrap();
        assert!(matches!(reason, Reason::Rules(_)), "{label}");
        assert_eq!(reason.label(), label);
    }
    assert_eq!(Reason::parse("not_allowed"), Some(Reason::Rules(Denial::NotAllowed)));
    assert_eq!(Reason::parse("stray"), Some(Reason::Stray));
    assert_eq!(Reason::parse("sni_absent"), Some(Reason::Sni("sni_absent".into())));
    assert_eq!(Reason::parse("new_one"), Some(Reason::Other("new_one".into())));
    let long = "a".repeat(41);
    for bad in ["", "Denied", "not allowed", "x\n", "x\nallow:", "a: b", "é", &long] {
        assert_eq!(Reason::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn a_place_is_one_of_two_lists() {
    for good in
        ["allow[0]", "deny[12]", "allow[9999999]", "clients[1].allow[0]", "clients[0].deny[3]"]
    {
        assert_eq!(place(good), Some(good));
    }
    for bad in [
        "",
        "allow",
        "allow[]",
        "allow[-1]",
        "allow[1",
        "allow[1]x",
        "allow[1]\n",
        "allow[12345678]",
        "client[1].allow[0]",
        "clients[x].allow[0]",
        "clients[1].allow[0].allow[0]",
        "clients[1].",
        "clients[1]",
        "tls[0]",
        "allow[٣]",
    ] {
        assert_eq!(place(bad), None, "{bad:?}");
    }
}
