//! Pods that nothing keeps from going past the proxy.

use serde_json::json;

use crate::Case;
use crate::given::{TARGET, World, text};
use crate::room::{API, Cable};

pub(crate) const CASES: &[Case] = &[
    ("nothing_is_enforced", nothing_is_enforced),
    ("nothing_is_to_be_enforced", nothing_is_to_be_enforced),
    ("an_open_sidecar", sidecar),
    ("one_way_out_by_dns", one_way_out_by_dns),
];

fn allow() -> serde_json::Value {
    json!([
        {"host": TARGET},
        {"network": format!("{API}/32"), "ports": 443},
        {"preset": "skypilot-network-check"},
    ])
}

/// What is open in a pod that reaches everything.
const OPEN: [&str; 5] = [
    "direct.outside 8.8.8.8:443",
    "direct.outside 1.1.1.1:443",
    "direct.outside [2606:4700:4700::1111]:443",
    "direct.dns 8.8.8.8:53",
    "direct.targets target.test:443",
];

fn nothing_is_enforced() {
    let world = World::new(Cable::Open);
    let _proxy = world.pinhole(&allow());
    let said = world.doctor(&["target.test:443"]);
    said.fails(&OPEN);
    let open = said.check("direct.targets", "target.test:443");
    assert_eq!(open["finding"], "5.6.7.8 is reached without the proxy: nothing is enforced");
    assert!(text(open, "advice").contains("--no-enforcement"), "{open}");
    // Nobody answers there, which is no way out.
    said.is("direct.dns", "1.1.1.1:53", "ok");
    let names = said.is("direct.names", "", "warn");
    assert!(text(names, "finding").contains("target.test"), "{names}");
    said.is("network-check.jobs", "", "ok");
    let metadata = said.is("metadata.direct", "169.254.169.254", "warn");
    assert!(text(metadata, "finding").contains("credentials"), "{metadata}");
    said.is("metadata.proxy", "169.254.169.254", "ok");
}

fn nothing_is_to_be_enforced() {
    let world = World::new(Cable::Open);
    let _proxy = world.pinhole(&allow());
    let said = world.doctor(&["--no-enforcement", "target.test:443"]);
    said.fails(&[]);
    let warned = said.of_verdict("warn");
    for open in OPEN {
        assert!(warned.iter().any(|one| one == open), "{open}: {said}");
    }
    said.is("direct.names", "", "ok");
}

fn sidecar() {
    let world = World::new(Cable::Open);
    let proxy = world.sidecar(&allow());
    let said = world.doctor_with(&["target.test:443"], |variables| {
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.insert(name, format!("http://{}", proxy.addr));
        }
    });
    said.is("reach", "target.test:443", "ok");
    let shape = said.is("enforcement.sidecar", "", "warn");
    assert!(text(shape, "advice").contains("deployment, daemonset or bastion"), "{shape}");
    // Without a site's word for it, that it is open is a failure all the same.
    said.is("direct.outside", "8.8.8.8:443", "fail");
}

fn one_way_out_by_dns() {
    let world = World::new(Cable::WithHole);
    let _proxy = world.pinhole(&allow());
    crate::names::serve("8.8.8.8:53", &[]);
    let said = world.doctor(&["target.test:443"]);
    // What answers with "no such name" answers; and more than the jobs' check is open then.
    said.fails(&["direct.outside 8.8.8.8:443", "direct.dns 8.8.8.8:53"]);
}
