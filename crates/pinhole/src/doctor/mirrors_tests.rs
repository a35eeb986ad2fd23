use std::path::Path;

use super::*;
use crate::doctor::clients;
use crate::doctor::machine::Machine;
use crate::doctor::need;
use crate::doctor::plan::{Facts, OUTSIDE};

fn authority(text: &str) -> Authority {
    need::target(text).unwrap().ask.target
}

#[test]
fn indexes_go_the_way_of_their_clients() {
    let url = "http://p.test:1";
    let machine = Machine::of(
        &[("http_proxy", url), ("https_proxy", url), ("no_proxy", "inside.test,10.0.0.0/8")],
        Path::new("/nowhere"),
    );
    let mut facts = Facts::of_machine(&machine);
    facts.mirrors = vec![authority("mirror.test:443")];
    let needs = vec![need::target("https://known.test/").unwrap()];
    let mut plan = Plan { facts, needs, outside: OUTSIDE.to_vec(), enforced: true };
    let index = |client, target: &str, secure| Index {
        client,
        target: authority(target),
        secure,
        from: "a file".to_owned(),
    };
    let indexes = [
        index("pip", "inside.test:443", true),
        index("uv", "inside.test:443", true),
        index("pip", "outside.test:443", true),
        index("uv", "known.test:443", true),
        // The one reads blocks in NO_PROXY, the other does not.
        index("uv", "10.1.2.3:80", false),
        index("npm", "10.1.2.4:80", false),
    ];
    let direct = sort(&mut plan, &indexes, &clients::environment(&machine));
    let shown: Vec<String> =
        direct.iter().map(|one| format!("{} {}", one.target, one.from)).collect();
    assert_eq!(shown, ["mirror.test:443 the site", "inside.test:443 a file", "10.1.2.3:80 a file"]);
    let needed: Vec<String> = plan
        .needs
        .iter()
        .map(|need| format!("{} {:?} {}", need.ask.target, need.ask.way, need.entry))
        .collect();
    assert_eq!(
        needed,
        [
            "known.test:443 Tls {host: known.test}",
            "outside.test:443 Tls {host: outside.test}",
            "10.1.2.4:80 Forward {network: \"10.1.2.4/32\"}",
        ]
    );
}
