//! The program: arguments, configuration files, signals, the log.

mod clients;
mod config;
mod doctor;
mod doubts;
mod emit;
mod entries;
mod environment;
mod explain;
mod file;
mod hosts;
mod load;
mod log;
mod networks;
mod no_proxy;
mod parent;
mod presets;
mod proxy_protocol;
mod reader;
mod routes;
mod serve;
mod show;
mod signals;
mod suggest;
mod tls;
mod trial;
mod wide;
mod yaml;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The one hole in an airgap: a forward proxy that lets an allowlist through, and nothing else
///
/// Without a command it serves.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve clients
    Serve(serve::ServeArgs),
    /// Print everything that is wrong with configuration files
    Check {
        /// The configuration files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Tell what becomes of targets, and by which rule: exit code 0 if all are allowed, 1 if any is denied, 2 if any is malformed
    Explain(explain::ExplainArgs),
    /// Decide a file's cases, and compare: exit code 0 if all pass, 1 if any fails, 2 if they cannot be read
    Test(trial::TestArgs),
    /// Print the rules that would allow what was denied, from the admin page or from logs, for review
    Suggest(suggest::SuggestArgs),
    /// Look at this machine's or pod's way out, and say what is wrong and what to do: exit code 1 if anything fails, 2 if the site cannot be read
    Doctor(doctor::DoctorArgs),
    /// List the presets, or one's hosts and what each is for
    Presets {
        /// The preset
        name: Option<String>,
    },
    /// Emit the configurations that make SkyPilot work behind pinhole, from one description of a site
    Emit(emit::EmitArgs),
    /// Tell which way real clients take to URLs when NO_PROXY has a value, version by version, and why
    NoProxy(no_proxy::NoProxyArgs),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        None => serve::run(&arguments.serve).map(|()| (String::new(), 0)),
        Some(Command::Serve(args)) => serve::run(&args).map(|()| (String::new(), 0)),
        Some(Command::Check { files }) => Ok(show::check(&files)),
        Some(Command::Explain(args)) => explain::run(&args),
        // A case that fails is one thing, a file that cannot be read another.
        Some(Command::Test(args)) => Ok(trial::run(&args).unwrap_or_else(|error| {
            complain(&format!("{error:#}"));
            (String::new(), 2)
        })),
        Some(Command::Suggest(args)) => suggest::run(&args),
        // So that an init container tells a site that is no site from one that does not work.
        Some(Command::Doctor(args)) => Ok(doctor::run(&args).unwrap_or_else(|error| {
            complain(&format!("{error:#}"));
            (String::new(), 2)
        })),
        Some(Command::Presets { name }) => show::presets(name.as_deref()),
        Some(Command::Emit(args)) => emit::run(&args),
        Some(Command::NoProxy(args)) => no_proxy::run(&args),
    };
    match done {
        Ok((text, code)) => print(&text, code),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says what went wrong, if anybody reads it.
fn complain(text: &str) {
    let _unread = writeln!(std::io::stderr(), "pinhole: {text}");
}

/// Prints the result. A reader that has seen enough (`| head`) is not an error.
fn print(text: &str, code: u8) -> ExitCode {
    // After serving, the log may still hold standard output, and wait for a reader that sleeps.
    if text.is_empty() {
        return ExitCode::from(code);
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot print: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(code),
    }
}
