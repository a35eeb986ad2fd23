use super::{PRESETS, load, names, parse};

#[test]
fn every_preset_loads_and_says_why_and_whence() {
    for (name, text) in PRESETS {
        let preset = parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!preset.hosts.is_empty(), "{name} has no host");
        assert!(!preset.about.is_empty(), "{name} says not what it is for");
        for host in &preset.hosts {
            let gaps = [&host.why, &host.source].map(|text| text.trim().is_empty());
            assert_eq!(gaps, [false, false], "{name}: {}", host.pattern);
        }
        let mut patterns: Vec<String> =
            preset.hosts.iter().map(|h| h.pattern.to_string()).collect();
        patterns.sort();
        let all = patterns.len();
        patterns.dedup();
        assert_eq!(patterns.len(), all, "{name} lists a host twice");
    }
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/presets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let built_in: Vec<String> = names().map(|name| format!("{name}.yaml")).collect();
    assert_eq!(files, built_in);
}

#[test]
fn an_unknown_key_or_a_bad_host_is_an_error() {
    assert!(load("nosuch").is_none());
    let row = |row: &str| parse("x", &format!("about: x\nhosts: [{{why: x, source: x, {row}}}]"));
    assert!(row("host: a.test").is_ok());
    assert!(row("host: a.test, prots: [1]").is_err());
    assert!(row("host: '*.com'").is_err());
    assert!(row("host: a.test, ports: [0]").is_err());
}
