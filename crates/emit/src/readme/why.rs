//! What was set, and what would go wrong without it.

use super::Page;
use crate::{Shape, Site};

pub(super) fn write(site: &Site, page: &mut Page) {
    page.heading("What was set, and why");
    let sky = &site.skypilot;
    page.row(["what goes wrong otherwise", "what was done"]);
    page.row(["---", "---"]);
    page.row([
        "F1: Python's kubernetes client, 34 and 35, sets NO_PROXY aside: its calls to the API \
         server go to the proxy",
        "the proxy allows exactly the API server, TLS end to end; in pods, uv keeps the client \
         below 34 (`UV_CONSTRAINT`)",
    ]);
    if sky.managed_jobs {
        let done = match sky.network_check {
            Some(ip) => format!("{ip}:443 is opened past the proxy (`kubernetes/`), and no other"),
            None => "nothing: see below".to_owned(),
        };
        page.row([
            "F2: the managed jobs' controller asks https://8.8.8.8 and https://1.1.1.1 whether \
             there is a network, past any proxy, and waits until one answers",
            &done,
        ]);
    }
    if sky.serve.is_some() {
        page.row([
            "F3: `sky serve status` makes the same check by the proxy",
            "the proxy allows both addresses, on port 443 (`skypilot-network-check`)",
        ]);
        page.row([
            "F4: SkyServe's probe reads blocks in NO_PROXY, its load balancer does not: a service \
             turns READY, and its users are sent to the proxy",
            replicas(site),
        ]);
    }
    page.row([
        "F5: half of all clients read one spelling of the variables only, and without NO_PROXY \
         SkyPilot asks the proxy for its own loopback address",
        "both spellings, always, with NO_PROXY; exact addresses for what matters, blocks besides",
    ]);
    if sky.high_availability {
        let done = match site.proxy.shape {
            Shape::Sidecar => "the sidecar is a plain container",
            _ => "no init containers",
        };
        page.row([
            "F6: an init container in pod_config takes away that of highly available controllers",
            done,
        ]);
    }
    page.row([
        "F7: SkyPilot's user installs by sudo, which drops the environment",
        "`post_provision_runcmd` writes sudoers.d (0440, checked before it counts), apt.conf.d, \
         and what logins read",
    ]);
    page.row([
        "F8: nodes pull images outside of any pod",
        match site.proxy.pulls_images {
            true => "a drop-in for the container runtime, and the list of images",
            false => "nothing: nodes have a registry of their own (`proxy.pulls_images: false`)",
        },
    ]);
    page.row([
        "F9: the API server's pod has none of pod_config",
        "the same variables as values of its chart (`global.extraEnvs`)",
    ]);
    if sky.ssm.is_some() {
        page.row([
            "F10: instances have no pod's environment",
            match site.proxy_for_instances() {
                Some(_) => "`aws.post_provision_runcmd` sets it, for Systems Manager's agent too",
                None => "nothing: instances are told of no proxy",
            },
        ]);
    }
}

fn replicas(site: &Site) -> &'static str {
    if !site.skypilot.replicas_by_address() {
        "endpoints are paths of one host, which NO_PROXY names"
    } else if site.replicas_proxied() {
        "the proxy carries requests to replicas"
    } else {
        "pods are told of the proxy for `https://` only: replicas are asked for by `http://`"
    }
}
