//! The guide's own configurations, `guide/`: each is valid, and what goes wrong with it does.

use serde_json::{Value, json};

use libtest_mimic::Trial;

use crate::launched::{self, CLUSTERS, CONTEXT, Pod, text};
use crate::place::{CURRENT, VERSIONS};
use crate::worker::{self, Mode};
use crate::{Outcome, ensure, trial};

const SNIPPETS: [(&str, &str); 7] = [
    ("1_proxy", include_str!("guide/1-proxy.yaml")),
    ("2_aws_ssm", include_str!("guide/2-aws-ssm.yaml")),
    ("3_podip", include_str!("guide/3-podip.yaml")),
    ("4_load_balancers", include_str!("guide/4-load-balancers.yaml")),
    ("5_ingress", include_str!("guide/5-ingress.yaml")),
    ("6_controller", include_str!("guide/6-controller.yaml")),
    ("7_complete", include_str!("guide/7-complete.yaml")),
];
pub(crate) const PROXY: &str = SNIPPETS[0].1;
pub(crate) const COMPLETE: &str = SNIPPETS[6].1;

/// Of one version of SkyPilot.
type Test = fn(&str) -> Outcome;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in VERSIONS {
        for (name, config) in SNIPPETS {
            let test = move || valid(version, config);
            trials.push(trial(format!("guide_{name}_is_valid_for_{version}"), test));
        }
        let test = move || refused(version);
        trials.push(trial(format!("the_validator_is_strict_{version}"), test));
        let tests: [(&str, Test); 10] = [
            ("the_validator_swallows_what_is_no_yaml", swallowed),
            ("what_a_client_s_validator_lets_pass", client_is_lax),
            ("the_guide_s_pod_has_its_variables", guide_pod),
            ("f5_the_complete_example_is_upper_case_only", complete_is_upper_only),
            ("f6_a_native_sidecar_deletes_init_copy_home", native_sidecar_costs_the_home),
            ("f7_a_newline_breaks_the_pod", newline_breaks),
            ("an_unnamed_container_merges_into_the_first", unnamed_merges),
            ("a_second_unnamed_one_takes_its_image", second_unnamed_overwrites),
            ("a_number_passes_and_stays_one", number_stays),
            ("env_that_is_null_takes_all_variables_away", null_env),
        ];
        for (name, test) in tests {
            trials.push(trial(format!("{name}_{version}"), move || test(version)));
        }
    }
    trials
}

fn valid(version: &str, config: &str) -> Outcome {
    Ok(worker::validate(version, Mode::Server, config)?.map(|_| ())?)
}

/// Without that, a validator that says yes says nothing.
fn refused(version: &str) -> Outcome {
    for config in [
        "kubernetes: {nonsense: 1}",
        "serve: {controller: {nonsense: 1}}",
        "nonsense: {}",
        "kubernetes: {ports: nonsense}",
        "kubernetes: {post_provision_runcmd: one string}",
        "aws: {use_ssm: 'yes'}",
    ] {
        let said = worker::validate(version, Mode::Server, config)?;
        ensure!(said.is_err(), "{config} is valid");
    }
    Ok(())
}

/// So that what is emitted must be read by somebody else as well, as it is in `pods.rs`.
fn swallowed(version: &str) -> Outcome {
    let said = worker::validate(version, Mode::Server, "kubernetes: [")?;
    ensure!(said.is_ok(), "{said:?}");
    Ok(())
}

/// Why the validator is run as a server runs it.
fn client_is_lax(version: &str) -> Outcome {
    let said = worker::validate(version, Mode::Client, "kubernetes: {nonsense: 1}")?;
    ensure!(said.is_ok() == (version == CURRENT), "{said:?}");
    Ok(())
}

fn guide_pod(version: &str) -> Outcome {
    for cluster in CLUSTERS {
        let pod = launched::pod(version, PROXY, cluster)?;
        let variables = pod.variables()?;
        for (name, value) in [
            ("HTTP_PROXY", "http://proxy-host:3128"),
            ("https_proxy", "http://proxy-host:3128"),
            ("no_proxy", "localhost,127.0.0.1"),
        ] {
            let found = variables.get(name).map(String::as_str);
            ensure!(found == Some(value), "{cluster}: {name} is {found:?}");
        }
        ensure!(pod.containers().len() == 1, "{cluster} has other containers");
    }
    Ok(())
}

fn complete_is_upper_only(version: &str) -> Outcome {
    let pod = launched::pod(version, COMPLETE, CLUSTERS[2])?;
    ensure!(pod.kept, "high availability makes no Deployment");
    ensure!(has_home(&pod), "there is no init-copy-home: {}", pod.spec["initContainers"]);
    let variables = pod.variables()?;
    for name in ["HTTP_PROXY", "HTTPS_PROXY"] {
        ensure!(variables.contains_key(name), "{name} is not there");
    }
    for name in ["http_proxy", "https_proxy", "NO_PROXY", "no_proxy"] {
        ensure!(!variables.contains_key(name), "{name} is there");
    }
    Ok(())
}

fn has_home(pod: &Pod) -> bool {
    pod.init_containers().iter().any(|one| one["name"] == "init-copy-home")
}

fn native_sidecar_costs_the_home(version: &str) -> Outcome {
    let sidecar = json!({"name": "proxy", "image": "registry.test/proxy:1"});
    let mut native = sidecar.clone();
    native["restartPolicy"] = json!("Always");
    for (list, containers, kept) in [
        ("initContainers", json!([native]), false),
        ("containers", json!([{"name": "ray-node"}, sidecar]), true),
    ] {
        let config = json!({
            "serve": {"controller": {"high_availability": true}},
            "kubernetes": {"pod_config": {"spec": {list: containers}}},
        });
        let pod = launched::pod(version, &text(&config), CLUSTERS[2])?;
        ensure!(pod.kept, "high availability makes no Deployment");
        ensure!(has_home(&pod) == kept, "with {list}: {}", pod.spec["initContainers"]);
    }
    Ok(())
}

fn newline_breaks(version: &str) -> Outcome {
    let launch = |line: &str| {
        let config = text(&json!({"kubernetes": {"post_provision_runcmd": [line]}}));
        worker::launch(version, &config, CLUSTERS[0], CONTEXT)
    };
    ensure!(launch("true; true")?.is_ok(), "one line is refused, too");
    let said = launch("true\ntrue")?;
    ensure!(said.as_ref().is_err_and(|why| why.starts_with("ScannerError")), "{said:?}");
    Ok(())
}

fn pod_with(version: &str, containers: Value) -> Result<Pod, crate::Fault> {
    let config = json!({"kubernetes": {"pod_config": {"spec": {"containers": containers}}}});
    launched::pod(version, &text(&config), CLUSTERS[0])
}

fn unnamed_merges(version: &str) -> Outcome {
    let sidecar = json!({"name": "proxy", "image": "registry.test/proxy:1"});
    let unnamed = json!({"env": [{"name": "HTTP_PROXY", "value": "a"}]});
    let named = json!({"name": "ray-node", "env": [{"name": "HTTP_PROXY", "value": "a"}]});
    for first in [unnamed, named] {
        let pod = pod_with(version, json!([first, sidecar]))?;
        ensure!(pod.variables()?["HTTP_PROXY"] == "a", "it went elsewhere");
        ensure!(pod.ray_node()?["image"] == launched::IMAGE, "the image is another");
        let second = &pod.containers()[1];
        ensure!(second["name"] == "proxy", "the second is {second}");
    }
    Ok(())
}

fn second_unnamed_overwrites(version: &str) -> Outcome {
    let containers = json!([{"env": []}, {"image": "registry.test/proxy:1"}]);
    let pod = pod_with(version, containers)?;
    ensure!(pod.containers().len() == 1, "there is a second container");
    let image = &pod.ray_node()?["image"];
    ensure!(image == "registry.test/proxy:1", "the image is {image}");
    Ok(())
}

fn number_stays(version: &str) -> Outcome {
    let containers = json!([{"env": [{"name": "A", "value": 1}]}]);
    let pod = pod_with(version, containers)?;
    let sent = pod.ray_node()?["env"].as_array().into_iter().flatten().find(|e| e["name"] == "A");
    ensure!(sent.is_some_and(|one| one["value"] == 1), "{sent:?} was sent");
    Ok(())
}

/// SkyPilot's own with them, and nobody says so.
fn null_env(version: &str) -> Outcome {
    let pod = pod_with(version, json!([{"env": null}]))?;
    let env = &pod.ray_node()?["env"];
    ensure!(env.is_null(), "{env}");
    Ok(())
}
