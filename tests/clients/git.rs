//! git, with a repository that the test itself serves on loopback.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::client::{Client, Package, Scheme, Source, Target, Way};
use crate::room::{Ran, Room};
use crate::tools::Tool;

const GIT_TOOL: Tool = Tool::Path("git");
const PYTHON: Tool = Tool::Venv("python");
const OPENSSL: Tool = Tool::Path("openssl");
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/repository.py");

/// How large the file in the repository is.
const FILE_BYTES: usize = 100_000;

pub(crate) const GIT: Client = Client {
    name: "git",
    needs: &[GIT_TOOL, PYTHON, OPENSSL],
    ways: &[
        Way { scheme: Scheme::Https, fetches: true, prints_code: true },
        Way { scheme: Scheme::Http, fetches: true, prints_code: true },
    ],
    source: |scheme| served(scheme).map_err(|ran| format!("{ran:#?}")),
    fetch: clone,
    // It asks for the refs, and then for the objects.
    reuses: true,
};

/// A server of a repository. Dropping it kills it.
pub(crate) struct Repository {
    server: Child,
    _room: Room,
}

impl Drop for Repository {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}

fn clone(room: &Room, source: &Source) -> Result<Package, Ran> {
    let url = source.url.as_deref().expect("git has no default");
    git(room, source, &["clone", "--quiet", &format!("{url}repository"), "cloned"])?;
    room.only_file("cloned", "/noise").map(Package::stored)
}

fn git(room: &Room, source: &Source, args: &[&str]) -> Result<Ran, Ran> {
    let mut command = room.command(GIT_TOOL);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    if let Some(ca) = &source.ca {
        command.env("GIT_SSL_CAINFO", ca);
    }
    room.run(command.args(args))
}

/// Makes a repository and serves it.
fn served(scheme: Scheme) -> Result<Source, Ran> {
    let room = Room::new(None);
    let mut source = Source { url: None, targets: Vec::new(), ca: None, served: None };
    fs::create_dir(room.path("served")).expect("a directory");
    git(&room, &source, &["init", "--quiet", "served/repository"])?;
    fs::write(room.path("served/repository/noise"), noise()).expect("a file");
    let within = |args: &[&str]| {
        let who = ["-C", "served/repository", "-c", "user.name=a", "-c", "user.email=a@b.example"];
        git(&room, &source, &[&who, args].concat())
    };
    within(&["add", "noise"])?;
    within(&["commit", "--quiet", "--message", "Noise"])?;
    let mut command = room.command(PYTHON);
    command.arg(SERVER).arg(room.path("served"));
    if scheme == Scheme::Https {
        source.ca = Some(room.path("certificate.pem"));
        room.run(room.command(OPENSSL).args(CERTIFICATE))?;
        command.args(["certificate.pem", "key.pem"]);
    }
    // Its standard input ends with this process, and it with that.
    let log = fs::File::create(room.path("log")).expect("a file");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    let mut server = command.spawn().expect("it was found before");
    let stdout = server.stdout.take().expect("it is piped");
    let mut repository = Repository { server, _room: room };
    let mut said = String::new();
    let read = BufReader::new(stdout).read_line(&mut said);
    let Some(port) = read.ok().and_then(|_| said.trim().parse().ok()) else {
        let ended = repository.server.try_wait();
        return Err(Ran::unexpected(format!("no port but {said:?}; {ended:?}")));
    };
    source.url = Some(format!("{scheme}://127.0.0.1:{port}/"));
    source.targets.push(Target { host: "127.0.0.1".to_owned(), port });
    source.served = Some(repository);
    Ok(source)
}

const CERTIFICATE: [&str; 15] = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    "/CN=repository.example",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-keyout",
    "key.pem",
    "-out",
    "certificate.pem",
];

/// Bytes that no compression makes fewer (xorshift).
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    std::iter::repeat_with(next).flatten().take(FILE_BYTES).collect()
}
