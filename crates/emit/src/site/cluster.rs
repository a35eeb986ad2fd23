//! The cluster's networks, and SkyPilot's contexts.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use policy::{Host, HostName};

/// The networks of a cluster. What is not known is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Where the API server is reached.
    pub api_server: ApiServer,
    /// Where pods have their addresses.
    pub pod_cidrs: Vec<IpNet>,
    /// Where Services have theirs.
    pub service_cidrs: Vec<IpNet>,
    /// Where nodes have theirs.
    pub node_cidrs: Vec<IpNet>,
    /// Where internal load balancers get their addresses, if not in `node_cidrs`.
    pub load_balancer_cidrs: Vec<IpNet>,
    /// The addresses of the cluster's DNS Service.
    pub dns: Vec<IpAddr>,
    /// The cluster's domain, `cluster.local` almost everywhere.
    pub domain: HostName,
    /// Who runs it, which tells the annotation of an internal load balancer.
    pub provider: Option<Provider>,
}

/// Where a cluster's API server is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiServer {
    /// The addresses of the Service `default/kubernetes`: one of each family, at port 443.
    pub cluster_ips: Vec<IpAddr>,
    /// The hosts in kubeconfigs, with their ports.
    pub hosts: Vec<(Host, u16)>,
    /// The API server's own addresses, behind the Service: what a NetworkPolicy must open in most
    /// clusters, since it sees packets after the Service's address is replaced.
    pub endpoints: Vec<SocketAddr>,
}

/// Who runs the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Google's.
    Gke,
    /// Amazon's.
    Eks,
    /// Microsoft's.
    Aks,
    /// Anybody else.
    Other,
}

/// One of several clusters that SkyPilot launches on, by its kubeconfig context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The context's name.
    pub name: String,
    /// Whether pods there use the proxy.
    pub proxied: bool,
    /// Its networks, where they are not the site's.
    pub cluster: Option<Cluster>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            api_server: ApiServer::default(),
            pod_cidrs: Vec::new(),
            service_cidrs: Vec::new(),
            node_cidrs: Vec::new(),
            load_balancer_cidrs: Vec::new(),
            dns: Vec::new(),
            domain: HostName::parse(b"cluster.local").expect("a plain name"),
            provider: None,
        }
    }
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gke, Self::Eks, Self::Aks, Self::Other];

    /// As it is written: `gke`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Gke => "gke",
            Self::Eks => "eks",
            Self::Aks => "aks",
            Self::Other => "other",
        }
    }

    /// The annotation that makes a load balancer internal, and its value.
    #[must_use]
    pub fn internal_load_balancer(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Gke => Some(("networking.gke.io/load-balancer-type", "Internal")),
            Self::Eks => Some(("service.beta.kubernetes.io/aws-load-balancer-internal", "true")),
            Self::Aks => Some(("service.beta.kubernetes.io/azure-load-balancer-internal", "true")),
            Self::Other => None,
        }
    }
}
