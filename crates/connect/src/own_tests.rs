use super::*;

fn local(ip: &str) -> bool {
    is_local(ip.parse().expect("an address"))
}

#[test]
fn every_way_to_write_this_machine_is_local() {
    for ip in [
        "127.0.0.1",
        "127.255.1.2",
        "::1",
        "0.0.0.0",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "::ffff:0.0.0.0",
    ] {
        assert!(local(ip), "{ip}");
    }
}

/// Addresses of the documentation ranges (RFC 5737, RFC 3849), which are nobody's.
#[test]
fn what_is_elsewhere_is_not_local() {
    for ip in ["198.51.100.1", "203.0.113.7", "2001:db8::1", "::ffff:198.51.100.1"] {
        assert!(!local(ip), "{ip}");
    }
}

/// The address that a route to elsewhere starts from. No packet is sent.
#[test]
fn the_machines_other_addresses_are_local() {
    for (from, to) in [("0.0.0.0:0", "198.51.100.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let Ok(socket) = UdpSocket::bind(from) else { continue };
        if socket.connect(to).is_err() {
            continue;
        }
        let ip = socket.local_addr().expect("bound").ip();
        assert!(is_local(ip), "{ip}");
        if let IpAddr::V4(v4) = ip {
            assert!(is_local(IpAddr::V6(v4.to_ipv6_mapped())), "mapped {v4}");
        }
    }
}
