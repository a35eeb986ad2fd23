use super::*;

fn shown(needs: &[Need]) -> Vec<String> {
    needs
        .iter()
        .map(|need| format!("{} {:?} {}", need.ask.target, need.ask.way, need.entry))
        .collect()
}

#[test]
fn a_configurations_targets_are_what_it_allows_by_name() {
    let config = "
listen: 0.0.0.0:3128
parent: {urls: [http://p.test:1], credentials_file: /nowhere/at-all}
allow:
  - host: a.test
  - {host: b.test, ports: [80, 443, 8443]}
  - {host: a.test, ports: 443}
  - host: '*.below.test'
  - network: 10.0.0.0/8
  - {network: 10.1.2.3/32, ports: 443}
  - {network: 9.9.9.9/32}
  - {host: c.test, ports: 1-65535, idle: 12h}
deny:
  - host: d.test
";
    let b = "{host: b.test, ports: [80, 443, 8443]}";
    let c = "{host: c.test, ports: \"1-65535\", idle: \"12h\"}";
    assert_eq!(
        shown(&of_config(config).unwrap()),
        [
            "a.test:443 Tls {host: a.test}".to_owned(),
            format!("b.test:80 Forward {b}"),
            format!("b.test:443 Tls {b}"),
            format!("b.test:8443 Tunnel {b}"),
            "10.1.2.3:443 Tunnel {network: \"10.1.2.3/32\", ports: 443}".to_owned(),
            "9.9.9.9:443 Tls {network: \"9.9.9.9/32\"}".to_owned(),
            format!("c.test:1 Tunnel {c}"),
            format!("c.test:2 Tunnel {c}"),
            format!("c.test:3 Tunnel {c}"),
            format!("c.test:4 Tunnel {c}"),
        ]
    );
    assert_eq!(shown(&of_config("listen: 0.0.0.0:3128").unwrap()), [""; 0]);
    assert!(of_config("allow: [{preset: no-such}]").unwrap_err().contains("unknown preset"));
    assert!(of_config("allow: [").unwrap_err().starts_with("not YAML"));
}

#[test]
fn every_preset_comes_to_targets_whose_entry_opens_them() {
    for name in presets::names() {
        let preset = presets::find(name).unwrap();
        let words = preset.parameters.iter().map(|one| format!(",{}={}", one.name, one.example));
        let text = format!("{name}{}", words.collect::<String>());
        let needs = super::preset(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(!needs.is_empty(), "{name}");
        for need in needs {
            let config = config::parse(&format!("allow:\n  - {}\n", need.entry)).unwrap();
            let decided = config.policy().decide(policy::Who::OTHER, &need.ask.target);
            assert!(decided.is_ok(), "{}: {}", need.entry, need.ask.target);
            assert!(
                need.why.starts_with(&format!("preset {name}: ")) || need.why.contains("address")
            );
        }
    }
    assert!(super::preset(DEFAULT).is_ok());
}

#[test]
fn a_presets_parameters_are_read_strictly() {
    for (text, part) in [
        ("no-such", "unknown preset"),
        ("skypilot-cor", "did you mean `skypilot-core`?"),
        ("aws-ssm", "region"),
        ("aws-ssm,region", "write parameters as"),
        ("aws-ssm,zone=a", "unknown parameter"),
        ("aws-ssm,region=a.b", "cannot stand in a host's name"),
        ("skypilot-core,region=a", "region"),
        ("", "unknown preset"),
        ("{host: x}", "unknown preset"),
    ] {
        let error = super::preset(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_typed_target_says_how_it_is_asked_for() {
    for (text, expected) in [
        ("a.test:443", "a.test:443 Tls {host: a.test}"),
        ("a.test:8443", "a.test:8443 Tunnel {host: a.test, ports: 8443}"),
        ("https://a.test:8443/x", "a.test:8443 Tls {host: a.test, ports: 8443}"),
        ("http://a.test/x", "a.test:80 Forward {host: a.test}"),
        ("a.test:80", "a.test:80 Tunnel {host: a.test}"),
        ("9.9.9.9:443", "9.9.9.9:443 Tls {network: \"9.9.9.9/32\"}"),
        ("[2001:db8::1]:22", "[2001:db8::1]:22 Tunnel {network: \"2001:db8::1/128\", ports: 22}"),
    ] {
        let need = target(text).unwrap();
        assert_eq!(shown(std::slice::from_ref(&need)), [expected]);
        let rules = config::parse(&format!("allow:\n  - {}\n", need.entry)).unwrap();
        // Addresses of documentation and the like take an entry of their class, which these are.
        assert!(rules.policy().decide(policy::Who::OTHER, &need.ask.target).is_ok(), "{text}");
    }
    for text in ["a.test", "", "ftp://a.test/", "a.test:0", "u@a.test:443"] {
        assert!(target(text).is_err(), "{text}");
    }
}

#[test]
fn flow_style_is_read_back_as_it_was() {
    for text in [
        "{host: a.test}",
        "{host: \"*.a.test\", ports: [443, \"8000-8100\"]}",
        "{a: \"true\", b: true, c: null, d: \"1\", e: 1, f: \"\", g: \"x: y\", h: \"- z\", i: \"#\"}",
    ] {
        let node = yaml::parse(text).unwrap();
        let written = flow(&node);
        assert_eq!(yaml::parse(&written).unwrap(), node, "{written}");
        assert_eq!(flow(&yaml::parse(&written).unwrap()), written);
    }
}
