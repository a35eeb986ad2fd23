use std::collections::BTreeSet;

use policy::Host;

use super::*;
use crate::suggest::given::{authority, hosts};

fn name(host: &str) -> HostName {
    HostName::parse(host.as_bytes()).unwrap()
}

fn told(host: &str) -> Vec<String> {
    let shown = |one: &Candidate| {
        let values: Vec<String> =
            one.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", one.name, values.join(" "))
    };
    told_by(&name(host)).iter().map(shown).collect()
}

#[test]
fn a_host_tells_the_values_of_a_presets_parameters() {
    let filled = |preset: &str, row: usize, values: &[(&str, &str)]| {
        let mut host = hosts(preset)[row].clone();
        for (name, value) in values {
            host = host.replace(&format!("{{{name}}}"), value);
        }
        host
    };
    let region = filled("aws-ssm", 0, &[("region", "eu-west-3")]);
    assert_eq!(told(&region), ["aws-ssm region=eu-west-3"]);
    let bucket = [("bucket", "data-1"), ("region", "eu-west-3")];
    assert_eq!(told(&filled("aws-s3", 0, &bucket)), ["aws-s3 bucket=data-1 region=eu-west-3"]);
    // This one says nothing of the region.
    assert_eq!(told(&filled("aws-s3", 1, &bucket)), [""; 0]);
    let account = [("account", "123456789012"), ("region", "us-east-1")];
    assert_eq!(
        told(&filled("aws-ecr", 0, &account)),
        ["aws-ecr account=123456789012 region=us-east-1"]
    );
    // The same parameter twice, with one value and with two.
    let twice = &hosts("kubernetes-registry-aws")[0];
    assert_eq!(told(&twice.replace("{region}", "r-1")), ["kubernetes-registry-aws region=r-1"]);
    let other = twice.replacen("{region}", "r-1", 1).replace("{region}", "r-2");
    assert!(told(&other).iter().all(|one| !one.starts_with("kubernetes-registry-aws")), "{other}");
    // A value is a part of one label.
    assert_eq!(told(&filled("aws-ssm", 0, &[("region", "a.b")])), [""; 0]);
    assert_eq!(told(&filled("aws-ssm", 0, &[("region", "-a")])), [""; 0]);
    assert_eq!(told("a.test"), [""; 0]);
    for preset in crate::presets::names().filter_map(crate::presets::find) {
        for row in &preset.rows {
            let Covers::Hosts(template) = &row.covers else { continue };
            let example = |wanted: &str| {
                let mut parameters = preset.parameters.iter();
                parameters.find(|one| one.name == wanted).map(|one| one.example.as_str())
            };
            let host = template.fill(example).unwrap().to_string();
            let values: BTreeSet<_> = template.values(&host).expect("itself").into_iter().collect();
            let expected: BTreeSet<_> =
                template.parameters().map(|name| (name, example(name).unwrap())).collect();
            assert_eq!(values, expected, "{host}");
        }
    }
}

#[test]
fn presets_cover_their_hosts_on_their_ports() {
    let debian = plain().iter().find(|one| one.name == "debian").unwrap();
    let ubuntu = plain().iter().find(|one| one.name == "ubuntu").unwrap();
    let host = |preset: &str| Host::Name(name(&hosts(preset)[0]));
    let rows = [
        (debian, host("debian"), 443, true),
        (debian, host("debian"), 80, true),
        (debian, host("debian"), 8080, false),
        (ubuntu, host("ubuntu"), 80, true),
        (ubuntu, host("ubuntu"), 443, false),
        (ubuntu, host("debian"), 80, false),
    ];
    for (preset, host, port, covers) in rows {
        assert_eq!(preset.covers(&host, port), covers, "{} {port}", preset.name);
    }
    let check = plain().iter().find(|one| one.name == "skypilot-network-check").unwrap();
    assert!(check.covers(authority("1.1.1.1:443").host(), 443));
    assert!(!check.covers(authority("1.1.1.2:443").host(), 443));
    assert!(having(&name(&hosts("python")[0])).any(|preset| preset.name == "python"));
    assert!(having(&name("a.test")).next().is_none());
}
