//! The presets, which are data: one file of `config/presets` each.

mod file;
mod template;

pub(crate) use file::{Covers, Filled, LeftOut, Parameter, Preset};
pub(crate) use template::value;

macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../config/presets/", $name, ".yaml")))),+]
    };
}

/// Names and texts.
const PRESETS: &[(&str, &str)] = presets![
    "almalinux",
    "alpine",
    "amazon-linux",
    "aws",
    "aws-ecr",
    "aws-logs",
    "aws-s3",
    "aws-ssm",
    "azure",
    "azure-blob",
    "centos-stream",
    "cloudflare-r2",
    "conda",
    "coreweave-storage",
    "cran",
    "cudo",
    "debian",
    "digitalocean",
    "docker-engine",
    "docker-hub",
    "epel",
    "fluent-bit",
    "fluidstack",
    "gcp",
    "gcp-logs",
    "gcp-storage",
    "ghcr",
    "github",
    "go",
    "google-registry",
    "gradle",
    "helm",
    "hugging-face",
    "hyperbolic",
    "ibm",
    "kubernetes-packages",
    "kubernetes-registry",
    "kubernetes-registry-aws",
    "lambda",
    "maven",
    "mithril",
    "nebius",
    "npm",
    "nvidia-cuda",
    "nvidia-python",
    "nvidia-registry",
    "oci",
    "oci-storage",
    "oracle-linux",
    "paperspace",
    "prime-intellect",
    "python",
    "pytorch",
    "quay",
    "rhel",
    "rocky",
    "ruby",
    "runpod",
    "rust",
    "samsung-cloud",
    "seeweb",
    "shadeform",
    "skypilot-controllers",
    "skypilot-core",
    "skypilot-image",
    "skypilot-network-check",
    "skypilot-slurm",
    "skypilot-ssh-pools",
    "skypilot-storage",
    "skypilot-telemetry",
    "skypilot-vsphere",
    "ubuntu",
    "uv",
    "vast",
    "verda",
    "wandb",
    "yotta",
];

/// Every parameter that some preset has: keys of an entry, beside `preset`.
pub(crate) const PARAMETERS: [&str; 4] = ["account", "bucket", "namespace", "region"];

/// The presets' names, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset of that name.
pub(crate) fn find(name: &str) -> Option<Preset> {
    let (name, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
    Some(Preset::parse(name, text).expect("a test loads every preset that is built in"))
}

#[cfg(test)]
#[path = "presets_tests.rs"]
mod tests;
