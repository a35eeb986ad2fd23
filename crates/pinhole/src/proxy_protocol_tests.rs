use crate::config::parse;

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn networks_are_read_one_or_several() {
    for (text, networks) in [
        ("", &[][..]),
        ("proxy_protocol:", &[]),
        ("proxy_protocol: {from: }", &[]),
        ("proxy_protocol: {from: 10.0.0.7}", &["10.0.0.7/32"]),
        ("proxy_protocol: {from: [10.0.0.0/8, 'fd00::/8']}", &["10.0.0.0/8", "fd00::/8"]),
    ] {
        let config = parse(text).unwrap();
        let read: Vec<String> =
            config.proxy_protocol.from.iter().map(ToString::to_string).collect();
        assert_eq!(read, networks, "{text}");
        assert!(config.warnings.is_empty(), "{text}");
    }
}

#[test]
fn what_is_no_network_or_would_hold_nobody_is_refused() {
    for (value, starts) in [
        ("x", "1:24: proxy_protocol.from: `x` is not a network"),
        ("[10.0.0.1/8]", "1:25: proxy_protocol.from[0]: `10.0.0.1/8` has bits behind its prefix"),
        (
            "'::ffff:10.0.0.0/104'",
            "1:24: proxy_protocol.from: write the IPv4 network, `10.0.0.0/8`",
        ),
        ("'::ffff:10.0.0.1'", "1:24: proxy_protocol.from: write the IPv4 network, `10.0.0.1/32`"),
        ("7", "1:24: proxy_protocol.from: a number where text belongs"),
    ] {
        let found = problems(&format!("proxy_protocol: {{from: {value}}}"));
        assert!(found.len() == 1 && found[0].starts_with(starts), "{found:?}, not {starts}");
    }
}

#[test]
fn to_trust_everybody_is_doubtful() {
    for value in ["0.0.0.0/0", "'::/0'"] {
        let config = parse(&format!("proxy_protocol: {{from: [{value}]}}")).unwrap();
        assert_eq!(config.warnings.len(), 1);
        assert!(config.warnings[0].to_string().contains("everybody"), "{value}");
    }
}
