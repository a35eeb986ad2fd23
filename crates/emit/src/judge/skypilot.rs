//! SkyPilot's features, by version.

use std::collections::HashSet;

use super::Judgement;
use super::networks::never_exempt;
use crate::{Shape, Site, Storage, Version};

pub(super) fn judge(site: &Site, said: &mut Judgement) {
    let sky = &site.skypilot;
    if sky.version > Version::LATEST {
        said.warn(
            "skypilot.version",
            format!(
                "{} is the newest that was read: hold the result against yours",
                Version::LATEST
            ),
        );
    }
    let mut seen = HashSet::new();
    for (i, cloud) in sky.clouds.iter().enumerate() {
        let place = format!("skypilot.clouds[{i}]");
        if sky.version < cloud.kind.since() {
            let (name, since) = (cloud.kind.label(), cloud.kind.since());
            said.refuse(&place, format!("SkyPilot {} has no {name} yet: {since} has", sky.version));
        }
        if cloud.kind.needs_region() && cloud.regions.is_empty() {
            let name = cloud.kind.label();
            said.refuse(&place, format!("name the regions: {name} has hosts of its own in each"));
        }
        if !seen.insert(cloud.kind) {
            said.refuse(place, format!("{} stands here twice", cloud.kind.label()));
        }
    }
    for (i, storage) in sky.storage.iter().enumerate() {
        let since = Version::new(0, 12, 0);
        if matches!(storage, Storage::CoreWeave { .. }) && sky.version < since {
            said.refuse(
                format!("skypilot.storage[{i}]"),
                format!(
                    "SkyPilot {} takes no coreweave in allowed_clouds: {since} does",
                    sky.version
                ),
            );
        }
    }
    controllers(site, said);
    contexts(site, said);
    ssm(site, said);
    if sky.docker && sky.version < DOCKER_IN_PODS {
        said.warn(
            "skypilot.docker",
            format!(
                "SkyPilot {} has no Docker in pods ({DOCKER_IN_PODS} has): only the hosts are \
                 opened",
                sky.version
            ),
        );
    } else if sky.docker {
        said.warn("skypilot.docker", "every pod gets a privileged container with Docker's daemon");
    }
}

/// The first release with `kubernetes.enable_docker`.
pub(crate) const DOCKER_IN_PODS: Version = Version::new(0, 13, 0);

fn controllers(site: &Site, said: &mut Judgement) {
    let sky = &site.skypilot;
    if sky.high_availability && sky.serve.is_none() && !sky.managed_jobs {
        said.warn(
            "skypilot.high_availability",
            "it holds for the controllers of SkyServe and of managed jobs, and this site has \
             neither",
        );
    }
    match (sky.managed_jobs, sky.network_check) {
        (true, None) => said.warn(
            "skypilot.managed_jobs",
            "the managed jobs' controller asks https://8.8.8.8 and https://1.1.1.1 whether there \
             is a network, with a client that knows no proxy: where both are closed it never \
             learns a job's status. Open one of them past the proxy \
             (`network_check: 1.1.1.1`), or have the firewall do it",
        ),
        (true, Some(ip)) => said.warn(
            "skypilot.network_check",
            format!(
                "{ip}:443 is opened past the proxy, for the check of the managed jobs' controller. \
                 It answers DNS over HTTPS, by which data can leave"
            ),
        ),
        (false, Some(_)) => said.refuse(
            "skypilot.network_check",
            "only the controller of managed jobs needs a way past the proxy: leave it out, or \
             write `managed_jobs: true`",
        ),
        (false, None) => {}
    }
}

fn contexts(site: &Site, said: &mut Judgement) {
    let contexts = &site.skypilot.contexts;
    let mut names = HashSet::new();
    for (i, context) in contexts.iter().enumerate() {
        let place = format!("skypilot.contexts[{i}]");
        if !names.insert(&context.name) {
            said.refuse(&place, format!("`{}` stands here twice", context.name.escape_debug()));
        }
        if !context.proxied && context.cluster.is_some() {
            said.refuse(
                place,
                "its pods use no proxy, so its networks mean nothing: leave them out",
            );
        }
    }
    if !contexts.is_empty() && !contexts.iter().any(|context| context.proxied) {
        said.refuse(
            "skypilot.contexts",
            "no context is `proxied: true`, so no pod would use the proxy: mark those that do, or \
             leave `contexts` out, and all do",
        );
    }
}

fn ssm(site: &Site, said: &mut Judgement) {
    let Some(ssm) = &site.skypilot.ssm else { return };
    if ssm.ssh_proxy_command.is_some() {
        said.refuse(
            "skypilot.ssm.ssh_proxy_command",
            "SkyPilot's validator takes it beside use_ssm, and the launch then fails: Session \
             Manager is itself the proxy command. Leave it out, or leave `ssm` out",
        );
    }
    if ssm.vpcs.is_empty() {
        said.refuse("skypilot.ssm", "name the VPC, such as `vpc: private-vpc`");
    }
    for (i, net) in ssm.vpc_cidrs.iter().enumerate() {
        never_exempt(&format!("skypilot.ssm.vpc_cidrs[{i}]"), net, said);
    }
    if site.proxy_for_instances().is_none() {
        let shape = site.proxy.shape.label();
        said.warn(
            "skypilot.ssm",
            format!(
                "instances cannot reach a proxy of shape {shape}, so they are told of none: they \
                 need `proxy:` here, or another way to packages and to Systems Manager (VPC \
                 endpoints)"
            ),
        );
    } else if site.proxy.credentials.is_some() && site.proxy.shape == Shape::Bastion {
        said.warn(
            "skypilot.ssm",
            "instances are told of the proxy without credentials, which their user data would \
             show: let it take them by their addresses",
        );
    }
}
