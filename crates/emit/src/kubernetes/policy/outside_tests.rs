use std::net::IpAddr;

use ipnet::IpNet;
use policy::AddressClass;
use proptest::prelude::*;

use super::{METADATA, SPECIAL, WIDE, block, parsed, with_except};
use crate::kubernetes::reread::{list, text};

/// The `ipBlock`, read back.
fn read(map: &crate::tree::Map) -> (IpNet, Vec<IpNet>) {
    let value: serde_yaml::Value = serde_yaml::from_str(&map.document("")).unwrap();
    let net = |value: &serde_yaml::Value| text(value).parse::<IpNet>().unwrap();
    let block = &value["ipBlock"];
    (net(&block["cidr"]), list(&block["except"]).iter().map(net).collect())
}

fn opens((net, except): &(IpNet, Vec<IpNet>), ip: IpAddr) -> bool {
    net.contains(&ip) && !except.iter().any(|hole| hole.contains(&ip))
}

fn internet() -> Vec<(IpNet, Vec<IpNet>)> {
    parsed(&WIDE).map(|net| read(&block(&net))).collect()
}

/// The addresses on both sides of each end.
fn edges(net: &IpNet) -> Vec<IpAddr> {
    let step = |ip: IpAddr, by: i128| -> Option<IpAddr> {
        Some(match ip {
            IpAddr::V4(ip) => IpAddr::V4(u32::try_from(i128::from(ip.to_bits()) + by).ok()?.into()),
            IpAddr::V6(ip) => {
                let bits = ip.to_bits();
                IpAddr::V6(if by < 0 { bits.checked_sub(1)? } else { bits.checked_add(1)? }.into())
            }
        })
    };
    let (first, last) = (net.network(), net.broadcast());
    [Some(first), Some(last), step(first, -1), step(last, 1)].into_iter().flatten().collect()
}

#[test]
fn the_internet_is_what_the_proxy_takes_for_global() {
    let internet = internet();
    let nets = parsed(&SPECIAL).chain(parsed(&METADATA)).chain(parsed(&WIDE));
    let more =
        ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "fd00::1", "::1", "64:ff9b::808:808"];
    let ips = nets.flat_map(|net| edges(&net)).chain(more.map(|ip| ip.parse().unwrap()));
    for ip in ips {
        let open = internet.iter().any(|one| opens(one, ip));
        assert_eq!(open, AddressClass::of(ip) == AddressClass::Global, "{ip}");
    }
}

#[test]
fn metadata_services_are_those_that_the_proxy_knows() {
    for net in parsed(&METADATA) {
        assert_eq!(AddressClass::of(net.addr()), AddressClass::Metadata, "{net}");
    }
}

#[test]
fn a_block_leaves_out_what_it_must() {
    for (net, cidr, except) in [
        ("10.20.0.0/16", "10.20.0.0/16", vec![]),
        ("192.0.2.7/32", "192.0.2.7/32", vec![]),
        ("100.64.0.0/10", "100.64.0.0/10", vec!["100.100.100.200/32", "100.96.0.96/32"]),
        ("169.254.169.254/32", "169.254.169.254/32", vec![]),
        ("169.254.20.10/32", "169.254.20.10/32", vec![]),
        ("168.63.129.16/32", "168.63.129.16/32", vec![]),
        ("168.63.0.0/16", "168.63.0.0/16", vec!["168.63.129.16/32"]),
        ("10.0.0.0/7", "10.0.0.0/7", vec!["10.0.0.0/8"]),
        ("8.8.8.0/24", "8.8.8.0/24", vec![]),
        ("fd00:ec2::/32", "fd00:ec2::/32", vec!["fd00:ec2::23/128", "fd00:ec2::254/128"]),
        ("::/0", "2000::/3", vec!["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]),
        ("2001:db8:1::/48", "2001:db8:1::/48", vec![]),
    ] {
        let (found, holes) = read(&block(&net.parse().unwrap()));
        let holes: Vec<String> = holes.iter().map(IpNet::to_string).collect();
        assert_eq!(
            (found.to_string().as_str(), holes),
            (cidr, except.into_iter().map(str::to_owned).collect())
        );
    }
}

fn network() -> impl Strategy<Value = IpNet> {
    let four = (any::<u32>(), 0..=32u8)
        .prop_map(|(bits, length)| IpNet::new(IpAddr::V4(bits.into()), length).unwrap().trunc());
    let six = (any::<u128>(), 0..=128u8)
        .prop_map(|(bits, length)| IpNet::new(IpAddr::V6(bits.into()), length).unwrap().trunc());
    prop_oneof![four, six]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Kubernetes takes only holes that are smaller than the block and in it.
    #[test]
    fn holes_are_within(net in network(), holes in prop::collection::vec(network(), 0..6)) {
        let (cidr, except) = read(&with_except(&net, holes.iter().copied()));
        prop_assert_eq!(cidr, net);
        for (i, hole) in except.iter().enumerate() {
            prop_assert!(net.contains(hole) && hole.prefix_len() > net.prefix_len());
            prop_assert!(except.iter().enumerate().all(|(j, other)| i == j || !other.contains(hole)));
        }
        let wanted = holes.iter().filter(|hole| net.contains(*hole) && **hole != net);
        for hole in wanted {
            prop_assert!(except.iter().any(|kept| kept.contains(hole)), "{} is open", hole);
        }
    }

    #[test]
    fn a_block_opens_no_metadata_service(net in network()) {
        let opened = read(&block(&net));
        for one in parsed(&METADATA).filter(|one| *one != net) {
            prop_assert!(!opens(&opened, one.addr()), "{} in {}", one, net);
        }
    }

    #[test]
    fn the_internet_is_global(bits in any::<u32>(), wide in any::<u128>()) {
        let internet = internet();
        for ip in [IpAddr::V4(bits.into()), IpAddr::V6((wide >> 3 | 1 << 125).into())] {
            let open = internet.iter().any(|one| opens(one, ip));
            let class = AddressClass::of(ip);
            // An interface identifier is in no block of addresses.
            let global = matches!(class, AddressClass::Global | AddressClass::Isatap);
            prop_assert_eq!(open, global, "{} {:?}", ip, class);
        }
    }
}
