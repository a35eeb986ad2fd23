//! A description to start from, filled in with what a cluster says of itself.

use std::fmt::Display;

use ::emit::Version;

use super::cluster::{Blocks, Found};

/// The text, which is a whole description as it stands.
pub(super) fn text(found: Option<&Found>) -> String {
    let mut text = TEMPLATE.to_owned();
    let example = Found {
        api: vec!["10.96.0.1".parse().expect("an address")],
        endpoints: vec!["10.0.0.5:6443".parse().expect("an address")],
        pods: example("10.244.0.0/16", "Where pods have their addresses."),
        services: example("10.96.0.0/12", "Where Services have theirs."),
        nodes: example("10.0.0.0/24", "Where nodes have theirs."),
        ..Found::default()
    };
    let values = found.unwrap_or(&example);
    let origin = match found {
        None => {
            "The values are examples: `kubectl get nodes,services,pods -A -o json | pinhole emit \
                 site --from-cluster -`\n# fills in what your cluster tells."
        }
        Some(_) => {
            "What stands under `cluster` is what the cluster told, but for what is called a \
                    guess."
        }
    };
    let fill: [(&str, String); 11] = [
        ("{origin}", origin.to_owned()),
        ("{api}", flow(&values.api)),
        ("{endpoints}", or_example("endpoints", &values.endpoints, "[10.0.0.5:6443]")),
        ("{pods}", block("pod_cidrs", &values.pods)),
        ("{services}", block("service_cidrs", &values.services)),
        ("{nodes}", block("node_cidrs", &values.nodes)),
        ("{dns}", or_example("dns", &values.dns, "10.96.0.10")),
        (
            "{provider}",
            match values.provider {
                Some(provider) => format!("provider: {}", provider.label()),
                None => "# provider: eks".to_owned(),
            },
        ),
        ("{version}", values.version.unwrap_or(Version::LATEST).to_string()),
        ("{namespace}", name("namespace", values.namespace.as_deref(), "default")),
        (
            "{server}",
            name("api_server_namespace", values.api_server_namespace.as_deref(), "skypilot"),
        ),
    ];
    for (hole, value) in fill {
        text = text.replace(hole, &value);
    }
    text
}

fn example(net: &str, source: &str) -> Blocks {
    Blocks { nets: vec![net.parse().expect("a block")], source: source.to_owned() }
}

fn flow<T: Display>(values: &[T]) -> String {
    let texts: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("[{}]", texts.join(", "))
}

fn or_example<T: Display>(key: &str, values: &[T], example: &str) -> String {
    match values {
        [] => format!("# {key}: {example}"),
        values => format!("{key}: {}", flow(values)),
    }
}

fn block(key: &str, Blocks { nets, source }: &Blocks) -> String {
    format!("# {source}\n  {key}: {}", flow(nets))
}

/// Names of namespaces need no quotes, but for those that are all digits.
fn name(key: &str, value: Option<&str>, default: &str) -> String {
    match value {
        Some(value) => format!("{key}: \"{}\"", value.escape_default()),
        None => format!("# {key}: {default}"),
    }
}

const TEMPLATE: &str = include_str!("starter.yaml");

#[cfg(test)]
#[path = "starter_tests.rs"]
mod tests;
