//! What SkyPilot is to do: clouds, buckets, logs, SkyServe.

use ::emit::{Cloud, CloudKind, Logs, Serve, ServeMode, Storage};

use crate::emit::site::leaf::{host_or_port, word};
use crate::entries;
use crate::presets;
use crate::reader::{Reader, Value, unknown};
use crate::yaml::Node;

/// A parameter of a preset, which becomes a part of a host's name.
fn parameter(text: &str) -> Result<String, String> {
    presets::value(text).map(str::to_owned)
}

/// `gcp`, or `{cloud: aws, region: us-east-1}`. `kubernetes` is always there.
pub(super) fn cloud(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Option<Cloud>> {
    let (named, regions) = match value.node {
        Node::Text(_) => (value.clone(), Vec::new()),
        _ => {
            let [named, regions] = reader.map(value, ["cloud", "region"]);
            let Some(named) = named else {
                reader
                    .problem(value, "name the `cloud`, such as `{cloud: aws, region: us-east-1}`");
                return None;
            };
            let values = regions.map(|value| reader.list(&value, true)).unwrap_or_default();
            let regions = values.iter().filter_map(|value| reader.parsed(value, parameter));
            (named, regions.collect::<Vec<_>>())
        }
    };
    let name = reader.text(&named)?;
    if name == "kubernetes" {
        return Some(None);
    }
    let kind = CloudKind::ALL.iter().copied().find(|kind| kind.label() == name);
    let Some(kind) = kind else {
        let known = CloudKind::ALL.iter().map(|kind| kind.label());
        reader.problem(&named, unknown("cloud", name, known));
        return None;
    };
    if !kind.needs_region() && !regions.is_empty() {
        reader
            .problem(value, format!("{name} has the same hosts everywhere: leave the region out"));
    }
    Some(Some(Cloud { kind, regions }))
}

/// `{kind: s3, bucket: my-bucket, region: us-east-1}`.
pub(super) fn storage(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Storage> {
    let plain = value.clone();
    let (kind, [bucket, region, account, namespace]) = match value.node {
        Node::Text(_) => (plain, [const { None }; 4]),
        _ => {
            let keys = ["kind", "bucket", "region", "account", "namespace"];
            let [kind, rest @ ..] = reader.map(value, keys);
            let Some(kind) = kind else {
                let message = "say the `kind`: s3, gcs, azure, r2, oci, coreweave or hugging-face";
                reader.problem(value, message);
                return None;
            };
            (kind, rest)
        }
    };
    let name = reader.text(&kind)?;
    let wanted: &[&str] = match name {
        "s3" => &["bucket", "region"],
        "gcs" | "coreweave" => &["bucket"],
        "azure" | "r2" => &["account"],
        "oci" => &["namespace", "region"],
        "hugging-face" => &[],
        _ => {
            let known = ["s3", "gcs", "azure", "r2", "oci", "coreweave", "hugging-face"];
            reader.problem(&kind, unknown("kind of storage", name, known.into_iter()));
            return None;
        }
    };
    let given =
        [("bucket", bucket), ("region", region), ("account", account), ("namespace", namespace)];
    let before = reader.problems.len();
    let mut found = [const { None }; 4];
    for ((key, given), found) in given.into_iter().zip(&mut found) {
        match (given, wanted.contains(&key)) {
            (Some(given), true) => *found = reader.parsed(&given, parameter),
            (Some(given), false) => {
                reader.problem(&given, format!("{name} has no {key}: leave it out"));
            }
            (None, true) => reader.problem(value, format!("{name} needs its `{key}`")),
            (None, false) => {}
        }
    }
    if reader.problems.len() > before {
        return None;
    }
    let [bucket, region, account, namespace] = found;
    Some(match name {
        "s3" => Storage::S3 { bucket: bucket?, region: region? },
        "gcs" => Storage::Gcs { bucket: bucket? },
        "coreweave" => Storage::CoreWeave { bucket: bucket? },
        "azure" => Storage::Azure { account: account? },
        "r2" => Storage::R2 { account: account? },
        "oci" => Storage::Oci { namespace: namespace?, region: region? },
        _ => Storage::HuggingFace,
    })
}

/// `gcp`, or `{to: aws, region: us-east-1}`.
pub(super) fn logs(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Logs> {
    let (to, region) = match value.node {
        Node::Text(_) => (value.clone(), None),
        _ => {
            let [to, region] = reader.map(value, ["to", "region"]);
            let Some(to) = to else {
                reader.problem(value, "say where `to`: gcp, or aws with its region");
                return None;
            };
            (to, region)
        }
    };
    match (reader.text(&to)?, region) {
        ("gcp", None) => Some(Logs::Gcp),
        ("gcp", Some(region)) => {
            reader.problem(&region, "gcp has the same hosts everywhere: leave it out");
            None
        }
        ("aws", Some(region)) => {
            reader.parsed(&region, parameter).map(|region| Logs::Aws { region })
        }
        ("aws", None) => {
            reader.problem(value, "name the log group's region: `{to: aws, region: us-east-1}`");
            None
        }
        (other, _) => {
            reader.problem(&to, unknown("place for logs", other, ["aws", "gcp"].into_iter()));
            None
        }
    }
}

pub(super) fn serve(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Serve> {
    let mode_of = word("mode", &ServeMode::ALL, ServeMode::label);
    if let Node::Text(_) = value.node {
        let mode = reader.parsed(value, mode_of)?;
        return Some(Serve { mode, ingress_host: None, through_proxy: None });
    }
    let keys = ["mode", "ingress_host", "through_proxy"];
    let [mode, ingress_host, through] = reader.map(value, keys);
    let Some(mode) = mode else {
        let message =
            "say how services are reached: `mode: podip`, internal-load-balancer or ingress";
        reader.problem(value, message);
        return None;
    };
    let mode = reader.parsed(&mode, mode_of);
    let host = ingress_host.and_then(|value| {
        let (host, port) = reader.parsed(&value, host_or_port)?;
        if port.is_some() {
            reader.problem(&value, "NO_PROXY has no ports: leave the port out");
        }
        Some(host)
    });
    let through_proxy = match through {
        Some(ports) => Some(entries::ports(reader, &ports)?),
        None => None,
    };
    Some(Serve { mode: mode?, ingress_host: host, through_proxy })
}
