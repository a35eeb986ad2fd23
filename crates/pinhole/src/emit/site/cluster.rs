//! The section `cluster`.

use ::emit::{ApiServer, Cluster, Provider};
use policy::{Host, HostName};

use super::leaf::{address, addresses, endpoint, host_or_port, networks, word};
use crate::reader::{Reader, Value};

pub(super) fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> Cluster {
    let keys = [
        "api_server",
        "pod_cidrs",
        "service_cidrs",
        "node_cidrs",
        "load_balancer_cidrs",
        "dns",
        "domain",
        "provider",
    ];
    let [api, pods, services, nodes, balancers, dns, domain, provider] = reader.map(value, keys);
    let mut cluster = Cluster::default();
    if let Some(value) = &api {
        cluster.api_server = api_server(reader, value);
    }
    let lists = [
        (pods, &mut cluster.pod_cidrs),
        (services, &mut cluster.service_cidrs),
        (nodes, &mut cluster.node_cidrs),
        (balancers, &mut cluster.load_balancer_cidrs),
    ];
    for (value, list) in lists {
        *list = value.map(|value| networks(reader, &value)).unwrap_or_default();
    }
    cluster.dns = dns.map(|value| addresses(reader, &value)).unwrap_or_default();
    let name = |text: &str| HostName::parse(text.strip_prefix('.').unwrap_or(text).as_bytes());
    if let Some(domain) = domain.and_then(|value| reader.parsed(&value, name)) {
        cluster.domain = domain;
    }
    let provider_of = word("provider", &Provider::ALL, Provider::label);
    cluster.provider = provider.and_then(|value| reader.parsed(&value, provider_of));
    cluster
}

fn api_server(reader: &mut Reader<'_>, value: &Value<'_>) -> ApiServer {
    let [cluster_ip, hosts, endpoints] = reader.map(value, ["cluster_ip", "hosts", "endpoints"]);
    let mut api = ApiServer::default();
    for value in cluster_ip.map(|value| reader.list(&value, true)).unwrap_or_default() {
        api.cluster_ips.extend(reader.parsed(&value, address));
    }
    for value in hosts.map(|value| reader.list(&value, true)).unwrap_or_default() {
        // As kubectl takes a URL without a port.
        let host = |text: &str| -> Result<(Host, u16), String> {
            let plain = text.strip_prefix("https://").unwrap_or(text);
            let (host, port) = host_or_port(plain)?;
            Ok((host, port.unwrap_or(443)))
        };
        api.hosts.extend(reader.parsed(&value, host));
    }
    for value in endpoints.map(|value| reader.list(&value, true)).unwrap_or_default() {
        api.endpoints.extend(reader.parsed(&value, endpoint));
    }
    api
}
