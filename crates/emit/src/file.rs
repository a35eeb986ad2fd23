//! What is emitted, and for whom.

/// What can be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// SkyPilot's own configuration.
    SkyPilot,
    /// The proxy's.
    Proxy,
    /// Manifests of the proxy in the cluster.
    Kubernetes,
    /// Values of the Helm chart of SkyPilot's API server.
    HelmValues,
    /// What nodes take to pull images.
    Node,
    /// What a host takes to be the proxy.
    Bastion,
    /// A file for shells.
    Env,
    /// All of it, and a README.md that explains it.
    All,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it goes, below the folder that all go to.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// Its permission bits.
    pub mode: u32,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SkyPilot,
        Self::Proxy,
        Self::Kubernetes,
        Self::HelmValues,
        Self::Node,
        Self::Bastion,
        Self::Env,
        Self::All,
    ];

    /// As it is written: `helm-values`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SkyPilot => "skypilot",
            Self::Proxy => "proxy",
            Self::Kubernetes => "kubernetes",
            Self::HelmValues => "helm-values",
            Self::Node => "node",
            Self::Bastion => "bastion",
            Self::Env => "env",
            Self::All => "all",
        }
    }
}

impl File {
    /// A file that everybody may read.
    pub(crate) fn new(path: &str, text: String) -> Self {
        Self { path: path.to_owned(), text, mode: 0o644 }
    }
}
