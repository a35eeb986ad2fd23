//! Who reaches what under the NetworkPolicies of a site, as a table; and that each of them is
//! needed for it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use libtest_mimic::Trial;

use crate::launched::{CLUSTERS, pod_in};
use crate::manifests;
use crate::meaning;
use crate::policies::{self, Blocks, Place, Pod, Policy, Port, permit};
use crate::sites::{Site, list};
use crate::{Fault, Outcome, ensure, trial};

pub(crate) fn trials(sites: &[Arc<Site>]) -> Vec<Trial> {
    let mut trials = vec![trial("policies_mean_what_their_api_says", || Ok(meaning::holds()?))];
    for site in sites {
        let name = site.name.replace('-', "_");
        let (one, other) = (site.clone(), site.clone());
        trials.push(trial(format!("{name}_policies_let_through_what_they_should"), move || {
            holds(&one)
        }));
        trials.push(trial(format!("{name}_policies_are_all_needed"), move || needed(&other)));
    }
    trials
}

/// One line of the table.
struct Case {
    what: String,
    from: Place,
    to: Place,
    port: Port,
    allowed: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, port: Port { protocol, number }, allowed, .. } = self;
        write!(
            f,
            "{what} at {protocol} {number} must be {}",
            if *allowed { "open" } else { "closed" }
        )
    }
}

/// Those that come out otherwise.
fn wrong(policies: &[Policy], cases: &[Case]) -> Vec<String> {
    let red = cases.iter().filter(|case| {
        // Whatever the CNI takes blocks for.
        let blocks = if case.allowed { Blocks::LeavePodsOut } else { Blocks::MeanPods };
        permit(policies, &case.from, &case.to, case.port, blocks) != case.allowed
    });
    red.map(Case::to_string).collect()
}

fn holds(site: &Site) -> Outcome {
    let red = wrong(&of(site)?, &cases(site)?);
    ensure!(red.is_empty(), "{}", red.join("\n"));
    Ok(())
}

/// Without any one of them, some case comes out otherwise.
fn needed(site: &Site) -> Outcome {
    let (policies, cases) = (of(site)?, cases(site)?);
    let before = wrong(&policies, &cases);
    let mut idle = Vec::new();
    for at in 0..policies.len() {
        let mut rest = policies.clone();
        let without = rest.remove(at).metadata;
        if wrong(&rest, &cases) == before {
            idle.push(format!("{}/{}", without.namespace, without.name));
        }
    }
    ensure!(idle.is_empty(), "nothing would be missed of {}", idle.join(", "));
    Ok(())
}

fn of(site: &Site) -> Result<Vec<Policy>, Fault> {
    let objects = manifests::objects(site)?;
    let policies = policies::all(objects.iter().map(|(_, object)| object))?;
    ensure!(!policies.is_empty(), "there is no policy");
    Ok(policies)
}

pub(crate) fn tcp(number: u16) -> Port {
    Port { protocol: "TCP", number }
}

fn udp(number: u16) -> Port {
    Port { protocol: "UDP", number }
}

/// Whoever there is at a site.
struct Who {
    task: Pod,
    other_task: Pod,
    unlabelled: Pod,
    api_server: Pod,
    system: Pod,
    stranger: Pod,
    dns: Pod,
    proxy: Option<Pod>,
    monitoring: Pod,
}

pub(crate) fn pod(namespace: &str, labels: &[(&str, &str)], ip: &str) -> Pod {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let ip = ip.parse().expect("an address");
    Pod { namespace: namespace.to_owned(), labels: labels.collect(), ip }
}

fn who(site: &Site) -> Result<Who, Fault> {
    let block = list(&site.said["cluster"]["pod_cidrs"]).into_iter().find(|one| !one.contains(':'));
    let block = block.ok_or("no block of pods".to_owned())?;
    let prefix = block.rsplit_once('.').map(|one| one.0.to_owned()).unwrap_or_default();
    let at = |last: u8| format!("{prefix}.{last}");
    let space = site.text("/skypilot/namespace", "default");
    // As SkyPilot labels them.
    let contexts = site.contexts();
    let launched = pod_in(site.version(), site.config()?, CLUSTERS[0], &contexts[0].0)?;
    let given = launched.metadata["labels"].as_object().into_iter().flatten();
    let given: Vec<(&str, &str)> =
        given.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect();
    ensure!(!given.is_empty(), "SkyPilot's pods have no labels");
    let proxy = manifests::objects(site)?.into_iter().find_map(|(_, object)| {
        let template = object["spec"]["template"]["metadata"]["labels"].as_object()?.clone();
        let namespace = object["metadata"]["namespace"].as_str()?.to_owned();
        let labels: Vec<_> =
            template.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default())).collect();
        Some(pod(&namespace, &labels, &at(40)))
    });
    Ok(Who {
        task: pod(&space, &given, &at(10)),
        other_task: pod(&space, &given, &at(11)),
        unlabelled: pod(&space, &[], &at(12)),
        api_server: pod(
            &site.text("/skypilot/api_server_namespace", "skypilot"),
            &[("app", "api")],
            &at(20),
        ),
        system: pod("skypilot-system", &[("name", "fusermount-server")], &at(21)),
        stranger: pod("strangers", &[("app", "web")], &at(30)),
        dns: pod("kube-system", &[("k8s-app", "kube-dns")], &at(31)),
        monitoring: pod("monitoring", &[("app", "prometheus")], &at(32)),
        proxy,
    })
}

/// Builds the table.
#[derive(Default)]
struct Table(Vec<Case>);

impl Table {
    fn add(&mut self, allowed: bool, from: (&str, Place), to: (&str, Place), port: Port) {
        let what = format!("{} to {}", from.0, to.0);
        self.0.push(Case { what, from: from.1, to: to.1, port, allowed });
    }
}

/// Where nobody of SkyPilot's has any business.
const CLOSED: [(&str, &str, u16); 6] = [
    ("the metadata service", "169.254.169.254", 80),
    ("Azure's wire server", "168.63.129.16", 80),
    ("a private network", "192.168.77.1", 443),
    ("another private network", "172.31.7.7", 443),
    ("carrier-grade NAT", "100.100.7.7", 443),
    ("a DNS server outside", "9.9.9.9", 53),
];
pub(crate) const INTERNET: &str = "151.101.0.1";
const CHECKED: [&str; 2] = ["8.8.8.8", "1.1.1.1"];

fn cases(site: &Site) -> Result<Vec<Case>, Fault> {
    let who = who(site)?;
    let mut table = Table::default();
    let clients = [("a task", &who.task), ("the API server of SkyPilot", &who.api_server)];
    for (name, pod) in clients {
        client(site, &who, name, pod, &mut table)?;
    }
    let space = &who.task.namespace;
    if space != "default" {
        let from = || ("an unlabelled pod beside tasks", Place::Pod(who.unlabelled.clone()));
        table.add(false, from(), ("the internet", address(INTERNET)), tcp(443));
    }
    let from = || ("a pod in skypilot-system", Place::Pod(who.system.clone()));
    table.add(false, from(), ("the internet", address(INTERNET)), tcp(443));
    table.add(false, from(), ("DNS", Place::Pod(who.dns.clone())), udp(53));
    let from = || ("a stranger", Place::Pod(who.stranger.clone()));
    table.add(true, from(), ("the internet", address(INTERNET)), tcp(443));
    if let Some(own) = &who.proxy {
        proxy(site, &who, own, &mut table)?;
    }
    Ok(table.0)
}

pub(crate) fn address(text: &str) -> Place {
    Place::Address(text.parse().expect("an address"))
}

/// What SkyPilot's own may do.
fn client(site: &Site, who: &Who, name: &str, pod: &Pod, table: &mut Table) -> Outcome {
    let from = || (name, Place::Pod(pod.clone()));
    let shape = site.shape();
    for protocol in [udp(53), tcp(53)] {
        table.add(true, from(), ("DNS", Place::Pod(who.dns.clone())), protocol);
    }
    table.add(false, from(), ("the pods of DNS", Place::Pod(who.dns.clone())), tcp(8080));
    table.add(true, from(), ("another task", Place::Pod(who.other_task.clone())), tcp(30001));
    table.add(false, from(), ("a stranger", Place::Pod(who.stranger.clone())), tcp(8080));
    // A pod's policy holds for its sidecar as well; where that has a parent, it asks nobody else.
    let alone = shape == "sidecar" && site.said["parent"].is_null();
    for (at, ip, port) in CLOSED {
        // A sidecar may ask for names by whatever port they have.
        table.add(alone && ip == "9.9.9.9", from(), (at, address(ip)), tcp(port));
    }
    table.add(false, from(), ("a DNS server outside", address("9.9.9.9")), udp(53));
    for port in [80, 443, 3128] {
        let open = alone || shape == "sidecar" && port == 3128 && parents_by_name(site);
        table.add(open, from(), ("the internet", address(INTERNET)), tcp(port));
    }
    let hole = site.text("/skypilot/network_check", "");
    for ip in CHECKED {
        table.add(alone || hole == ip, from(), (ip, address(ip)), tcp(443));
        table.add(false, from(), (ip, address(ip)), udp(53));
    }
    let api = &site.said["cluster"]["api_server"];
    for ip in list(&api["cluster_ip"]) {
        table.add(true, from(), ("the API server's Service", address(&ip)), tcp(443));
        table.add(false, from(), ("the API server's Service", address(&ip)), tcp(10250));
    }
    for endpoint in list(&api["endpoints"]) {
        let at = socket(&endpoint)?;
        let to = ("the API server", Place::Address(at.ip()));
        table.add(true, from(), to.clone(), tcp(at.port()));
        table.add(false, from(), to, tcp(10250));
    }
    for mirror in site.said["mirrors"].as_array().into_iter().flatten() {
        for block in list(&mirror["addresses"]) {
            let ip = first_of(&block)?;
            let host = mirror["host"].as_str().unwrap_or_default();
            let given = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            let to = ("a mirror", Place::Address(ip));
            table.add(true, from(), to.clone(), tcp(given.unwrap_or(443)));
            table.add(false, from(), to, tcp(22));
        }
    }
    if let Some(proxy) = &who.proxy {
        let port = site.number("/proxy/port", 3128);
        table.add(true, from(), ("the proxy", Place::Pod(proxy.clone())), tcp(port));
        let admin = site.number("/proxy/admin_port", 9128);
        table.add(false, from(), ("the proxy's admin", Place::Pod(proxy.clone())), tcp(admin));
    }
    for ip in bastions(site)? {
        let port = site.proxy_port();
        table.add(true, from(), ("the bastion", Place::Address(ip)), tcp(port));
        table.add(false, from(), ("the bastion", Place::Address(ip)), tcp(22));
    }
    Ok(())
}

/// Whether nothing tells where a sidecar's parent is, so that its port is open everywhere.
fn parents_by_name(site: &Site) -> bool {
    !site.said["parent"].is_null() && list(&site.said["parent"]["addresses"]).is_empty()
}

/// Where a bastion is, if the description tells.
fn bastions(site: &Site) -> Result<Vec<IpAddr>, Fault> {
    let mut found = Vec::new();
    for block in list(&site.said["proxy"]["addresses"]) {
        found.push(first_of(&block)?);
    }
    let host = site.text("/proxy/address", "");
    let host = host.trim_start_matches("http://").rsplit_once(':').map_or("", |one| one.0);
    found.extend(host.parse::<IpAddr>());
    Ok(found)
}

fn socket(text: &str) -> Result<SocketAddr, Fault> {
    Ok(text.parse().map_err(|_| format!("`{text}` is no address with its port"))?)
}

/// An address of a block, or the address that it is.
fn first_of(block: &str) -> Result<IpAddr, Fault> {
    let ip = block.split('/').next().unwrap_or_default();
    Ok(ip.parse().map_err(|_| format!("`{block}` is no block"))?)
}

/// What the proxy may do, and who may ask it.
fn proxy(site: &Site, who: &Who, own: &Pod, table: &mut Table) -> Outcome {
    let port = site.number("/proxy/port", 3128);
    let admin = site.number("/proxy/admin_port", 9128);
    let to = || ("the proxy", Place::Pod(own.clone()));
    for (name, pod) in [
        ("a stranger", &who.stranger),
        ("a pod in skypilot-system", &who.system),
        ("DNS", &who.dns),
        ("Prometheus", &who.monitoring),
    ] {
        table.add(false, (name, Place::Pod(pod.clone())), to(), tcp(port));
    }
    let prometheus = || ("Prometheus", Place::Pod(who.monitoring.clone()));
    table.add(true, prometheus(), to(), tcp(admin));
    table.add(false, ("a stranger", Place::Pod(who.stranger.clone())), to(), tcp(admin));
    let pods = list(&site.said["cluster"]["pod_cidrs"]);
    // Where nodes' addresses are pods' as well, no policy can tell them apart.
    let nodes = list(&site.said["cluster"]["node_cidrs"]);
    if let Some(block) = nodes.iter().find(|block| !pods.contains(block)) {
        let node = || ("a node", Place::Address(first_of(block).unwrap_or(IpAddr::from([0; 4]))));
        table.add(true, node(), to(), tcp(admin));
        let pulls = site.said["proxy"]["pulls_images"].as_bool();
        table.add(pulls.unwrap_or(site.shape() == "daemonset"), node(), to(), tcp(port));
    }
    table.add(false, ("the internet", address(INTERNET)), to(), tcp(port));
    let from = || ("the proxy", Place::Pod(own.clone()));
    for protocol in [udp(53), tcp(53)] {
        table.add(true, from(), ("DNS", Place::Pod(who.dns.clone())), protocol);
    }
    let direct = site.said["parent"].is_null();
    for number in [80, 443, 7999] {
        table.add(direct, from(), ("the internet", address(INTERNET)), tcp(number));
    }
    for (at, ip, number) in CLOSED {
        // It may ask for names by whatever port they have.
        let open = ip == "9.9.9.9" && direct;
        table.add(open, from(), (at, address(ip)), tcp(number));
    }
    table.add(false, from(), ("a DNS server outside", address("9.9.9.9")), udp(53));
    table.add(false, from(), ("a stranger", Place::Pod(who.stranger.clone())), tcp(8080));
    table.add(false, from(), ("a task's ssh", Place::Pod(who.task.clone())), tcp(22));
    let api = &site.said["cluster"]["api_server"];
    for endpoint in list(&api["endpoints"]) {
        let at = socket(&endpoint)?;
        table.add(true, from(), ("the API server", Place::Address(at.ip())), tcp(at.port()));
        table.add(false, from(), ("the API server's node", Place::Address(at.ip())), tcp(22));
    }
    let serve = &site.said["skypilot"]["serve"];
    // A load balancer's address is replaced by a pod's before the CNI judges.
    let carried = !serve["through_proxy"].is_null();
    table.add(carried, from(), ("a replica", Place::Pod(who.task.clone())), tcp(30001));
    Ok(())
}
