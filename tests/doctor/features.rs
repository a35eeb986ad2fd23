//! A site's description, and what follows from its features.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::Case;
use crate::given::{Said, World, text};
use crate::room::{Cable, PROXY};
use crate::support::proxy::{Proxy, program};

pub(crate) const CASES: &[Case] = &[
    ("a_sites_proxy_is_all_that_it_needs", all_is_well),
    ("a_site_with_too_little", too_little),
    ("a_sites_features", features),
    ("a_sidecar_site", sidecar),
    ("what_cannot_be_read", unreadable),
];

const SITE: &str = "
proxy: {shape: deployment, image: registry.site.example/pinhole:1, namespace: egress, replicas: 1}
cluster:
  api_server: {cluster_ip: 10.96.0.1}
  pod_cidrs: 10.77.0.0/24
  service_cidrs: 10.96.0.0/12
skypilot:
  version: 0.14.1
  custom_image: true
  managed_jobs: true
  network_check: 8.8.8.8
";
const URL: &str = "http://pinhole.egress.svc.cluster.local:3128";

/// The environment as the site has it.
fn by_site(variables: &mut BTreeMap<&'static str, String>) {
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        variables.insert(name, URL.to_owned());
    }
}

fn doctor(world: &World, site: &Path, args: &[&str]) -> Said {
    let site = site.to_str().expect("UTF-8");
    world.doctor_with(&[&["--site", site], args].concat(), by_site)
}

/// The allowlist that is emitted for a site.
fn allow(site: &Path) -> Value {
    let ran = program().args(["emit", "proxy", "--site"]).arg(site).output().expect("the program");
    let text = String::from_utf8(ran.stdout).expect("UTF-8");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let emitted: Value = serde_yaml::from_str(&text).expect("YAML");
    emitted["allow"].clone()
}

/// pinhole with the site's allowlist, in a world where every name leads to the same server.
fn pinhole(world: &World, allow: &Value) -> Proxy {
    let dns = crate::names::serve_all("127.0.0.1:0", "5.6.7.9");
    world.pinhole_with(allow, |config| config["dns"]["servers"] = json!(dns.to_string()))
}

fn all_is_well() {
    let world = World::new(Cable::WithHole);
    let site = world.home_file("site.yaml", SITE);
    let allow = allow(&site);
    let _proxy = pinhole(&world, &allow);
    let said = doctor(&world, &site, &[]);
    said.fails(&[]);
    assert!(said.all("reach").len() > 10, "{said}");
    for check in said.all("reach") {
        assert_eq!(check["verdict"], "ok", "{said}");
    }
    said.is("env.site", "", "ok");
    said.is("direct.outside", "8.8.8.8:443", "ok");
    said.is("network-check.jobs", "", "ok");
    said.is("network-check.serve", "", "skipped");
    said.is("kubernetes.proxy", "10.96.0.1:443", "ok");
    said.is("no-proxy.pods", "10.77.0.2", "skipped");
}

fn too_little() {
    let world = World::new(Cable::WithHole);
    let site = world.home_file("site.yaml", SITE);
    let mut allow = allow(&site);
    let entries = allow.as_array_mut().expect("a list");
    let all = entries.len();
    entries.retain(|entry| entry["preset"] != "skypilot-image");
    assert_eq!(entries.len(), all - 1);
    let _proxy = pinhole(&world, &allow);
    let said = doctor(&world, &site, &[]);
    assert_eq!(said.code, Some(1), "{said}");
    let denied = said.all("reach").into_iter().filter(|one| one["rule"].is_string());
    let denied: Vec<&Value> = denied.collect();
    assert!(denied.len() > 2, "{said}");
    for one in &denied {
        assert_eq!(one["rule"], "{preset: skypilot-image}", "{one}");
    }
    assert_eq!(said.json["first_denied"], denied[0]["subject"]);
}

fn features() {
    let world = World::new(Cable::Enforced);
    let allow = json!([{"network": "10.96.0.1/32", "ports": 443}]);
    let _proxy = pinhole(&world, &allow);
    // Managed jobs whose check has no way: they would never end.
    let jobs = world.home_file("jobs.yaml", SITE);
    let said = doctor(&world, &jobs, &[]);
    let check = said.is("network-check.jobs", "", "fail");
    assert!(text(check, "finding").starts_with("managed jobs cannot work"), "{check}");
    said.is("network-check.serve", "", "skipped");
    // SkyServe, whose check goes by the proxy, which does not know of it.
    let serve = SITE.replace(
        "  managed_jobs: true\n  network_check: 8.8.8.8\n",
        "  serve: {mode: ingress, ingress_host: serve.site.example}\n",
    );
    let serve = world.home_file("serve.yaml", &serve);
    let said = doctor(&world, &serve, &[]);
    said.is("network-check.jobs", "", "skipped");
    let check = said.is("network-check.serve", "", "fail");
    assert_eq!(check["rule"], "{preset: skypilot-network-check}");
    // Mirrors are reached without the proxy, and named where they are not.
    let mirrors = format!("{SITE}mirrors: [\"{PROXY}:3128\", \"{PROXY}:9\"]\n");
    let mirrors = world.home_file("mirrors.yaml", &mirrors);
    let said = doctor(&world, &mirrors, &[]);
    said.is("mirrors", &format!("{PROXY}:3128"), "ok");
    said.is("mirrors", &format!("{PROXY}:9"), "fail");
    said.is("no-proxy.mirrors", &format!("{PROXY}:9"), "warn");
    // Other variables than the site's.
    let site = jobs.to_str().expect("UTF-8");
    let said = world.doctor(&["--site", site]);
    said.is("env.site", "", "warn");
}

fn sidecar() {
    let world = World::new(Cable::Open);
    let site = world.home_file(
        "site.yaml",
        &SITE.replace("shape: deployment", "shape: sidecar").replace(", replicas: 1", ""),
    );
    let site = site.to_str().expect("UTF-8");
    let proxy = world.sidecar(&json!([{"network": "10.96.0.1/32", "ports": 443}]));
    let said = world.doctor_with(&["--site", site], |variables| {
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.insert(name, format!("http://{}", proxy.addr));
        }
    });
    said.is("enforcement.sidecar", "", "warn");
    // It is open, and whoever chose the shape was told.
    said.is("direct.outside", "1.1.1.1:443", "warn");
    said.is("direct.outside", "8.8.8.8:443", "ok");
}

fn unreadable() {
    let world = World::new(Cable::Enforced);
    let broken = world.home_file("broken.yaml", "proxy: [\n").display().to_string();
    let lacking =
        world.home_file("lacking.yaml", "proxy: {shape: deploiment}\n").display().to_string();
    let not_there = "/nowhere/site.yaml".to_owned();
    for (site, part) in [(broken, "not YAML"), (lacking, "deployment"), (not_there, "cannot read")]
    {
        let said = world.doctor(&["--site", &site]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said}");
        assert!(said.err.contains(part), "{part}: {said}");
    }
    for args in [
        &["--preset", "skypilot-cor"][..],
        &["--preset", "aws-ssm"],
        &["--preset", "aws-ssm,zone=x"],
        &["--outside", "somewhere"],
        &["--timeout", "soon"],
        &["target.test"],
        &["--sight"],
    ] {
        let said = world.doctor(args);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{args:?}: {said}");
        assert!(!said.err.is_empty());
    }
}
