//! What every client agrees on.

use proptest::prelude::*;

use crate::clients::{Case, Client, all, meant};
use crate::{Environment, Spelling, Target};

/// Clients that break even the portable subset, or read no list.
fn is_sound(client: &Client) -> bool {
    // 7.86.0 reads only the last entry right; a naive translation gives Java dots that it does
    // not know.
    let broken = [("curl", "7.86.0"), ("java-nonproxyhosts", "≥8")];
    client.heeds() && !broken.contains(&(client.id(), client.version()))
}

fn name() -> impl Strategy<Value = String> {
    // What begins like an A-label and decodes to nothing is no name (RFC 5891), and httpx for one
    // takes it for none.
    let label = "[a-z][a-z0-9-]{0,6}[a-z]".prop_filter("a label", |l| !l.starts_with("xn--"));
    prop::collection::vec(label, 1..4).prop_map(|labels| labels.join("."))
}

/// An entry of the portable subset, and hosts that it exempts.
fn entry() -> impl Strategy<Value = (String, Vec<String>)> {
    prop_oneof![
        name().prop_map(|name| (name.clone(), vec![name])),
        name().prop_map(|name| {
            let hosts = vec![format!("sub.{name}"), format!("a.b.{name}")];
            (format!(".{name}"), hosts)
        }),
        name().prop_map(|name| {
            let hosts = vec![name.clone(), format!("sub.{name}")];
            (format!("{name},.{name}"), hosts)
        }),
        any::<[u8; 4]>().prop_filter("a plain one", |ip| ip[0] > 9 && ip[0] != 127).prop_map(
            |ip| {
                let ip = std::net::Ipv4Addr::from(ip).to_string();
                (ip.clone(), vec![ip])
            }
        ),
    ]
}

proptest! {
    #[test]
    fn the_portable_subset_means_one_thing(
        entries in prop::collection::vec(entry(), 1..6),
        scheme in prop_oneof![Just("http"), Just("https")],
        port in prop_oneof![Just(""), Just(":8080")],
    ) {
        let texts: Vec<_> = entries.iter().map(|(text, _)| text.as_str()).collect();
        let value = texts.join(",");
        let listed = entries.iter().flat_map(|(_, hosts)| hosts.iter().map(String::as_str));
        // No label of the first ends in a digit, and no entry is a part of the others.
        let unlisted = ["unlisted.0x.invalid0", "8.8.8.8"];
        let environment = Environment::proxied(&value, Spelling::Both);
        for host in listed.chain(unlisted) {
            let url = format!("{scheme}://{host}{port}/");
            let target = Target::parse(&url).unwrap();
            let meant = meant(&value, &target);
            for client in all().filter(|client| is_sound(client)) {
                let case = Case { target: &target, environment: &environment, addrs: &[] };
                let verdict = client.route(&case);
                prop_assert_eq!(
                    verdict.route, meant,
                    "{} {} {} {}: {}", client.id(), client.version(), value, url, verdict.why
                );
            }
        }
    }

    #[test]
    fn nothing_makes_a_client_panic(value in "\\PC{0,30}", host in "[a-zA-Z0-9.]{1,12}") {
        let environment = Environment::proxied(&value, Spelling::Both);
        if let Ok(target) = Target::parse(&format!("http://{host}/")) {
            for client in all() {
                let case = Case { target: &target, environment: &environment, addrs: &[] };
                let _ = client.route(&case);
            }
        }
    }
}
