//! Where pinhole stands, and what keeps clients from going around it: each shape is built of
//! network namespaces, two hosts with pods on them, with nftables in the place of NetworkPolicies.
//! Real curl in a pod reaches a registry by the proxy and in no other way; or, beside a sidecar, it
//! does, which is what the README warns of. The table at the end says who reaches what.
//!
//! What cannot be tried on a machine is skipped, never passed; with `PINHOLE_REQUIRE` set it is a
//! failure.

#![allow(clippy::disallowed_methods, reason = "what the product may not do, its tests do")]

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
mod knock;
mod outside;
mod room;
mod rules;
mod shapes;
mod site;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;
mod table;
#[path = "../parent/tls.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod tls;
mod tries;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::table::Table;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        [room::INSIDE, name] => return inside(name),
        [outside::OUTSIDE] => return outside::serve(),
        [knock::KNOCK, how, at, seconds] => return knock::knock(how, at, seconds),
        _ => {}
    }
    let (closed, table) = (room::closed(), Arc::new(Table::default()));
    let trial = |name: &'static str| {
        let (closed, table) = (closed.clone(), Arc::clone(&table));
        Trial::ignorable_test(name, move || unless_closed(closed.as_deref(), name, &table))
    };
    let trials = shapes::ALL.iter().map(|shape| trial(shape.name)).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    table.print();
    conclusion.exit_code()
}

fn unless_closed(closed: Option<&str>, name: &str, table: &Table) -> Result<Completion, Failed> {
    let required = std::env::var_os("PINHOLE_REQUIRE").is_some_and(|value| !value.is_empty());
    match closed {
        Some(why) if required => Err(why.into()),
        Some(why) => Ok(Completion::ignored_with(format!("skipped: {why}"))),
        None => {
            table.add(name, &room::enter(name)?)?;
            Ok(Completion::Completed)
        }
    }
}

/// Builds a shape and tries it, in the namespaces that this process was started in. A panic is its
/// failure.
fn inside(name: &str) -> ExitCode {
    let shape = shapes::ALL.iter().find(|shape| shape.name == name).expect("a shape");
    site::build();
    println!("{}", shape.build());
    ExitCode::SUCCESS
}
