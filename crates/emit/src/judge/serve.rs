//! SkyServe: how its replicas are reached, and by whom.

use ipnet::IpNet;
use policy::Host;

use super::Judgement;
use super::networks::never_exempt;
use crate::{PlainHttp, Provider, Serve, ServeMode, Site};

pub(super) fn judge(site: &Site, said: &mut Judgement) {
    let plain = site.proxy.plain_http;
    if !site.proxies_plain_http() {
        said.warn(
            "proxy.plain_http",
            "pods are told of the proxy for https:// only (apt has its own configuration): what \
             else asks for http:// goes out directly, where a firewall should stop it",
        );
    }
    let Some(serve) = &site.skypilot.serve else { return };
    if site.skypilot.replicas_by_address()
        && !site.replicas_proxied()
        && plain == PlainHttp::Proxied
    {
        said.refuse(
            "proxy.plain_http",
            "SkyServe's readiness probe (requests) reads blocks in NO_PROXY, its load balancer \
             (httpx) does not: the service turns READY, and every request of a user goes to the \
             proxy. Write `plain_http: direct` (or leave it out), or `skypilot.serve.mode: \
             ingress` with its one host, or have the proxy carry them: \
             `skypilot.serve.through_proxy: [the replicas' ports]`",
        );
    }
    through_proxy(site, serve, said);
    ingress(serve, said);
    if serve.mode == ServeMode::InternalLoadBalancer {
        provider(site, said);
        if site.cluster.load_balancer_cidrs.is_empty() {
            said.warn(
                "cluster.load_balancer_cidrs",
                "without these, NetworkPolicies open no load balancer to SkyServe's controller, \
                 which some providers (EKS) need",
            );
        }
    }
}

fn through_proxy(site: &Site, serve: &Serve, said: &mut Judgement) {
    let place = "skypilot.serve.through_proxy";
    if serve.through_proxy.is_none() {
        return;
    }
    if serve.mode == ServeMode::Ingress {
        said.refuse(
            place,
            "with `mode: ingress` replicas are reached by the ingress: leave it out",
        );
    } else if site.proxy.plain_http == PlainHttp::Direct {
        said.refuse(
            place,
            "`proxy.plain_http: direct` tells clients of no proxy for http://, so none is asked \
             for replicas: leave out one of the two",
        );
    }
    let cluster = &site.cluster;
    let nowhere = cluster.load_balancer_cidrs.is_empty() && cluster.node_cidrs.is_empty();
    if serve.mode == ServeMode::InternalLoadBalancer && nowhere {
        said.refuse(
            place,
            "the proxy reaches private addresses only where they are named: name the load \
             balancers' blocks in cluster.load_balancer_cidrs",
        );
    }
}

fn ingress(serve: &Serve, said: &mut Judgement) {
    let place = "skypilot.serve.ingress_host";
    match (serve.mode, &serve.ingress_host) {
        (ServeMode::Ingress, None) => said.refuse(
            "skypilot.serve.mode",
            "name `ingress_host`, the host by which the ingress controller is reached: it must \
             stand in NO_PROXY itself, since SkyServe's load balancer reads no blocks",
        ),
        (ServeMode::Ingress, Some(Host::Ip(ip))) if ip.is_ipv6() => {
            said.refuse(place, "httpx fails on IPv6 addresses in NO_PROXY: write a name");
        }
        (ServeMode::Ingress, Some(Host::Ip(ip))) => never_exempt(place, &IpNet::from(*ip), said),
        (ServeMode::Ingress, Some(Host::Name(_))) | (_, None) => {}
        (mode, Some(_)) => {
            said.refuse(place, format!("`mode: {}` has no ingress: leave it out", mode.label()));
        }
    }
}

fn provider(site: &Site, said: &mut Judgement) {
    match site.cluster.provider {
        None => said.refuse(
            "cluster.provider",
            "which annotation makes a load balancer internal is the provider's affair: write gke, \
             eks or aks, or other and add it to custom_metadata by hand",
        ),
        Some(Provider::Other) => said.warn(
            "cluster.provider",
            "no annotation is known that makes a load balancer internal here: without one, \
             SkyServe's endpoints may get public addresses. Add it to kubernetes.custom_metadata",
        ),
        Some(_) => {}
    }
}
