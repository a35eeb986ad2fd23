//! What is looked at: what the site needs, and what holds there.

use std::net::{IpAddr, Ipv4Addr};

use policy::{Authority, Host};

use super::check::Verdict;
use super::machine::Machine;
use super::need::Need;

/// What SkyPilot asks for to see whether there is a network.
pub(super) const NETWORK_CHECK: [Ipv4Addr; 2] = ::emit::SkyPilot::CHECKED;

/// Addresses outside of every site: two that many networks open by mistake, being name servers,
/// and one of IPv6.
pub(super) const OUTSIDE: [IpAddr; 3] = [
    IpAddr::V4(NETWORK_CHECK[0]),
    IpAddr::V4(NETWORK_CHECK[1]),
    IpAddr::V6(std::net::Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
];

/// What is known of the site, or of the pod where there is no description of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether a site's description says so.
    pub(super) of_site: bool,
    /// How pods reach the proxy, as the site has it.
    pub(super) proxy: Option<String>,
    pub(super) sidecar: bool,
    /// Whether `http://` is to go by the proxy.
    pub(super) plain_http: bool,
    pub(super) jobs: Use,
    pub(super) serve: Use,
    /// The address that may be reached past the proxy.
    pub(super) hole: Option<Ipv4Addr>,
    pub(super) api_servers: Vec<Authority>,
    pub(super) mirrors: Vec<Authority>,
    /// SkyServe, with replicas that are asked by their addresses.
    pub(super) replicas: Use,
    pub(super) replicas_proxied: bool,
    /// The cluster's domain.
    pub(super) domain: String,
}

/// Whether a feature is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Yes,
    No,
    Unknown,
}

/// Everything.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) facts: Facts,
    pub(super) needs: Vec<Need>,
    pub(super) outside: Vec<IpAddr>,
    /// Whether nothing but the proxy may lead out.
    pub(super) enforced: bool,
}

impl Facts {
    /// What can be known without a site's description.
    pub(super) fn of_machine(machine: &Machine) -> Self {
        Self {
            of_site: false,
            proxy: None,
            sidecar: false,
            plain_http: true,
            jobs: Use::Unknown,
            serve: Use::Unknown,
            hole: None,
            api_servers: own_api_server(machine).into_iter().collect(),
            mirrors: Vec::new(),
            replicas: Use::Unknown,
            replicas_proxied: false,
            domain: "cluster.local".to_owned(),
        }
    }

    /// What holds at a site, and in this pod of it.
    pub(super) fn of_site(site: &::emit::Site, machine: &Machine) -> Self {
        let used = |yes: bool| if yes { Use::Yes } else { Use::No };
        // The Service's address is for pods, the kubeconfig's hosts for everybody else.
        let api = &site.cluster.api_server;
        let mut api_servers: Vec<Authority> = own_api_server(machine).into_iter().collect();
        let known: Vec<(Host, u16)> = match machine.is_pod() {
            true => api.cluster_ips.iter().map(|ip| (Host::Ip(*ip), 443)).collect(),
            false => api.hosts.clone(),
        };
        for (host, port) in known {
            let server = authority(&host, port).filter(|one| !api_servers.contains(one));
            api_servers.extend(server);
        }
        let mirrors = site.mirrors.iter();
        Self {
            of_site: true,
            proxy: Some(site.proxy_url()),
            sidecar: site.proxy.shape == ::emit::Shape::Sidecar,
            plain_http: site.proxies_plain_http(),
            jobs: used(site.skypilot.managed_jobs),
            serve: used(site.skypilot.serve.is_some()),
            hole: site.skypilot.network_check,
            api_servers,
            mirrors: mirrors
                .filter_map(|one| authority(&one.host, one.port.unwrap_or(443)))
                .collect(),
            replicas: used(site.skypilot.replicas_by_address()),
            replicas_proxied: site.replicas_proxied(),
            domain: site.cluster.domain.to_string(),
        }
    }
}

impl Use {
    /// What is bad where a feature is used, and doubtful where nobody says so.
    pub(super) fn if_used(self, verdict: Verdict) -> Verdict {
        match self {
            Self::Yes => verdict,
            Self::Unknown => verdict.min(Verdict::Warn),
            Self::No => Verdict::Skipped,
        }
    }
}

/// The API server as the kubelet names it in every pod.
fn own_api_server(machine: &Machine) -> Option<Authority> {
    let host = machine.set("KUBERNETES_SERVICE_HOST")?;
    let port = machine.set("KUBERNETES_SERVICE_PORT").unwrap_or("443");
    let host = match host.parse::<IpAddr>() {
        Ok(ip) => Host::Ip(ip).to_string(),
        Err(_) => host.to_owned(),
    };
    Authority::parse(format!("{host}:{port}").as_bytes()).ok()
}

fn authority(host: &Host, port: u16) -> Option<Authority> {
    Authority::parse(format!("{host}:{port}").as_bytes()).ok()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
