//! The dialect against a slow and plain reading of its table.

use proptest::prelude::*;

use super::*;

/// A list entry, taken apart.
#[derive(Clone, Debug)]
struct Plain {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum What {
    Everything,
    Name(Vec<String>, Written),
    Block(IpAddr, u8, bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Written {
    Bare,
    Dotted,
    Below,
}

impl Plain {
    fn text(&self) -> String {
        let port = self.port.map_or(String::new(), |port| format!(":{port}"));
        match &self.what {
            What::Everything => format!("*{port}"),
            What::Name(labels, written) => {
                let front = match written {
                    Written::Bare => "",
                    Written::Dotted => ".",
                    Written::Below => "*.",
                };
                format!("{front}{}{port}", labels.join("."))
            }
            What::Block(ip, bits, brackets) => {
                let ip = if *brackets { format!("[{ip}]") } else { ip.to_string() };
                format!("{ip}/{bits}")
            }
        }
    }

    fn covers(&self, host: &Host, port: u16) -> bool {
        if self.port.is_some_and(|only| only != port) {
            return false;
        }
        match (&self.what, host) {
            (What::Everything, _) => true,
            (What::Name(labels, written), Host::Name(name)) => {
                let name: Vec<_> = name.as_str().split('.').collect();
                let longer = name.len().checked_sub(labels.len());
                longer.is_some_and(|more| {
                    name[more..] == labels[..] && (more > 0 || *written != Written::Below)
                })
            }
            (What::Block(base, bits, _), Host::Ip(ip)) => {
                let same = |a: IpAddr, b: IpAddr| {
                    bytes(a).len() == bytes(b).len()
                        && (0..usize::from(*bits)).all(|at| bit(a, at) == bit(b, at))
                };
                same(*base, *ip) || same(*base, ip.to_canonical())
            }
            _ => false,
        }
    }
}

fn bytes(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn bit(ip: IpAddr, at: usize) -> u8 {
    bytes(ip)[at / 8] >> (7 - at % 8) & 1
}

fn labels() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ab]{1,2}", 1..4)
}

/// Few addresses, so that blocks hold them often; no mapped ones in entries, which are tabled.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..8).prop_map(|low| IpAddr::V4((0x0a00_0000 | low << 29 | low).into())),
        (0_u128..8).prop_map(|low| IpAddr::V6((0xfd00_u128 << 112 | low << 64 | low).into())),
    ]
}

fn entry() -> impl Strategy<Value = Plain> {
    let written = prop_oneof![Just(Written::Bare), Just(Written::Dotted), Just(Written::Below)];
    let port = prop::option::weighted(0.3, 80_u16..83);
    let named = (labels(), written, port.clone())
        .prop_map(|(labels, written, port)| Plain { what: What::Name(labels, written), port });
    let block = (address(), 0_u8..=32, any::<bool>()).prop_map(|(ip, bits, brackets)| {
        let brackets = brackets && ip.is_ipv6();
        Plain { what: What::Block(ip, bits, brackets), port: None }
    });
    let everything = port.prop_map(|port| Plain { what: What::Everything, port });
    prop_oneof![10 => named, 10 => block, 1 => everything]
}

fn target() -> impl Strategy<Value = Authority> {
    let host = prop_oneof![
        labels().prop_map(|labels| labels.join(".")),
        address().prop_map(|ip| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        }),
        (0_u32..8).prop_map(|low| {
            let ip = std::net::Ipv4Addr::from(0x0a00_0000 | low << 29 | low);
            format!("[::ffff:{ip}]")
        }),
    ];
    (host, 80_u16..83)
        .prop_map(|(host, port)| Authority::parse(format!("{host}:{port}").as_bytes()).unwrap())
}

proptest! {
    #[test]
    fn it_reads_as_the_table_says(
        entries in prop::collection::vec(entry(), 0..6),
        target in target(),
        separator in "[, \n]{1,3}",
        upper in any::<bool>(),
    ) {
        let texts: Vec<_> = entries.iter().map(Plain::text).collect();
        let mut value = texts.join(&separator);
        if upper {
            value = value.to_uppercase();
        }
        let (list, problems) = NoProxy::parse(&value);
        prop_assert!(problems.iter().all(Problem::kept), "{problems:?}");
        prop_assert_eq!(list.entries().len(), entries.len());
        let first = entries.iter().position(|entry| entry.covers(target.host(), target.port()));
        let found = list.exempts(&target, &[]).map(ToString::to_string);
        let meant = first.map(|at| list.entries()[at].to_string());
        prop_assert_eq!(found, meant, "{} {}", value, target);
    }

    #[test]
    fn nothing_makes_it_panic(value in "\\PC{0,40}", target in target()) {
        let (list, _) = NoProxy::parse(&value);
        let _ = list.exempts(&target, &[]);
    }
}
