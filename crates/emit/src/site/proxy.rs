//! The proxy, what stands behind it, and what goes past it.

use std::net::IpAddr;

use ipnet::IpNet;
use policy::{Host, PortSet};

/// The proxy that SkyPilot's pods are to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where it runs.
    pub shape: Shape,
    /// The host by which pods reach it. A bastion has one; in a cluster it follows from the shape.
    pub host: Option<Host>,
    /// Where the name of a bastion leads, for NetworkPolicies, which know no names.
    pub addresses: Vec<IpNet>,
    /// Where it serves clients.
    pub port: u16,
    /// Where it serves `/healthz`, `/readyz` and `/metrics`.
    pub admin_port: u16,
    /// Its image, from a registry that nodes reach without it.
    pub image: String,
    /// The Secret with which its image is pulled.
    pub image_pull_secret: Option<String>,
    /// The namespace that it runs in.
    pub namespace: String,
    /// The name of its Deployment or DaemonSet, of its Service and its ConfigMap.
    pub name: String,
    /// The namespace of whoever reads `/metrics`.
    pub monitoring_namespace: String,
    /// How many of it, as a Deployment.
    pub replicas: u16,
    /// The Service's address, where it is fixed.
    pub service_ip: Option<IpAddr>,
    /// The labels of the nodes that it may run on.
    pub node_selector: Vec<(String, String)>,
    /// Whether pods are told of it for `http://`.
    pub plain_http: PlainHttp,
    /// What kind of container it is, as a sidecar.
    pub sidecar: Sidecar,
    /// Whether nodes pull images through it.
    pub pulls_images: bool,
    /// The whole URL with credentials, where a bastion wants some: pinhole itself asks for none.
    pub credentials: Option<SecretKey>,
}

/// Where the proxy runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A container in each of SkyPilot's pods, which they reach at 127.0.0.1.
    Sidecar,
    /// A pod on each node: pods reach that of their own node by a Service with
    /// `internalTrafficPolicy: Local`, and the kubelet by a port of the node's loopback address.
    DaemonSet,
    /// A few pods behind a Service.
    Deployment,
    /// A host outside of the cluster, or somebody else's proxy.
    Bastion,
}

/// Whether pods are told of the proxy for `http://`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PlainHttp {
    /// They are, except where SkyServe's replicas would be asked of the proxy by mistake.
    #[default]
    Auto,
    /// They are.
    Proxied,
    /// They are not; apt is, by its own configuration.
    Direct,
}

/// What kind of container a sidecar is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sidecar {
    /// Native, except where controllers are highly available.
    #[default]
    Auto,
    /// An init container that goes on running (Kubernetes 1.29): it is ready before SkyPilot's
    /// container starts, and starts again when it crashes.
    Native,
    /// One container beside the others.
    Plain,
}

/// A key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretKey {
    /// The Secret's name.
    pub secret: String,
    /// The key in it.
    pub key: String,
}

/// The proxy behind pinhole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// `http://` or `https://` URLs, in the order in which they are tried.
    pub urls: Vec<String>,
    /// Where their names lead, for NetworkPolicies, which know no names.
    pub addresses: Vec<IpNet>,
    /// The key with its one line `user:password`. On a bastion, where there are no Secrets, the
    /// file is put in place by hand.
    pub credentials: Option<SecretKey>,
    /// Targets that are reached directly all the same.
    pub no_proxy: Vec<String>,
    /// Who looks names up.
    pub resolve: Resolve,
}

/// Who looks names up where there is a parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Resolve {
    /// The parent.
    #[default]
    Parent,
    /// pinhole.
    Local,
}

/// What is reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Its host.
    pub host: Host,
    /// Its port, if it is known.
    pub port: Option<u16>,
    /// Where its name leads, for firewalls and NetworkPolicies.
    pub addresses: Vec<IpNet>,
}

/// Where a bundle of CA certificates is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaBundle {
    /// A file that pods' images and the bastion have already.
    Path(String),
    /// A key of a Secret in the namespaces of SkyPilot's pods and of the proxy.
    Secret(SecretKey),
    /// A key of a ConfigMap there: its name and the key.
    ConfigMap {
        /// The ConfigMap's name.
        name: String,
        /// The key in it.
        key: String,
    },
}

/// An entry of the proxy's `allow` that the site adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// What it allows.
    pub what: Allowed,
    /// On which ports, where it is not the default.
    pub ports: Option<PortSet>,
}

/// What an entry allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A preset, with its parameters.
    Preset {
        /// Its name.
        name: String,
        /// `region`, `bucket` and the like, with their values.
        parameters: Vec<(String, String)>,
    },
    /// A host pattern, as `host:` takes it.
    Host(String),
    /// A network.
    Network(IpNet),
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            shape: Shape::Deployment,
            host: None,
            addresses: Vec::new(),
            port: 3128,
            admin_port: 9128,
            image: "registry.example/pinhole:0.1.0".to_owned(),
            image_pull_secret: None,
            namespace: "pinhole".to_owned(),
            name: "pinhole".to_owned(),
            monitoring_namespace: "monitoring".to_owned(),
            replicas: 2,
            service_ip: None,
            node_selector: Vec::new(),
            plain_http: PlainHttp::Auto,
            sidecar: Sidecar::Auto,
            pulls_images: false,
            credentials: None,
        }
    }
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sidecar, Self::DaemonSet, Self::Deployment, Self::Bastion];

    /// As it is written: `daemonset`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::DaemonSet => "daemonset",
            Self::Deployment => "deployment",
            Self::Bastion => "bastion",
        }
    }
}

impl PlainHttp {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Proxied, Self::Direct];

    /// As it is written: `auto`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Proxied => "proxied",
            Self::Direct => "direct",
        }
    }
}

impl Sidecar {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Native, Self::Plain];

    /// As it is written: `native`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Plain => "plain",
        }
    }
}

impl Resolve {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Parent, Self::Local];

    /// As it is written: `parent`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Local => "local",
        }
    }
}
