//! The sections `proxy` and `parent`.

use ::emit::{Parent, PlainHttp, Proxy, Resolve, Shape, Sidecar};
use connect::ParentUrl;

use super::leaf::{address, host_or_port, name, networks, secret, token, word};
use crate::reader::{Reader, Value};

pub(super) fn read(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Proxy> {
    let keys = [
        "shape",
        "address",
        "host",
        "addresses",
        "port",
        "admin_port",
        "image",
        "image_pull_secret",
        "namespace",
        "name",
        "monitoring_namespace",
        "replicas",
        "service_ip",
        "node_selector",
        "plain_http",
        "sidecar",
        "pulls_images",
        "credentials",
    ];
    let [
        shape,
        at,
        host,
        addresses,
        port,
        admin,
        image,
        pull_secret,
        namespace,
        own_name,
        monitoring,
        replicas,
        service_ip,
        selector,
        plain,
        sidecar,
        pulls,
        credentials,
    ] = reader.map(value, keys);
    let mut proxy = Proxy::default();
    let shape_of = word("shape", &Shape::ALL, Shape::label);
    match shape {
        Some(value) => proxy.shape = reader.parsed(&value, shape_of)?,
        // An address alone says that the proxy is there already.
        None if at.is_some() || host.is_some() => proxy.shape = Shape::Bastion,
        None => {
            let message = "say where it runs: `shape: sidecar`, daemonset, deployment or bastion";
            reader.problem(value, message);
            return None;
        }
    }
    if let Some(at) = &at {
        if host.is_some() || port.is_some() {
            reader.problem(at, "`address` is host and port in one: leave out `host` and `port`");
        }
        let plain = |text: &str| host_or_port(text.strip_prefix("http://").unwrap_or(text));
        let (host, port) = reader.parsed(at, plain)?;
        proxy.host = Some(host);
        proxy.port = port.unwrap_or(proxy.port);
    }
    if let Some(value) = host {
        let (host, also) = reader.parsed(&value, host_or_port)?;
        if also.is_some() {
            reader.problem(&value, "the port belongs into `port`");
        }
        proxy.host = Some(host);
    }
    for (value, field) in [(port, &mut proxy.port), (admin, &mut proxy.admin_port)] {
        let number = value.and_then(|value| reader.number(&value, 1..=65535));
        *field = number.and_then(|number| u16::try_from(number).ok()).unwrap_or(*field);
    }
    proxy.addresses = addresses.map(|value| networks(reader, &value)).unwrap_or_default();
    let texts = [
        (namespace, &mut proxy.namespace),
        (own_name, &mut proxy.name),
        (monitoring, &mut proxy.monitoring_namespace),
    ];
    for (value, field) in texts {
        if let Some(text) = value.and_then(|value| reader.parsed(&value, name)) {
            *field = text;
        }
    }
    if let Some(image) = image.and_then(|value| reader.parsed(&value, token)) {
        proxy.image = image;
    }
    proxy.image_pull_secret = pull_secret.and_then(|value| reader.parsed(&value, name));
    if let Some(number) = replicas.and_then(|value| reader.number(&value, 1..=100)) {
        proxy.replicas = u16::try_from(number).unwrap_or(proxy.replicas);
    }
    proxy.service_ip = service_ip.and_then(|value| reader.parsed(&value, address));
    proxy.node_selector = selector.map(|value| labels(reader, &value)).unwrap_or_default();
    let plain_of = word("value", &PlainHttp::ALL, PlainHttp::label);
    proxy.plain_http = plain.and_then(|value| reader.parsed(&value, plain_of)).unwrap_or_default();
    let sidecar_of = word("kind of sidecar", &Sidecar::ALL, Sidecar::label);
    proxy.sidecar = sidecar.and_then(|value| reader.parsed(&value, sidecar_of)).unwrap_or_default();
    // Where nodes can reach it without more ado, they may as well.
    let reached = matches!(proxy.shape, Shape::DaemonSet | Shape::Bastion);
    proxy.pulls_images = pulls.and_then(|value| reader.bool(&value)).unwrap_or(reached);
    proxy.credentials = credentials.and_then(|value| secret(reader, &value, "url"));
    Some(proxy)
}

fn labels(reader: &mut Reader<'_>, value: &Value<'_>) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    for (key, value) in reader.entries(value) {
        if let Err(error) = token(key) {
            reader.problem(&value, error);
        }
        if labels.iter().any(|(known, _)| known == key) {
            reader.problem(&value, "this key stands twice");
        }
        if let Some(text) = reader.text(&value) {
            labels.push((key.to_owned(), text.to_owned()));
        }
    }
    labels
}

pub(super) fn parent(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Parent> {
    let [urls, addresses, credentials, no_proxy, resolve] =
        reader.map(value, ["urls", "addresses", "credentials", "no_proxy", "resolve"]);
    let values = urls.map(|value| reader.list(&value, true)).unwrap_or_default();
    if values.is_empty() {
        reader.problem(value, "name at least one, such as `urls: [http://proxy.example:3128]`");
    }
    // Not repeated: what is wrong with it may be a password's place.
    let url = |text: &str| ParentUrl::parse(text).map(|_| text.to_owned());
    let urls = values.iter().filter_map(|value| reader.parsed(value, url)).collect();
    let addresses = addresses.map(|value| networks(reader, &value)).unwrap_or_default();
    let credentials = credentials.and_then(|value| secret(reader, &value, "parent"));
    let mut direct = Vec::new();
    for value in no_proxy.map(|value| reader.list(&value, true)).unwrap_or_default() {
        let Some(text) = reader.text(&value) else { continue };
        for problem in ::no_proxy::dialect::NoProxy::parse(text).1 {
            reader.problem(&value, problem.to_string());
        }
        direct.push(text.to_owned());
    }
    let resolve_of = word("value", &Resolve::ALL, Resolve::label);
    let resolve = resolve.and_then(|value| reader.parsed(&value, resolve_of)).unwrap_or_default();
    Some(Parent { urls, addresses, credentials, no_proxy: direct, resolve })
}
