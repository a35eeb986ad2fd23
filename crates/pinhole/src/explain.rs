//! `pinhole explain`: what the proxy would do, and why.

mod way;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::Result;
use connect::{Connector, Judgement};
use policy::{AddressClass, Authority, Denial, Grant, Host, Judged, Policy, Rule, SniMode};
use proxy::{Asked, Routes, StrayMode, Strays};
use serde::Serialize;

use self::way::Way;
use crate::load::{self, Source};
use crate::routes;
use crate::yaml::{Step, locate};
use crate::{config, config::Config};

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
    /// `host:port`, or a URL
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Allow,
    Deny,
    Malformed,
}

/// What is said of one target.
#[derive(Debug, Serialize)]
struct Answer {
    target: String,
    decision: Verdict,
    /// A stable label, as in the log.
    reason: &'static str,
    /// The place of the rule that decided: `allow[3]`.
    rule: Option<String>,
    /// The line of that rule.
    line: Option<usize>,
    /// What that rule covers.
    covers: Option<String>,
    /// Each address and its judgement; null where none was judged.
    address: Option<Vec<Address>>,
    /// By which way it is reached; null where it is not.
    route: Option<Way>,
    /// Which SNI check its tunnels must pass; null where there are none.
    tls: Option<Tls>,
    /// The entry of `client_no_proxy` by which clients should not bring this target here.
    stray: Option<String>,
    /// One line for a person.
    detail: String,
}

/// What `tls` comes to for a target.
#[derive(Debug, Serialize)]
struct Tls {
    sni: &'static str,
    /// Null where nobody looks.
    ech: Option<&'static str>,
    why: String,
}

#[derive(Debug, Serialize)]
struct Address {
    ip: String,
    class: &'static str,
    decision: Verdict,
    reason: Option<&'static str>,
    rule: Option<String>,
}

/// Prints what becomes of each target. The exit code: 0 all allowed, 1 any denied, 2 any malformed.
pub(crate) fn run(args: &ExplainArgs) -> Result<(String, u8)> {
    let source = load::source(args.config.as_deref())?;
    let config = config::parse(&source.text)
        .map_err(|problems| anyhow::Error::msg(load::listed(&source, &problems)))?;
    let explainer = Explainer::new(&source, config, args.resolve)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut printed, mut worst) = (String::new(), Verdict::Allow);
    for target in &args.targets {
        let answer = runtime.block_on(explainer.explain(target));
        worst = worst.max(answer.decision);
        printed.push_str(&if args.json { serde_json::to_string(&answer)? } else { words(&answer) });
        printed.push('\n');
    }
    Ok((printed, worst as u8))
}

struct Explainer<'s> {
    source: &'s Source,
    policy: Policy,
    connector: Connector,
    routes: Routes,
    strays: Strays,
    resolve: bool,
}

impl<'s> Explainer<'s> {
    fn new(source: &'s Source, config: Config, resolve: bool) -> Result<Self> {
        let mut dns = config.dns.clone();
        if !resolve {
            // Nothing will be asked, so a machine without name servers is no hindrance.
            dns.servers = vec![([127, 0, 0, 1], 53).into()];
        }
        let own_ports = config.listen.iter().chain(&config.admin).map(|addr| addr.port()).collect();
        let dial = config.dial_options(own_ports);
        let (policy, connector) = (config.policy(), Connector::new(&dns, dial)?);
        let routes = routes::plan(&config, &connector, &policy)?.routes;
        Ok(Self { source, policy, connector, routes, strays: config.strays, resolve })
    }

    async fn explain(&self, text: &str) -> Answer {
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
        let answer = match self.policy.decide(&target) {
            Err(denial) => self.denied(&target, &denial),
            Ok(grant) => self.granted(&grant, way::asked(text)).await,
        };
        Answer { stray, ..answer }
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

    async fn granted(&self, grant: &Grant, asked: Asked) -> Answer {
        let target = grant.target();
        let way = |addrs| way::of(&self.routes, asked, target, addrs);
        let by_name = way(None);
        let unresolved = by_name.leaves_resolving(&self.routes, target);
        let allowed = Answer::new(target.to_string(), Verdict::Allow).by(self, Some(grant.rule()));
        let allowed = Answer { tls: Some(self.tls(grant)), route: Some(by_name), ..allowed };
        let place = &grant.rule().place;
        if unresolved {
            let detail = format!("{place} allows it by name; the parent resolves it");
            return Answer { detail, ..allowed };
        }
        if matches!(target.host(), Host::Name(_)) && !self.resolve {
            let detail = format!("{place} allows it by name; address not yet judged");
            return Answer { detail, ..allowed };
        }
        let Judgement { permitted, judged, .. } =
            match self.connector.judge(&self.policy, grant).await {
                Ok(judgement) => judgement,
                Err(failure) => {
                    let detail = format!("{place} allows it by name, but {failure}");
                    return Answer { reason: failure.label(), detail, ..allowed };
                }
            };
        let address = Some(judged.iter().map(Address::of).collect());
        if permitted.as_slice().is_empty()
            && let Some(denial) = judged.iter().find_map(|one| one.verdict.as_ref().err())
        {
            let denial = Denial::of_address(target, denial);
            let answer = Answer { address, ..self.denied(target, &denial) };
            // As in the log: where no entry denied the address, the one that let its name through.
            return match answer.rule {
                None => answer.by(self, Some(grant.rule())),
                Some(_) => answer,
            };
        }
        let addrs: Vec<IpAddr> = permitted.as_slice().iter().map(SocketAddr::ip).collect();
        let route = Some(way(Some(&addrs)));
        Answer { address, route, detail: format!("{place} allows it"), ..allowed }
    }
}

impl Address {
    fn of(judged: &Judged) -> Self {
        let (decision, reason, rule) = match &judged.verdict {
            Ok(rule) => (Verdict::Allow, None, rule.as_ref()),
            Err(denial) => (Verdict::Deny, Some(denial.reason.label()), denial.rule.as_ref()),
        };
        Self {
            ip: judged.ip.to_string(),
            class: judged.class.label(),
            decision,
            reason,
            rule: rule.map(|rule| rule.place.to_string()),
        }
    }
}

impl Answer {
    fn new(target: String, decision: Verdict) -> Self {
        Self {
            target,
            decision,
            reason: "allowed",
            rule: None,
            line: None,
            covers: None,
            address: None,
            route: None,
            tls: None,
            stray: None,
            detail: String::new(),
        }
    }

    /// Names the rule, and where it stands in the text.
    fn by(self, explainer: &Explainer<'_>, rule: Option<&Rule>) -> Self {
        let Some(rule) = rule else { return self };
        let list = match rule.place.list {
            policy::List::Allow => "allow",
            policy::List::Deny => "deny",
        };
        let path = [Step::Key(list.to_owned()), Step::Index(rule.place.index)];
        Self {
            rule: Some(rule.place.to_string()),
            line: locate(&explainer.source.text, &path).map(|position| position.line),
            covers: Some(rule.text.to_string()),
            ..self
        }
    }
}

/// An answer for people.
fn words(answer: &Answer) -> String {
    let decision = match answer.decision {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Malformed => "malformed",
    };
    let mut text = format!("{decision:<9} {}: {}", answer.target, answer.detail);
    if let (Some(rule), Some(covers)) = (&answer.rule, &answer.covers) {
        let line = answer.line.map(|line| format!(", line {line}")).unwrap_or_default();
        text.push_str(&format!("\n          rule {rule}{line}: {covers}"));
    }
    if let Some(entry) = answer.stray.as_ref().filter(|_| answer.reason != "stray") {
        text.push_str(&format!("\n          a stray: client_no_proxy exempts it by `{entry}`"));
    }
    if let Some(way) = &answer.route {
        text.push_str(&format!("\n          reached {}", way.words()));
    }
    if let Some(Tls { sni, ech, why }) = &answer.tls {
        let ech = ech.map(|ech| format!(", ECH {ech}")).unwrap_or_default();
        text.push_str(&format!("\n          SNI check {sni}{ech}: {why}"));
    }
    for address in answer.address.iter().flatten() {
        let verdict = match (&address.reason, &address.rule) {
            (None, None) => "permitted".to_owned(),
            (None, Some(rule)) => format!("permitted by {rule}"),
            (Some(reason), None) => format!("denied: {reason}"),
            (Some(reason), Some(rule)) => format!("denied by {rule}: {reason}"),
        };
        text.push_str(&format!("\n          {} ({}): {verdict}", address.ip, address.class));
    }
    text
}
