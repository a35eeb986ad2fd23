use super::*;

fn get(hosts: &HostsFile, name: &str) -> Vec<String> {
    let name = Name::from_ascii(name).expect("a name");
    hosts.get(&name).iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_has_the_addresses_of_all_its_lines_ipv6_first() {
    let file = "10.0.0.1 host.test alias.test # 10.0.0.9 comment.test\n::1 host.test\n\n10.0.0.2 HOST.test\nnonsense x.test\n";
    let hosts = HostsFile::read(file.as_bytes()).expect("read");
    assert_eq!(get(&hosts, "host.test."), ["::1", "10.0.0.1", "10.0.0.2"]);
    assert_eq!(get(&hosts, "alias.test."), ["10.0.0.1"]);
    for absent in ["comment.test.", "x.test.", "test.", "host.test.test."] {
        assert!(get(&hosts, absent).is_empty(), "{absent}");
    }
}

#[test]
fn what_is_not_text_is_an_error() {
    assert!(HostsFile::read(b"10.0.0.1 \xff\n".as_slice()).is_err());
}

/// The path is the system's, so the test takes what the system has.
#[test]
fn the_systems_file_is_read() {
    let hosts = HostsFile::of_system().expect("read");
    let text = std::fs::read_to_string(PATH).unwrap_or_default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    for line in lines {
        let mut words = line.split_whitespace();
        let Some(ip) = words.next().filter(|ip| ip.parse::<IpAddr>().is_ok()) else { continue };
        for name in words.filter(|name| name.is_ascii()) {
            assert!(get(&hosts, &format!("{name}.")).iter().any(|have| have == ip), "{name}");
        }
    }
}
