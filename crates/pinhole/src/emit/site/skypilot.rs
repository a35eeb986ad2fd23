//! The section `skypilot`.

mod features;

use std::net::Ipv4Addr;

use ::emit::{Context, Proxy, SecurityGroup, Shape, SkyPilot, Ssm, Version, VersionError};

use self::features::{cloud, logs, serve, storage};
use super::leaf::{host_or_port, name, networks, token};
use super::{cluster, elements};
use crate::presets;
use crate::reader::{Reader, Value};
use crate::yaml::Node;

pub(super) fn read(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    proxy: &Option<Proxy>,
) -> Option<SkyPilot> {
    let keys = [
        "version",
        "namespace",
        "api_server_namespace",
        "clouds",
        "storage",
        "custom_image",
        "docker",
        "conda",
        "logs",
        "serve",
        "managed_jobs",
        "network_check",
        "high_availability",
        "contexts",
        "ssm",
        "telemetry",
    ];
    let [
        version,
        namespace,
        api_namespace,
        clouds,
        storages,
        custom_image,
        docker,
        conda,
        logs_,
        serve_,
        managed_jobs,
        network_check,
        high_availability,
        contexts,
        ssm_,
        telemetry,
    ] = reader.map(value, keys);
    let Some(version) = version else {
        let latest = Version::LATEST;
        reader.problem(value, format!("`version` is missing, such as `version: {latest}`"));
        return None;
    };
    let sidecar = proxy.as_ref().is_some_and(|proxy| proxy.shape == Shape::Sidecar);
    let mut sky = SkyPilot::new(self::version(reader, &version, sidecar)?);
    let texts = [(namespace, &mut sky.namespace), (api_namespace, &mut sky.api_server_namespace)];
    for (value, field) in texts {
        if let Some(text) = value.and_then(|value| reader.parsed(&value, name)) {
            *field = text;
        }
    }
    let switches = [
        (custom_image, &mut sky.custom_image),
        (docker, &mut sky.docker),
        (conda, &mut sky.conda),
        (managed_jobs, &mut sky.managed_jobs),
        (high_availability, &mut sky.high_availability),
        (telemetry, &mut sky.telemetry),
    ];
    for (value, field) in switches {
        *field = value.and_then(|value| reader.bool(&value)).unwrap_or_default();
    }
    sky.clouds = elements(reader, clouds, cloud).into_iter().flatten().collect();
    sky.storage = elements(reader, storages, storage);
    sky.logs = logs_.and_then(|value| logs(reader, &value));
    sky.serve = serve_.and_then(|value| serve(reader, &value));
    sky.network_check = network_check.and_then(|value| reader.parsed(&value, checked));
    sky.contexts = elements(reader, contexts, context);
    sky.ssm = ssm_.and_then(|value| ssm(reader, &value));
    Some(sky)
}

fn version(reader: &mut Reader<'_>, value: &Value<'_>, sidecar: bool) -> Option<Version> {
    let said = |text: &str| {
        Version::parse(text).map_err(|error| match error {
            VersionError::TooOld(_) if sidecar => {
                format!("{error}. Until then no shape of proxy but `sidecar` is of use either")
            }
            error => error.to_string(),
        })
    };
    match value.node {
        // 0.14 is read as a number; 0.14.1 is text.
        Node::Float(_) | Node::Int(_) => {
            let latest = Version::LATEST;
            reader.problem(value, format!("write all three numbers, such as {latest}"));
            None
        }
        _ => reader.parsed(value, said),
    }
}

fn checked(text: &str) -> Result<Ipv4Addr, String> {
    let found = text.parse().ok().filter(|ip| SkyPilot::CHECKED.contains(ip));
    found.ok_or_else(|| {
        let [one, other] = SkyPilot::CHECKED;
        format!("`{}`: SkyPilot asks for {one} and {other}; write one of them", text.escape_debug())
    })
}

fn context(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Context> {
    let [own, proxied, networks] = reader.map(value, ["name", "proxied", "cluster"]);
    let Some(own) = own else {
        reader.problem(value, "write the context's `name`, as the kubeconfig has it");
        return None;
    };
    let named = reader.parsed(&own, token);
    let Some(proxied) = proxied else {
        reader.problem(value, "say whether its pods use the proxy: `proxied: true` or false");
        return None;
    };
    let proxied = reader.bool(&proxied)?;
    let cluster = networks.map(|value| cluster::read(reader, &value));
    Some(Context { name: named?, proxied, cluster })
}

fn ssm(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Ssm> {
    let keys = ["region", "vpc", "security_group", "vpc_cidrs", "ssh_proxy_command", "proxy"];
    let [region, vpc, group, cidrs, command, proxy] = reader.map(value, keys);
    for (key, value_) in [("region", &region), ("security_group", &group)] {
        if value_.is_none() {
            reader.problem(value, format!("`{key}` is missing"));
        }
    }
    let region = region
        .and_then(|value| reader.parsed(&value, |text| presets::value(text).map(str::to_owned)));
    let vpcs = vpc.map(|value| reader.list(&value, true)).unwrap_or_default();
    let vpcs = vpcs.iter().filter_map(|value| reader.parsed(value, token)).collect();
    let security_group = group.and_then(|value| security_group(reader, &value));
    let vpc_cidrs = cidrs.map(|value| networks(reader, &value)).unwrap_or_default();
    let ssh_proxy_command = command.and_then(|value| reader.text(&value).map(str::to_owned));
    let proxy = proxy.and_then(|value| reader.parsed(&value, host_or_port));
    let proxy = proxy.map(|(host, port)| (host, port.unwrap_or(3128)));
    Some(Ssm {
        region: region?,
        vpcs,
        security_group: security_group?,
        vpc_cidrs,
        ssh_proxy_command,
        proxy,
    })
}

/// A name, or a map from globs of clusters' names to groups.
fn security_group(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<SecurityGroup> {
    if let Node::Text(_) = value.node {
        return reader.parsed(value, token).map(SecurityGroup::One);
    }
    let mut groups = Vec::new();
    for (glob, value) in reader.entries(value) {
        if let Err(error) = token(glob) {
            reader.problem(&value, error);
        }
        if let Some(group) = reader.parsed(&value, token) {
            groups.push((glob.to_owned(), group));
        }
    }
    if groups.is_empty() {
        reader.problem(value, "write the group's name, or a map from clusters to groups");
        return None;
    }
    Some(SecurityGroup::ByCluster(groups))
}
