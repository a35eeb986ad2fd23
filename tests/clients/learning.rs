//! From an allowlist that is empty to one that is just wide enough: pip and npm run in audit mode,
//! `pinhole suggest` writes the rules, and with nothing but these both run again.

use std::collections::BTreeSet;
use std::process::Command;

use libtest_mimic::{Completion, Failed, Trial};

use crate::client::{Client, Scheme, Source, Target};
use crate::gate::Gate;
use crate::opening::Opening;
use crate::request::Request;
use crate::room::{Ran, Room};
use crate::tools::{Tool, required};
use crate::trials::{shown, skipped};
use crate::{machine, npm, python};

pub(crate) fn trials() -> Vec<Trial> {
    let name = "pip_and_npm_teach_an_empty_allowlist";
    vec![Trial::ignorable_test(name, || Ok::<_, Failed>(unless_missing()?))]
}

fn unless_missing() -> Result<Completion, String> {
    let needs = [python::PIP, npm::NPM].into_iter().flat_map(|client: Client| client.needs);
    let missing: Vec<&str> =
        needs.filter(|tool| tool.path().is_none()).map(|tool: &Tool| tool.name()).collect();
    match missing.first() {
        Some(name) if required() => Err(format!("{name} is not installed")),
        Some(name) => Ok(skipped(&format!("{name} is not installed"))),
        None => learns(),
    }
}

/// Installs a small package by each.
fn install(room: &Room) -> Result<(), Ran> {
    let mut pip = room.command(Tool::Venv("python"));
    pip.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    pip.args(["-m", "pip", "install", "--no-cache-dir", "--target", "site", "six"]);
    room.run(&mut pip)?;
    room.only_file("site", "/six.py")?;
    let mut npm = room.command(Tool::Path("npm"));
    npm.env("NPM_CONFIG_GLOBALCONFIG", room.path("none"))
        .env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix", "project", "is-number"]);
    room.write("project/package.json", "{}");
    room.run(&mut npm)?;
    room.only_file("project/node_modules/is-number", "/index.js").map(drop)
}

fn learns() -> Result<Completion, String> {
    if let Err(ran) = install(&Room::new(None)) {
        let why = "without a proxy they install nothing either";
        return Ok(skipped(&format!("{why}: {}", ran.complaint())));
    }
    // Mirrors at special addresses are opened from the start, and nothing else is.
    let registries = [machine::preset("python")?, machine::preset("npm")?].concat();
    let opening = Opening::of(&registries);
    let none = if opening.entries().is_empty() { " []" } else { "" };
    let start = format!("\nallow:{none}\n{}", opening.entries());

    // Enforced, an empty allowlist lets nothing through.
    let (done, log) = through(&start)?;
    if done.is_ok() || log.iter().any(Request::is_allowed) {
        return Err(format!("an empty allowlist lets something through: {log:#?}"));
    }

    let audit = Gate::start(Some(&format!("mode: audit\n{start}")))?;
    let room = Room::new(Some(audit.addr));
    install(&room).map_err(|ran| shown("in audit mode", &ran, &[]))?;
    let asked = suggest(&["--admin", &audit.admin.to_string()])?;
    let lines = audit.log()?;
    let file = room.write("audit.log", &lines.join("\n"));
    let read = suggest(&[&file.to_string_lossy()])?;
    if entries(&asked) != entries(&read) || entries(&asked).is_empty() {
        return Err(format!("the page and the log lead to different rules:\n{asked}\n{read}"));
    }
    let seen: BTreeSet<String> = lines.iter().filter_map(|line| target(line)).collect();
    if seen.is_empty() {
        return Err(format!("the log has no target: {lines:#?}"));
    }

    // What it printed is a configuration by itself; the mirrors are opened as before.
    let rules = asked.replacen("\nallow:\n", &format!("\nallow:\n{}", opening.entries()), 1);
    if rules == asked && !opening.entries().is_empty() {
        return Err(format!("it does not say `allow:`\n{asked}"));
    }
    let file = room.write("rules.yaml", &asked);
    let checked = pinhole(&["check", &file.to_string_lossy()])?;
    if !checked.0 {
        return Err(format!("pinhole check: {}\n{asked}", checked.1));
    }
    let (done, log) = through(&rules)?;
    done.map_err(|ran| shown(&format!("by the rules\n{rules}"), &ran, &log))?;
    let allowed: BTreeSet<String> = log.iter().map(|one| one.target().to_owned()).collect();
    if !log.iter().all(Request::is_allowed) || allowed != seen {
        return Err(format!("not what audit saw, {seen:?}: {log:#?}"));
    }

    everything_else_is_denied(&room, &rules, &registries)
}

/// Hosts that no registry has, those of other presets, and other ports of the registries' own.
fn everything_else_is_denied(
    room: &Room,
    rules: &str,
    registries: &[Target],
) -> Result<Completion, String> {
    let file = room.write("enforce.yaml", rules);
    let mut others: Vec<String> =
        registries.iter().map(|one| format!("{}:8443", one.host)).collect();
    others.extend(["denied.example:443", "1.1.1.1:443", "169.254.169.254:80"].map(str::to_owned));
    for preset in ["rust", "debian", "github", "conda", "hugging-face", "docker-hub"] {
        let hosts = machine::preset(preset)?;
        others
            .extend(hosts.iter().filter(|one| !registries.contains(one)).map(ToString::to_string));
    }
    for other in others {
        let file = file.to_string_lossy();
        let (is_allowed, said) = pinhole(&["explain", "--config", &file, &other])?;
        if is_allowed {
            return Err(format!("{other} is allowed: {said}"));
        }
    }
    let gate = Gate::start(Some(rules))?;
    let room = Room::new(Some(gate.addr));
    let outside = Source::outside(Scheme::Https);
    let fetched =
        (npm::NPM.fetch)(&room, &outside).is_ok() || (python::PIP.fetch)(&room, &outside).is_ok();
    let log = gate.stop()?;
    if fetched || log.is_empty() || !log.iter().all(|one| one.is_denied("not_allowed")) {
        return Err(format!("a host outside was not denied: {log:#?}"));
    }
    Ok(Completion::Completed)
}

/// Installs both through the program with this configuration.
fn through(config: &str) -> Result<(Result<(), Ran>, Vec<Request>), String> {
    let gate = Gate::start(Some(config))?;
    let done = install(&Room::new(Some(gate.addr)));
    Ok((done, gate.stop()?))
}

/// What the program prints, and whether it is content.
fn pinhole(arguments: &[&str]) -> Result<(bool, String), String> {
    let ran = Command::new(env!("CARGO_BIN_EXE_pinhole")).args(arguments).output();
    let ran = ran.map_err(|error| error.to_string())?;
    let [out, err] =
        [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok((ran.status.success(), out + &err))
}

fn suggest(arguments: &[&str]) -> Result<String, String> {
    let (is_done, text) = pinhole(&[&["suggest"], arguments].concat())?;
    if is_done { Ok(text) } else { Err(format!("pinhole suggest: {text}")) }
}

/// The lines that are no comments.
fn entries(text: &str) -> Vec<String> {
    let bare = |line: &str| line.split(" #").next().unwrap_or_default().trim_end().to_owned();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#')).map(bare);
    lines.filter(|line| !line.is_empty()).collect()
}

fn target(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(line["target"].as_str()?.to_owned())
}
