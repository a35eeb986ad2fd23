//! The cases. Each has its namespaces for itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Case;
use crate::build::IMAGE;
use crate::dns::{FakeDns, Kind, Reply};
use crate::elf::interpreter;
use crate::inspect::{Entry, Image};
use crate::room::{cgroup, on_path};
use crate::store::{Store, output, repository};
use crate::support::client::Client;
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;
use crate::support::site::refusal_id;

/// Every case, by its name.
pub(crate) const ALL: [(&str, Case); 6] = [
    ("it_holds_one_static_file", it_holds_one_static_file),
    ("it_says_how_it_is_run", it_says_how_it_is_run),
    ("it_runs_as_it_is", it_runs_as_it_is),
    ("it_runs_by_a_file", it_runs_by_a_file),
    ("an_https_parent_wants_a_ca_file", an_https_parent_wants_a_ca_file),
    ("build_local_makes_the_same", build_local_makes_the_same),
];

const MIB: u64 = 1 << 20;
/// Another image's name, made by `docker/build-local`.
const LOCAL: &str = "localhost/pinhole-local";
/// The file that has a container's id, of which each room runs one.
const CONTAINER: &str = "/run/pinhole-container";

fn it_holds_one_static_file(store: &Store) {
    let image = Image::of(store, IMAGE);
    let size = image.program.len() as u64;
    let program = Entry {
        mode: "-rwxr-xr-x".to_owned(),
        owner: "0/0".to_owned(),
        size,
        name: "pinhole".to_owned(),
    };
    assert_eq!(image.entries, [program]);
    assert_eq!(interpreter(&image.program), None);
    // So that it could have failed.
    let shell = fs::read(on_path("sh").expect("a shell")).expect("a file");
    assert!(interpreter(&shell).is_some_and(|loader| loader.contains("ld-linux")));
    println!("the image has {size} bytes, {} packed", image.packed);
    assert!(size < 16 * MIB, "{size} bytes");
}

fn it_says_how_it_is_run(store: &Store) {
    let config = Image::of(store, IMAGE).config;
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], json!(["/pinhole"]));
    assert_eq!(config["ExposedPorts"], json!({"3128/tcp": {}, "9128/tcp": {}}));
    let serve = ["serve", "--listen", "0.0.0.0:3128", "--admin", "0.0.0.0:9128"];
    assert_eq!(config["Cmd"], json!(serve));
}

/// A container as strict as they come. The network is the room's.
fn strictly(store: &Store, before: &[String], after: &[&str]) -> Command {
    let mut command = store.podman();
    command.args(["run", "--rm", "--pull", "never", "--network", "host"]);
    command.arg("--cidfile").arg(CONTAINER);
    command.args(["--http-proxy=false", "--cgroup-parent", cgroup()]);
    command.args(["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"]);
    command.args(["--ulimit", "nofile=1024:20000", "--ulimit", "nproc=1000:1000"]);
    command.args(before).arg(IMAGE).args(after);
    command
}

/// The same, with a configuration file.
fn by_file(store: &Store, file: &Path) -> Command {
    let volume = format!("{}:/pinhole.yaml:ro", file.display());
    strictly(store, &["--volume".to_owned(), volume], &["serve", "--config", "/pinhole.yaml"])
}

fn it_runs_as_it_is(store: &Store) {
    let mut proxy = Proxy::spawn(&json!({}), |_| strictly(store, &[], &[]));
    assert_eq!(proxy.addr.to_string(), "0.0.0.0:3128");
    assert_eq!(proxy.admin().to_string(), "0.0.0.0:9128");
    is_confined(store);
    // The built-in configuration holds.
    for (target, label) in
        [("elsewhere.example:443", "not_allowed"), ("127.0.0.1:443", "address_class")]
    {
        assert_eq!(refused(&proxy, target), label, "{target}");
    }
    answers(&proxy, "connect not_allowed");
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.exit().code(), Some(0));
}

/// What the kernel says of the program's process.
fn is_confined(store: &Store) {
    let container = fs::read_to_string(CONTAINER).expect("a container");
    let mut asked = store.podman();
    let pid = output(asked.args(["inspect", &container, "--format", "{{.State.Pid}}"]));
    let pid = String::from_utf8(pid).expect("UTF-8");
    let read = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(format!("/proc/{}/{name}", pid.trim())).expect("a process");
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let (status, limits, mounts) = (read("status"), read("limits"), read("mountinfo"));
    for line in [
        "Name: pinhole",
        "Uid: 65532 65532 65532 65532",
        "Gid: 65532 65532 65532 65532",
        "CapPrm: 0000000000000000",
        "CapEff: 0000000000000000",
        "CapBnd: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp: 2",
    ] {
        assert!(status.iter().any(|known| known == line), "no `{line}` in {status:#?}");
    }
    // It has taken what it was granted, and 1024 descriptors are few.
    for line in ["Max open files 20000 20000 files", "Max processes 1000 1000 processes"] {
        assert!(limits.iter().any(|known| known == line), "no `{line}` in {limits:#?}");
    }
    let root = mounts.iter().find(|line| line.split(' ').nth(4) == Some("/")).expect("a root");
    assert!(root.split(' ').nth(5).is_some_and(|how| how.starts_with("ro")), "{root}");
}

fn it_runs_by_a_file(store: &Store) {
    let (dns, target, other) = (FakeDns::start(), Origin::start(), Origin::start());
    dns.on("registry.example", Kind::A, [Reply::addrs(60, ["127.0.0.1"])]);
    dns.on("registry.example", Kind::Aaaa, [Reply::nodata(60)]);
    let port = target.port();
    let config = json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "allow": [
            {"host": "registry.example", "ports": port},
            {"network": "127.0.0.1/32", "ports": port},
        ],
        "dns": {"servers": dns.addr().to_string()},
    });
    let mut proxy = Proxy::spawn(&config, |file| by_file(store, file));
    let mut tunnels = Vec::new();
    for name in ["registry.example", "127.0.0.1"] {
        let mut client = proxy.client();
        client.send(format!("CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n"));
        assert_eq!(client.response_to_head().status, 200, "{name}");
        goes_on(&mut client);
        tunnels.push(client);
    }
    for name in ["registry.example", "127.0.0.1"] {
        assert_eq!(refused(&proxy, &format!("{name}:{}", other.port())), "port_not_allowed");
    }
    assert_eq!(refused(&proxy, &format!("elsewhere.example:{port}")), "not_allowed");
    assert_eq!((target.accepts(), other.accepts()), (2, 0));
    assert_eq!(dns.asked_names(), ["registry.example A", "registry.example AAAA"]);
    answers(&proxy, "connect port_not_allowed");
    // What is open may end, and then so does the container.
    proxy.signal(Signal::TERM);
    proxy.wait_line("it stops", |line| {
        line.json["message"].as_str()?.starts_with("stopping").then_some(())
    });
    tunnels.iter_mut().for_each(goes_on);
    drop(tunnels);
    assert_eq!(proxy.exit().code(), Some(0));
}

/// A request by an open tunnel.
fn goes_on(client: &mut Client) {
    client.send("GET /through HTTP/1.1\r\nHost: registry.example\r\n\r\n");
    assert_eq!(client.response().text(), "GET /through HTTP/1.1");
}

/// The reason why a CONNECT is refused.
fn refused(proxy: &Proxy, target: &str) -> String {
    let mut client = proxy.client();
    client.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"));
    let response = client.response();
    assert_eq!(response.status, 403, "{target}: {}", response.reason);
    let label = response.text();
    let label = label.split_once('(').and_then(|(_, rest)| rest.split_once(')')).expect("a label");
    refusal_id(&response, label.0).expect("a refusal");
    label.0.to_owned()
}

/// The admin pages do, and count what was refused.
fn answers(proxy: &Proxy, outcome: &str) {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(proxy.page(path).0, 200, "{path}");
    }
    assert!(proxy.outcomes().contains_key(outcome), "{:?}", proxy.outcomes());
}

/// There are no CA certificates in the image, and it says so instead of trusting nobody in silence.
fn an_https_parent_wants_a_ca_file(store: &Store) {
    let file = store.path("parent.yaml");
    let config = json!({
        "listen": "127.0.0.1:0",
        "admin": "off",
        "allow": [],
        "dns": {"servers": "127.0.0.1:53"},
        "parent": {"urls": ["https://proxy.example:3129"]},
    });
    fs::write(&file, config.to_string()).expect("a file");
    let ran = by_file(store, &file).output().expect("podman");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("ca_file"), "{said}");
}

/// Given the same program, the image differs in nothing that matters.
fn build_local_makes_the_same(store: &Store) {
    let image = Image::of(store, IMAGE);
    let binary = store.path("binary");
    fs::write(&binary, &image.program).expect("a file");
    let mut command = Command::new(repository().join("docker/build-local"));
    // Neither the directory nor the file's mode matters.
    command.current_dir(store.path("")).env("BINARY", "binary");
    command.args(store.builder()).args(["build", "--quiet", "--isolation", "chroot"]);
    output(command.args(["--tag", LOCAL]));
    let local = Image::of(store, LOCAL);
    assert_eq!(local.entries, image.entries);
    assert!(local.program == image.program, "another program");
    for key in ["User", "Entrypoint", "Cmd", "ExposedPorts"] {
        assert_ne!(local.config[key], Value::Null, "{key}");
        assert_eq!(local.config[key], image.config[key], "{key}");
    }
}
