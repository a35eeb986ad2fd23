use std::fmt::Write as _;

use crate::config::{DEFAULT, parse};
use crate::presets;

fn warnings(text: &str) -> Vec<String> {
    parse(text).unwrap().warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn each_doubt_has_its_place_and_names_the_other_rule() {
    let text = "\
allow:
  - host: a.test
  - ports: 443
    host: a.test
  - {network: 0.0.0.0/0, idle: 1h}
  - glob: x*.b.test
  - preset: go
deny:
  - host: '*.b.test'
  - host: c.b.test
";
    let starts = [
        "4:11: allow[1].host: this entry changes nothing: allow[0] (host a.test) is the same",
        "5:15: allow[2].network: `0.0.0.0/0` allows more than it seems",
        "6:11: allow[3].glob: this entry allows nothing: deny[0] (host *.b.test) denies all of it",
        "10:11: deny[1].host: this entry changes nothing: deny[0] (host *.b.test) covers all of it",
    ];
    let found = warnings(text);
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found} is not {start}");
    }
}

#[test]
fn a_preset_is_another_with_other_parameters() {
    let entry = |region: &str| format!("  - {{preset: aws-ssm, region: {region}}}\n");
    let (one, other) = (entry("us-east-1"), entry("eu-central-1"));
    assert_eq!(warnings(&format!("allow:\n{one}{other}")), [""; 0]);
    let twice = warnings(&format!("allow:\n{one}{other}{one}"));
    assert!(twice.len() == 1 && twice[0].starts_with("4:"), "{twice:?}");
}

#[test]
fn what_is_shipped_gives_no_doubt() {
    assert_eq!(warnings(DEFAULT), [""; 0]);
    for preset in presets::names().filter_map(presets::find) {
        let mut entry = format!("preset: {}", preset.name);
        for parameter in &preset.parameters {
            write!(entry, ", {}: \"{}\"", parameter.name, parameter.example).unwrap();
        }
        assert_eq!(warnings(&format!("allow: [{{{entry}}}]")), [""; 0], "{entry}");
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("site-") {
            continue;
        }
        assert_eq!(warnings(&std::fs::read_to_string(&path).unwrap()), [""; 0], "{path:?}");
    }
}

/// Each of them at its own place, and no more than anyone reads.
#[test]
fn thousands_of_doubts_are_counted() {
    let mut text = "allow:\n".to_owned();
    for i in 0..3_000 {
        writeln!(text, "  - host: h{}.test", i / 2).unwrap();
    }
    let found = warnings(&text);
    assert_eq!(found.len(), 1_001);
    assert!(found[999].starts_with("2001:11: allow[1999].host: "), "{}", found[999]);
    assert!(found[1_000].starts_with("500 more entries"), "{}", found[1_000]);
}
