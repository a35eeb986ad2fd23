//! Mistakes in variables and files.

use std::collections::BTreeMap;

use serde_json::json;

use crate::Case;
use crate::given::{TARGET, URL, World, text};
use crate::room::{API, Cable};

pub(crate) const CASES: &[Case] = &[
    ("mistakes_in_no_proxy", no_proxy),
    ("mistakes_in_spelling", spelling),
    ("mistakes_with_cas", cas),
    ("indexes_are_found_and_tried", indexes),
];

type Variables = BTreeMap<&'static str, String>;

fn allow() -> serde_json::Value {
    json!([{"host": TARGET}, {"network": format!("{API}/32"), "ports": 443}])
}

fn listing(value: &str) -> impl FnOnce(&mut Variables) {
    move |variables| {
        variables.insert("no_proxy", value.to_owned());
        variables.insert("NO_PROXY", value.to_owned());
    }
}

fn no_proxy() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&allow());
    let doctor = |value: &str| world.doctor_with(&["target.test:443"], listing(value));
    // The guide's own complete example has none: its controller's health check goes to the proxy.
    let said = world.doctor_with(&["target.test:443"], |variables| {
        variables.remove("no_proxy");
        variables.remove("NO_PROXY");
    });
    said.fails(&["no-proxy.localhost"]);
    said.is("no-proxy.list", "", "warn");
    for id in ["no-proxy.api-server", "no-proxy.services", "no-proxy.metadata"] {
        assert_eq!(said.all(id)[0]["verdict"], "warn", "{said}");
    }
    // Blocks alone: what matters is not read by all.
    let said = doctor("localhost,127.0.0.0/8,10.0.0.0/8,.svc,.cluster.local");
    let local = said.is("no-proxy.localhost", "", "fail");
    assert!(text(local, "finding").contains("httpx"), "{local}");
    assert!(!text(local, "finding").contains("requests"), "{local}");
    // One block for the pods: SkyServe's check reads it, its load balancer does not.
    let pods = said.is("no-proxy.pods", "10.77.0.2", "warn");
    assert!(text(pods, "finding").contains("disagree: httpx goes to the proxy"), "{pods}");
    // An IPv6 block, by which httpx fails everywhere.
    let said = doctor("localhost,127.0.0.1,10.96.0.1,fd00::/8");
    let list = said.is("no-proxy.list", "no_proxy", "fail");
    assert!(text(list, "finding").contains("httpx"), "{list}");
    assert!(text(list, "advice").starts_with("write localhost,"), "{list}");
    // A slip that opens everything for some.
    let said = doctor("localhost,127.0.0.1,10.96.0.1,.svc,.cluster.local,");
    let list = said.is("no-proxy.list", "no_proxy", "warn");
    assert!(text(list, "finding").contains("everything goes past the proxy"), "{list}");
    // What is needed from outside is exempt, and the addresses of the network check.
    let said = doctor("localhost,127.0.0.1,10.96.0.1,.svc,.cluster.local,.test,8.8.8.8");
    let exempt = said.is("no-proxy.targets", "", "warn");
    assert!(
        text(exempt, "finding").starts_with("NO_PROXY exempts target.test:443, for "),
        "{exempt}"
    );
    let check = said.is("no-proxy.network-check", "", "warn");
    assert!(text(check, "finding").contains("8.8.8.8"), "{check}");
}

fn spelling() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&allow());
    let said = world.doctor_with(&["target.test:443"], |variables| {
        for name in ["http_proxy", "https_proxy", "no_proxy"] {
            variables.remove(name);
        }
    });
    for name in ["http_proxy", "https_proxy", "no_proxy"] {
        said.is("env.cases", name, "warn");
    }
    let blind = said.is("env.clients", "http://", "warn");
    for client in ["curl", "wget", "apt"] {
        assert!(text(blind, "finding").contains(client), "{blind}");
    }
    said.is("reach", "target.test:443", "ok");
    let said = world.doctor_with(&["target.test:443"], |variables| {
        variables.insert("HTTPS_PROXY", "http://elsewhere.test:3128".to_owned());
    });
    said.is("env.cases", "https_proxy", "fail");
    // Both of them are looked at, and the lower-case one is used.
    said.is("proxy.connect", URL, "ok");
    said.is("proxy.name", "http://elsewhere.test:3128", "fail");
    said.is("reach", "target.test:443", "ok");
}

fn cas() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&allow());
    let broken = world.home_file("broken.pem", "no certificate").display().to_string();
    let said = world.doctor_with(&["target.test:443"], |variables| {
        variables.insert("PIP_CERT", broken);
        variables.insert("GIT_SSL_CAINFO", "/nowhere/ca.pem".to_owned());
    });
    said.fails(&["ca.bundle PIP_CERT", "ca.bundle GIT_SSL_CAINFO"]);
    let said = world.doctor_with(&["target.test:443"], |variables| {
        variables.remove("REQUESTS_CA_BUNDLE");
    });
    said.fails(&[]);
    let missing = said.is("ca.agree", "", "warn");
    assert!(text(missing, "finding").contains("REQUESTS_CA_BUNDLE does not"), "{missing}");
}

fn indexes() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&allow());
    let secret = "t0ken";
    world.home_file(
        ".config/pip/pip.conf",
        &format!(
            "[global]\nindex-url = https://user:{secret}@other.test/simple\nproxy = \
         http://elsewhere.test:3128\n"
        ),
    );
    world.home_file(
        ".config/uv/uv.toml",
        "[[index]]\nname = \"inside\"\nurl = \"http://10.77.0.1:9/simple\"\n",
    );
    let said = world.doctor_with(&["target.test:443"], |variables| {
        for name in ["no_proxy", "NO_PROXY"] {
            let list = variables.get_mut(name).expect("it is set");
            list.push_str(",10.77.0.1");
        }
    });
    let pip = said.is("config.pip", "", "warn");
    assert!(
        text(pip, "finding").ends_with(
            "pip.conf names another proxy than the environment: http://elsewhere.test:3128"
        ),
        "{pip}"
    );
    // pip asks the proxy for its index, uv does not.
    let index = said.is("reach", "other.test:443", "fail");
    assert_eq!(index["rule"], "{host: other.test}");
    assert!(text(index, "advice").contains("the index in "), "{index}");
    let mirror = said.is("mirrors", "10.77.0.1:9", "fail");
    assert!(text(mirror, "finding").contains("uv.toml names it"), "{mirror}");
    assert!(!said.out.contains(secret), "{said}");
}
