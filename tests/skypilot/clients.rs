//! The clients that SkyPilot brings, in the environment that a site's pods get: each goes where the
//! site wants it, as `pinhole no-proxy` says it will, and what it asks of the proxy is allowed there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use libtest_mimic::Trial;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::launched::{CLUSTERS, HIDDEN, pod_in};
use crate::place::{CURRENT, missing, on_path, packages, python};
use crate::pods;
use crate::room::{self, Ask, Did, Job, Question};
use crate::sites::{self, Site, list, pinhole};
use crate::versions::Executed;
use crate::{Fault, Outcome, ensure, trial};

/// The Kubernetes client is there twice: that of SkyPilot's own environment, and the one that pods
/// are told to take.
const CLIENTS: [&str; 9] =
    ["requests", "httpx", "aiohttp", "curl", "wget", "uv", "grpcio", "kubernetes", "kubernetes-33"];
/// They have no number that the table could be asked for: they are the machine's.
const GIVEN: [&str; 2] = ["curl", "wget"];

pub(crate) fn trials(sites: &[Arc<Site>]) -> Vec<Trial> {
    // All of them are asked at once, since starting a client takes far longer than asking it.
    let everything: Arc<OnceLock<Result<Everything, Fault>>> = Arc::default();
    let all: Arc<[Arc<Site>]> = sites.iter().cloned().collect();
    let trials = sites.iter().map(|site| {
        let (site, all, everything) = (site.clone(), all.clone(), everything.clone());
        let name = site.name.replace('-', "_");
        trial(format!("{name}_clients_go_where_they_should"), move || {
            let asked = everything.get_or_init(|| Everything::asked(&all));
            go(&site, asked.as_ref().map_err(Clone::clone)?)
        })
    });
    trials.collect()
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A package index, which is what the proxy is for.
    Index,
    /// SkyPilot's own processes on the same host, and the cloud's metadata.
    Here,
    /// The Kubernetes API.
    Api,
    /// What the site has by name: Services, mirrors, an ingress.
    Named,
    /// SkyServe's replicas.
    Replica,
    /// What `sky serve status` asks for first (F3).
    Check,
}

fn urls(site: &Site) -> Result<Vec<(Kind, String)>, Fault> {
    let cluster = &site.said["cluster"];
    let presets = sites::said(pinhole().args(["presets", "python"]))?;
    let index = presets.lines().find_map(|line| line.split_once(" (ports ")).map(|one| one.0);
    let index = index.ok_or("the preset has no host".to_owned())?;
    let mut urls = vec![
        (Kind::Index, format!("https://{index}/simple/")),
        (Kind::Here, "http://127.0.0.1:46580/api/health".to_owned()),
        (Kind::Here, "http://localhost:46580/api/health".to_owned()),
        (Kind::Here, "http://169.254.169.254/latest/".to_owned()),
        (Kind::Api, "https://kubernetes.default.svc.cluster.local/version".to_owned()),
        (Kind::Named, "http://mine-head.default.svc.cluster.local:8265/".to_owned()),
        (Kind::Named, "http://mine-head.default.svc:8265/".to_owned()),
    ];
    for ip in list(&cluster["api_server"]["cluster_ip"]) {
        // Brackets are for what has no place in NO_PROXY.
        if !ip.contains(':') {
            urls.push((Kind::Api, format!("https://{ip}:443/version")));
        }
    }
    for host in list(&cluster["api_server"]["hosts"]) {
        let host = host.trim_start_matches("https://").to_owned();
        urls.push((Kind::Api, format!("https://{host}/version")));
    }
    for mirror in site.said["mirrors"].as_array().into_iter().flatten() {
        let host = mirror["host"].as_str().or(mirror.as_str()).unwrap_or_default();
        urls.push((Kind::Named, format!("https://{host}/")));
    }
    let serve = &site.said["skypilot"]["serve"];
    if !serve.is_null() {
        urls.push((Kind::Check, "https://8.8.8.8/".to_owned()));
    }
    if let Some(host) = serve["ingress_host"].as_str() {
        urls.push((Kind::Named, format!("http://{host}/skypilot/default/one/8080/")));
    }
    match serve["mode"].as_str().or(serve.as_str()) {
        Some("podip") => urls.push((Kind::Replica, replica(&cluster["pod_cidrs"])?)),
        Some("internal-load-balancer") => {
            let given = &cluster["load_balancer_cidrs"];
            let blocks = if given.is_null() { &cluster["node_cidrs"] } else { given };
            urls.push((Kind::Replica, replica(blocks)?));
        }
        _ => {}
    }
    Ok(urls)
}

/// An address in the first block, at the port of SkyServe's replicas that examples have.
fn replica(blocks: &Value) -> Result<String, Fault> {
    let block = list(blocks).into_iter().find(|block| !block.contains(':'));
    let block = block.ok_or("no block of replicas".to_owned())?;
    let network = block.split('/').next().unwrap_or_default();
    let prefix = network.rsplit_once('.').map(|one| one.0).unwrap_or_default();
    Ok(format!("http://{prefix}.15:30001/"))
}

/// What the proxies' variables are in a pod.
fn environment(site: &Site, context: &str) -> Result<BTreeMap<String, String>, Fault> {
    let pod = pod_in(site.version(), site.config()?, CLUSTERS[0], context)?;
    let mut env = pod.variables()?;
    for (name, _) in pods::secrets(pod.ray_node()?) {
        env.insert(name, HIDDEN.to_owned());
    }
    // There is no such file here, and no way depends on it.
    env.retain(|_, value| !value.starts_with('/'));
    Ok(env)
}

/// What a site's clients are asked for, and its pods' environment.
struct Asked {
    env: BTreeMap<String, String>,
    urls: Vec<(Kind, String)>,
}

/// What one client did for one site.
struct Client {
    name: &'static str,
    version: String,
    /// In the order of the site's URLs; none: that was not asked.
    did: Vec<Option<Did>>,
}

/// What all clients did for all sites, by name.
struct Everything(BTreeMap<String, Result<(Asked, Vec<Client>), Fault>>);

impl Everything {
    fn asked(sites: &[Arc<Site>]) -> Result<Self, Fault> {
        let asked: Vec<(&Site, Result<Asked, Fault>)> =
            sites.iter().map(|site| (&**site, asked(site))).collect();
        let good: Vec<&Asked> = asked.iter().filter_map(|(_, one)| one.as_ref().ok()).collect();
        let proxies = good.iter().filter_map(|asked| asked.port()).collect();
        let (names, asks): (Vec<_>, Vec<_>) = asks(&good)?.into_iter().unzip();
        let answers = room::run(&Job { proxies, asks })?;
        let mut answers: Vec<_> =
            answers.into_iter().map(|one| (one.version, one.did.into_iter())).collect();
        let mut everything = BTreeMap::new();
        for (site, one) in asked {
            let of = one.map(|one| {
                let clients = names.iter().zip(&mut answers).map(|(&name, (version, did))| {
                    let wanted =
                        one.urls.iter().map(|(kind, url)| wants(name, *kind, url, &one.env));
                    let did = wanted.map(|wanted| if wanted { did.next() } else { None }).collect();
                    Client { name, version: version.clone(), did }
                });
                let clients = clients.collect();
                (one, clients)
            });
            everything.insert(site.name.clone(), of);
        }
        Ok(Self(everything))
    }
}

impl Asked {
    fn port(&self) -> Option<u16> {
        self.env.get("https_proxy")?.rsplit_once(':')?.1.parse().ok()
    }
}

fn asked(site: &Site) -> Result<Asked, Fault> {
    let contexts = site.contexts();
    let proxied = contexts.iter().find(|(_, proxied)| *proxied);
    let (context, _) = proxied.ok_or("no context uses the proxy".to_owned())?;
    let asked = Asked { env: environment(site, context)?, urls: urls(site)? };
    ensure!(asked.port().is_some(), "there is no https_proxy");
    Ok(asked)
}

/// Whether this client is asked for this URL.
fn wants(name: &str, kind: Kind, url: &str, env: &BTreeMap<String, String>) -> bool {
    match name {
        // It takes longer than all the others, and asks for packages only.
        "uv" => kind == Kind::Index || kind == Kind::Named && url.starts_with("https:"),
        // It takes the API's name only where it is told to.
        "kubernetes" | "kubernetes-33" => {
            kind == Kind::Api
                && (env.contains_key("KUBERNETES_SERVICE_HOST") || !url.contains(".svc."))
        }
        // SkyPilot's own daemons, without TLS.
        "grpcio" => matches!(kind, Kind::Here | Kind::Named) && url.starts_with("http:"),
        _ => true,
    }
}

/// Each client, with all that it is asked for all sites.
fn asks(all: &[&Asked]) -> Result<Vec<(&'static str, Ask)>, Fault> {
    let mut asks = Vec::new();
    for name in CLIENTS {
        if GIVEN.contains(&name) {
            on_path(name).ok_or_else(|| missing(name))?;
        }
        let older = name == "kubernetes-33";
        let mut questions = Vec::new();
        for Asked { env, urls } in all {
            for (kind, url) in urls {
                if wants(name, *kind, url, env) {
                    questions.push(Question { url: url.clone(), env: env.clone() });
                }
            }
        }
        let ask = Ask {
            client: Some(name.trim_end_matches("-33").to_owned()),
            python: match older {
                true => on_path("python3").ok_or_else(|| missing("python3"))?,
                false => python(CURRENT)?,
            },
            packages: older.then(|| packages(name)).transpose()?,
            script: Vec::new(),
            questions,
        };
        asks.push((name, ask));
    }
    Ok(asks)
}

fn go(site: &Site, all: &Everything) -> Outcome {
    let found = all.0.get(&site.name).ok_or("it was not asked".to_owned())?;
    let (Asked { env, urls }, clients) = found.as_ref().map_err(Clone::clone)?;
    let mut wrong = Vec::new();
    for client in clients {
        for ((kind, url), did) in urls.iter().zip(&client.did) {
            let Some(did) = did else { continue };
            if let Some(why) = misled(client.name, *kind, did) {
                wrong.push(format!("{} and {url}: {why}: {did:?}", client.name));
            }
        }
        let count = client.did.iter().flatten().count();
        ensure!(count > 0 || client.name == "grpcio", "{} was not asked", client.name);
        if !GIVEN.contains(&client.name) {
            wrong.extend(foretold(env, client, urls)?);
        }
    }
    wrong.extend(replicas(site, urls, clients));
    wrong.extend(refused(site, clients)?);
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Where this client must go, and did not.
fn misled(name: &str, kind: Kind, did: &Did) -> Option<String> {
    let route = did.route();
    let wanted: &[&str] = match kind {
        Kind::Index | Kind::Check => &["proxy"],
        Kind::Here | Kind::Named => &["direct"],
        // F1: SkyPilot's own environment has one that forgets NO_PROXY, pods have one that asks
        // for no proxy.
        Kind::Api if name == "kubernetes" => &["proxy"],
        Kind::Api => &["direct"],
        // Each its own way: see `replicas`.
        Kind::Replica => &["direct", "proxy"],
    };
    (!wanted.contains(&route)).then(|| format!("{route}, not {}", wanted.join(" or ")))
}

/// F4: SkyServe's probe and its load balancer go the same way, unless the proxy was told to carry
/// what the load balancer asks of it, which is looked into below.
fn replicas(site: &Site, urls: &[(Kind, String)], clients: &[Client]) -> Option<String> {
    let at = urls.iter().position(|(kind, _)| *kind == Kind::Replica)?;
    let of = |name: &str| {
        let client = clients.iter().find(|client| client.name == name)?;
        Some(client.did[at].as_ref()?.route())
    };
    let found = (of("requests")?, of("httpx")?);
    let told = !site.said["skypilot"]["serve"]["through_proxy"].is_null();
    let wanted = ("direct", if told { "proxy" } else { "direct" });
    (found != wanted).then(|| format!("probe and balancer: {found:?}"))
}

/// The proxy's configuration without a parent, whose credentials are not here.
fn alone(config: &str) -> Result<String, String> {
    let mut config: Value = serde_yaml::from_str(config).map_err(|error| error.to_string())?;
    config["parent"] = Value::from("none");
    Ok(config.to_string())
}

/// What the proxy was asked for on the way, but does not let through.
fn refused(site: &Site, clients: &[Client]) -> Result<Vec<String>, Fault> {
    let dir = TempDir::with_prefix("pinhole-explain-").map_err(|error| error.to_string())?;
    let config = dir.path().join("pinhole.yaml");
    std::fs::write(&config, alone(site.file("proxy/pinhole.yaml")?)?).map_err(|e| e.to_string())?;
    let mut wrong = Vec::new();
    let mut judged = BTreeSet::new();
    for client in clients {
        for line in client.did.iter().flatten().flat_map(|did| &did.seen) {
            let Some((_, target)) = line.strip_prefix("proxy ").and_then(|l| l.split_once(' '))
            else {
                continue;
            };
            if !judged.insert(target) {
                continue;
            }
            let mut command = pinhole();
            command.arg("explain").arg("--json").arg("--config").arg(&config).arg(target);
            let ran = command.output().map_err(|error| error.to_string())?;
            let text = String::from_utf8_lossy(&ran.stdout).into_owned();
            let said: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
            if said["decision"] != "allow" {
                wrong.push(format!("{}: {target} is refused: {}", client.name, said["detail"]));
            }
        }
    }
    Ok(wrong)
}

#[derive(Deserialize)]
struct Said {
    url: String,
    version: String,
    with: String,
    route: String,
}

/// What `pinhole no-proxy` says otherwise than the client does.
fn foretold(
    env: &BTreeMap<String, String>,
    client: &Client,
    urls: &[(Kind, String)],
) -> Result<Vec<String>, Fault> {
    let Client { name, version, did } = client;
    let id = name.trim_end_matches("-33");
    let value = env.get("no_proxy").ok_or("no no_proxy".to_owned())?;
    ensure!(env.get("NO_PROXY") == Some(value), "NO_PROXY is another");
    let mut command = pinhole();
    command.args(["no-proxy", "--json", "--value", value, "--client", id]);
    command.args(urls.iter().map(|(_, url)| url));
    let text = sites::said(&mut command)?;
    let said: Vec<Said> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let executed = Executed { version, ..Executed::default() };
    let mut wrong = Vec::new();
    for ((_, url), did) in urls.iter().zip(did) {
        let Some(did) = did else { continue };
        let mut found = Vec::new();
        for one in said.iter().filter(|one| one.url == *url) {
            if executed.is_of(&one.version, &one.with)? {
                found.push(one.route.as_str());
            }
        }
        let [foretold] = found[..] else {
            return Err(format!("{name} {version} is in the ranges {found:?}").into());
        };
        // It takes for granted that there is a proxy for everything. gRPC reads https_proxy for all.
        let unset = url.starts_with("http:") && !env.contains_key("http_proxy") && id != "grpcio";
        let foretold = if unset { "direct" } else { foretold };
        if did.route() != foretold {
            wrong.push(format!("{name} {version} and {url}: {did:?}, but {foretold} is said"));
        }
    }
    Ok(wrong)
}
