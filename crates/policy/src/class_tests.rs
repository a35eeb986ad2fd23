use proptest::prelude::*;

use super::AddressClass::*;
use super::*;

/// IPv4, whole: from each address on, up to the next row, the class on its right. Written from
/// the RFCs, so that each row gives both edges of its range and both neighbours.
const FROM_V4: &[(&str, AddressClass)] = &[
    ("0.0.0.0", Unspecified), // RFC 791 §3.2
    ("1.0.0.0", Global),
    ("10.0.0.0", Private), // RFC 1918
    ("11.0.0.0", Global),
    ("100.64.0.0", Cgnat), // RFC 6598
    ("100.96.0.96", Metadata),
    ("100.96.0.97", Cgnat),
    ("100.100.100.200", Metadata),
    ("100.100.100.201", Cgnat),
    ("100.128.0.0", Global),
    ("127.0.0.0", Loopback), // RFC 1122 §3.2.1.3
    ("128.0.0.0", Global),
    ("168.63.129.16", Metadata),
    ("168.63.129.17", Global),
    ("169.254.0.0", LinkLocal), // RFC 3927
    ("169.254.0.23", Metadata),
    ("169.254.0.24", LinkLocal),
    ("169.254.42.42", Metadata),
    ("169.254.42.43", LinkLocal),
    ("169.254.169.250", Metadata),
    ("169.254.169.251", LinkLocal),
    ("169.254.169.252", Metadata),
    ("169.254.169.253", LinkLocal),
    ("169.254.169.254", Metadata),
    ("169.254.169.255", LinkLocal),
    ("169.254.170.2", Metadata),
    ("169.254.170.3", LinkLocal),
    ("169.254.170.23", Metadata),
    ("169.254.170.24", LinkLocal),
    ("169.255.0.0", Global),
    ("172.16.0.0", Private), // RFC 1918
    ("172.32.0.0", Global),
    ("192.0.0.0", Reserved), // RFC 6890 §2.1
    ("192.0.0.192", Metadata),
    ("192.0.0.193", Reserved),
    ("192.0.1.0", Global),
    ("192.0.2.0", Documentation), // RFC 5737
    ("192.0.3.0", Global),
    ("192.88.99.0", Reserved), // RFC 7526
    ("192.88.100.0", Global),
    ("192.168.0.0", Private), // RFC 1918
    ("192.169.0.0", Global),
    ("198.18.0.0", Benchmarking), // RFC 2544
    ("198.20.0.0", Global),
    ("198.51.100.0", Documentation), // RFC 5737
    ("198.51.101.0", Global),
    ("203.0.113.0", Documentation), // RFC 5737
    ("203.0.114.0", Global),
    ("224.0.0.0", Multicast), // RFC 5771
    ("240.0.0.0", Reserved),  // RFC 1112 §4, RFC 919 §7
];

/// IPv6, whole, but for ISATAP, which is known by its last 64 bits.
const FROM_V6: &[(&str, AddressClass)] = &[
    ("::", Unspecified),    // RFC 4291 §2.5.2
    ("::1", Loopback),      // RFC 4291 §2.5.3
    ("::2", Compatible),    // RFC 4291 §2.5.5.1
    ("::1:0:0", Reserved),  // RFC 4291 §2.4, and below
    ("::ffff:0:0", Mapped), // RFC 4291 §2.5.5.2
    ("::1:0:0:0", Reserved),
    ("::ffff:0:0:0", Translated), // RFC 2765 §2.1
    ("::ffff:1:0:0", Reserved),
    ("64:ff9b::", Nat64), // RFC 6052 §2.1
    ("64:ff9b::1:0:0", Reserved),
    ("64:ff9b:1::", Nat64), // RFC 8215
    ("64:ff9b:2::", Reserved),
    ("100::", Discard),       // RFC 6666
    ("100:0:0:1::", Discard), // RFC 9780
    ("100:0:0:2::", Reserved),
    ("2000::", Global),         // RFC 4291 §2.4: the part IANA allots
    ("2001::", Teredo),         // RFC 4380
    ("2001:1::", Reserved),     // RFC 2928
    ("2001:2::", Benchmarking), // RFC 5180
    ("2001:2:1::", Reserved),
    ("2001:200::", Global),
    ("2001:db8::", Documentation), // RFC 3849
    ("2001:db9::", Global),
    ("2002::", SixToFour), // RFC 3056
    ("2003::", Global),
    ("3fff::", Documentation), // RFC 9637
    ("3fff:1000::", Global),
    ("4000::", Reserved),
    ("5f00::", Reserved), // RFC 9602
    ("5f01::", Reserved),
    ("8000::", Reserved),
    ("e000::", Reserved),
    ("fc00::", UniqueLocal), // RFC 4193
    ("fd00:42::42", Metadata),
    ("fd00:42::43", UniqueLocal),
    ("fd00:c1::a9fe:a9fe", Metadata),
    ("fd00:c1::a9fe:a9ff", UniqueLocal),
    ("fd00:ec2::23", Metadata),
    ("fd00:ec2::24", UniqueLocal),
    ("fd00:ec2::254", Metadata),
    ("fd00:ec2::255", UniqueLocal),
    ("fd00:a9fe:a9fe::1", Metadata),
    ("fd00:a9fe:a9fe::2", UniqueLocal),
    ("fd20:ce::254", Metadata),
    ("fd20:ce::255", UniqueLocal),
    ("fe00::", Reserved),
    ("fe80::", LinkLocal), // RFC 4291 §2.5.6
    ("fe80::a9fe:a9fe", Metadata),
    ("fe80::a9fe:a9ff", LinkLocal),
    ("fec0::", SiteLocal), // RFC 3879
    ("ff00::", Multicast), // RFC 4291 §2.7
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The class by the tables above.
fn expected(address: IpAddr) -> AddressClass {
    let table = if address.is_ipv4() { FROM_V4 } else { FROM_V6 };
    table.iter().rev().find(|(first, _)| ip(first) <= address).unwrap().1
}

fn before(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits().checked_sub(1)?).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits().checked_sub(1)?).into(),
    })
}

#[test]
fn every_range_has_its_class_from_its_first_to_its_last_address() {
    for table in [FROM_V4, FROM_V6] {
        assert!(table.is_sorted_by_key(|row| ip(row.0)));
        for &(first, class) in table {
            assert_eq!(classify(ip(first)), class, "{first}");
            let Some(last_before) = before(ip(first)) else { continue };
            assert_eq!(
                classify(last_before),
                expected(last_before),
                "{last_before}, below {first}"
            );
        }
    }
    assert_eq!(classify(ip("255.255.255.255")), Reserved);
    assert_eq!(classify(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), Multicast);
}

#[test]
fn the_range_of_an_address_is_the_narrowest_that_gives_its_class() {
    // None where addresses are global.
    for (address, net) in [
        ("10.1.2.3", Some("10.0.0.0/8")),
        ("172.20.0.1", Some("172.16.0.0/12")),
        ("100.64.1.1", Some("100.64.0.0/10")),
        ("255.255.255.255", Some("240.0.0.0/4")),
        ("169.254.169.254", Some("169.254.0.0/16")),
        ("168.63.129.16", None),
        ("1.1.1.1", None),
        ("fd12::1", Some("fc00::/7")),
        ("::1", Some("::1/128")),
        ("::1.2.3.4", Some("::/96")),
        ("2001:2::1", Some("2001:2::/48")),
        ("2001:2:1::", Some("2001::/23")),
        ("2600::1", None),
        ("2600::5efe:102:304", Some("2600::5efe:0:0/96")),
        ("fe80::5efe:102:304", Some("fe80::/10")),
    ] {
        assert_eq!(range(ip(address)), net.map(|net| net.parse().unwrap()), "{address}");
    }
}

#[test]
fn every_embedded_ipv4_address_is_found() {
    for (address, inner) in [
        ("10.0.0.1", &[][..]),
        ("2600::a00:1", &[]),
        ("::1", &[]),
        ("::", &[]),
        ("fd00::a00:1", &[]),
        // Mapped, compatible, translated: the last 32 bits.
        ("::ffff:10.0.0.1", &["10.0.0.1"]),
        ("::ffff:a9fe:a9fe", &["169.254.169.254"]),
        ("::10.0.0.1", &["10.0.0.1"]),
        ("::7f00:1", &["127.0.0.1"]),
        ("::ffff:0:10.0.0.1", &["10.0.0.1"]),
        // NAT64, well known: /96.
        ("64:ff9b::10.0.0.1", &["10.0.0.1"]),
        ("64:ff9b::a9fe:a9fe", &["169.254.169.254"]),
        // NAT64, local use: 10.0.0.1 at /48, /56, /64 and /96 (RFC 6052 §2.2; octet 8 is zero).
        ("64:ff9b:1:a00:0:100::", &["10.0.0.1"]),
        ("64:ff9b:1:a:0:1::", &["10.0.0.1"]),
        ("64:ff9b:1::a:0:100:0", &["10.0.0.1", "1.0.0.0"]),
        ("64:ff9b:1::10.0.0.1", &["10.0.0.1"]),
        // 192.168.9.7 at the same places, behind a subnet of the site's own where there is room.
        ("64:ff9b:1:c0a8:9:700::", &["192.168.9.7", "168.9.7.0", "9.7.0.0"]),
        ("64:ff9b:1:abc0:a8:907::", &["192.168.9.7", "168.9.7.0"]),
        ("64:ff9b:1:abcd:c0:a809:700:0", &["192.168.9.7", "7.0.0.0"]),
        ("64:ff9b:1:abcd::192.168.9.7", &["192.168.9.7"]),
        ("64:ff9b:1::", &["0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0"]),
        // 6to4: behind its 16 bits. Teredo: the server, and the client inverted.
        ("2002:a00:1::", &["10.0.0.1"]),
        ("2002:a9fe:a9fe:1:2:3:4:5", &["169.254.169.254"]),
        ("2001:0:a00:1:0:0:3f57:fef8", &["10.0.0.1", "192.168.1.7"]),
        ("2001:0:4136:e378:8000:63bf:5601:5601", &["65.54.227.120", "169.254.169.254"]),
        // ISATAP, with the universal bit or without, under any prefix.
        ("2600::5efe:10.0.0.1", &["10.0.0.1"]),
        ("2600::200:5efe:10.0.0.1", &["10.0.0.1"]),
        ("fe80::5efe:10.0.0.1", &["10.0.0.1"]),
        ("fd00::200:5efe:10.0.0.1", &["10.0.0.1"]),
        ("2002:a00:1::5efe:10.0.0.2", &["10.0.0.1", "10.0.0.2"]),
        ("2600::400:5efe:10.0.0.1", &[]),
        ("2600::1:5efe:10.0.0.1", &[]),
        ("2600::5eff:10.0.0.1", &[]),
    ] {
        let mut found: Vec<String> =
            embedded(ip(address)).iter().map(Ipv4Addr::to_string).collect();
        let mut inner: Vec<&str> = inner.to_vec();
        found.sort();
        inner.sort_unstable();
        assert_eq!(found, inner, "{address}");
    }
}

#[test]
fn isatap_is_a_class_of_its_own_where_the_prefix_is_global() {
    assert_eq!(classify(ip("2600::5efe:102:304")), Isatap);
    assert_eq!(classify(ip("2600::200:5efe:102:304")), Isatap);
    assert_eq!(classify(ip("fd00::200:5efe:102:304")), UniqueLocal);
    assert_eq!(classify(ip("2600::400:5efe:102:304")), Global);
}

/// Every class that hides an IPv4 address, with the address at the place it is read from.
fn wrapped(ip: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(ip.to_bits());
    let under = |prefix: &str, shift: u32| {
        Ipv6Addr::from_bits(prefix.parse::<Ipv6Addr>().unwrap().to_bits() | bits << shift)
    };
    // At /48 and /56 the address stands on both sides of octet 8, which stays zero.
    let split = |left: u32| {
        Ipv6Addr::from_bits(
            (0x64_ff9b_0001 << 80)
                | (bits >> (32 - left) << 64)
                | ((bits << left & 0xffff_ffff) << 24),
        )
    };
    vec![
        under("::ffff:0:0", 0),
        under("::ffff:0:0:0", 0),
        under("64:ff9b::", 0),
        under("64:ff9b:1::", 0),
        under("64:ff9b:1::", 24),
        split(16),
        split(8),
        under("2002::", 80),
        under("2001::", 64),
        Ipv6Addr::from_bits(
            ("2001::".parse::<Ipv6Addr>().unwrap().to_bits()) | u128::from(!ip.to_bits()),
        ),
        under("2600::5efe:0:0", 0),
        under("2600::200:5efe:0:0", 0),
    ]
}

fn near_an_edge() -> impl Strategy<Value = IpAddr> {
    let edges: Vec<IpAddr> = FROM_V4.iter().chain(FROM_V6).map(|row| ip(row.0)).collect();
    (prop::sample::select(edges), -300i32..300).prop_map(|(edge, by)| match edge {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits().wrapping_add_signed(by)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits().wrapping_add_signed(by.into())).into(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_address_has_the_class_of_its_range(address in prop_oneof![any::<IpAddr>(), near_an_edge()]) {
        prop_assert!(classify(address) == expected(address) || classify(address) == Isatap);
    }

    #[test]
    fn what_std_calls_special_is_not_global(ip in prop_oneof![
        any::<Ipv4Addr>(),
        near_an_edge().prop_filter_map("IPv4", |ip| if let IpAddr::V4(ip) = ip { Some(ip) } else { None }),
    ]) {
        let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
            || ip.is_documentation() || ip.is_broadcast() || ip.is_unspecified();
        prop_assert!(!special || classify(ip.into()) != Global, "{ip}");
    }

    #[test]
    fn an_address_outside_global_lies_in_its_range_and_a_global_one_has_none(address in prop_oneof![any::<IpAddr>(), near_an_edge()]) {
        match range(address) {
            Some(net) => prop_assert!(net.contains(&address) && classify(address) != Global),
            None => prop_assert!(matches!(classify(address), Global | Metadata)),
        }
    }

    #[test]
    fn an_ipv4_address_is_found_in_every_wrapping(inner in prop_oneof![any::<Ipv4Addr>(), Just(Ipv4Addr::new(127, 0, 0, 1))]) {
        prop_assume!(inner.octets()[0] != 0);
        for outer in wrapped(inner) {
            prop_assert!(embedded(outer.into()).contains(&inner), "{inner} in {outer}");
            prop_assert!(classify(outer.into()) != Global, "{outer}");
        }
    }
}
