use super::*;

fn covers(own: &str, asked: &str) -> bool {
    let (host, port) = Authority::split(asked.as_bytes()).unwrap();
    OwnTarget::parse(own).unwrap().covers(&host, port)
}

#[test]
fn an_own_target_covers_its_host_on_its_port_or_on_all() {
    for (own, asked, covered) in [
        ("proxy.test", "proxy.test:3128", true),
        ("proxy.test", "PROXY.test.", true),
        ("proxy.test:3128", "proxy.test:3128", true),
        ("proxy.test:3128", "proxy.test", true),
        ("proxy.test:3128", "proxy.test:443", false),
        ("proxy.test", "a.proxy.test:3128", false),
        ("proxy.test", "xproxy.test:3128", false),
        ("10.0.0.5", "10.0.0.5:443", true),
        ("10.0.0.5:3128", "10.0.0.5:443", false),
        ("10.0.0.5", "10.0.0.6:443", false),
        ("fd00::5", "[fd00::5]:443", true),
        ("[fd00::5]", "[FD00:0::5]:443", true),
        ("[fd00::5]:3128", "[fd00::5]:3128", true),
        ("[fd00::5]:3128", "[fd00::5]:443", false),
    ] {
        assert_eq!(covers(own, asked), covered, "{own} {asked}");
    }
}

#[test]
fn it_prints_as_it_is_read() {
    for text in "proxy.test proxy.test:3128 10.0.0.5 10.0.0.5:3128 [fd00::5] [fd00::5]:3128"
        .split_whitespace()
    {
        assert_eq!(OwnTarget::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(OwnTarget::parse("Proxy.Test.:1").unwrap().to_string(), "proxy.test:1");
}

#[test]
fn what_names_no_proxy_is_refused_with_the_text() {
    for text in ":3128 proxy.test: proxy.test:0 proxy.test:+1 http://proxy.test:3128 *.proxy.test \
         10.0.0.0/8 127.1"
        .split_whitespace()
        .chain([""])
    {
        let said = OwnTarget::parse(text).unwrap_err().to_string();
        assert!(
            said.starts_with(&format!("`{text}`: ")) && said.contains("with or without `:port`"),
            "{said}"
        );
    }
}
