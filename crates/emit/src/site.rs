//! A site: one cluster behind one proxy, and what SkyPilot is to do there.

mod cluster;
mod proxy;
mod skypilot;
mod version;

pub use cluster::{ApiServer, Cluster, Context, Provider};
pub use proxy::{
    Allow, Allowed, CaBundle, Mirror, Parent, PlainHttp, Proxy, Resolve, SecretKey, Shape, Sidecar,
};
pub use skypilot::{
    Cloud, CloudKind, Logs, SecurityGroup, Serve, ServeMode, SkyPilot, Ssm, Storage,
};
pub use version::{Version, VersionError};

use std::net::IpAddr;

use policy::Host;

/// One site, as its `site.yaml` describes it. Its values are well-formed one by one; whether they
/// go together is what [`Site::judge`](crate::Site::judge) says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The proxy that SkyPilot's pods are to use.
    pub proxy: Proxy,
    /// The proxy behind it, where the way out is somebody else's.
    pub parent: Option<Parent>,
    /// The cluster's networks.
    pub cluster: Cluster,
    /// What SkyPilot is to do.
    pub skypilot: SkyPilot,
    /// What is reached without the proxy: private registries, package mirrors, git servers.
    pub mirrors: Vec<Mirror>,
    /// CA certificates that pods must trust, where a proxy or a mirror has a private CA.
    pub ca_bundle: Option<CaBundle>,
    /// What the proxy is to allow besides, as entries of its `allow`.
    pub allow: Vec<Allow>,
}

impl Site {
    /// The host by which pods reach the proxy: loopback for a sidecar, the Service's name in the
    /// cluster, the given host outside of it.
    #[must_use]
    pub fn proxy_host(&self) -> String {
        match (&self.proxy.host, self.proxy.shape) {
            (Some(host), _) => bracketed(host),
            (None, Shape::Sidecar) => "127.0.0.1".to_owned(),
            (None, _) => self.service_name(),
        }
    }

    /// `host:port`, by which pods reach the proxy.
    #[must_use]
    pub fn proxy_address(&self) -> String {
        format!("{}:{}", self.proxy_host(), self.proxy.port)
    }

    /// The value of `https_proxy`. Where the proxy wants credentials, the URL with them is in a
    /// Secret, and this one is for messages only.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.proxy_address())
    }

    /// The full name of the proxy's Service: `pinhole.pinhole.svc.cluster.local`.
    #[must_use]
    pub fn service_name(&self) -> String {
        let Proxy { name, namespace, .. } = &self.proxy;
        format!("{name}.{namespace}.svc.{}", self.cluster.domain)
    }

    /// The full name of the API server's Service: `kubernetes.default.svc.cluster.local`.
    #[must_use]
    pub fn api_name(&self) -> String {
        format!("kubernetes.default.svc.{}", self.cluster.domain)
    }

    /// The networks of every cluster whose pods use the proxy: the site's own, and those of its
    /// proxied contexts.
    pub fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        let contexts = self.skypilot.contexts.iter().filter(|context| context.proxied);
        std::iter::once(&self.cluster).chain(contexts.filter_map(|one| one.cluster.as_ref()))
    }

    /// `host:port` of the proxy that instances in a cloud are told of, where they can reach one.
    #[must_use]
    pub fn proxy_for_instances(&self) -> Option<String> {
        let own = self.skypilot.ssm.as_ref().and_then(|ssm| ssm.proxy.as_ref());
        let named = own.map(|(host, port)| format!("{}:{port}", bracketed(host)));
        named.or_else(|| (self.proxy.shape == Shape::Bastion).then(|| self.proxy_address()))
    }

    /// Whether pods are told of the proxy for `http://` too, or only for `https://`.
    #[must_use]
    pub fn proxies_plain_http(&self) -> bool {
        match self.proxy.plain_http {
            PlainHttp::Proxied => true,
            PlainHttp::Direct => false,
            // Where clients disagree about the blocks in NO_PROXY, replicas are reached by http://
            // and only there would they be asked of the proxy.
            PlainHttp::Auto => !self.skypilot.replicas_by_address() || self.replicas_proxied(),
        }
    }

    /// Whether the proxy, as a sidecar, is an init container that goes on running.
    #[must_use]
    pub fn native_sidecar(&self) -> bool {
        match self.proxy.sidecar {
            Sidecar::Native => true,
            Sidecar::Plain => false,
            Sidecar::Auto => !self.skypilot.high_availability,
        }
    }

    /// Whether the proxy carries requests to SkyServe's replicas.
    #[must_use]
    pub fn replicas_proxied(&self) -> bool {
        self.skypilot.serve.as_ref().is_some_and(|serve| serve.through_proxy.is_some())
    }
}

/// A host as it stands before `:port` in a URL.
pub(crate) fn bracketed(host: &Host) -> String {
    match host {
        Host::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
        Host::Ip(ip) => ip.to_string(),
        Host::Name(name) => name.to_string(),
    }
}
