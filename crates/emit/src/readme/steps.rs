//! Where each file goes, in the order in which they are needed.

use super::Page;
use crate::skypilot::sidecar::parent_credentials;
use crate::{CaBundle, File, SecretKey, Shape, Site};

pub(super) fn write(site: &Site, files: &[File], page: &mut Page) {
    page.heading("Steps");
    let has = |folder: &str| files.iter().any(|file| file.path.starts_with(folder));
    let mut number = 0;
    let mut step = |page: &mut Page, text: &str| {
        number += 1;
        page.paragraph(&format!("{number}. {text}"));
    };
    if has("bastion/") {
        step(
            page,
            "The proxy: `bastion/pinhole.service` says where its files go and how it is started.",
        );
    }
    let secrets = secrets(site);
    if !secrets.is_empty() {
        step(page, "Secrets, whose values are nowhere in these files:");
        page.block("console", &secrets.join("\n"));
    }
    if has("kubernetes/") {
        step(
            page,
            "In the cluster. Folders in there are for those who have what they are named after, and \
             are applied by themselves. What it makes includes namespaces: `kubectl delete -f` would \
             take away what else is in them.",
        );
        page.block("console", "$ kubectl apply -f kubernetes/");
    }
    if has("node/") {
        step(
            page,
            "On each node, so that images are pulled by the proxy: \
             `node/10-pinhole-proxy.conf` says where it goes. `node/images.txt` lists the images.",
        );
    } else {
        step(
            page,
            "Nodes pull images without the proxy (`proxy.pulls_images: false`): have them in a \
             registry that nodes reach. Those of SkyPilot's own are listed below.",
        );
    }
    step(page, "SkyPilot's API server, by its Helm chart, beside the values that you have:");
    page.block(
        "console",
        &format!(
            "$ helm repo add skypilot https://helm.skypilot.co\n\
             $ helm upgrade --install skypilot skypilot/skypilot --version {} \\\n\
             \x20   --namespace {} --create-namespace --reuse-values -f helm/values.yaml",
            site.skypilot.version, site.skypilot.api_server_namespace
        ),
    );
    step(
        page,
        "SkyPilot's configuration: the contents of `skypilot/config.yaml`, on the dashboard's page \
         `/dashboard/config`; for an API server on your own machine, as `~/.sky/config.yaml`. The \
         chart's `apiService.config` counts only while the server has none.",
    );
    step(
        page,
        "Clusters that run already keep what they were launched with: `sky down` and launch anew.",
    );
    step(page, "A shell or a build in the same place has what it needs in `env/proxy.env`.");
}

/// The commands that create what only its owner knows.
fn secrets(site: &Site) -> Vec<String> {
    let (pods, server) = (&site.skypilot.namespace, &site.skypilot.api_server_namespace);
    let mut commands = Vec::new();
    let mut create = |kind: &str, namespace: &str, name: &str, key: &str, what: &str| {
        let command = format!(
            "$ kubectl --namespace {namespace} create {kind} {name} --from-file={key}=./{what}"
        );
        if !commands.contains(&command) {
            commands.push(command);
        }
    };
    if let Some(SecretKey { secret, key }) = &site.proxy.credentials {
        for namespace in [pods, server] {
            create("secret generic", namespace, secret, key, "proxy-url");
        }
    }
    if let Some(SecretKey { secret, key }) = parent_credentials(site) {
        match site.proxy.shape {
            Shape::Bastion => {}
            Shape::Sidecar => {
                for namespace in [pods, server] {
                    create("secret generic", namespace, secret, key, "parent-credentials");
                }
            }
            _ => create("secret generic", &site.proxy.namespace, secret, key, "parent-credentials"),
        }
    }
    let (kind, name, key) = match &site.ca_bundle {
        None | Some(CaBundle::Path(_)) => return commands,
        Some(CaBundle::Secret(SecretKey { secret, key })) => ("secret generic", secret, key),
        Some(CaBundle::ConfigMap { name, key }) => ("configmap", name, key),
    };
    let mut namespaces = vec![pods, server];
    if site.parent.is_some() && matches!(site.proxy.shape, Shape::Deployment | Shape::DaemonSet) {
        namespaces.push(&site.proxy.namespace);
    }
    for namespace in namespaces {
        create(kind, namespace, name, key, "ca-bundle.crt");
    }
    commands
}
