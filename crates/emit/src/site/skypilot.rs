//! What SkyPilot is to do at a site.

use std::net::Ipv4Addr;

use ipnet::IpNet;
use policy::{Host, PortSet};

use super::{Context, Version};

/// What SkyPilot is to do. Each feature opens what it needs, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkyPilot {
    /// Its release.
    pub version: Version,
    /// The namespace of its pods.
    pub namespace: String,
    /// The namespace of its API server.
    pub api_server_namespace: String,
    /// The clouds it launches on, besides this cluster.
    pub clouds: Vec<Cloud>,
    /// The buckets it copies from or mounts.
    pub storage: Vec<Storage>,
    /// Whether pods run images that are not SkyPilot's own.
    pub custom_image: bool,
    /// Whether tasks use Docker.
    pub docker: bool,
    /// Whether tasks install packages with conda.
    pub conda: bool,
    /// Where logs are shipped.
    pub logs: Option<Logs>,
    /// SkyServe.
    pub serve: Option<Serve>,
    /// Managed jobs.
    pub managed_jobs: bool,
    /// The address that may be reached past the proxy, for the check of the managed jobs'
    /// controller, which knows no proxy: one of [`SkyPilot::CHECKED`].
    pub network_check: Option<Ipv4Addr>,
    /// Whether controllers outlive their pods.
    pub high_availability: bool,
    /// Several clusters, where there are several.
    pub contexts: Vec<Context>,
    /// Instances in AWS, reached by Session Manager.
    pub ssm: Option<Ssm>,
    /// Whether SkyPilot reports how it is used.
    pub telemetry: bool,
}

/// A cloud, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Which one.
    pub kind: CloudKind,
    /// Its regions, where its preset has one for each.
    pub regions: Vec<String>,
}

/// A bucket, or what is like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Amazon S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// Its region.
        region: String,
    },
    /// Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
    },
    /// Azure Blob Storage.
    Azure {
        /// The storage account.
        account: String,
    },
    /// Cloudflare R2.
    R2 {
        /// The account's id.
        account: String,
    },
    /// Oracle Cloud.
    Oci {
        /// The tenancy's namespace.
        namespace: String,
        /// Its region.
        region: String,
    },
    /// CoreWeave's object storage.
    CoreWeave {
        /// The bucket.
        bucket: String,
    },
    /// The Hugging Face Hub.
    HuggingFace,
}

/// Where logs are shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logs {
    /// CloudWatch.
    Aws {
        /// The log group's region.
        region: String,
    },
    /// Google Cloud Logging.
    Gcp,
}

/// How SkyServe's services are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
    /// By what.
    pub mode: ServeMode,
    /// The one host of the ingress.
    pub ingress_host: Option<Host>,
    /// The replicas' ports, where the proxy is to carry requests to replicas.
    pub through_proxy: Option<PortSet>,
}

/// By what SkyServe's services are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServeMode {
    /// The addresses of pods.
    PodIp,
    /// Load balancers without a public address.
    InternalLoadBalancer,
    /// An ingress controller's host.
    Ingress,
}

/// Instances in AWS without public addresses, reached by Session Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssm {
    /// Their region.
    pub region: String,
    /// Their VPCs, the first that fits being taken.
    pub vpcs: Vec<String>,
    /// Their security groups.
    pub security_group: SecurityGroup,
    /// The VPCs' own blocks, which instances reach without the proxy.
    pub vpc_cidrs: Vec<IpNet>,
    /// What would lead to them otherwise: it does not go with Session Manager.
    pub ssh_proxy_command: Option<String>,
    /// `host:port` of the proxy for the instances, where it is not that of the pods.
    pub proxy: Option<(Host, u16)>,
}

/// A security group, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecurityGroup {
    /// One for all.
    One(String),
    /// By the clusters' names: globs, and the group of each.
    ByCluster(Vec<(String, String)>),
}

impl SkyPilot {
    /// What SkyPilot asks for to see whether there is a network.
    pub const CHECKED: [Ipv4Addr; 2] = [Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(1, 1, 1, 1)];

    /// Nothing but launching tasks in this cluster.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            version,
            namespace: "default".to_owned(),
            api_server_namespace: "skypilot".to_owned(),
            clouds: Vec::new(),
            storage: Vec::new(),
            custom_image: false,
            docker: false,
            conda: false,
            logs: None,
            serve: None,
            managed_jobs: false,
            network_check: None,
            high_availability: false,
            contexts: Vec::new(),
            ssm: None,
            telemetry: false,
        }
    }

    /// Whether SkyServe's load balancer asks replicas by addresses: it uses httpx, which knows no
    /// blocks of addresses in NO_PROXY.
    #[must_use]
    pub fn replicas_by_address(&self) -> bool {
        let by_address = |serve: &Serve| serve.mode != ServeMode::Ingress;
        self.serve.as_ref().is_some_and(by_address)
    }
}

impl ServeMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PodIp, Self::InternalLoadBalancer, Self::Ingress];

    /// As it is written: `podip`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::PodIp => "podip",
            Self::InternalLoadBalancer => "internal-load-balancer",
            Self::Ingress => "ingress",
        }
    }
}

macro_rules! clouds {
    ($($variant:ident $name:literal $preset:literal $region:literal $about:literal;)+) => {
        /// A cloud that SkyPilot knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloudKind {
            $(#[doc = $about] $variant,)+
        }

        impl CloudKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// SkyPilot's own name for it.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The preset with its control plane.
            #[must_use]
            pub fn preset(self) -> &'static str {
                match self { $(Self::$variant => $preset),+ }
            }

            /// The first known release of SkyPilot that has it.
            #[must_use]
            pub fn since(self) -> Version {
                match self {
                    Self::Mithril | Self::Verda | Self::Yotta => Version::new(0, 12, 0),
                    _ => Version::FIRST,
                }
            }

            /// Whether the preset is one for each region.
            #[must_use]
            pub fn needs_region(self) -> bool {
                match self { $(Self::$variant => $region),+ }
            }
        }
    };
}

clouds! {
    Aws "aws" "aws" true "Amazon Web Services.";
    Azure "azure" "azure" false "Microsoft Azure.";
    Cudo "cudo" "cudo" false "Cudo Compute.";
    DigitalOcean "do" "digitalocean" false "DigitalOcean.";
    Fluidstack "fluidstack" "fluidstack" false "Fluidstack.";
    Gcp "gcp" "gcp" false "Google Cloud.";
    Hyperbolic "hyperbolic" "hyperbolic" false "Hyperbolic.";
    Ibm "ibm" "ibm" true "IBM Cloud.";
    Lambda "lambda" "lambda" false "Lambda.";
    Mithril "mithril" "mithril" false "Mithril.";
    Nebius "nebius" "nebius" false "Nebius.";
    Oci "oci" "oci" true "Oracle Cloud.";
    Paperspace "paperspace" "paperspace" false "Paperspace.";
    PrimeIntellect "primeintellect" "prime-intellect" false "Prime Intellect.";
    RunPod "runpod" "runpod" false "RunPod.";
    Scp "scp" "samsung-cloud" false "Samsung Cloud Platform.";
    Seeweb "seeweb" "seeweb" false "Seeweb.";
    Shadeform "shadeform" "shadeform" false "Shadeform.";
    Slurm "slurm" "skypilot-slurm" false "Slurm clusters.";
    Ssh "ssh" "skypilot-ssh-pools" false "Machines reached by ssh.";
    Vast "vast" "vast" false "Vast.";
    Verda "verda" "verda" false "Verda.";
    Vsphere "vsphere" "skypilot-vsphere" false "vSphere.";
    Yotta "yotta" "yotta" false "Yotta.";
}
