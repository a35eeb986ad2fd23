//! What cases begin with: the pod, what lives in the world, the proxy, and the doctor's words.

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustls::server::Acceptor;
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::names;
use crate::room::{API, CLUSTER_DNS, Cable, PROXY, Pod};
use crate::support::origin::{Origin, Peer};
use crate::support::proxy::{Proxy, program};
use crate::tls::{Ca, Certificate};

/// The proxy, as pods name it.
pub(crate) const URL: &str = "http://pinhole:3128";
/// A list that every client reads as it is meant.
pub(crate) const NO_PROXY: &str = "localhost,127.0.0.1,10.96.0.1,.svc,.cluster.local,\
    169.254.169.254,metadata.google.internal,10.77.0.2";
/// Names in the world, with what they are for.
pub(crate) const TARGET: &str = "target.test";
pub(crate) const OTHER: &str = "other.test";
pub(crate) const PLAIN: &str = "plain.test";
const ADDRESSES: [&str; 3] = ["8.8.8.8", "1.1.1.1", "10.96.0.1"];
const YEARS: [i32; 2] = [2000, 4000];
/// Whether an address answers is not for TLS to tell: the names are by what they lead to.
const NAMES: [(&str, &str); 3] = [(TARGET, "5.6.7.8"), (OTHER, "5.6.7.9"), (PLAIN, "5.6.7.8")];

/// Everything that is in the world, and the pod.
pub(crate) struct World {
    // The pod last: what runs in it must be gone.
    pub(crate) ca: Arc<Ca>,
    _origins: Vec<Origin>,
    dns: String,
    home: TempDir,
    pub(crate) pod: Pod,
}

/// What the doctor said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) json: Value,
}

impl World {
    pub(crate) fn new(cable: Cable) -> Self {
        let pod = Pod::new(cable);
        let ca = Arc::new(Ca::new());
        let tls = everybody(Arc::clone(&ca));
        let origins = vec![
            Origin::on("0.0.0.0:443", tls.clone()),
            Origin::on("[2606:4700:4700::1111]:443", tls),
            Origin::on("0.0.0.0:80", answering),
        ];
        // What a pod may know: the proxy's name, below the search list.
        let mut cluster = vec![("pinhole.egress.svc.cluster.local", PROXY)];
        if cable == Cable::Open {
            cluster.extend(NAMES);
            names::serve("8.8.8.8:53", &NAMES);
        }
        names::serve(&format!("{CLUSTER_DNS}:53"), &cluster);
        let dns = names::serve("127.0.0.1:0", &NAMES).to_string();
        let home = tempfile::tempdir().expect("a directory");
        Self { ca, _origins: origins, dns, home, pod }
    }

    /// pinhole, where pods look for it.
    pub(crate) fn pinhole(&self, allow: &Value) -> Proxy {
        self.pinhole_with(allow, |_| {})
    }

    pub(crate) fn pinhole_with(&self, allow: &Value, change: impl FnOnce(&mut Value)) -> Proxy {
        let mut config = json!({
            "listen": format!("{PROXY}:3128"),
            "admin": "127.0.0.1:0",
            "allow": allow,
            "parent": "none",
            "dns": {"servers": self.dns, "hosts_file": false},
            // A machine under load may take its time.
            "timeouts": {"header": "60s"},
        });
        change(&mut config);
        Proxy::start(&config)
    }

    /// pinhole as a sidecar: at the pod's own loopback address.
    pub(crate) fn sidecar(&self, allow: &Value) -> Proxy {
        let config = json!({
            "listen": "127.0.0.1:0",
            "admin": "127.0.0.1:0",
            "allow": allow,
            "parent": "none",
            "dns": {"servers": format!("{CLUSTER_DNS}:53"), "hosts_file": false},
        });
        Proxy::spawn(&config, |file| {
            let mut command = self.pod.command(program().get_program());
            command.args(["serve", "--config"]).arg(file);
            command
        })
    }

    /// A TLS server in the world.
    pub(crate) fn tls_at(&self, at: &str, config: Arc<ServerConfig>) -> Origin {
        Origin::on(at, greeter(config))
    }

    /// A port of the proxy's address that leads to an origin on the world's loopback address.
    pub(crate) fn forward_to(&self, origin: &Origin) -> u16 {
        let to = SocketAddr::from(([127, 0, 0, 1], origin.port()));
        let listener = TcpListener::bind((PROXY, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            for here in listener.incoming().flatten() {
                let there = TcpStream::connect(to).expect("an origin");
                let [mut from, mut into] =
                    [&here, &there].map(|one| one.try_clone().expect("a socket"));
                let (mut back, mut forth) = (there, here);
                thread::spawn(move || {
                    let _cut = io::copy(&mut from, &mut into);
                    into.shutdown(Shutdown::Write)
                });
                thread::spawn(move || {
                    let _cut = io::copy(&mut back, &mut forth);
                    forth.shutdown(Shutdown::Write)
                });
            }
        });
        port
    }

    /// The doctor in the pod, with the environment as it should be.
    pub(crate) fn doctor(&self, args: &[&str]) -> Said {
        self.doctor_with(args, |_| {})
    }

    pub(crate) fn doctor_with(
        &self,
        args: &[&str],
        change: impl FnOnce(&mut BTreeMap<&'static str, String>),
    ) -> Said {
        self.words(&[&["--json"], args].concat(), change)
    }

    /// The same in words.
    pub(crate) fn words(
        &self,
        args: &[&str],
        change: impl FnOnce(&mut BTreeMap<&'static str, String>),
    ) -> Said {
        let mut variables: BTreeMap<&str, String> = BTreeMap::new();
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.insert(name, URL.to_owned());
        }
        for name in ["no_proxy", "NO_PROXY"] {
            variables.insert(name, NO_PROXY.to_owned());
        }
        let ca = self.ca.file().display().to_string();
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            variables.insert(name, ca.clone());
        }
        variables.insert("KUBERNETES_SERVICE_HOST", API.to_owned());
        variables.insert("KUBERNETES_SERVICE_PORT", "443".to_owned());
        variables.insert("HOME", self.home.path().display().to_string());
        change(&mut variables);
        let program: PathBuf = program().get_program().into();
        let mut command: Command = self.pod.command(program);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(&variables);
        command.arg("doctor").args(args);
        let ran = command.stdin(Stdio::null()).output().expect("nsenter");
        let said = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let (out, err) = (said(ran.stdout), said(ran.stderr));
        for text in [&out, &err] {
            let raw = text.chars().find(|c| *c != '\n' && c.is_control());
            assert_eq!(raw, None, "in {text:?}");
        }
        let json = serde_json::from_str(&out).unwrap_or_default();
        Said { code: ran.status.code(), out, err, json }
    }

    /// A file of the pod's user.
    pub(crate) fn home_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below home")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        path
    }
}

/// Reads a head as a proxy would that does not look closely, and hands it out.
pub(crate) fn head(peer: &mut Peer) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(peer.bytes(1)?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Answers every request with 204.
fn answering(peer: &mut Peer) -> io::Result<()> {
    while peer.head()?.is_some() {
        peer.send("HTTP/1.1 204 No Content\r\n\r\n")?;
    }
    Ok(())
}

/// Makes the handshake with this certificate, and waits for the end.
fn greeter(
    config: Arc<ServerConfig>,
) -> impl Fn(&mut Peer) -> io::Result<()> + Clone + Send + Sync + 'static {
    move |peer| greet(peer, ServerConnection::new(Arc::clone(&config)).expect("a server"))
}

fn greet(peer: &mut Peer, mut connection: ServerConnection) -> io::Result<()> {
    let mut stream = peer.stream.try_clone()?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    peer.rest().map(drop)
}

/// The same for whatever name is asked for; for addresses where none is.
fn everybody(ca: Arc<Ca>) -> impl Fn(&mut Peer) -> io::Result<()> + Clone + Send + Sync + 'static {
    move |peer| {
        let mut stream = peer.stream.try_clone()?;
        let mut acceptor = Acceptor::default();
        let accepted = loop {
            if acceptor.read_tls(&mut stream)? == 0 {
                return Ok(());
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => break accepted,
                Ok(None) => {}
                // A plain connection, which nobody meant for TLS.
                Err(_) => return Ok(()),
            }
        };
        let named = accepted.client_hello().server_name().map(str::to_owned);
        let config = match named {
            None => ca.server(Certificate { names: &ADDRESSES, years: YEARS }),
            Some(name) => {
                // Few of them, for the life of one case.
                let names: &'static [&'static str] = vec![&*name.leak()].leak();
                ca.server(Certificate { names, years: YEARS })
            }
        };
        greet(peer, accepted.into_connection(config).map_err(|_| io::ErrorKind::InvalidData)?)
    }
}

impl Said {
    /// The checks of an id.
    pub(crate) fn all(&self, id: &str) -> Vec<&Value> {
        let checks = self.json["checks"].as_array().unwrap_or_else(|| panic!("no JSON: {self}"));
        checks.iter().filter(|check| check["id"] == id).collect()
    }

    /// The check of an id that is about something; the only one of that id, where that is nothing.
    pub(crate) fn check(&self, id: &str, subject: &str) -> &Value {
        let all = self.all(id);
        let mut fits = all.iter().filter(|one| subject.is_empty() || one["subject"] == subject);
        let one = fits.next().unwrap_or_else(|| panic!("no {id} of {subject}: {self}"));
        assert!(fits.next().is_none(), "more than one {id} of {subject}: {self}");
        one
    }

    /// Asserts a check's verdict, and hands it out.
    pub(crate) fn is(&self, id: &str, subject: &str, verdict: &str) -> &Value {
        let check = self.check(id, subject);
        assert_eq!(check["verdict"], verdict, "{check}\n{self}");
        check
    }

    /// `id subject` of all that have this verdict.
    pub(crate) fn of_verdict(&self, verdict: &str) -> Vec<String> {
        let checks = self.json["checks"].as_array().unwrap_or_else(|| panic!("no JSON: {self}"));
        let fits = checks.iter().filter(|check| check["verdict"] == verdict);
        fits.map(|check| {
            let subject = check["subject"].as_str().unwrap_or_default();
            format!("{} {subject}", check["id"].as_str().expect("a text")).trim().to_owned()
        })
        .collect()
    }

    pub(crate) fn fails(&self, expected: &[&str]) {
        assert_eq!(self.of_verdict("fail"), expected, "{self}");
        let code = if expected.is_empty() { 0 } else { 1 };
        assert_eq!(self.code, Some(code), "{self}");
        assert_eq!(self.json["ok"], json!(expected.is_empty()), "{self}");
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

/// A text of a check.
pub(crate) fn text<'c>(check: &'c Value, key: &str) -> &'c str {
    check[key].as_str().unwrap_or_else(|| panic!("no {key} in {check}"))
}
