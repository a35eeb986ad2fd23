use connect::{Connector, DnsOptions};
use policy::Policy;

use super::{Planned, Planner};
use crate::config::{Config, parse};
use crate::environment::{Named, Variables};
use crate::parent::Section;

/// What comes of a configuration, or of variables, for a proxy that listens on port 3128.
fn planned(text: &str, variables: Variables) -> Result<Planned, String> {
    let config: Config = parse(text).unwrap();
    let dns = DnsOptions { servers: vec![([127, 0, 0, 1], 53).into()], ..config.dns.clone() };
    let connector = Connector::new(&dns, config.dial_options(vec![3128])).unwrap();
    let policy = Policy::new(Vec::new(), config.own.clone());
    let planner = Planner { config: &config, connector: &connector, policy: &policy };
    match &config.parent {
        Section::Listed(listed) => planner.by_list(listed),
        _ => planner.by_variables(variables),
    }
    .map_err(|error| format!("{error:#}"))
}

fn named(variable: &'static str, url: &str) -> Option<Named> {
    let (url, credentials) = connect::ParentUrl::parse_variable(url).unwrap();
    Some(Named { variable, url, credentials })
}

#[test]
fn the_notes_say_which_way_targets_go() {
    let none = Variables::default;
    let notes = |text: &str, variables| planned(text, variables).unwrap().notes.join("; ");
    assert_eq!(notes("", none()), "");
    let said = notes("parent: {urls: [http://a.test:1, https://b.test:2]}", none());
    assert!(said.starts_with(
        "targets are reached by the parent http://a.test:1, else by https://b.test:2; the parent \
         resolves names"
    ));
    let text = "parent: {urls: http://a.test:1, resolve: local, no_proxy: '10.0.0.0/8,b.test'}";
    let said = notes(text, none());
    assert!(said.contains("resolved and judged here"), "{said}");
    assert!(said.ends_with("no_proxy exempts from the parent: 10.0.0.0/8, b.test"), "{said}");
    let tunnels = named("https_proxy", "http://user:secret@a.test:1");
    let said = notes("", Variables { tunnels, ..none() });
    assert!(said.starts_with(
        "tunnels go by the parent http://a.test:1 (https_proxy of the environment); plain HTTP \
         goes directly; the parent resolves names"
    ));
    assert!(!said.contains("secret"), "{said}");
}

/// What a shell sets for its clients may be this very proxy.
#[test]
fn this_proxy_itself_is_no_parent() {
    for own in ["http://127.0.0.1:3128", "http://localhost:3128", "https://[::1]:3128"] {
        let said = planned(&format!("parent: {{urls: '{own}'}}"), Variables::default());
        assert_eq!(said.unwrap_err(), format!("parent.urls[0]: {own} is this proxy itself"));
        let tunnels = named("HTTPS_PROXY", &own.replace("//", "//user:secret@"));
        let planned = planned("", Variables { tunnels, ..Variables::default() }).unwrap();
        assert!(planned.routes.tunnels.is_none());
        assert_eq!(planned.notes, ["targets are reached directly"]);
        let [warning] = &planned.warnings[..] else { panic!("{planned:?}") };
        assert!(warning.starts_with("HTTPS_PROXY of the environment names this proxy itself"));
        assert!(!warning.contains("secret"), "{warning}");
    }
    let by_name = "self: proxy.test\nparent: {urls: 'http://proxy.test:8080'}";
    assert!(planned(by_name, Variables::default()).is_err());
    let elsewhere = "parent: {urls: ['http://127.0.0.1:3129', 'http://203.0.113.1:3128']}";
    assert!(planned(elsewhere, Variables::default()).is_ok());
}
