//! The tests of each client.

use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed, Trial};

use crate::client::{Client, Package, Scheme, Source, Way};
use crate::gate::Gate;
use crate::opening::Opening;
use crate::request::Request;
use crate::room::{Ran, Room};
use crate::tools::{Tool, required};

/// How long a client may take to give up on a host that is refused.
const REFUSED_WITHIN: Duration = Duration::from_secs(10);
/// How long the program may take to refuse.
const ANSWERED_WITHIN_MS: f64 = 1000.0;

pub(crate) fn of(client: Client) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &way in client.ways {
        let Client { name, .. } = client;
        let Way { scheme, fetches, .. } = way;
        if fetches {
            let name = format!("{name}_fetches_by_{scheme}");
            trials.push(Trial::ignorable_test(name, move || unless_missing(client, way, fetched)));
        }
        let name = format!("{name}_is_refused_a_host_outside_by_{scheme}");
        trials.push(Trial::ignorable_test(name, move || unless_missing(client, way, refused)));
    }
    trials
}

pub(crate) type Test = fn(&Client, Way) -> Result<Completion, String>;

/// Runs the test if the client is there.
pub(crate) fn unless_missing(client: Client, way: Way, test: Test) -> Result<Completion, Failed> {
    let missing = client.needs.iter().find(|tool| tool.path().is_none());
    match missing.map(|tool: &Tool| tool.name()) {
        Some(name) if required() => Err(format!("{name} is not installed").into()),
        Some(name) => Ok(skipped(&format!("{name} is not installed"))),
        None => Ok(test(&client, way)?),
    }
}

pub(crate) fn skipped(why: &str) -> Completion {
    Completion::ignored_with(format!("skipped: {why}"))
}

/// It fetches the same bytes through the program as without it, by the default configuration, to
/// which are added the addresses of registries that are mirrored at special ones.
fn fetched(client: &Client, way: Way) -> Result<Completion, String> {
    let source = (client.source)(way.scheme)?;
    let direct = match (client.fetch)(&Room::new(None), &source) {
        Ok(package) => package,
        // What the test itself serves can be reached.
        Err(ran) if source.served.is_some() => return Err(shown("without a proxy", &ran, &[])),
        Err(ran) => {
            let why = format!("without a proxy {} fetches nothing either", client.name);
            return Ok(skipped(&format!("{why}: {}", ran.complaint())));
        }
    };
    let opening = Opening::of(&source.targets);
    let config = opening.is_needed().then(|| opening.config());
    if config.is_some() {
        let (done, log, _) = through(client, &source, None)?;
        is_closed(&opening, way, done, &log)?;
    }
    let (done, log, _) = through(client, &source, config.as_deref())?;
    let package = done.map_err(|ran| shown("fetching", &ran, &log))?;
    let failed = |why: &str| Err(format!("{why}: {log:#?}"));
    if package.bytes.is_empty() || package.bytes != direct.bytes {
        return failed("it did not fetch the same as without a proxy");
    }
    let targets: Vec<String> = source.targets.iter().map(ToString::to_string).collect();
    let is_of_it = |request: &Request| {
        request.is_allowed()
            && targets.iter().any(|target| target == request.target())
            && request.is_tunnel() == (way.scheme == Scheme::Https)
    };
    if !log.iter().all(is_of_it) {
        return failed("it asked for more than it should, or was not allowed all");
    }
    let carries_it = |request: &Request| {
        request.status == Some(200)
            && request.down >= package.transferred
            && (request.up > 0 || !request.is_tunnel())
    };
    if !log.iter().any(carries_it) {
        return failed("no request carried the package");
    }
    let connected = log.iter().filter(|request| request.connect_ms.is_some()).count();
    if client.reuses && way.scheme == Scheme::Http && connected >= log.len() {
        return failed("no connection to the target was used twice");
    }
    Ok(Completion::Completed)
}

/// It is refused, fails soon, and says so as well as it can.
fn refused(client: &Client, way: Way) -> Result<Completion, String> {
    let source = Source::outside(way.scheme);
    let (done, log, took) = through(client, &source, None)?;
    let ran = failure(done, way, &log)?;
    if took > REFUSED_WITHIN {
        return Err(shown(&format!("it took {took:?}"), &ran, &log));
    }
    let target = source.targets[0].to_string();
    let is_refusal = |request: &Request| {
        request.is_denied("not_allowed")
            && request.target() == target
            && request.is_tunnel() == (way.scheme == Scheme::Https)
            && request.total_ms.is_some_and(|took| took < ANSWERED_WITHIN_MS)
    };
    if log.is_empty() || !log.iter().all(is_refusal) {
        return Err(shown("the log does not tell of a refusal", &ran, &log));
    }
    Ok(Completion::Completed)
}

/// By the default configuration it is refused what is at a special address.
fn is_closed(
    opening: &Opening,
    way: Way,
    done: Result<Package, Ran>,
    log: &[Request],
) -> Result<(), String> {
    let ran = failure(done, way, log)?;
    let mut closed = log.iter().filter(|request| opening.is_closed(request.target())).peekable();
    if closed.peek().is_none() || !closed.all(|request| request.is_denied("address_class")) {
        return Err(shown("a special address was not refused", &ran, log));
    }
    Ok(())
}

/// The failure of a client that had to fail, with the refusal's code in what it said.
fn failure(done: Result<Package, Ran>, way: Way, log: &[Request]) -> Result<Ran, String> {
    let Err(ran) = done else { return Err(format!("it fetched what it must not: {log:#?}")) };
    if ran.status.is_none() {
        return Err(shown("it did not end by itself", &ran, log));
    }
    // A request's id may happen to have these digits.
    let said = log.iter().fold(ran.output.clone(), |said, request| said.replace(&request.id, ""));
    if way.prints_code && !said.contains("403") {
        return Err(shown("it does not print 403", &ran, log));
    }
    Ok(ran)
}

pub(crate) type Through = (Result<Package, Ran>, Vec<Request>, Duration);

/// Lets the client fetch through the program, and ends both.
pub(crate) fn through(
    client: &Client,
    source: &Source,
    config: Option<&str>,
) -> Result<Through, String> {
    let gate = Gate::start(config)?;
    let room = Room::new(Some(gate.addr));
    let began = Instant::now();
    let done = (client.fetch)(&room, source);
    let took = began.elapsed();
    Ok((done, gate.stop()?, took))
}

pub(crate) fn shown(what: &str, ran: &Ran, log: &[Request]) -> String {
    let Ran { command, status, output } = ran;
    let status = status.map_or("no exit code".to_owned(), |status| status.to_string());
    format!("{what}\n{command}\n{status}\n{output}\nlog: {log:#?}")
}
