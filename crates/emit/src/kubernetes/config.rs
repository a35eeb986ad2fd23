//! The proxy's configuration, as a ConfigMap.

use super::{Clients, metadata, object};
use crate::skypilot::sidecar::parent_credentials;
use crate::tree::Map;
use crate::{CaBundle, File, SecretKey, Shape, Site, proxy};

const HEAD: &str = "The proxy's configuration: what `pinhole emit proxy` prints, and `pinhole check` reads.\n\
    The pods carry its checksum: apply it together with them, and they are replaced one by one.";
const SIDECAR: &str = "The sidecars' configuration: what `pinhole emit proxy` prints, and `pinhole check` \
    reads. Pods name it as a volume, so it must be there before the first one is launched. Those that \
    run see a change within a minute or two, and read it when they are told to (SIGHUP) or start anew.\n\
    NOT ENFORCED: a NetworkPolicy holds for a whole pod, so that wherever the sidecar may go, its pod's \
    task may go as well, past the sidecar. And SkyPilot's own service account may change this \
    ConfigMap. `shape: daemonset` or `deployment` has neither weakness.";

pub(super) fn file(site: &Site) -> File {
    let proxy = &site.proxy;
    let spaces: Vec<&str> = match proxy.shape {
        Shape::Sidecar => Clients::of(site).iter().map(|clients| clients.namespace).collect(),
        _ => vec![&proxy.namespace],
    };
    let mut head = if proxy.shape == Shape::Sidecar { SIDECAR } else { HEAD }.to_owned();
    for line in missing(site, &spaces) {
        head.push('\n');
        head.push_str(&line);
    }
    let text = proxy::config(site);
    let map = |namespace: &&str| {
        let data = Map::new().with("pinhole.yaml", text.as_str());
        let why = match *namespace == site.skypilot.namespace || proxy.shape != Shape::Sidecar {
            true => "",
            false => "The same for the API server's pod.",
        };
        let map = object("v1", "ConfigMap", metadata(site, &proxy.name, namespace));
        (why, map.with("data", data))
    };
    super::file("10-config.yaml", &head, spaces.iter().map(map).collect())
}

/// What must be there besides, and is nothing to write into a file.
fn missing(site: &Site, spaces: &[&str]) -> Vec<String> {
    let spaces = spaces.join(" and ");
    let mut lines = Vec::new();
    if let Some(SecretKey { secret, key }) = parent_credentials(site) {
        lines.push(format!(
            "The Secret `{secret}` must be in {spaces} as well. Its key `{key}` is one line, \
             user:password, for the parent: `kubectl create secret generic {secret} \
             --from-file={key}=FILE`."
        ));
    }
    let bundle = site.ca_bundle.as_ref().filter(|_| site.parent.is_some());
    let named = match bundle {
        Some(CaBundle::Secret(SecretKey { secret, key })) => Some(("Secret", secret, key)),
        Some(CaBundle::ConfigMap { name, key }) => Some(("ConfigMap", name, key)),
        Some(CaBundle::Path(_)) | None => None,
    };
    if let Some((kind, name, key)) = named {
        lines.push(format!(
            "The {kind} `{name}` with the CAs (key `{key}`) must be in {spaces} as well."
        ));
    }
    lines
}

/// What tells pods apart that read different texts.
pub(super) fn checksum(site: &Site) -> String {
    fnv(&proxy::config(site))
}

/// FNV-1a: nobody attacks it, and nothing but a restart hangs on it.
pub(super) fn fnv(text: &str) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    format!("{:016x}", text.bytes().fold(OFFSET, step))
}
