use policy::{Authority, Policy, Who};

use super::{Config, DEFAULT, parse};

/// The problems of a configuration, as `check` prints them.
fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_default_file_says_what_holds_without_it() {
    let written = Config { entries: Vec::new(), ..parse(DEFAULT).unwrap() };
    assert_eq!(format!("{written:?}"), format!("{:?}", Config::default()));
    assert_eq!(format!("{:?}", parse("").unwrap()), format!("{:?}", Config::default()));
}

#[test]
fn every_example_loads_and_no_file_takes_an_unknown_key() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/examples");
    // Sites are read by `emit`.
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let site = |path: &std::path::PathBuf| {
        path.file_name().unwrap().to_string_lossy().starts_with("site-")
    };
    let examples = paths
        .filter(|path| !site(path))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    let mut count = 0;
    for (name, text) in examples.chain([("default".to_owned(), DEFAULT.to_owned())]) {
        assert_eq!(problems(&text), [""; 0], "{name}");
        let planted = format!("{text}\nplanted: 1\n");
        assert!(problems(&planted)[0].contains("planted: unknown key"), "{name}");
        count += 1;
    }
    assert!(count > 1, "no example was found");
}

#[test]
fn every_section_refuses_unknown_keys_and_keys_that_stand_twice() {
    for section in ["tls", "timeouts", "limits", "dns"] {
        let found = problems(&format!("{section}: {{planted: 1}}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(&format!("{section}.planted: unknown key")), "{found:?}");
    }
    assert!(problems("allow: [{host: a.test, planted: 1}]")[0].contains("allow[0].planted"));
    assert!(problems("log: auto\nlog: json")[0].contains("stands twice"));
}

#[test]
fn all_problems_are_found_each_with_its_place() {
    let found = problems(
        "listen: 3128\nallow:\n  - host: '*'\n  - {host: a.test, ports: [443, 99999, x]}\n\
         deny: [{}]\ntimeouts: {idle: 5, header: 0s}\n",
    );
    let starts = [
        "1:9: listen: ",
        "3:11: allow[0].host: ",
        "4:33: allow[1].ports[1]: `99999`",
        "4:40: allow[1].ports[2]: `x`",
        "5:8: deny[0]: ",
        "6:18: timeouts.idle: write a time with its unit, such as 5s",
        "6:29: timeouts.header: ",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (problem, start) in found.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem} does not start with {start}");
    }
}

#[test]
fn values_are_read_as_they_are_meant() {
    let config = parse(
        "listen: ['127.0.0.1:1', '[::1]:2']\nadmin: off\nself: proxy.test:3128\n\
         timeouts: {idle: 1h 30m, drain: 500ms}\nlimits: {connections: 7}\n\
         dns: {servers: [10.0.0.1, '10.0.0.2:5353', 'fd00::1', '[fd00::2]:53']}\n\
         allow: [{host: a.test, ports: 8000-8100, idle: 2h}, {network: 10.0.0.0/8, ports: '443'}]",
    )
    .unwrap();
    assert_eq!(config.listen.len(), 2);
    assert_eq!(config.admin, None);
    assert_eq!(config.own.len(), 1);
    assert_eq!((config.timeouts.idle.as_secs(), config.drain.as_millis()), (5400, 500));
    assert_eq!((config.connections.connections, config.connections.per_client), (7, 2048));
    let servers: Vec<String> = config.dns.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["10.0.0.1:53", "10.0.0.2:5353", "[fd00::1]:53", "[fd00::2]:53"]);
    let policy = Policy::new(config.entries, config.own);
    let idle = |target| {
        let target = Authority::parse_target(target).unwrap();
        policy
            .decide(Who::OTHER, &target)
            .map(|grant| grant.overrides().idle.map(|idle| idle.as_secs()))
    };
    assert_eq!(idle("a.test:8050"), Ok(Some(7200)));
    assert_eq!(idle("10.1.2.3:443"), Ok(None));
    assert!(idle("a.test:443").is_err() && idle("10.1.2.3:80").is_err());
}

#[test]
fn the_sni_check_is_read() {
    let holds = |text: &str, target: &str| {
        let policy = parse(text).unwrap().policy();
        let grant = policy.decide(Who::OTHER, &Authority::parse_target(target).unwrap()).unwrap();
        let check = policy.sni_check(&grant);
        format!("{} {}: {}", check.mode.label(), check.ech.label(), check.why)
    };
    let text = "tls: {ports: [443, 8000-8100], sni: log, ech: refuse}\n\
        allow: [{host: a.test, ports: 1-65535}, {host: b.test, tls: off}, {preset: go, tls: enforce}]";
    assert_eq!(holds(text, "a.test:8050"), "log refuse: its port is one of tls.ports");
    assert_eq!(holds(text, "a.test:8101"), "off refuse: its port is none of tls.ports");
    assert_eq!(holds(text, "b.test:443"), "off refuse: allow[1] says so");
    assert_eq!(holds(text, "proxy.golang.org:443"), "enforce refuse: allow[2] says so");
    let usual = "allow: [{host: a.test}]";
    assert_eq!(holds(usual, "a.test:443"), "enforce allow: its port is one of tls.ports");
    assert_eq!(holds(usual, "a.test:80"), "off allow: its port is none of tls.ports");
}

#[test]
fn an_empty_or_missing_allowlist_allows_nothing() {
    for text in ["", "allow:", "allow: []", "deny: [{host: a.test}]"] {
        let config = parse(text).unwrap();
        assert!(Policy::new(config.entries, config.own).allows_nothing(), "{text}");
    }
}
