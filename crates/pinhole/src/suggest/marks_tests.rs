use super::*;
use crate::suggest::given::hosts;

fn marks(host: &str) -> String {
    of_host(&HostName::parse(host.as_bytes()).unwrap()).join("; ")
}

#[test]
fn what_lists_and_labels_tell() {
    let long = "a".repeat(41);
    let many = "ab.".repeat(34) + "test";
    let rows: &[(&str, &str)] = &[
        ("a.test", ""),
        ("registry.example", ""),
        ("www.site.co.uk", ""),
        ("my-very-long-but-plain-service-name.site.test", ""),
        ("kubernetes-registry-us-west1.site.test", ""),
        ("ip-10-20-30-40.site.test", ""),
        ("build-2026-09-01-nightly.site.test", ""),
        ("dns.google", "DNS over HTTPS"),
        ("storage.googleapis.com", "serves what anyone puts there"),
        ("my.duckdns.org", "dynamic DNS"),
        ("pastebin.com", "takes what anyone sends"),
        ("webhook.site", "takes what anyone sends"),
        ("x.ngrok.io", "tunnels"),
        ("me.github.io", "anyone can get a name below `github.io`"),
        ("data.s3.eu-west-3.amazonaws.com", "anyone can get a name below `s3.eu-west-3"),
        ("xn--e1afmkfd.test", "`xn--e1afmkfd` stands for letters beyond ASCII"),
        ("a.xn--e1afmkfd", "letters beyond ASCII"),
        (&format!("{long}.test"), "a label of 41 characters"),
        (&many, "a name of 106 characters"),
        ("f3a9c1e7b5d2f8a6c4e0.test", "looks random"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301.test", "looks random"),
        ("mfrggzdfmztwq2lknnwg23tpob.test", "looks random"),
        ("qxzvbkdfghjklmnp.test", "looks random"),
        ("aaaaaaaaaaaaaaaaaaaa.test", ""),
    ];
    for (host, part) in rows {
        let found = marks(host);
        assert!(found.contains(part) && found.is_empty() == part.is_empty(), "{host}: {found}");
    }
}

#[test]
fn what_looks_like_a_presets_host_is_named() {
    // The longest is the one with the most room for slips.
    let own = hosts("python").into_iter().max_by_key(String::len).unwrap();
    let (first, domain) = own.split_once('.').unwrap();
    let (second, top) = domain.split_once('.').unwrap();
    let without = |at: usize| format!("{}{}", &second[..at], &second[at + 1..]);
    let swapped = format!("{}{}{}", &second[..1], &second[2..3], &second[1..2]) + &second[3..];
    let looks = [
        (format!("{own}.evil.test"), "holds the name of"),
        (format!("x.{own}.evil.test"), "holds the name of"),
        (format!("{}.evil.test", own.replace('.', "-")), "holds the name of"),
        (format!("{first}-{domain}"), "holds the name of"),
        (format!("x-{domain}"), "holds the name of"),
        (format!("x.{}.{top}", second.replace('o', "0")), "can be read as"),
        (format!("{first}.{}.{top}", second.replace('o', "0")), "can be read as"),
        (format!("{first}.{}.{top}", without(2)), "is spelled almost as"),
        (format!("x.{}.{top}", without(4)), "is spelled almost as"),
        (format!("{first}.{second}s.{top}"), "is spelled almost as"),
        (format!("{first}.{swapped}.{top}"), "is spelled almost as"),
        (format!("{first}{second}.{top}"), "is spelled almost as"),
    ];
    for (host, part) in looks {
        let found = marks(&host);
        assert!(found.contains(part) && found.contains("has another owner"), "{host}: {found}");
    }
    let others = [
        own.clone(),
        format!("other.{domain}"),
        format!("a.b.{domain}"),
        domain.to_owned(),
        format!("{first}.site.test"),
        format!("{second}.test"),
    ];
    for host in others {
        assert_eq!(marks(&host), "", "{host}");
    }
}

/// No preset's host looks like another's: they are reviewed, and stand in no list.
#[test]
fn hosts_of_presets_have_no_marks() {
    for (host, preset) in known::hosts() {
        assert_eq!(marks(host.as_str()), "", "{}", preset.name);
    }
    // Nor would most, if they were no preset's: short names are not like every other.
    let alike: Vec<_> =
        known::hosts().filter(|(host, _)| looks::like(host.as_str()).is_some()).collect();
    assert!(alike.is_empty(), "{alike:?}");
}

#[test]
fn addresses_and_many_ports_are_marked() {
    assert!(of_address("1.1.1.1".parse().unwrap()).contains("names nobody"));
    assert!(of_address("10.0.0.1".parse().unwrap()).contains("class private"));
    assert_eq!(of_ports(&(1..=8).collect()), None);
    assert!(of_ports(&(1..=9).collect()).unwrap().contains("9 ports"));
}

/// Names of the longest kind take no more time than others, relative to their length.
#[test]
fn hostile_names_are_read_to_their_end() {
    for name in ["a.".repeat(126) + "b", "a-".repeat(31) + "b.test", "a".repeat(63) + ".test"] {
        assert!(marks(&name).contains("data can leave"), "{name}");
    }
}
