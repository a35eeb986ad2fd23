//! Sites for tests.

use policy::{Host, HostName};

use crate::{
    ApiServer, Cluster, Proxy, SecurityGroup, Serve, ServeMode, Shape, Site, SkyPilot, Ssm, Version,
};

pub(crate) fn name(text: &str) -> Host {
    Host::Name(HostName::parse(text.as_bytes()).unwrap())
}

/// An ordinary cluster, with the proxy as a Deployment in it, and nothing to warn of.
pub(crate) fn plain() -> Site {
    let net = |text: &str| vec![text.parse().unwrap()];
    let api_server = ApiServer {
        cluster_ips: vec!["10.96.0.1".parse().unwrap()],
        hosts: Vec::new(),
        endpoints: vec!["10.0.0.5:6443".parse().unwrap()],
    };
    Site {
        proxy: Proxy::default(),
        parent: None,
        cluster: Cluster {
            api_server,
            pod_cidrs: net("10.244.0.0/16"),
            service_cidrs: net("10.96.0.0/12"),
            node_cidrs: net("10.0.0.0/24"),
            ..Cluster::default()
        },
        skypilot: SkyPilot::new(Version::LATEST),
        mirrors: Vec::new(),
        ca_bundle: None,
        allow: Vec::new(),
    }
}

/// The same with another shape.
pub(crate) fn shaped(shape: Shape) -> Site {
    let mut site = plain();
    site.proxy.shape = shape;
    if shape == Shape::Bastion {
        site.proxy.host = Some(name("proxy.test"));
        site.proxy.addresses = vec!["10.20.0.9/32".parse().unwrap()];
    }
    site
}

/// The same with SkyServe.
pub(crate) fn serving(mode: ServeMode) -> Site {
    let mut site = plain();
    site.skypilot.serve = Some(Serve { mode, ingress_host: None, through_proxy: None });
    site
}

pub(crate) fn ssm() -> Ssm {
    Ssm {
        region: "us-east-1".to_owned(),
        vpcs: vec!["private-vpc".to_owned()],
        security_group: SecurityGroup::One("private-sg".to_owned()),
        vpc_cidrs: Vec::new(),
        ssh_proxy_command: None,
        proxy: None,
    }
}
