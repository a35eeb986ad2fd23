//! `pinhole doctor`: what a client on this machine or in this pod would meet, and what to do.
//!
//! It reads the environment and files, asks the proxy for what is needed, and tries the ways past
//! it. Each finding is a check with a stable id.

mod answer;
mod apt;
mod ask;
mod ca;
mod check;
mod clients;
mod direct;
mod exemptions;
mod hello;
mod indexes;
mod kubernetes;
mod machine;
mod metadata;
mod mirrors;
mod need;
mod net;
mod network_check;
mod plan;
mod proxies;
mod proxy;
mod reach;
mod report;
mod sudo;
mod variables;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::emit::{Site, Target};
use anyhow::{Context, Result, anyhow};
use futures_util::future::join4;
use policy::Host;
use tokio::time::Instant;

use self::ask::{Ask, Met, Outcome};
use self::check::Check;
use self::hello::Shaker;
use self::machine::Machine;
use self::need::Need;
use self::net::Net;
use self::plan::{Facts, NETWORK_CHECK, OUTSIDE, Plan};
use self::proxies::Proxies;
use self::proxy::Meeting;
use crate::{emit, load};

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// The site's description, which tells what is needed; without one, presets and targets do
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// A preset whose hosts are needed, with its parameters: `aws-ssm,region=us-east-1`; may be
    /// repeated [default without --site and TARGET: skypilot-core]
    #[arg(long = "preset", value_name = "NAME", value_parser = preset)]
    presets: Vec<Needs>,
    /// Nothing is expected to keep this machine from going past the proxy: that it can is a warning
    #[arg(long)]
    no_enforcement: bool,
    /// An address outside that is tried without the proxy, by TCP at port 443 and DNS at port 53,
    /// instead of the usual ones; may be repeated
    #[arg(long = "outside", value_name = "ADDRESS")]
    outside: Vec<IpAddr>,
    /// How long everything may take
    #[arg(long, value_name = "TIME", default_value = "20s")]
    #[arg(value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// What is needed besides: `host:port`, or a URL
    #[arg(value_name = "TARGET", value_parser = need::target)]
    targets: Vec<Need>,
}

/// What one `--preset` comes to.
#[derive(Clone, Debug)]
struct Needs(Vec<Need>);

fn preset(text: &str) -> Result<Needs, String> {
    need::preset(text).map(Needs)
}

/// Longest `--timeout`: what is waited for is not worth more.
const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// Looks at everything. The exit code: 0 unless something failed, then 1.
///
/// # Errors
/// What is wrong with the site's description.
pub(crate) fn run(args: &DoctorArgs) -> Result<(String, u8)> {
    let machine = Machine::of_process();
    let plan = plan(args, &machine)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let until = Instant::now() + args.timeout.min(MAX_TIMEOUT);
    let checks = runtime.block_on(look(&machine, plan, until))?;
    let text = match args.json {
        true => report::json(&checks)?,
        false => report::table(&checks),
    };
    Ok((text, report::Summary::of(&checks).exit_code()))
}

fn plan(args: &DoctorArgs, machine: &Machine) -> Result<Plan> {
    let (facts, mut needs) = match &args.site {
        None => (Facts::of_machine(machine), Vec::new()),
        Some(file) => {
            let site = site(file)?;
            let files = ::emit::emit(&site, Target::Proxy).map_err(|notes| {
                let notes: Vec<String> =
                    notes.iter().map(|note| format!("{}: {}", note.place, note.message)).collect();
                anyhow!("{}: {}", file.display(), notes.join("; "))
            })?;
            let config = files.first().context("the site comes to no configuration of a proxy")?;
            let needs = need::of_config(&config.text)
                .map_err(|why| anyhow!("{}: its proxy's allow: {why}", file.display()))?;
            (Facts::of_site(&site, machine), needs)
        }
    };
    let given = args.presets.iter().flat_map(|one| &one.0).chain(&args.targets).cloned();
    let mut given: Vec<Need> = given.collect();
    if args.site.is_none() && given.is_empty() {
        given = need::preset(need::DEFAULT).map_err(anyhow::Error::msg)?;
    }
    for need in given {
        if !needs.iter().any(|known| known.ask == need.ask) {
            needs.push(need);
        }
    }
    // These have checks of their own.
    let checked = |need: &Need| match need.ask.target.host() {
        Host::Ip(IpAddr::V4(ip)) if NETWORK_CHECK.contains(ip) => true,
        _ => facts.api_servers.contains(&need.ask.target),
    };
    needs.retain(|need| !checked(need));
    let outside = if args.outside.is_empty() { OUTSIDE.to_vec() } else { args.outside.clone() };
    Ok(Plan { facts, needs, outside, enforced: !args.no_enforcement })
}

/// Reads a site's description.
fn site(file: &Path) -> Result<Site> {
    let source = load::source(Some(file))?;
    emit::site::parse(&source.text).map_err(|problems| anyhow!(load::listed(&source, &problems)))
}

/// What is asked of proxies, and what came of it.
struct Asked {
    needs: Vec<Outcome>,
    api_servers: Vec<Outcome>,
    network_check: Vec<Outcome>,
    metadata: Vec<(Ask, Outcome)>,
}

async fn look(machine: &Machine, mut plan: Plan, until: Instant) -> Result<Vec<Check>> {
    let proxies = Proxies::of(machine);
    let environment = clients::environment(machine);
    let bundles = ca::read(machine);
    let shaker = Shaker::new(&bundles.files).map_err(anyhow::Error::msg)?;
    let net = Net::new(machine, until);
    let told = indexes::read(machine, &proxies);
    let direct_mirrors = mirrors::sort(&mut plan, &told.indexes, &environment);

    let servers = plan.facts.api_servers.clone();
    let through = async {
        let meetings = proxy::meet_all(&net, &shaker, &proxies.list).await;
        let asked = ask_all(&net, &shaker, &plan, &proxies, &meetings).await;
        (meetings, asked)
    };
    let inside = join4(
        direct::try_all(&net, &plan),
        kubernetes::try_all(&net, &servers),
        metadata::try_all(&net),
        mirrors::try_all(&net, &direct_mirrors),
    );
    let ((meetings, asked), (direct, api_servers, metadata, mirrors)) =
        futures_util::future::join(through, inside).await;

    let own = match servers.first().map(policy::Authority::host) {
        Some(Host::Ip(ip)) => net.own_address(SocketAddr::new(*ip, 443)).await,
        _ => None,
    };
    let facts = &plan.facts;
    let tunnels = proxies.tunnels.map(|at| &proxies.list[at]);
    let mut checks = variables::checks(machine, &proxies, &environment, facts.plain_http);
    checks.extend(proxy::shape(facts, tunnels, machine.is_pod()));
    checks.extend(exemptions::checks(machine, &environment, facts, own, &plan.needs));
    checks.extend(meetings.into_iter().map(|meeting| meeting.check));
    if let Some(proxy) = tunnels {
        let all: Vec<&Outcome> = plan
            .needs
            .iter()
            .zip(&asked.needs)
            .filter(|(need, _)| need.ask.way != ask::Way::Forward)
            .map(|(_, outcome)| outcome)
            .chain(&asked.api_servers)
            .chain(&asked.network_check)
            .collect();
        checks.extend(proxy::speaks(&proxy.url.to_string(), &all));
    }
    checks.extend(plan.needs.iter().zip(&asked.needs).map(|(need, one)| reach::judge(need, one)));
    checks.extend(mirrors);
    checks.extend(direct.checks(&plan));
    let clients = kubernetes::installed(machine);
    checks.extend(kubernetes::checks(&servers, &api_servers, &asked.api_servers, &clients));
    checks.extend(network_check::checks(&plan, &direct, &asked.network_check));
    checks.extend(metadata::checks(&metadata, &asked.metadata));
    checks.extend(bundles.checks);
    let (sudo_keeps, sudo) = sudo::check(machine);
    checks.push(sudo);
    checks.extend(apt::checks(machine, &proxies, sudo_keeps));
    checks.extend(told.checks);
    checks.extend(check::in_time(&checks));
    Ok(checks)
}

/// Asks the proxies for everything, each for what clients ask it for.
async fn ask_all(
    net: &Net,
    shaker: &Shaker,
    plan: &Plan,
    proxies: &Proxies,
    meetings: &[Meeting<'_>],
) -> Asked {
    let met = |at: Option<usize>| -> Result<Met<'_>, String> {
        let at = at.ok_or_else(|| "no variable names a proxy for it".to_owned())?;
        meetings[at].met.clone()
    };
    let tunnels = met(proxies.tunnels);
    let forwards = met(proxies.forwards);
    let needs = plan.needs.iter().map(|need| need.ask.clone());
    let network_check = network_check::asks(plan);
    let metadata = metadata::asks();
    let asks: Vec<Ask> = needs
        .chain(kubernetes::asks(&plan.facts.api_servers))
        .chain(network_check.iter().cloned())
        .collect();
    let by_way = |ask: Ask| {
        let proxy = if ask.way == ask::Way::Forward { &forwards } else { &tunnels };
        (ask, proxy.clone())
    };
    let mut all: Vec<_> = asks.into_iter().map(by_way).collect();
    // Whichever proxy there is: a client may have been told of one alone.
    let either = forwards.clone().or_else(|_| tunnels.clone());
    all.extend(metadata.iter().map(|ask| (ask.clone(), either.clone())));
    let mut outcomes = ask::all(net, shaker, &all).await.into_iter();
    let mut next = |count: usize| outcomes.by_ref().take(count).collect::<Vec<_>>();
    Asked {
        needs: next(plan.needs.len()),
        api_servers: next(plan.facts.api_servers.len()),
        network_check: next(network_check.len()),
        metadata: {
            let outcomes = next(metadata.len());
            metadata.into_iter().zip(outcomes).collect()
        },
    }
}
