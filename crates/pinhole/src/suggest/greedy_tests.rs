use serde_json::json;

use crate::suggest::given::{authority, entries, hosts, line, not_allowed, suggested};
use crate::suggest::greedy::narrowest;

/// The entries for what was asked for and not allowed.
fn chosen(targets: &[String]) -> Vec<String> {
    entries(&suggested(&not_allowed(targets), None))
}

fn on(port: u16, hosts: &[String]) -> Vec<String> {
    hosts.iter().map(|host| format!("{host}:{port}")).collect()
}

#[test]
fn several_hosts_of_a_preset_are_the_preset() {
    let python = hosts("python");
    assert_eq!(chosen(&on(443, &python)), ["preset: python"]);
    // One of them is itself, and so is what the preset has on other ports alone.
    assert_eq!(chosen(&on(443, &python[..1])), [format!("host: {} ports: 443", python[0])]);
    let said = |targets: &[String]| suggested(&not_allowed(targets), None);
    assert!(said(&on(443, &python[..1])).contains("# Presets that have it: "));
    assert!(!said(&on(8443, &python[..1])).contains("# Presets that have it: "));
    let elsewhere = chosen(&on(8443, &python));
    assert_eq!(elsewhere.len(), 2, "{elsewhere:?}");
    assert!(elsewhere.iter().all(|entry| entry.starts_with("host: ")), "{elsewhere:?}");
    let ubuntu = hosts("ubuntu");
    assert_eq!(chosen(&on(80, &ubuntu)), ["preset: ubuntu"]);
    assert_eq!(chosen(&on(443, &ubuntu)).len(), ubuntu.len());
    // What of a host the preset does not cover stays.
    let mut both = on(443, &python);
    both.push(format!("{}:8443", python[0]));
    assert_eq!(
        chosen(&both),
        ["preset: python".to_owned(), format!("host: {} ports: 8443", python[0])]
    );
}

#[test]
fn the_preset_that_explains_most_comes_first_and_the_smaller_of_two() {
    // All of python is in this one, too.
    let core = hosts("skypilot-core");
    assert!(hosts("python").iter().all(|host| core.contains(host)));
    assert_eq!(chosen(&on(443, &core)), ["preset: skypilot-core"]);
    assert_eq!(chosen(&on(443, &hosts("python"))), ["preset: python"]);
    let mut all =
        [on(443, &hosts("npm")), on(443, &hosts("rust")), on(80, &hosts("debian"))].concat();
    all.push("a.test:443".to_owned());
    all.reverse();
    assert_eq!(
        chosen(&all),
        ["preset: debian", "preset: npm", "preset: rust", "host: a.test ports: 443"]
    );
    // What a larger one explains already is evidence for a smaller one, which explains the rest.
    let also = |preset: &str| hosts(preset).into_iter().find(|host| !core.contains(host)).unwrap();
    let all = [on(443, &core), vec![format!("{}:443", also("github"))]].concat();
    assert_eq!(chosen(&all), ["preset: github", "preset: skypilot-core"]);
}

#[test]
fn a_preset_with_parameters_is_filled_by_what_was_asked_for() {
    let region = |host: &String, region: &str| format!("{}:443", host.replace("{region}", region));
    let ssm = hosts("aws-ssm");
    let asked: Vec<String> = ssm[..2].iter().map(|host| region(host, "eu-west-3")).collect();
    assert_eq!(chosen(&asked), ["preset: aws-ssm region: \"eu-west-3\""]);
    // One host of each of two regions is no evidence for either.
    let asked = [region(&ssm[0], "eu-west-3"), region(&ssm[1], "us-east-1")];
    let found = chosen(&asked);
    assert!(found.iter().all(|entry| entry.starts_with("host: ")), "{found:?}");
    let text = suggested(&not_allowed(&asked), None);
    assert!(text.contains("# Presets that have it: aws-ssm (region eu-west-3)\n"), "{text}");
    let both: Vec<String> = ["us-east-1", "eu-west-3"]
        .iter()
        .flat_map(|r| ssm.iter().map(|host| region(host, r)))
        .collect();
    assert_eq!(
        chosen(&both),
        ["preset: aws-ssm region: \"eu-west-3\"", "preset: aws-ssm region: \"us-east-1\""]
    );
    // Whose bucket it is, no preset can know.
    let s3: Vec<String> = hosts("aws-s3")
        .iter()
        .map(|host| format!("{}:443", host.replace("{bucket}", "0123").replace("{region}", "r-1")))
        .collect();
    let text = suggested(&not_allowed(&s3), None);
    assert_eq!(entries(&text), ["preset: aws-s3 bucket: \"0123\" region: \"r-1\""]);
    assert!(text.contains("# REVIEW: a client chose the bucket 0123, region r-1"), "{text}");
}

#[test]
fn a_preset_of_addresses_is_one_to_review() {
    let log = ["1.1.1.1:443", "8.8.8.8:443"].map(|ip| line(ip, "literal_not_allowed", json!({})));
    let text = suggested(&log, None);
    assert_eq!(entries(&text), ["preset: skypilot-network-check"]);
    assert!(text.contains("# REVIEW: an address"), "{text}");
    assert_eq!(entries(&suggested(&log[..1], None)), ["network: 1.1.1.1/32 ports: 443"]);
}

#[test]
fn one_target_has_a_narrowest_preset() {
    let narrowest = |target: &str| narrowest(&authority(target)).map(|one| one.name);
    let python = &hosts("python")[0];
    assert_eq!(narrowest(&format!("{python}:443")), Some("python"));
    assert_eq!(narrowest(&format!("{python}:22")), None);
    assert_eq!(narrowest("a.test:443"), None);
    assert_eq!(narrowest("1.1.1.1:443"), Some("skypilot-network-check"));
    let ssm = hosts("aws-ssm")[0].replace("{region}", "eu-west-3");
    assert_eq!(narrowest(&format!("{ssm}:443")), Some("aws-ssm"));
}
