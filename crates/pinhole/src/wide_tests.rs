use policy::{Entry, HostGlob, HostPattern, List, Matcher, Overrides, Place, parse_network};

use super::{KNOWN, owned, serves_anyone, wide};
use crate::presets;

fn said(list: List, matcher: Matcher) -> Option<String> {
    let place = Place { client: None, list, index: 0 };
    wide(&Entry { place, matcher, ports: None, overrides: Overrides::default() })
}

#[test]
fn what_allows_more_than_it_seems_is_named() {
    let rows: &[(&str, &str)] = &[
        ("host a.github.io", ""),
        ("host *.a.github.io", ""),
        ("host *.example.com", ""),
        ("host *.github.io", "below `github.io`"),
        ("host *.CO.UK", "below `co.uk`"),
        ("host *.bank.co.uk", ""),
        ("host *.d111.cloudfront.net", ""),
        ("host *.cloudfront.net", "below `cloudfront.net`"),
        ("host *.s3.eu-west-3.amazonaws.com", "below `s3.eu-west-3.amazonaws.com`"),
        ("host *.eu-west-3.compute.amazonaws.com", "below `eu-west-3.compute.amazonaws.com`"),
        ("host *.bucket.s3.amazonaws.com", ""),
        ("host *.amazonaws.com", "below `s3.amazonaws.com`"),
        ("host *.googleapis.com", "below `storage.googleapis.com`"),
        ("host *.windows.net", "below `blob.core.windows.net`"),
        ("host s3.amazonaws.com", "it serves what anyone puts there"),
        ("host s3.eu-west-3.amazonaws.com", "it serves what anyone puts there"),
        ("host ec2.eu-west-3.amazonaws.com", ""),
        ("host dns.google", "DNS over HTTPS"),
        ("host my.duckdns.org", "`duckdns.org` is for dynamic DNS"),
        ("host duckdns.org", "`duckdns.org` is for dynamic DNS"),
        ("host notduckdns.org", ""),
        ("host *.duckdns.org", "`duckdns.org` is for dynamic DNS"),
        ("host *.my.duckdns.org", "`duckdns.org` is for dynamic DNS"),
        ("host x.eu.ngrok.io", "leads through tunnels"),
        ("host *.ngrok.io", "leads through tunnels"),
        ("host pastebin.com", "serves what anyone puts there, and takes"),
        ("host www.pastebin.com", "serves what anyone puts there, and takes"),
        ("host *.pastebin.com", "serves what anyone puts there, and takes"),
        ("host gist.github.com", "serves what anyone puts there, and takes"),
        ("host *.github.com", "`gist.github.com` serves what anyone"),
        ("host api.github.com", ""),
        ("host *.visualstudio.com", "leads through tunnels"),
        ("glob my-*.github.io", "below `github.io`"),
        ("glob ec2.*.amazonaws.com", ""),
        ("glob *.s3.*.amazonaws.com", "below `s3.*.amazonaws.com`"),
        ("glob my.s3.*.amazonaws.com", ""),
        ("glob x*.duckdns.org", "`duckdns.org` is for dynamic DNS"),
        ("glob x*.my.duckdns.org", "`duckdns.org` is for dynamic DNS"),
        ("glob x*.example.com", ""),
        ("network 0.0.0.0/0", "every global address to"),
        ("network ::/0", "every global address to"),
        ("network 128.0.0.0/1", "every global address in it"),
        ("network 2000::/3", "every global address in it"),
        ("network 11.0.0.0/8", ""),
        ("network 10.0.0.0/8", ""),
        ("network 224.0.0.0/4", ""),
        ("network fc00::/7", ""),
    ];
    for (entry, part) in rows {
        let (kind, text) = entry.split_once(' ').unwrap();
        let matcher = || match kind {
            "host" => Matcher::Host(HostPattern::parse(text).unwrap()),
            "glob" => Matcher::Host(HostPattern::Glob(HostGlob::parse(text).unwrap())),
            _ => Matcher::Network(parse_network(text).unwrap()),
        };
        let found = said(List::Allow, matcher()).unwrap_or_default();
        assert!(found.contains(part) && found.is_empty() == part.is_empty(), "{entry}: {found}");
        assert_eq!(said(List::Deny, matcher()), None, "{entry}");
    }
}

#[test]
fn a_domain_has_one_owner() {
    for (name, owner) in [
        ("a.b.example.com", "example.com"),
        ("example.com", "example.com"),
        ("com", "com"),
        ("a.b.co.uk", "b.co.uk"),
        ("co.uk", "co.uk"),
        ("a.me.github.io", "me.github.io"),
        ("a.bucket.s3.eu-west-3.amazonaws.com", "bucket.s3.eu-west-3.amazonaws.com"),
        ("a.eu-west-3.compute.amazonaws.com", "a.eu-west-3.compute.amazonaws.com"),
        ("ec2.eu-west-3.amazonaws.com", "amazonaws.com"),
        ("a.gist.github.com", "github.com"),
    ] {
        assert_eq!(owned(name), owner, "{name}");
    }
    let long = "a.".repeat(126) + "b";
    assert_eq!(owned(&long), "a.b");
}

#[test]
fn no_host_of_a_preset_is_anyones() {
    for preset in presets::names().filter_map(presets::find) {
        for row in preset.rows.iter().filter(|row| matches!(row.covers, presets::Covers::Hosts(_)))
        {
            let host = row.covers.to_string();
            assert_eq!(serves_anyone(&host), None, "{}", preset.name);
        }
    }
}

#[test]
fn no_preset_allows_more_than_it_seems() {
    for preset in presets::names().filter_map(presets::find) {
        let name = &preset.name;
        let example = |wanted: &str| {
            let mut parameters = preset.parameters.iter();
            parameters.find(|one| one.name == wanted).map(|one| one.example.as_str())
        };
        let filled = preset.fill(example).unwrap();
        assert_eq!(said(List::Allow, filled.hosts), None, "{name}");
        for (network, _) in filled.networks {
            assert_eq!(said(List::Allow, network), None, "{name}");
        }
    }
}

#[test]
fn what_is_listed_are_names_in_the_spelling_of_the_wire() {
    let shared = &*KNOWN;
    let suffixes = shared.suffixes.keys();
    for name in suffixes.chain(&shared.everyone).chain(&shared.doh) {
        let plain = name.replace('*', "x");
        let parsed = HostPattern::parse(&plain).unwrap();
        assert_eq!(parsed.to_string(), plain);
        assert!(name.split('.').filter(|label| label.contains('*')).count() < 2, "{name}");
        assert!(name.split('.').all(|label| label == "*" || !label.contains('*')), "{name}");
        assert!(name.split('.').count() <= 6, "{name}");
    }
}
