//! `pinhole explain`: what the proxy would do, and why.

mod answer;
mod asker;
mod way;

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use connect::{Connector, Judgement};
use policy::{
    AddressClass, Authority, Candidate, Denial, Grant, Host, Judged, List, PermittedAddrs, Place,
    Policy, Rule, SniMode,
};
use proxy::{Asked, Routes, StrayMode, Strays};

use self::answer::{Address, Tls, words};
pub(crate) use self::answer::{Answer, Verdict};
pub(crate) use self::asker::Asker;
use crate::load::{self, Source};
use crate::routes;
use crate::yaml::{At, locate};
use crate::{config, config::Config, doubts, suggest};

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The configuration file; without one, the built-in default configuration holds
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object per target and line
    #[arg(long)]
    json: bool,
    /// Look names up, and judge their addresses as well
    #[arg(long)]
    resolve: bool,
    /// Who asks: an address, a user, or a client's name; an address and a user may both be given
    #[arg(long, value_name = "IP|USER")]
    client: Vec<String>,
    /// `host:port`, or a URL
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
}

/// Prints what becomes of each target. The exit code: 0 all allowed, 1 any denied, 2 any malformed.
pub(crate) fn run(args: &ExplainArgs) -> Result<(String, u8)> {
    let source = load::source(args.config.as_deref())?;
    let config = config::parse(&source.text)
        .map_err(|problems| anyhow::Error::msg(load::listed(&source, &problems)))?;
    let explainer = Explainer::new(&source, config, args.resolve)?;
    let asker = explainer.asker(&args.client).map_err(|error| anyhow!("--client: {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut printed, mut worst) = (String::new(), Verdict::Allow);
    for target in &args.targets {
        let answer = runtime.block_on(explainer.told(&asker, target, &[]));
        worst = worst.max(answer.decision);
        printed.push_str(&if args.json { serde_json::to_string(&answer)? } else { words(&answer) });
        printed.push('\n');
    }
    Ok((printed, worst.code()))
}

/// Tells of one configuration.
pub(crate) struct Explainer<'s> {
    source: &'s Source,
    policy: Policy,
    connector: Connector,
    routes: Routes,
    strays: Strays,
    resolve: bool,
    /// Where the entries of `allow` and `deny` stand; found when first asked for.
    places: OnceCell<(Vec<At>, Vec<At>)>,
}

impl<'s> Explainer<'s> {
    pub(crate) fn new(source: &'s Source, config: Config, resolve: bool) -> Result<Self> {
        let mut dns = config.dns.clone();
        if !resolve {
            // Nothing will be asked, so a machine without name servers is no hindrance.
            dns.servers = vec![([127, 0, 0, 1], 53).into()];
        }
        let own_ports = config.listen.iter().chain(&config.admin).map(|addr| addr.port()).collect();
        let dial = config.dial_options(own_ports);
        let (policy, connector) = (config.policy(), Connector::new(&dns, dial)?);
        let routes = routes::plan(&config, &connector, &policy)?.routes;
        Ok(Self {
            source,
            policy,
            connector,
            routes,
            strays: config.strays,
            resolve,
            places: OnceCell::new(),
        })
    }

    /// Who that is, in the configuration.
    pub(crate) fn asker(&self, words: &[String]) -> Result<Asker, String> {
        Asker::of(&self.policy, words)
    }

    /// What becomes of the target. A name leads to these addresses, if there are any, and is not
    /// looked up then.
    pub(crate) async fn told(&self, asker: &Asker, text: &str, leads_to: &[IpAddr]) -> Answer {
        let answer = self.judge(asker, text, leads_to).await;
        let add = match (answer.decision, Authority::parse_target(text)) {
            (Verdict::Deny | Verdict::Audit, Ok(target)) => to_add(&target, &answer),
            _ => Vec::new(),
        };
        Answer { client: asker.shown.clone(), add, ..answer }
    }

    async fn judge(&self, asker: &Asker, text: &str, leads_to: &[IpAddr]) -> Answer {
        let target = match Authority::parse_target(text) {
            Ok(target) => target,
            Err(error) => {
                let answer = Answer::new(text.escape_debug().to_string(), Verdict::Malformed);
                return Answer { reason: "malformed", detail: error.to_string(), ..answer };
            }
        };
        let stray = self.strays.entry(&target);
        if let Some(entry) = &stray
            && self.strays.mode == StrayMode::Refuse
        {
            let detail =
                format!("the clients' NO_PROXY exempts it by `{entry}`: strays are refused");
            let answer = Answer::new(target.to_string(), Verdict::Deny);
            return Answer { reason: "stray", stray, detail, ..answer };
        }
        let answer = match self.policy.decide(asker.who, &target) {
            Err(_) if asker.anonymous.is_some_and(|ip| self.policy.login_may_help(ip, &target)) => {
                let detail = "only some users from there may reach it: name one by --client";
                let answer = Answer::new(target.to_string(), Verdict::Deny);
                Answer { reason: "credentials_missing", detail: detail.to_owned(), ..answer }
            }
            Err(denial) => self.denied(&target, &denial),
            Ok(grant) => self.granted(&grant, way::asked(text), leads_to).await,
        };
        Answer { stray, ..answer }
    }

    /// Where an entry stands.
    pub(crate) fn at(&self, place: Place) -> Option<At> {
        if place.client.is_some() {
            let start = locate(&self.source.text, &doubts::path(place));
            return Some(At { start, value: None });
        }
        let (allow, deny) = self.places.get_or_init(|| doubts::places(&self.source.text));
        let list = match place.list {
            List::Allow => allow,
            List::Deny => deny,
        };
        list.get(place.index).copied()
    }

    fn denied(&self, target: &Authority, denial: &Denial) -> Answer {
        let address = match target.host() {
            Host::Name(_) => None,
            Host::Ip(ip) => Some(vec![Address {
                ip: ip.to_string(),
                class: AddressClass::of(*ip).label(),
                decision: Verdict::Deny,
                reason: Some(denial.reason.label()),
                rule: denial.rule.as_ref().map(|rule| rule.place.to_string()),
            }]),
        };
        let answer = Answer::new(target.to_string(), Verdict::Deny).by(self, denial.rule.as_ref());
        Answer { reason: denial.reason.label(), detail: denial.to_string(), address, ..answer }
    }

    fn tls(&self, grant: &Grant) -> Tls {
        let check = self.policy.sni_check(grant);
        let ech = (check.mode != SniMode::Off).then_some(check.ech.label());
        Tls { sni: check.mode.label(), ech, why: check.why.to_string() }
    }

    async fn granted(&self, grant: &Grant, asked: Asked, leads_to: &[IpAddr]) -> Answer {
        let target = grant.target();
        let by_name = way::of(&self.routes, asked, target, None);
        let unresolved = by_name.leaves_resolving(&self.routes, grant);
        let allowed = self.allowed(grant);
        let allowed = Answer { tls: Some(self.tls(grant)), route: Some(by_name), ..allowed };
        let by = allowed.detail.clone();
        if unresolved {
            let detail = format!("{by} by name; the parent resolves it");
            return Answer { detail, ..allowed };
        }
        let is_name = matches!(target.host(), Host::Name(_));
        if is_name && !leads_to.is_empty() {
            let found: Vec<Candidate> =
                leads_to.iter().map(|&ip| Candidate { ip, own: false }).collect();
            let (permitted, judged) = self.policy.permit(grant, &found);
            return self.judged(grant, asked, allowed, &permitted, &judged);
        }
        if is_name && !self.resolve {
            let detail = format!("{by} by name; address not yet judged");
            return Answer { detail, ..allowed };
        }
        let Judgement { permitted, judged, .. } =
            match self.connector.judge(&self.policy, grant).await {
                Ok(judgement) => judgement,
                Err(failure) => {
                    let detail = format!("{by} by name, but {failure}");
                    return Answer { reason: failure.label(), detail, ..allowed };
                }
            };
        self.judged(grant, asked, allowed, &permitted, &judged)
    }

    /// What is said of a target that is allowed by name, once its addresses are judged.
    fn judged(
        &self,
        grant: &Grant,
        asked: Asked,
        allowed: Answer,
        permitted: &PermittedAddrs,
        judged: &[Judged],
    ) -> Answer {
        let target = grant.target();
        let address = Some(judged.iter().map(Address::of).collect());
        if permitted.as_slice().is_empty()
            && let Some(denial) = judged.iter().find_map(|one| one.verdict.as_ref().err())
        {
            let denial = Denial::of_address(target, denial);
            let answer = Answer { address, ..self.denied(target, &denial) };
            // As in the log: where no entry denied the address, the one that let its name through.
            return match answer.rule {
                None => answer.by(self, grant.rule()),
                Some(_) => answer,
            };
        }
        let addrs: Vec<IpAddr> = permitted.as_slice().iter().map(SocketAddr::ip).collect();
        let route = Some(way::of(&self.routes, asked, target, Some(&addrs)));
        // The one that is tried first.
        let audited = judged.iter().find(|one| one.audited || one.verdict.is_ok());
        match audited.and_then(|one| one.verdict.as_ref().err()) {
            None => Answer { address, route, ..allowed },
            Some(denial) => {
                let denial = Denial::of_address(target, denial);
                let (decision, reason) = (Verdict::Audit, denial.reason.label());
                let detail = audit_detail(&denial);
                let answer = Answer { decision, reason, detail, address, route, ..allowed };
                answer.by(self, denial.rule.as_ref())
            }
        }
    }

    /// What is said of a target that may be reached by its name.
    fn allowed(&self, grant: &Grant) -> Answer {
        let target = grant.target().to_string();
        match (grant.rule(), grant.would_deny()) {
            (_, Some(denial)) => {
                let answer = Answer::new(target, Verdict::Audit).by(self, denial.rule.as_ref());
                let (reason, detail) = (denial.reason.label(), audit_detail(denial));
                Answer { reason, detail, ..answer }
            }
            (rule, None) => {
                let place = rule.map(|rule| rule.place.to_string()).unwrap_or_default();
                let answer = Answer::new(target, Verdict::Allow).by(self, rule);
                Answer { detail: format!("{place} allows it"), ..answer }
            }
        }
    }
}

fn audit_detail(denial: &Denial) -> String {
    format!("audit mode lets it through, and otherwise: {denial}")
}

/// What would allow it: the target, or those of its addresses that are denied.
fn to_add(target: &Authority, answer: &Answer) -> Vec<String> {
    let denied = answer.address.iter().flatten().filter(|one| one.decision != Verdict::Allow);
    let addresses = denied.filter_map(|one| {
        let ip = one.ip.parse().ok()?;
        let text = SocketAddr::new(ip, target.port()).to_string();
        Some((Authority::parse(text.as_bytes()).ok()?, one.reason?))
    });
    let mut lines = suggest::to_add(target, answer.reason);
    if matches!(target.host(), Host::Name(_)) {
        lines.extend(addresses.flat_map(|(address, reason)| suggest::to_add(&address, reason)));
    }
    lines
}

impl Answer {
    /// Names the rule, and where it stands in the text.
    fn by(self, explainer: &Explainer<'_>, rule: Option<&Rule>) -> Self {
        let Some(rule) = rule else { return self };
        Self {
            rule: Some(rule.place.to_string()),
            line: explainer.at(rule.place).and_then(|at| at.start).map(|start| start.line),
            covers: Some(rule.text.to_string()),
            ..self
        }
    }
}
