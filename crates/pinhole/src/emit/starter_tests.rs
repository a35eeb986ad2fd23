use ::emit::{Target, emit};

use super::super::cluster;
use super::super::site::parse;
use super::text;

#[test]
fn the_starter_is_a_whole_description() {
    let text = text(None);
    assert!(!text.contains(['\t']) && !text.contains("{api}") && !text.contains("{origin}"));
    let site = parse(&text).unwrap();
    assert_eq!(site.judge(), Default::default());
    assert!(emit(&site, Target::All).is_ok());
}

/// What stands there as a comment is right as well: each is put into force by itself.
#[test]
fn every_key_that_it_shows_is_one() {
    let text = text(None);
    let lines: Vec<&str> = text.lines().collect();
    let mut count = 0;
    for (i, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let Some(rest) = bare.strip_prefix("# ") else { continue };
        let key = rest.trim_start_matches("- ").split(':').next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        if key.is_empty() || !key.chars().all(plain) || !rest.contains(": ") || rest.ends_with('.')
        {
            continue;
        }
        let margin = " ".repeat(line.len() - bare.len());
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        changed[i] = format!("{margin}{rest}");
        // The same key is not set twice.
        changed
            .retain(|other| other == &changed_line(&margin, rest) || !stands(other, &margin, key));
        let problems = parse(&changed.join("\n")).err().unwrap_or_default();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said, [""; 0], "{line}");
        count += 1;
    }
    assert!(count > 30, "only {count} keys were tried");
}

fn changed_line(margin: &str, rest: &str) -> String {
    format!("{margin}{rest}")
}

fn stands(line: &str, margin: &str, key: &str) -> bool {
    line.strip_prefix(margin).is_some_and(|rest| rest.starts_with(&format!("{key}:")))
}

#[test]
fn the_section_parent_is_right_as_well() {
    let text = text(None);
    let (before, section) = text.split_once("# parent:\n").unwrap();
    let (section, after) = section.split_once("\n\n").unwrap();
    let lines = section.lines().map(|line| line.strip_prefix("# ").unwrap());
    let section = lines.collect::<Vec<_>>().join("\n");
    let text = format!("{before}parent:\n{section}\n\n{after}");
    let parent = parse(&text).unwrap().parent.unwrap();
    assert_eq!(parent.urls, ["http://proxy.corp.example:3128"]);
}

#[test]
fn what_a_cluster_tells_is_filled_in() {
    let listing = include_str!("../../../emit/tests/clusters/kubeadm.json");
    let text = text(Some(&cluster::read(listing).unwrap()));
    let site = parse(&text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    assert_eq!(site.judge().refusals, []);
    assert_eq!(site.cluster.api_server.cluster_ips.len(), 2);
    assert!(text.contains("--service-cluster-ip-range"), "{text}");
}
