//! What no configuration carries.

use super::Page;
use crate::site::bracketed;
use crate::{Provider, ServeMode, Shape, Site, Version, node};

pub(super) fn write(site: &Site, page: &mut Page) {
    page.heading("What remains by hand");
    let sky = &site.skypilot;
    match (sky.managed_jobs, sky.network_check) {
        (true, None) => page.item(
            "F2: open 1.1.1.1 or 8.8.8.8, port 443, past the proxy for managed jobs' controllers \
             (and the API server, where they run by default), or they never learn what becomes of \
             a job. `network_check: 1.1.1.1` in site.yaml writes the NetworkPolicy; a firewall \
             outside of the cluster needs the same hole.",
        ),
        (true, Some(ip)) => page.item(&format!(
            "F2: the NetworkPolicy opens {ip}:443; a firewall outside of the cluster needs the same \
             hole, from pods."
        )),
        (false, _) => {}
    }
    if sky.managed_jobs && sky.serve.is_none() {
        page.item(
            "F3: `sky jobs pool status` makes that check too, by the proxy. Where managed jobs have \
             pools, add `{preset: skypilot-network-check}` to `allow` in site.yaml.",
        );
    }
    page.item(
        "A proxy is enforced by what happens without it: let no packet out of the cluster but the \
         proxy's. NetworkPolicies take a CNI that heeds them; a firewall does not. SkyPilot's own \
         service account may delete NetworkPolicies in its namespace, which is why `kubernetes/` has \
         ValidatingAdmissionPolicies (Kubernetes 1.30 and later); `remote_identity` names another \
         service account.",
    );
    if !site.proxy.pulls_images {
        page.item("F8: these images must be in reach of the nodes:");
    } else {
        page.item("F8: these images are pulled by the proxy, but for its own:");
    }
    page.block("text", &node::images(site));
    if site.proxy.image.starts_with("registry.example/") {
        page.item("`proxy.image` is an example: build the image (`docker/`) and name yours.");
    }
    if sky.version < Version::new(0, 12, 0) {
        page.item(
            "This release takes any kubernetes client, and fails to launch with 36 and later: where \
             the API server is installed by pip, add `kubernetes<36`.",
        );
    }
    serve(site, page);
    ssm(site, page);
    if sky.contexts.iter().any(|context| !context.proxied) {
        page.item(
            "Pods of the contexts without the proxy reach packages directly, or not at all: none of \
             this configuration is for them.",
        );
    }
    if sky.contexts.iter().any(|context| context.cluster.is_some())
        && site.proxy.shape != Shape::Bastion
    {
        page.item(
            "Each context with networks of its own needs the proxy in its own cluster, by the same \
             name: emit `kubernetes` from a description in which `cluster` is that one.",
        );
    }
    page.item(
        "Clients that read no environment: Java (`-Dhttps.proxyHost`, `-Dhttps.proxyPort`), Node.js \
         before 24 (24 takes `NODE_USE_ENV_PROXY=1`), urllib3 used by itself.",
    );
    page.item(
        "`pinhole doctor --site site.yaml`, in a pod of SkyPilot's or on a host that is to use the \
         proxy, tries what this site needs, and whether there is a way past the proxy.",
    );
}

fn serve(site: &Site, page: &mut Page) {
    let Some(serve) = &site.skypilot.serve else { return };
    match serve.mode {
        ServeMode::PodIp => {}
        ServeMode::Ingress => {
            let annotation = site.cluster.provider.and_then(Provider::internal_load_balancer);
            let how = annotation.map_or(String::new(), |(key, value)| {
                format!(" (the annotation `{key}: \"{value}\"`)")
            });
            let host = serve.ingress_host.as_ref().map_or(String::new(), bracketed);
            page.item(&format!(
                "The Service of ingress-nginx must be internal{how}, and be reached as `{host}`."
            ));
        }
        ServeMode::InternalLoadBalancer => page.item(
            "SkyServe's load balancers take their addresses from the nodes' network: clients \
             outside of the cluster need a route there.",
        ),
    }
}

fn ssm(site: &Site, page: &mut Page) {
    let Some(ssm) = &site.skypilot.ssm else { return };
    page.item(
        "AWS: the API server needs the AWS CLI, version 2, and session-manager-plugin, and its \
         credentials `ssm:StartSession` and `ssm:TerminateSession`.",
    );
    page.item(
        "AWS: the instances' role `skypilot-v1`, as SkyPilot makes it, lacks the policy \
         `AmazonSSMManagedInstanceCore`: attach it, or no instance shows up in Systems Manager.",
    );
    if site.proxy_for_instances().is_none() {
        page.item(&format!(
            "AWS: the VPC needs endpoints for `ssm`, `ssmmessages`, `ec2messages` and `ec2` of \
             {}, and a way to packages.",
            ssm.region
        ));
    }
}
