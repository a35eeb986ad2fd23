//! What nodes take to pull images by the proxy (F8): the kubelet's runtime has no pod's environment.

use std::fmt::Write as _;

use crate::tree::comment;
use crate::{File, ServeMode, Shape, Site, Storage, no_proxy};

/// The drop-in for the runtime's unit, and the images that it pulls.
pub(crate) fn files(site: &Site) -> Vec<File> {
    vec![
        File::new("node/10-pinhole-proxy.conf", drop_in(site)),
        File::new("node/images.txt", images(site)),
    ]
}

/// How a node reaches the proxy.
fn url(site: &Site) -> String {
    let port = site.proxy.port;
    match (site.proxy.shape, site.proxy.service_ip) {
        // The port of its own pod, on the loopback address.
        (Shape::DaemonSet, _) => format!("http://127.0.0.1:{port}"),
        (Shape::Deployment, Some(ip)) if ip.is_ipv6() => format!("http://[{ip}]:{port}"),
        (Shape::Deployment, Some(ip)) => format!("http://{ip}:{port}"),
        _ => site.proxy_url(),
    }
}

fn drop_in(site: &Site) -> String {
    let mut text = String::new();
    comment(
        &mut text,
        0,
        "The proxy for the container runtime of a node, which pulls images. On each node:\n\
         \x20 /etc/systemd/system/containerd.service.d/10-pinhole-proxy.conf\n\
         (crio.service.d or docker.service.d for those), then\n\
         \x20 systemctl daemon-reload && systemctl restart containerd\n\
         Running containers go on. Written by `pinhole emit node`.",
    );
    if site.proxy.shape == Shape::DaemonSet {
        comment(
            &mut text,
            0,
            "The proxy's own image must be there without it, from a registry in NO_PROXY or loaded by \
             hand: until its pod runs on a node, the node pulls nothing else.",
        );
    }
    text.push_str("[Service]\n");
    let exempt = no_proxy::of_nodes(site);
    let mut line = |name: &str, value: &str| {
        // systemd expands what follows `%`. Writing to a string does not fail.
        let value = value.replace('%', "%%");
        let _infallible = writeln!(text, "Environment=\"{name}={value}\"");
    };
    if site.proxy.credentials.is_none() {
        let url = url(site);
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
            line(name, &url);
        }
    }
    for name in ["NO_PROXY", "no_proxy"] {
        line(name, &exempt);
    }
    if site.proxy.credentials.is_some() {
        comment(
            &mut text,
            0,
            "The proxy wants credentials. A file of root's own, mode 0600, has four lines: \
             HTTPS_PROXY=, https_proxy=, HTTP_PROXY= and http_proxy= with the whole URL.",
        );
        text.push_str("EnvironmentFile=/etc/pinhole/node-proxy.env\n");
    }
    text
}

/// The images, a line each, each with what it is for.
pub(crate) fn images(site: &Site) -> String {
    let sky = &site.skypilot;
    let mut text = String::new();
    comment(
        &mut text,
        0,
        "What nodes pull, with imagePullPolicy Always or on first use: by the proxy, or from a mirror \
         of the registries (containerd's hosts.toml), since most of these cannot be renamed.",
    );
    let mut image = |why: &str, name: &str| {
        comment(&mut text, 0, why);
        text.push_str(name);
        text.push('\n');
    };
    image("The proxy itself: never by the proxy.", &site.proxy.image);
    let tags = "SkyPilot's own pods; the tag is in its catalog (kubernetes/images.csv). A task's \
                `image_id: docker:…` takes its place, from any registry.";
    image(tags, "us-docker.pkg.dev/sky-dev-465/skypilotk8s/skypilot");
    image("", "us-docker.pkg.dev/sky-dev-465/skypilotk8s/skypilot-gpu");
    image(
        "SkyPilot's API server (the chart's apiService.image and global.imageRegistry rename it).",
        &format!("docker.io/berkeleyskypilot/skypilot:{}", sky.version),
    );
    let mounts = |storage: &Storage| *storage != Storage::HuggingFace;
    if sky.storage.iter().any(mounts) {
        image(
            "Mounting buckets: a DaemonSet of SkyPilot's, whose image has no override.",
            &format!("docker.io/berkeleyskypilot/fusermount-server:{}", sky.version.fusermount()),
        );
    }
    if sky.version.cleans_volumes() {
        image("Removing volumes on hosts.", "docker.io/library/busybox:1.36");
    }
    if sky.docker && sky.version >= crate::judge::DOCKER_IN_PODS {
        image("skypilot.docker.", "docker.io/library/docker:29.3-dind");
    }
    if sky.serve.as_ref().is_some_and(|serve| serve.mode == ServeMode::Ingress) {
        image(
            "The ingress controller, as its chart has it.",
            "registry.k8s.io/ingress-nginx/controller",
        );
    }
    text
}
