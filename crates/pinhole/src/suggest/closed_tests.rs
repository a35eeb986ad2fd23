use super::closed;

#[test]
fn some_addresses_are_never_suggested() {
    let rows = [
        ("192.0.0.8", "reserved"),
        ("192.0.2.1", "documentation"),
        ("0.0.0.0", "unspecified"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("169.254.1.1", "link-local"),
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("198.18.0.1", "benchmarking"),
        ("203.0.113.1", "documentation"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("fd00:ec2::254", "metadata"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "documentation"),
        ("100::1", "discard"),
        ("4000::1", "reserved"),
        ("::ffff:10.0.0.1", "ipv4-mapped"),
        ("::ffff:1.1.1.1", "ipv4-mapped"),
        ("64:ff9b::a9fe:a9fe", "nat64"),
        ("2002:7f00:1::", "6to4"),
        ("2001:0:1::", "teredo"),
        ("2600::5efe:10.0.0.1", "isatap"),
        // Unique-local itself, and a way to 127.0.0.1.
        ("fd00::5efe:127.0.0.1", "holds another address"),
        ("10.0.0.1", ""),
        ("172.16.0.1", ""),
        ("192.168.255.255", ""),
        ("100.64.0.1", ""),
        ("fd00::1", ""),
        ("1.1.1.1", ""),
        ("2600::1", ""),
    ];
    for (ip, part) in rows {
        let why = closed(ip.parse().unwrap(), 443).unwrap_or_default();
        assert!(why.contains(part) && why.is_empty() == part.is_empty(), "{ip}: {why}");
    }
}
