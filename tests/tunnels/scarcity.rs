//! When the machine gives no more: pipes past the user's budget, descriptors. What cannot be tried
//! on this machine is skipped, never passed.

#![allow(clippy::disallowed_methods, reason = "what the product may not do, its tests do")]

#[path = "../../crates/connect/tests/support/dns.rs"]
mod dns;
#[allow(dead_code, reason = "shared with other tests")]
mod machine;
#[allow(dead_code, reason = "shared with other tests")]
mod pattern;
#[allow(dead_code, reason = "shared with other tests")]
mod place;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::{scope, sleep};
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::machine::{cpu, descriptors, until};
use crate::pattern::{MIB, Pace};
use crate::place::{DOWN, Ends, Flow, Place, UP, serve};
use crate::support::client::Client;
use crate::support::proxy::program;

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    // The budget is one, and so is the user.
    args.test_threads = Some(1);
    let within_budget = |name: &str, test: fn(usize)| {
        Trial::ignorable_test(name, move || match budget() {
            Ok(pages) => {
                test(pages);
                Ok(Completion::Completed)
            }
            Err(why) => Ok(Completion::ignored_with(format!("skipped: {why}"))),
        })
    };
    let trials = vec![
        within_budget("no_pipe_within_the_budget", no_pipe_within_the_budget),
        within_budget("a_pipe_that_does_not_grow", a_pipe_that_does_not_grow),
        Trial::test("no_descriptors", || {
            no_descriptors();
            Ok(())
        }),
    ];
    libtest_mimic::run(&args, trials).exit_code()
}

/// A user id that nobody else here has: budgets are by user.
const USER: u32 = 54_321;

/// A program, run by that user.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
    command.args(["--clear-groups", "--"]).arg(program);
    command
}

/// How many pages of pipes a user has, or why that cannot be tried here.
fn budget() -> Result<usize, &'static str> {
    let soft = std::fs::read_to_string("/proc/sys/fs/pipe-user-pages-soft").unwrap();
    match soft.trim().parse().unwrap() {
        _ if !rustix::process::geteuid().is_root() => Err("this takes a user of its own, so root"),
        0 => Err("users have no budget of pipes on this machine"),
        pages => Ok(pages),
    }
}

/// A process of that user which holds pipes, so that so many pages are left of its budget.
struct Hoard(Child);

impl Hoard {
    fn holding(pages: usize) -> Self {
        // The number 1031 is F_SETPIPE_SZ.
        const SCRIPT: &str = r#"
            my ($left) = @ARGV;
            my @held;
            while ($left > 0) {
                pipe(my $reader, my $writer) or die $!;
                my $pages = 256;
                $pages /= 2 while $pages > $left;
                fcntl($writer, 1031, $pages * 4096) or die "$pages pages: $!";
                push @held, $reader, $writer;
                $left -= $pages;
            }
            $| = 1;
            print "ready\n";
            <STDIN>;
        "#;
        let mut command = as_user(Path::new("perl"));
        command.args(["-e", SCRIPT, &pages.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("setpriv and perl");
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n", "the budget could not be spent");
        Self(child)
    }
}

impl Drop for Hoard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program as that user, who can reach neither a build's directory nor a test's.
fn place_of_user() -> Place {
    Place::run(
        |_| {},
        |file| {
            let dir = file.parent().unwrap();
            let (from, here) = (program(), dir.join("pinhole"));
            if std::fs::hard_link(from.get_program(), &here).is_err() {
                std::fs::copy(from.get_program(), &here).unwrap();
            }
            for (path, mode) in [(dir, 0o755), (file, 0o644)] {
                std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
            }
            serve(as_user(&here), file)
        },
    )
}

/// Past the user's budget the kernel hands out pipes of two pages: not worth their calls.
fn no_pipe_within_the_budget(pages: usize) {
    let place = place_of_user();
    let hoard = Hoard::holding(pages);
    let ends = [place.open(), place.open()];
    let addresses = ends.each_ref().map(Ends::address);
    let (up, down) = (48 * MIB + 3, 40 * MIB + 5);
    scope(|scope| {
        let all = ends.map(|ends| scope.spawn(|| ends.carry(Flow::full(up), Flow::full(down))));
        while !all.iter().all(|tunnel| tunnel.is_finished()) {
            assert_eq!(place.held(), 0, "something is spliced");
            sleep(Duration::from_millis(1));
        }
    });
    for from in addresses {
        place.counted(from, "closed", up, down);
    }
    drop(hoard);
    // Now there are pipes, and they are asked for again before long.
    let Ends { mut client, mut target } = place.open();
    let from = client.local_addr().unwrap();
    let mut at = 0;
    until("it splices again", || {
        at += MIB;
        scope(|scope| {
            scope.spawn(|| UP.send(&mut client, at - MIB..at, &Pace::full()));
            UP.receive(&mut target, at - MIB..at, &Pace::full());
        });
        place.pipes().values().any(|pipe| pipe.size >= 256 * 1024)
    });
    drop((client, target));
    place.counted(from, "closed", at, 0);
}

/// Where there is a pipe, and the kernel refuses to grow it, it is used as it is.
fn a_pipe_that_does_not_grow(pages: usize) {
    let place = place_of_user();
    // Enough for one pipe as it is born.
    let _hoard = Hoard::holding(pages - 20);
    let Ends { mut client, mut target } = place.open();
    let from = client.local_addr().unwrap();
    let bytes = 48 * MIB + 3;
    scope(|scope| {
        scope.spawn(|| UP.send(&mut client, 0..bytes, &Pace::full()));
        let at = place.spliced(UP, &mut target, 0);
        let sizes: Vec<_> = place.pipes().values().map(|pipe| pipe.size).collect();
        assert_eq!(sizes, [64 * 1024]);
        // Others find none, and are none the worse.
        place.carry(place.open(), Flow::full(16 * MIB), Flow::full(16 * MIB));
        UP.receive(&mut target, at..bytes, &Pace::full());
    });
    drop((client, target));
    place.counted(from, "closed", bytes, 0);
}

/// Without a descriptor left, open tunnels go on (and copy: a pipe takes two), nothing spins, and
/// all is well again when there are some.
fn no_descriptors() {
    const MOST: u32 = 48;
    let place = Place::run(
        |config| config["timeouts"] = serde_json::json!({"header": "5m"}),
        |file| {
            let mut command = Command::new("prlimit");
            command.arg(format!("--nofile={MOST}:{MOST}")).arg(program().get_program());
            serve(command, file)
        },
    );
    let (pid, ends) = (place.proxy.id(), place.open());
    ends.echo();
    let from = ends.address();
    let crowd: Vec<Client> = (0..MOST).map(|_| place.proxy.client()).collect();
    let admin = Client::connect(place.proxy.admin());
    until("its descriptors run out", || descriptors(pid, MOST) == MOST as usize);
    let before = cpu(pid);
    sleep(Duration::from_secs(1));
    let spent = cpu(pid) - before;
    println!("while it rests without descriptors: {spent:?} of a second");
    assert!(spent < Duration::from_millis(200), "it spins: {spent:?} of a second");
    // Each direction has carried four bytes.
    let (up, down) = (32 * MIB + 1, 24 * MIB + 1);
    scope(|scope| {
        let Ends { client, target } = &ends;
        let clone = |stream: &std::net::TcpStream| stream.try_clone().unwrap();
        let (mut client_in, mut client_out) = (clone(client), clone(client));
        let (mut target_in, mut target_out) = (clone(target), clone(target));
        scope.spawn(move || UP.send(&mut client_out, 0..up, &Pace::full()));
        scope.spawn(move || DOWN.send(&mut target_out, 0..down, &Pace::full()));
        scope.spawn(move || DOWN.receive(&mut client_in, 0..down, &Pace::full()));
        UP.receive(&mut target_in, 0..up, &Pace::full());
    });
    assert_eq!(descriptors(pid, MOST), MOST as usize);
    drop((crowd, admin));
    until("it has descriptors", || descriptors(pid, MOST) < MOST as usize / 2);
    place.carry(place.open(), Flow::full(16 * MIB), Flow::full(16 * MIB));
    drop(ends);
    place.counted(from, "closed", 4 + up, 4 + down);
    assert!(place.proxy.metric("pinhole_accept_errors_total") > 0.0);
}
