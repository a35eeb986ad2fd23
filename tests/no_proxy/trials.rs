//! A test for each client, and one for what is claimed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, OnceLock};

use libtest_mimic::{Completion, Failed, Trial};

use crate::case::{self, Case};
use crate::clients::{self, Client};
use crate::room::{self, Answer};
use crate::said::Said;
use crate::versions::{self, Executed};
use crate::{dump, place, said};

static CASES: LazyLock<Vec<Case>> = LazyLock::new(case::all);
/// Why no client can run at all, if so.
static CLOSED: LazyLock<Option<String>> = LazyLock::new(room::closed);

/// A client, asked once, by whichever test needs it first.
struct Asked {
    client: Client,
    answer: OnceLock<Result<Answer, String>>,
}

pub(crate) fn all() -> Vec<Trial> {
    let asked = clients::all().into_iter().map(|client| Asked { client, answer: OnceLock::new() });
    let asked: Arc<[Asked]> = asked.collect();
    let mut trials: Vec<Trial> = (0..asked.len())
        .map(|at| {
            let asked = asked.clone();
            let name = format!("{}_is_told_right", asked[at].client.label);
            Trial::ignorable_test(name, move || unless_missing(&asked[at..=at], &told_right))
        })
        .collect();
    let name = "what_is_said_to_be_executed_was";
    trials.push(Trial::ignorable_test(name, move || unless_missing(&asked, &claims_hold)));
    trials.push(Trial::test("ranges_are_understood", || Ok(versions::are_understood()?)));
    trials
}

type Test = dyn Fn(&[Asked]) -> Result<(), String>;

/// Runs the test if all its clients are there.
fn unless_missing(asked: &[Asked], test: &Test) -> Result<Completion, Failed> {
    let missing = asked.iter().find_map(|one| one.client.missing());
    let missing = missing.map(|name| format!("{name} is not installed")).or(CLOSED.clone());
    match missing {
        Some(why) if place::required() => Err(why.into()),
        Some(why) => Ok(Completion::ignored_with(format!("skipped: {why}"))),
        None => Ok(test(asked).map(|()| Completion::Completed)?),
    }
}

impl Asked {
    /// What was executed.
    fn executed(&self) -> Result<Executed<'_>, String> {
        let Answer { version, libcurl, .. } = self.answer()?;
        Ok(Executed { version, libcurl: libcurl.as_deref(), with: self.client.with })
    }

    fn answer(&self) -> Result<&Answer, String> {
        let answer = self.answer.get_or_init(|| {
            let answer = room::ask(&self.client)?;
            dump::write(&self.client, &answer, &CASES)?;
            Ok(answer)
        });
        answer.as_ref().map_err(Clone::clone)
    }
}

/// The program says of every case what the client does.
fn told_right(asked: &[Asked]) -> Result<(), String> {
    let [asked] = asked else { return Err("it is of one client".to_owned()) };
    let (answer, executed) = (asked.answer()?, asked.executed()?);
    let mut wrong = String::new();
    let mut count = 0;
    for (number, does) in &answer.routes {
        let case = &CASES[*number];
        let said = said::of(asked.client.id, &executed, case)?;
        if said.route != does.route {
            count += 1;
            let Case { value, url, spelling, .. } = case;
            let (said, why) = (&said.route, &said.why);
            let (does, heard) = (&does.route, &does.said);
            writeln!(
                wrong,
                "{value:?} ({spelling}) {url}\n    does: {does} ({heard})\n    said: {said} ({why})"
            )
            .map_err(|error| error.to_string())?;
        }
    }
    let all = answer.routes.len();
    match count {
        0 => Ok(()),
        _ => Err(format!("{}: {count} of {all} are wrong\n{wrong}", answer.version)),
    }
}

/// Whatever it says was executed, was, and whatever was, is said. Of clients that the machine
/// brings, the versions are its own affair: a range speaks for them.
fn claims_hold(asked: &[Asked]) -> Result<(), String> {
    let mut executed = Vec::new();
    for one in asked {
        executed.push((&one.client, one.executed()?));
    }
    let mut wrong = Vec::new();
    for said in said::claims()? {
        let Said { client, version, with, evidence, .. } = said;
        let of_it: Vec<_> = executed.iter().filter(|(one, _)| one.id == client).collect();
        let mut ran: Vec<_> = of_it.clone();
        ran.retain(|(_, executed)| executed.is_of(version, with).unwrap_or(false));
        let pinned = ran.iter().filter(|(one, _)| !one.given);
        let pinned: BTreeSet<&str> = pinned.map(|(_, executed)| executed.version).collect();
        let listed: BTreeSet<&str> = said.executed.iter().map(String::as_str).collect();
        let unsaid = !pinned.is_subset(&listed);
        let untrue = listed != pinned && of_it.iter().all(|(one, _)| !one.given);
        let unfounded = ran.is_empty() && of_it.iter().any(|(one, _)| !one.given);
        let is_executed = evidence != "from source";
        if unsaid || untrue || is_executed && unfounded || is_executed == listed.is_empty() {
            let row = [client.as_str(), version, with, evidence].join(" ");
            wrong.push(format!("{row}: {pinned:?} ran, {listed:?} are said"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
