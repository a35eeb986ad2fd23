//! The proxy's place, and what follows from it.

use policy::Host;

use super::Judgement;
use crate::{CaBundle, Shape, Sidecar, Site};

pub(super) fn judge(site: &Site, said: &mut Judgement) {
    let proxy = &site.proxy;
    if proxy.port == proxy.admin_port {
        said.refuse(
            "proxy.admin_port",
            format!("clients are served at {} already: write another port", proxy.port),
        );
    }
    match proxy.shape {
        Shape::Sidecar => sidecar(site, said),
        Shape::Bastion | Shape::Deployment | Shape::DaemonSet => address(site, said),
    }
    if proxy.credentials.is_some() && proxy.shape != Shape::Bastion {
        said.refuse(
            "proxy.credentials",
            "pinhole asks clients for no credentials, and in the cluster the proxy is pinhole: \
             leave them out; who may use it is a NetworkPolicy's affair (`pinhole emit kubernetes`)",
        );
    }
    if proxy.credentials.is_some() {
        said.warn(
            "proxy.credentials",
            "every task can read the proxy's credentials in its environment, where SkyPilot needs \
             them: make them good for the proxy alone",
        );
    }
    if proxy.sidecar != Sidecar::Auto && proxy.shape != Shape::Sidecar {
        said.refuse("proxy.sidecar", format!("the shape is {}: leave it out", proxy.shape.label()));
    }
    pulls(site, said);
    policies(site, said);
    if let (Shape::Bastion, Some(CaBundle::Path(path))) = (proxy.shape, &site.ca_bundle)
        && site.parent.is_some()
    {
        said.warn("ca_bundle.path", format!("`{path}` must be there on the bastion as well"));
    }
}

fn sidecar(site: &Site, said: &mut Judgement) {
    let proxy = &site.proxy;
    if proxy.host.is_some() {
        said.refuse(
            "proxy.address",
            "a sidecar is reached at 127.0.0.1: leave the address out, or write `shape: bastion`",
        );
    }
    if proxy.sidecar == Sidecar::Native && site.skypilot.high_availability {
        said.refuse(
            "proxy.sidecar",
            "a native sidecar is an init container, and SkyPilot's highly available controllers \
             lose their own (`init-copy-home`) when pod_config has any: their home stays empty. \
             Write `sidecar: plain`, or `shape: daemonset` or `deployment`, or give up \
             skypilot.high_availability",
        );
    }
    if !site.native_sidecar() {
        said.warn(
            "proxy.shape",
            "a plain sidecar that crashes is not started again (SkyPilot's pods have \
             restartPolicy Never, highly available controllers alone have not), and the pod goes \
             on without a way out: `shape: daemonset` does not have that",
        );
    }
    said.warn(
        "proxy.shape",
        "a NetworkPolicy holds for a whole pod, so nothing makes a task use its sidecar: where the \
         sidecar may go, the task may go too. `shape: daemonset` or `deployment` can be enforced",
    );
}

/// The address by which pods reach a proxy that is none of their own containers.
fn address(site: &Site, said: &mut Judgement) {
    match &site.proxy.host {
        None if site.proxy.shape == Shape::Bastion => said.refuse(
            "proxy.shape",
            "a bastion stands outside of the cluster: say where, such as \
             `address: proxy.example:3128`",
        ),
        Some(host) if loops_back(host) => said.refuse(
            "proxy.address",
            "in a pod this is the pod itself: write the address by which pods reach the proxy, \
             or `shape: sidecar`",
        ),
        None | Some(_) => {}
    }
}

/// What NetworkPolicies take, which know addresses alone.
fn policies(site: &Site, said: &mut Judgement) {
    let proxy = &site.proxy;
    let named = |host: &Host| matches!(host, Host::Name(_));
    if proxy.shape == Shape::Bastion {
        if proxy.host.as_ref().is_some_and(named) && proxy.addresses.is_empty() {
            said.warn(
                "proxy.address",
                "NetworkPolicies know no names: without `proxy.addresses`, where this one leads, \
                 they open no way to it",
            );
        }
    } else if !proxy.addresses.is_empty() {
        let shape = proxy.shape.label();
        said.refuse(
            "proxy.addresses",
            format!("they are a bastion's, and the shape is {shape}: leave them out"),
        );
    }
    let inside = matches!(proxy.shape, Shape::Deployment | Shape::DaemonSet);
    if inside && proxy.namespace == site.skypilot.namespace {
        said.warn(
            "proxy.namespace",
            "SkyPilot's pods run there too, with a service account that may change everything in \
             the namespace, the proxy's configuration included: give the proxy its own",
        );
    }
    let apart = |url: &&String| {
        let service = format!(".svc.{}", site.cluster.domain);
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let literal = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        !literal && !host.ends_with(&service)
    };
    if let Some(parent) = site.parent.as_ref().filter(|_| proxy.shape != Shape::Bastion)
        && parent.addresses.is_empty()
        && parent.urls.iter().any(|url| apart(&url))
    {
        said.warn(
            "parent.urls",
            "NetworkPolicies know no names: without `parent.addresses`, where these lead, they open \
             every address on the parents' ports",
        );
    }
    for (i, mirror) in site.mirrors.iter().enumerate() {
        if named(&mirror.host) && mirror.addresses.is_empty() {
            said.warn(
                format!("mirrors[{i}]"),
                "NetworkPolicies know no names: without `addresses`, where this one leads, they open \
                 no way to it",
            );
        }
    }
}

fn loops_back(host: &Host) -> bool {
    match host {
        Host::Ip(ip) => ip.is_loopback() || ip.is_unspecified(),
        Host::Name(name) => {
            let name = name.to_string();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Whether nodes can reach the proxy.
fn pulls(site: &Site, said: &mut Judgement) {
    let proxy = &site.proxy;
    match (proxy.pulls_images, proxy.shape, proxy.service_ip) {
        (true, Shape::Sidecar, _) => said.refuse(
            "proxy.pulls_images",
            "nodes pull a pod's images before there is a sidecar in it: write `shape: daemonset`, \
             `deployment` or `bastion`, or give nodes a registry mirror",
        ),
        (true, Shape::Deployment, None) => said.refuse(
            "proxy.pulls_images",
            "nodes look up no names of the cluster: fix the Service's address \
             (`proxy.service_ip`, free in `cluster.service_cidrs`), or write `shape: daemonset`",
        ),
        _ => {}
    }
}
