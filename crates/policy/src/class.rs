//! Address classes: what an address is for, and which address it may hide.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What an address is for. Every class but [`AddressClass::Global`] is denied by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Routed on the internet.
    Global,
    /// A cloud's metadata or credentials service.
    Metadata,
    /// "This host": `0.0.0.0/8`, `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918.
    Private,
    /// RFC 6598, carrier-grade NAT.
    Cgnat,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// RFC 4193, `fc00::/7`.
    UniqueLocal,
    /// RFC 3879, `fec0::/10`.
    SiteLocal,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// Set aside by IANA, or not allotted to anyone.
    Reserved,
    /// RFC 5737, RFC 3849, RFC 9637.
    Documentation,
    /// RFC 2544, RFC 5180.
    Benchmarking,
    /// RFC 6666, RFC 9780.
    Discard,
    /// `::ffff:0:0/96`: an IPv4 address in IPv6 clothes.
    Mapped,
    /// `::/96`, deprecated.
    Compatible,
    /// `::ffff:0:0:0/96` (RFC 2765).
    Translated,
    /// `64:ff9b::/96` (RFC 6052) and `64:ff9b:1::/48` (RFC 8215).
    Nat64,
    /// `2002::/16` (RFC 3056).
    SixToFour,
    /// `2001::/32` (RFC 4380).
    Teredo,
    /// An interface identifier of `0:5efe:a.b.c.d` (RFC 5214).
    Isatap,
}

impl AddressClass {
    /// The class of an address by itself; an address that it embeds has its own.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        classify(ip)
    }

    /// A stable label for logs and people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Metadata => "metadata",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Cgnat => "cgnat",
            Self::LinkLocal => "link-local",
            Self::UniqueLocal => "unique-local",
            Self::SiteLocal => "site-local",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Discard => "discard",
            Self::Mapped => "ipv4-mapped",
            Self::Compatible => "ipv4-compatible",
            Self::Translated => "ipv4-translated",
            Self::Nat64 => "nat64",
            Self::SixToFour => "6to4",
            Self::Teredo => "teredo",
            Self::Isatap => "isatap",
        }
    }
}

use AddressClass::{
    Benchmarking, Cgnat, Compatible, Discard, Documentation, LinkLocal, Loopback, Mapped,
    Multicast, Nat64, Private, Reserved, SiteLocal, SixToFour, Teredo, Translated, UniqueLocal,
    Unspecified,
};

const fn v4(a: u8, b: u8, c: u8, d: u8, len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), len)
}

const fn v6(head: [u16; 4], len: u8) -> Ipv6Net {
    let [a, b, c, d] = head;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), len)
}

/// IANA's IPv4 special-purpose registry, and what is deprecated or was never allotted.
const V4: &[(Ipv4Net, AddressClass)] = &[
    (v4(0, 0, 0, 0, 8), Unspecified),
    (v4(10, 0, 0, 0, 8), Private),
    (v4(100, 64, 0, 0, 10), Cgnat),
    (v4(127, 0, 0, 0, 8), Loopback),
    (v4(169, 254, 0, 0, 16), LinkLocal),
    (v4(172, 16, 0, 0, 12), Private),
    (v4(192, 0, 0, 0, 24), Reserved),
    (v4(192, 0, 2, 0, 24), Documentation),
    // The relays of 6to4, withdrawn by RFC 7526.
    (v4(192, 88, 99, 0, 24), Reserved),
    (v4(192, 168, 0, 0, 16), Private),
    (v4(198, 18, 0, 0, 15), Benchmarking),
    (v4(198, 51, 100, 0, 24), Documentation),
    (v4(203, 0, 113, 0, 24), Documentation),
    (v4(224, 0, 0, 0, 4), Multicast),
    (v4(240, 0, 0, 0, 4), Reserved),
];

/// IANA's IPv6 special-purpose registry, the narrower before the wider. What is left outside
/// `2000::/3` is reserved: IANA has allotted nothing there.
const V6: &[(Ipv6Net, AddressClass)] = &[
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), Unspecified),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Loopback),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), Mapped),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), Translated),
    (v6([0, 0, 0, 0], 96), Compatible),
    (v6([0x64, 0xff9b, 0, 0], 96), Nat64),
    (v6([0x64, 0xff9b, 1, 0], 48), Nat64),
    (v6([0x100, 0, 0, 0], 64), Discard),
    (v6([0x100, 0, 0, 1], 64), Discard),
    (v6([0x2001, 0, 0, 0], 32), Teredo),
    (v6([0x2001, 2, 0, 0], 48), Benchmarking),
    (v6([0x2001, 0xdb8, 0, 0], 32), Documentation),
    // IETF protocol assignments (RFC 2928): ORCHID, DRIP, anycast services; no package hosts.
    (v6([0x2001, 0, 0, 0], 23), Reserved),
    (v6([0x2002, 0, 0, 0], 16), SixToFour),
    (v6([0x3fff, 0, 0, 0], 20), Documentation),
    (v6([0x5f00, 0, 0, 0], 16), Reserved),
    (v6([0xfc00, 0, 0, 0], 7), UniqueLocal),
    (v6([0xfe80, 0, 0, 0], 10), LinkLocal),
    (v6([0xfec0, 0, 0, 0], 10), SiteLocal),
    (v6([0xff00, 0, 0, 0], 8), Multicast),
    (v6([0, 0, 0, 0], 3), Reserved),
    (v6([0x4000, 0, 0, 0], 2), Reserved),
    (v6([0x8000, 0, 0, 0], 2), Reserved),
    (v6([0xc000, 0, 0, 0], 3), Reserved),
    (v6([0xe000, 0, 0, 0], 3), Reserved),
];

/// Metadata and credential services of clouds, by their providers' documentation.
const METADATA_V4: &[Ipv4Addr] = &[
    Ipv4Addr::new(169, 254, 169, 254), // AWS, Google, Azure, Oracle, DigitalOcean, OpenStack, most others
    Ipv4Addr::new(169, 254, 170, 2),   // AWS ECS task credentials
    Ipv4Addr::new(169, 254, 170, 23),  // AWS EKS pod identity
    Ipv4Addr::new(169, 254, 169, 252), // GKE's metadata server, as it stands on a node
    Ipv4Addr::new(169, 254, 169, 250), // Rancher
    Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
    Ipv4Addr::new(169, 254, 0, 23),    // Tencent Cloud
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba Cloud
    Ipv4Addr::new(100, 96, 0, 96),     // Volcengine, BytePlus
    Ipv4Addr::new(168, 63, 129, 16),   // Azure WireServer: a public address
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle Cloud Classic
];

/// The same for IPv6.
const METADATA_V6: &[Ipv6Addr] = &[
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS EKS pod identity
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // Oracle
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),   // Scaleway
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1), // Akamai (Linode)
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // OpenStack
];

/// The class of an address, by itself: what it embeds is judged apart, see [`embedded`].
pub(crate) fn classify(ip: IpAddr) -> AddressClass {
    match ip {
        IpAddr::V4(ip) if METADATA_V4.contains(&ip) => AddressClass::Metadata,
        IpAddr::V6(ip) if METADATA_V6.contains(&ip) => AddressClass::Metadata,
        IpAddr::V4(ip) => row_v4(ip).map_or(AddressClass::Global, |row| row.1),
        IpAddr::V6(ip) => match row_v6(ip) {
            Some(row) => row.1,
            None if is_isatap(ip) => AddressClass::Isatap,
            None => AddressClass::Global,
        },
    }
}

/// The range that gives the address its class; none for global addresses.
pub(crate) fn range(ip: IpAddr) -> Option<IpNet> {
    match ip {
        IpAddr::V4(ip) => row_v4(ip).map(|row| row.0.into()),
        IpAddr::V6(ip) => row_v6(ip).map(|row| row.0.into()).or_else(|| {
            // ISATAP is known by its interface identifier, so its range is one identifier's.
            is_isatap(ip).then(|| Ipv6Net::new_assert(ip, 96).trunc().into())
        }),
    }
}

/// The narrowest range of a class denied by default that holds the whole network.
pub(crate) fn range_around(net: &IpNet) -> Option<IpNet> {
    let row = match net {
        IpNet::V4(net) => V4.iter().map(|row| row.0).find(|row| row.contains(net)).map(IpNet::V4),
        IpNet::V6(net) => V6.iter().map(|row| row.0).find(|row| row.contains(net)).map(IpNet::V6),
    };
    row.or_else(|| range(net.network()).filter(|range| range.contains(net)))
}

fn row_v4(ip: Ipv4Addr) -> Option<&'static (Ipv4Net, AddressClass)> {
    V4.iter().find(|(net, _)| net.contains(&ip))
}

fn row_v6(ip: Ipv6Addr) -> Option<&'static (Ipv6Net, AddressClass)> {
    V6.iter().find(|(net, _)| net.contains(&ip))
}

/// RFC 5214 §6.1; the universal/local bit may be set or not, and so may the group bit.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let octets = ip.octets();
    octets[8] & !0x03 == 0 && octets[9..12] == [0x00, 0x5e, 0xfe]
}

/// The IPv4 addresses that an IPv6 address embeds: a translator or tunnel on the way would
/// deliver to one of them, so each is judged as well.
pub(crate) fn embedded(ip: IpAddr) -> Vec<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return Vec::new() };
    let o = ip.octets();
    let at = |i: usize| Ipv4Addr::new(o[i], o[i + 1], o[i + 2], o[i + 3]);
    let mut found = match row_v6(ip).map(|row| row.1) {
        Some(Mapped | Compatible | Translated) => vec![at(12)],
        Some(Nat64) if o[4..6] == [0, 0] => vec![at(12)],
        Some(Nat64) => local_nat64(o),
        Some(SixToFour) => vec![at(2)],
        // The server, and the client behind its NAT, whose bits are inverted (RFC 4380 §4).
        Some(Teredo) => vec![at(4), Ipv4Addr::from_bits(!at(12).to_bits())],
        _ => Vec::new(),
    };
    if is_isatap(ip) {
        found.push(at(12));
    }
    found
}

/// RFC 8215 leaves the prefix length inside `64:ff9b:1::/48` to the site, so every place where
/// RFC 6052 §2.2 puts an address is read: an address there is followed by zeros only.
fn local_nat64(o: [u8; 16]) -> Vec<Ipv4Addr> {
    let places = [
        (Ipv4Addr::new(o[6], o[7], o[9], o[10]), 11),
        (Ipv4Addr::new(o[7], o[9], o[10], o[11]), 12),
        (Ipv4Addr::new(o[9], o[10], o[11], o[12]), 13),
        (Ipv4Addr::new(o[12], o[13], o[14], o[15]), 16),
    ];
    let fits = |&&(_, end): &&(Ipv4Addr, usize)| o[end..].iter().all(|&b| b == 0);
    let found: Vec<_> = places.iter().filter(fits).map(|place| place.0).collect();
    // A shorter prefix's address read at a longer prefix's place often begins with a zero octet.
    let likely: Vec<_> = found.iter().copied().filter(|ip| ip.octets()[0] != 0).collect();
    if likely.is_empty() { found } else { likely }
}

#[cfg(test)]
#[path = "class_tests.rs"]
mod tests;
