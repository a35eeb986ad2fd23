//! pip and apt behind another proxy: client → pinhole → squid → out, and directly where `no_proxy`
//! says so.

use libtest_mimic::{Completion, Trial};

use crate::client::{Client, Package, Source, Way};
use crate::opening::Opening;
use crate::proxies::{Real, installed};
use crate::request::Request;
use crate::tools::required;
use crate::trials::{shown, skipped, through, unless_missing};
use crate::{apt, python};

pub(crate) fn trials() -> Vec<Trial> {
    let all = [python::PIP, apt::APT].into_iter().flat_map(|client| {
        let fetching = client.ways.iter().copied().filter(|way| way.fetches);
        fetching.map(move |way| (client, way))
    });
    all.map(|(client, way)| {
        let name = format!("{}_fetches_behind_squid_by_{}", client.name, way.scheme);
        Trial::ignorable_test(name, move || unless_missing(client, way, behind))
    })
    .collect()
}

/// It fetches the same bytes by squid as without any proxy, and then past squid.
fn behind(client: &Client, way: Way) -> Result<Completion, String> {
    if installed("squid").is_none() {
        let why = "squid is not installed";
        return if required() { Err(why.to_owned()) } else { Ok(skipped(why)) };
    }
    let source = (client.source)(way.scheme)?;
    let direct = match (client.fetch)(&crate::room::Room::new(None), &source) {
        Ok(package) => package,
        Err(ran) => {
            let why = format!("without a proxy {} fetches nothing either", client.name);
            return Ok(skipped(&format!("{why}: {}", ran.complaint())));
        }
    };
    let squid = Real::squid("");
    let opening = Opening::of(&source.targets);

    // squid resolves the names, so nothing has to be opened for where they lead.
    let config = opening.without().behind(&squid.url(), "");
    let log = fetch(client, &source, &config, &direct)?;
    if !log.iter().all(|request| request.parent.as_deref() == Some(&squid.url())) {
        return Err(format!("a request went past squid: {log:#?}"));
    }
    let seen = squid.log();
    for request in &log {
        let (host, port) = request.target().rsplit_once(':').ok_or("a target without a port")?;
        // Of an http URI it leaves out the port that is meant anyway.
        let plain = if port == "80" { format!("://{host}/") } else { format!("://{host}:{port}/") };
        if !seen.contains(&format!("CONNECT {host}:{port} ")) && !seen.contains(&plain) {
            return Err(format!("squid knows nothing of {host}:{port}: {seen}"));
        }
    }

    let hosts: Vec<&str> = source.targets.iter().map(|target| target.host.as_str()).collect();
    let config = opening.with().behind(&squid.url(), &hosts.join(","));
    let log = fetch(client, &source, &config, &direct)?;
    if !log.iter().all(|request| request.parent.is_none()) {
        return Err(format!("a request that is exempt went by squid: {log:#?}"));
    }
    if squid.log() != seen {
        return Err(format!("squid was asked all the same: {}", squid.log()));
    }
    Ok(Completion::Completed)
}

/// Fetches through the program, and hands out its log.
fn fetch(
    client: &Client,
    source: &Source,
    config: &str,
    direct: &Package,
) -> Result<Vec<Request>, String> {
    let (done, log, _) = through(client, source, Some(config))?;
    let package = done.map_err(|ran| shown("fetching", &ran, &log))?;
    if package.bytes.is_empty() || package.bytes != direct.bytes {
        return Err(format!("it did not fetch the same as without a proxy: {log:#?}"));
    }
    if log.is_empty() || !log.iter().all(Request::is_allowed) {
        return Err(format!("it was not allowed all: {log:#?}"));
    }
    Ok(log)
}
