//! What goes wrong with the guide's own environment (F1 to F5), by SkyPilot's own code and clients
//! in a namespace where everybody is seen.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::guide::{COMPLETE, PROXY};
use crate::launched::{CLUSTERS, pod};
use crate::place::{VERSIONS, python};
use crate::room::{self, Answer, Ask, Did, Job, Question};
use crate::{Fault, Outcome, ensure, trial};

/// The guide's.
const PROXY_PORT: u16 = 3128;
const API: &str = "https://10.96.0.1:443/version";
const REPLICA: &str = "http://10.244.0.15:30001";
const HEALTH: &str = "http://127.0.0.1:46580";

/// Of one version of SkyPilot.
type Test = fn(&str) -> Outcome;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in VERSIONS {
        let tests: [(&str, Test); 5] = [
            ("f1_the_kubernetes_client_forgets_no_proxy", api_by_proxy),
            ("f2_jobs_ask_past_the_proxy", jobs_ask_directly),
            ("f3_serve_status_asks_the_proxy", status_asks_the_proxy),
            ("f4_a_block_splits_probe_and_balancer", split),
            ("f5_upper_case_alone_takes_loopback_to_the_proxy", loopback_by_proxy),
        ];
        for (name, test) in tests {
            trials.push(trial(format!("{name}_{version}"), move || test(version)));
        }
    }
    trials
}

type Env = BTreeMap<String, String>;

/// The variables that a pod of the guide's gets, as SkyPilot sends them.
fn guide(version: &str, config: &str) -> Result<Env, Fault> {
    let mut variables = pod(version, config, CLUSTERS[0])?.variables()?;
    variables.retain(|name, _| name.to_lowercase().ends_with("_proxy"));
    Ok(variables)
}

fn with(mut env: Env, exempt: &str) -> Env {
    for name in ["no_proxy", "NO_PROXY"] {
        env.insert(name.to_owned(), exempt.to_owned());
    }
    env
}

fn client(version: &str, client: &str, url: &str, env: &Env) -> Result<Ask, Fault> {
    let question = Question { url: url.to_owned(), env: env.clone() };
    Ok(Ask {
        client: Some(client.to_owned()),
        python: python(version)?,
        packages: None,
        script: Vec::new(),
        questions: vec![question],
    })
}

fn check(version: &str, arguments: &[&str], env: &Env) -> Result<Ask, Fault> {
    let mut script = vec!["checks.py".to_owned()];
    script.extend(arguments.iter().map(|&text| text.to_owned()));
    // The URL is there for its port.
    let url = arguments.get(1).copied().unwrap_or_default().to_owned();
    let questions = vec![Question { url, env: env.clone() }];
    Ok(Ask { client: None, python: python(version)?, packages: None, script, questions })
}

fn ask(asks: Vec<Ask>) -> Result<Vec<Answer>, Fault> {
    room::run(&Job { proxies: [PROXY_PORT].into(), asks })
}

fn only(answer: &Answer) -> Result<&Did, Fault> {
    let [did] = &answer.did[..] else { return Err(format!("{answer:?}").into()) };
    Ok(did)
}

/// Whatever it says.
fn api_by_proxy(version: &str) -> Outcome {
    let mut asked = client(version, "kubernetes", API, &guide(version, PROXY)?)?;
    for exempt in ["10.96.0.1", "10.96.0.0/12", "*"] {
        let env = with(guide(version, PROXY)?, exempt);
        asked.questions.push(Question { url: API.to_owned(), env });
    }
    let count = asked.questions.len();
    let answers = ask(vec![asked])?;
    ensure!(answers[0].version.starts_with("35."), "it is {}", answers[0].version);
    let by_proxy = answers[0].did.iter().filter(|did| did.seen == ["proxy CONNECT 10.96.0.1:443"]);
    ensure!(by_proxy.count() == count, "{answers:?}");
    Ok(())
}

fn jobs_ask_directly(version: &str) -> Outcome {
    let answers = ask(vec![check(version, &["jobs"], &guide(version, PROXY)?)?])?;
    let did = only(&answers[0])?;
    ensure!(did.said.contains("answer: there is no network"), "{did:?}");
    ensure!(did.seen == ["direct 8.8.8.8:443", "direct 1.1.1.1:443"], "{did:?}");
    Ok(())
}

fn status_asks_the_proxy(version: &str) -> Outcome {
    let answers = ask(vec![check(version, &["network"], &guide(version, PROXY)?)?])?;
    let did = only(&answers[0])?;
    ensure!(did.said.contains("answer: there is no network"), "{did:?}");
    let first = ["proxy CONNECT 8.8.8.8:443", "proxy CONNECT 1.1.1.1:443"];
    ensure!(did.seen.starts_with(&first.map(str::to_owned)), "{did:?}");
    ensure!(did.route() == "proxy", "{did:?}");
    Ok(())
}

/// The service turns READY, and its users' requests go to the proxy.
fn split(version: &str) -> Outcome {
    let env = with(guide(version, PROXY)?, "localhost,127.0.0.1,10.244.0.0/16");
    let asks = [["probe", REPLICA], ["balance", REPLICA]].map(|what| check(version, &what, &env));
    let answers = ask(asks.into_iter().collect::<Result<_, _>>()?)?;
    let [probe, balance] = [only(&answers[0])?, only(&answers[1])?];
    ensure!(probe.said.contains("answer: True"), "{probe:?}");
    ensure!(probe.seen == ["direct 10.244.0.15:30001"], "{probe:?}");
    ensure!(balance.said.contains("answer: asked"), "{balance:?}");
    ensure!(balance.seen == [format!("proxy GET {REPLICA}/")], "{balance:?}");
    Ok(())
}

/// And SkyPilot copies the proxies to lower case, but not NO_PROXY.
fn loopback_by_proxy(version: &str) -> Outcome {
    let mut env = guide(version, COMPLETE)?;
    let names: Vec<&str> = env.keys().map(String::as_str).collect();
    ensure!(names == ["HTTPS_PROXY", "HTTP_PROXY"], "{names:?}");
    let asks = vec![
        check(version, &["health", HEALTH], &env)?,
        client(version, "curl", "http://registry.example/", &env)?,
        client(version, "wget", "http://registry.example/", &env)?,
    ];
    let answers = ask(asks)?;
    let health = only(&answers[0])?;
    ensure!(health.seen == [format!("proxy GET {HEALTH}/api/health")], "{health:?}");
    for answer in &answers[1..] {
        let did = only(answer)?;
        ensure!(did.route() == "direct", "{did:?}");
    }
    env.insert("NO_PROXY".to_owned(), "localhost".to_owned());
    let answers = ask(vec![check(version, &["mirrored"], &env)?])?;
    let did = only(&answers[0])?;
    let mirrored = "answer: HTTPS_PROXY HTTP_PROXY NO_PROXY http_proxy https_proxy\n";
    ensure!(did.said.contains(mirrored), "{did:?}");
    Ok(())
}
