//! The presets stay true: what the newest SkyPilot names, and what real clients ask for by default,
//! is covered.
//!
//! `tests/run` runs it, after `setup` has installed what it needs. What is missing is skipped, never
//! passed; with `PINHOLE_REQUIRE` set it is a failure.

mod clients;
mod known;
mod listener;
mod pattern;
mod room;
mod wheel;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::known::Known;
use crate::wheel::Wheel;

/// Why a test cannot run here, or why it failed.
pub(crate) enum Fault {
    Missing(String),
    Failed(String),
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

pub(crate) type Outcome = Result<(), Fault>;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    // Downloaded once, by whichever test needs it first.
    let wheel: Arc<OnceLock<Result<Wheel, String>>> = Arc::default();
    let (named, planted) = (wheel.clone(), wheel);
    let mut trials = vec![
        trial("every_host_that_skypilot_names_is_known", move || all_known(get(&named)?)),
        trial("a_host_planted_in_a_copy_of_it_is_found", move || plants_found(get(&planted)?)),
        trial("what_a_preset_s_host_covers", || Ok(pattern::holds()?)),
    ];
    trials.extend(clients::ALL.map(|client| {
        let name = format!("what_{}_asks_for_is_in_the_preset_{}", client.name, client.preset);
        trial(&name.replace('-', "_"), move || clients::covered(&client))
    }));
    libtest_mimic::run(&args, trials).exit_code()
}

fn trial(name: &str, test: impl Fn() -> Outcome + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || match test() {
        Ok(()) => Ok(Completion::Completed),
        Err(Fault::Missing(why)) if !room::required() => {
            Ok(Completion::ignored_with(format!("skipped: {why}")))
        }
        Err(Fault::Missing(why) | Fault::Failed(why)) => Err(Failed::from(why)),
    })
}

fn get(wheel: &OnceLock<Result<Wheel, String>>) -> Result<&Wheel, Fault> {
    wheel.get_or_init(Wheel::download).as_ref().map_err(|why| Fault::Missing(why.clone()))
}

fn all_known(wheel: &Wheel) -> Outcome {
    let hosts = wheel.hosts()?;
    let known = Known::read()?;
    let mut wrong = known.unknown(&hosts);
    wrong.extend(known.superfluous(&hosts));
    if wrong.is_empty() {
        return Ok(());
    }
    let name = wheel.name();
    Err(Fault::Failed(format!(
        "{name}: add to a preset, with why and where it was read, or to tests/presets/ignored.yaml\n{}",
        wrong.join("\n")
    )))
}

/// Each plant is found, whatever it stands in, and turns the check red.
fn plants_found(wheel: &Wheel) -> Outcome {
    let before = wheel.hosts()?;
    let copy = wheel.planted(&wheel::PLANTS)?;
    let known = Known::read()?;
    let unknown = known.unknown(&copy.hosts()?);
    let mut wrong = Vec::new();
    for (file, text, host) in wheel::PLANTS {
        let is_it = |line: &String| line.starts_with(&format!("{host}: {file}:"));
        match host {
            "" if unknown.iter().any(|line| line.contains(&format!(" {file}:"))) => {
                wrong.push(format!("{file} contacts nobody: {text}"));
            }
            "" => {}
            _ if before.contains_key(host) => wrong.push(format!("{host} was there before")),
            _ if !unknown.iter().any(is_it) => {
                wrong.push(format!("{host} is not found in {file}: {text}"));
            }
            _ => {}
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Fault::Failed(wrong.join("\n"))) }
}
