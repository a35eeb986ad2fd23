use super::*;

fn name(text: &str) -> HostName {
    HostName::parse(text.as_bytes()).expect("a name")
}

fn get(hosts: &Hosts, text: &str) -> Vec<String> {
    hosts.get(&name(text)).unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_has_the_addresses_of_all_its_lines_ipv6_first() {
    let hosts = Hosts::read(
        "\u{feff}10.0.0.1 host.test alias.test # 10.0.0.9 comment.test\n::1 host.test\n\n\
         10.0.0.2\tHOST.test.\r\n10.0.0.1 host.test\nnonsense x.test\nfe80::1%lo zone.test\n",
    );
    assert_eq!(get(&hosts, "host.test"), ["::1", "10.0.0.1", "10.0.0.2"]);
    assert_eq!(get(&hosts, "alias.test"), ["10.0.0.1"]);
    for absent in ["comment.test", "x.test", "test", "zone.test", "host.test.test"] {
        assert_eq!(hosts.get(&name(absent)), None, "{absent}");
    }
}

#[test]
fn what_is_given_stands_in_place_of_the_file() {
    let mut hosts = Hosts::read("10.0.0.1 host.test other.test none.test\n");
    let ips = |ips: &[&str]| ips.iter().map(|ip| ip.parse().expect("an address")).collect();
    hosts.replace(&[
        (name("host.test"), ips(&["192.0.2.1", "2001:db8::1", "192.0.2.1"])),
        (name("new.test"), ips(&["192.0.2.2"])),
        (name("none.test"), Vec::new()),
    ]);
    assert_eq!(get(&hosts, "host.test"), ["2001:db8::1", "192.0.2.1"]);
    assert_eq!(get(&hosts, "new.test"), ["192.0.2.2"]);
    for untouched in ["other.test", "none.test"] {
        assert_eq!(get(&hosts, untouched), ["10.0.0.1"], "{untouched}");
    }
}

/// The path is the system's, so the test takes what the system has.
#[test]
fn the_systems_file_is_read() {
    let hosts = Hosts::of_system().expect("read");
    let text = fs::read_to_string(PATH).unwrap_or_default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    for line in lines {
        let mut words = line.split_whitespace();
        let Some(ip) = words.next().and_then(|ip| ip.parse::<IpAddr>().ok()) else { continue };
        for word in words.filter(|word| HostName::parse(word.as_bytes()).is_ok()) {
            assert!(hosts.get(&name(word)).is_some_and(|have| have.contains(&ip)), "{word}");
        }
    }
}
