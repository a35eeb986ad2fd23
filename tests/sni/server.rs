//! A TLS server: openssl's own, with a certificate made for the occasion.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tempfile::TempDir;

/// The server. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// Its certificate, which vouches for itself.
    pub(crate) certificate: PathBuf,
    _reading: JoinHandle<()>,
    _dir: TempDir,
}

impl Server {
    /// Answers GETs, whatever their path.
    pub(crate) fn start(openssl: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (certificate, key) = (dir.path().join("certificate.pem"), dir.path().join("key.pem"));
        let made = Command::new(openssl)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=ok.test"])
            .args(["-addext", "subjectAltName=DNS:ok.test,IP:127.0.0.1"])
            .arg("-out")
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .output()
            .expect("openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut child = Command::new(openssl)
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert"])
            .arg(&certificate)
            .arg("-key")
            .arg(&key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:")?.trim().parse().ok())
            .expect("it listens");
        // It would wait for a full pipe.
        let reading = std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, certificate, _reading: reading, _dir: dir }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}
