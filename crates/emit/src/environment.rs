//! The environment variables of whoever is to use the proxy, each in both spellings.

use crate::tree::{List, Map};
use crate::{CaBundle, Cluster, SecretKey, Site, no_proxy, paths};

/// A variable, and why it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    /// Empty where the variable above says it.
    pub(crate) why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    /// Never written out: it is in a Secret.
    Secret(SecretKey),
}

/// What clients of a private CA are told, each in its own words.
pub(crate) const CA_VARIABLES: [&str; 8] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];

/// Where the constraint for uv is written (F1).
pub(crate) const UV_CONSTRAINT: &str = "/tmp/pinhole-uv-constraints.txt";

/// The proxy's own variables: what every program behind it is told.
pub(crate) fn of_proxy(site: &Site, exempt: &str) -> Vec<Variable> {
    let url = match &site.proxy.credentials {
        Some(key) => Value::Secret(key.clone()),
        None => Value::Text(site.proxy_url()),
    };
    let exempt = Value::Text(exempt.to_owned());
    let mut all = Vec::new();
    let mut add = |name, value: &Value, why| {
        all.push(Variable { name, value: value.clone(), why });
    };
    add("HTTPS_PROXY", &url, "Both spellings: wget and gRPC read only the lower case.");
    add("https_proxy", &url, "");
    if site.proxies_plain_http() {
        add("HTTP_PROXY", &url, "curl and git read only the lower case of this one.");
        add("http_proxy", &url, "");
    }
    add(
        "NO_PROXY",
        &exempt,
        "Names and addresses first, since half of all clients read no blocks. No IPv6: httpx fails \
         on it.",
    );
    add("no_proxy", &exempt, "");
    all
}

/// The variables of SkyPilot's pods in a cluster.
pub(crate) fn of_pods(site: &Site, cluster: &Cluster) -> Vec<Variable> {
    let mut all = of_proxy(site, &no_proxy::of_pods(site, cluster));
    all.extend(api_name(site, cluster));
    all.push(Variable {
        name: "UV_CONSTRAINT",
        value: Value::Text(UV_CONSTRAINT.to_owned()),
        why: "kubernetes 34 and 35 forget NO_PROXY, and SkyPilot resolves one of them: \
              post_provision_runcmd writes this file, without which uv fails.",
    });
    all.extend(telemetry(site));
    all.extend(ca(site));
    all
}

/// The variables of SkyPilot's API server, which gets none of pod_config.
pub(crate) fn of_api_server(site: &Site) -> Vec<Variable> {
    let mut all = of_proxy(site, &no_proxy::of_pods(site, &site.cluster));
    all.extend(api_name(site, &site.cluster));
    all.extend(telemetry(site));
    all.extend(ca(site));
    all
}

/// The API server by name, where NO_PROXY cannot have its address.
fn api_name(site: &Site, cluster: &Cluster) -> Option<Variable> {
    let first = cluster.api_server.cluster_ips.first()?;
    first.is_ipv6().then(|| Variable {
        name: "KUBERNETES_SERVICE_HOST",
        value: Value::Text(site.api_name()),
        why: "The API server's address is IPv6, which has no place in NO_PROXY; `.svc` covers its \
              name, and its certificate has it.",
    })
}

fn telemetry(site: &Site) -> Option<Variable> {
    (!site.skypilot.telemetry).then(|| Variable {
        name: "SKYPILOT_DISABLE_USAGE_COLLECTION",
        value: Value::Text("1".to_owned()),
        why: "The proxy does not let usage reports through; this spares the attempts.",
    })
}

fn ca(site: &Site) -> Vec<Variable> {
    let Some(bundle) = &site.ca_bundle else { return Vec::new() };
    let path = ca_path(bundle);
    let variable = |(i, name)| Variable {
        name,
        value: Value::Text(path.to_owned()),
        why: match i {
            0 => {
                "The site's CA. Most of these replace a client's own list, so the bundle must have \
                 the public CAs in it as well."
            }
            _ => "",
        },
    };
    CA_VARIABLES.into_iter().enumerate().map(variable).collect()
}

/// Where the CA bundle is in a container.
pub(crate) fn ca_path(bundle: &CaBundle) -> &str {
    match bundle {
        CaBundle::Path(path) => path,
        CaBundle::Secret(_) | CaBundle::ConfigMap { .. } => paths::CA_FILE,
    }
}

/// As a container's `env`.
pub(crate) fn list(variables: &[Variable]) -> List {
    variables.iter().fold(List::new(), |list, Variable { name, value, why }| {
        let map = Map::new().with("name", *name);
        list.noted(
            why,
            match value {
                Value::Text(text) => map.with("value", text),
                Value::Secret(SecretKey { secret, key }) => map.with(
                    "valueFrom",
                    Map::new()
                        .with("secretKeyRef", Map::new().with("name", secret).with("key", key)),
                ),
            },
        )
    })
}
